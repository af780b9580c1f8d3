"""Chunks, hashes and clearing counts against csv.reader, on small hostile texts."""

from __future__ import annotations

import random
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from handover.errors import RefusedError
from handover.model import Dialect
from handover.reading.clearing import Clearing
from handover.reading.keys import KeyColumn
from handover.reading.limits import LIMITS, Limits
from handover.reading.scan import Sizes, scan

from tests.unit.reading.oracle import (
    cut,
    lines_of,
    plain_header,
    records,
    scan_all,
)

COMMA = Dialect("utf-8", ",")
NASTY = {
    "plain": "".join(f"{i},u{i},x\n" for i in range(50)),
    "a quote within an unquoted field": "".join(
        f'{i},5" pipe,x\n' if i % 3 else f'{i},"a\nb",y\n' for i in range(50)
    ),
    "a quoted CRLF": "".join(f'{i},"a\r\nb",y\r\n' for i in range(50)),
    "doubled quotes": "".join(f'{i},"he said ""x\n"" ok",y\n' for i in range(50)),
    "doubled quotes at the end": "".join(f'{i},y,"z""\n"""\n' for i in range(50)),
    "empty quoted fields": "".join(f'{i},"",""\n' for i in range(50)),
    "a lone opening quote that closes later": "".join(f"{i},a,b\n" for i in range(20))
    + '20,",rest\nof,file\n'
    + "".join(f"{i},a,b\n" for i in range(20))
    + '"\n',
    "text behind a closing quote": "".join(f'{i},"a"b"c\n{i},"n\nn",z\n' for i in range(30)),
    "a space before a quote": "".join(f'{i}, "a",z\n' for i in range(30)),
    "a literal pair of quotes": "".join(f'{i},a""b,z\n{i},"q\nq",z\n' for i in range(30)),
    "a literal quote, then a quoted line": "".join(f'{i},z,a"\n"x\ny",2,3\n' for i in range(30)),
    "three quotes": "".join(f'{i},"""",z\n{i},"""\n""",z\n' for i in range(30)),
    "no line end at the end": "1,2,3\n" * 20 + "4,5,6",
    "text between quotes at a field": "".join(f'{i},"a" "b\n{i},x,"\n"\n' for i in range(30)),
    "a literal quote before a delimiter": "".join(f'{i},a","b\nc"\n' for i in range(30)),
    "lone returns": "".join(f'{i},"a\rb",c\r' for i in range(30)),
    "returns of all kinds": "1,2,3\r4,5,6\r\n7,8,9\n\r\r\n\n10,11,12\r" * 5,
    "blank lines": "\n\n1,2,3\n\n\r\n4,5,6\n\n" * 5,
    "blank rows": ',,\n"","",""\n1,2,3\n , \n"\n",\u00a0,\n4,5,6\n,,,,\n"" ,\n' * 5,
    "rows that look blank": ',,1\n"""",,\n",",,\n "",,\n\x00,,\n,\u200b,\n' * 5,
    "long blank rows": f"{',' * 50}\n{',' * 50}x\n{' ' * 50}\n{' ' * 50},y\n" * 5,
    "a return at the very end": "1,2,3\r4,5,6\r",
    "a closing quote before a return": '1,"a"\r2,"b"\r\n3,"c"\n' * 6,
    "a quoted return at the end of a field": '1,"a\r"\n2,"\n"\r\n' * 6,
}


def _check_scan(text: str, *, block: int, window: int, chunk_bytes: int, chunk_lines: int) -> None:
    data = text.encode()
    expected = [record for record in records(text) if record.is_line]
    found = scan_all(
        data, block=block, window=window, chunk_bytes=chunk_bytes, chunk_lines=chunk_lines
    )
    chunks = found.chunks
    assert found.lines == len(expected) == len(found.hashes) == sum(c.lines for c in chunks)
    assert found.end == len(data) >= chunks[-1].end
    assert all(a.end <= b.start and a.number + 1 == b.number for a, b in pairwise(chunks))
    line_at = {record.offset: record.line for record in expected}
    for chunk in chunks:
        assert line_at[chunk.start] == chunk.first_line
        assert chunk.checksum == zlib.crc32(data[chunk.start : chunk.end])
        assert 0 < chunk.lines <= chunk_lines
    lines = lines_of(data, chunks, Dialect("utf-8", ","), plain_header())
    assert [(line.number, list(line.fields)) for line in lines] == [
        (record.line, record.row) for record in expected
    ]
    by_key: dict[str, set[int]] = {}
    for record, value in zip(expected, found.hashes.tolist(), strict=True):
        by_key.setdefault(record.row[0].strip(), set()).add(value)
    assert all(len(values) == 1 for values in by_key.values())
    assert len(set.union(*by_key.values())) == len(by_key)
    assert by_key.get("", {0}) == {0}


@pytest.mark.parametrize("name", NASTY)
def test_hostile_texts_are_cut_where_csv_reader_ends_a_record(name: str) -> None:
    for chunk_bytes in (1, 13, 200):
        for block in (1, 5, 1 << 20):
            _check_scan(
                NASTY[name], block=block, window=block, chunk_bytes=chunk_bytes, chunk_lines=9
            )


def test_random_texts_are_cut_where_csv_reader_ends_a_record() -> None:
    chance = random.Random(5)
    for _ in range(800):
        alphabet = chance.choice(
            ('ab,,"""\n\n1', 'ab,"\n\r1', ',"\n', '"a\r\n,', ' é,"\n\r', ' ,,,""\n\n\t\u3000x')
        )
        text = "".join(chance.choices(alphabet, k=chance.randrange(1, 60)))
        chunk_bytes, block = chance.choice((1, 3, 7, 15)), chance.choice((1, 2, 3, 7, 100))
        refused = _refused(text)
        if refused is None and not any(record.is_line for record in records(text)):
            assert _refusal(text.encode())[0] == "EMPTY_FILE"
        elif refused is None:
            _check_scan(text, block=block, window=block, chunk_bytes=chunk_bytes, chunk_lines=3)
        else:
            with pytest.raises(RefusedError) as scanned:
                scan_all(text.encode(), block=block, window=block)
            assert scanned.value.refusal.code == "UNCLOSED_QUOTE"
            assert (scanned.value.refusal.line or 0) >= refused


def _refused(text: str) -> int | None:
    """The line of the record that an open quote continues to the end, if there is one."""
    found = records(text)
    more = records(text + "\n\nx" if not text.endswith(("\n", "\r")) else text + "\nx")
    return None if more[-1].row == ["x"] else found[-1].line


def _refusal(data: bytes, **options: Any) -> tuple[str, int | None, str]:
    with pytest.raises(RefusedError) as caught:
        scan(
            cut(data, 50),
            dialect=options.pop("dialect", Dialect("utf-8", ",")),
            header=plain_header(),
            key=KeyColumn(0, seed=0),
            sizes=Sizes(100, 10, options.pop("limits", LIMITS), window_bytes=64),
            **options,
        )
    refusal = caught.value.refusal
    return refusal.code, refusal.line, refusal.message


def test_a_quote_that_never_closes_is_refused_with_its_line() -> None:
    data = b"1,2,3\r4,5,6\r\n" + b'7,"x\ny",9\n10,"11,12\n' + b"13,14,15\n" * 20

    assert _refusal(data)[:2] == ("UNCLOSED_QUOTE", 5)


def test_an_endless_record_is_refused_with_the_line_of_its_quote() -> None:
    limits = Limits(record_bytes=200)
    start = b"1,2,3\n" * 30

    quoted = _refusal(start + b'1,"2\n' + b"3,4,5\n" * 50 + b'6,"7",8\n' * 99, limits=limits)
    closed = _refusal(start + b'1,"2\n' + b"3,4,5\n" * 50 + b'6",7\n', limits=limits)
    plain = _refusal(start + b"x" * 300 + b"\n1,2,3\n", limits=limits)
    fits = b"x" * 195 + b",1,2\n"

    assert quoted[:2] == closed[:2] == ("UNCLOSED_QUOTE", 31)
    assert plain[:2] == ("NOT_CSV", 31)
    assert _refusal(fits + b"x" + fits, limits=limits)[:2] == ("NOT_CSV", 2)


@pytest.mark.parametrize("lines_before", [0, 30])
def test_an_oversized_record_that_begins_with_a_quote_is_refused_as_unclosed(
    lines_before: int,
) -> None:
    limits = Limits(record_bytes=200)
    start = b"1,2,3\n" * lines_before
    body = b"3,4,5\n" * 50

    open_still = _refusal(start + b'"2,x\n' + body + b'6,"7",8\n' * 99, limits=limits)
    closed = _refusal(start + b'"2,x\n' + body + b'6",7\n', limits=limits)
    not_its_own = _refusal(start + b'1,"2\n",3\n' + b"x" * 300 + b'\n"1\n",2,3\n', limits=limits)

    assert open_still[:2] == closed[:2] == ("UNCLOSED_QUOTE", lines_before + 1)
    assert not_its_own[:2] == ("NOT_CSV", lines_before + 3)


def test_a_file_beyond_a_limit_is_refused() -> None:
    data = b"1,2,3\n\n" * 40

    assert _refusal(data, limits=Limits(lines=30))[:2] == ("TOO_MANY_LINES", 61)
    assert _refusal(data, limits=Limits(lines=39))[:2] == ("TOO_MANY_LINES", 79)
    assert _refusal(data, limits=Limits(file_bytes=len(data) - 1))[0] == "TOO_LARGE"
    assert _refusal(b"")[0] == "EMPTY_FILE"
    assert _refusal(b"\n\r\n\r")[0] == "EMPTY_FILE"
    assert _refusal(data, limits=Limits(min_lines=41))[0] == "EMPTY_FILE"


def test_a_file_may_have_as_many_bytes_and_lines_as_its_limits() -> None:
    data = b"1,2,3\n\n" * 40

    found = scan(
        cut(data, 50),
        dialect=Dialect("utf-8", ","),
        header=plain_header(),
        key=KeyColumn(0, seed=0),
        sizes=Sizes(100, 10, Limits(len(data), 40, 40), window_bytes=64),
    )

    assert (found.lines, found.end) == (40, len(data))


def test_a_file_with_only_a_header_has_nothing_of_anything_if_that_is_allowed() -> None:
    found = scan(
        [b"\n\n"],
        dialect=COMMA,
        header=plain_header(),
        key=KeyColumn(0, seed=0),
        sizes=Sizes(100, 10, Limits(min_lines=0)),
        clearing=Clearing((1,), lambda _: True, conditions=(1,)),
    )

    assert (found.chunks, found.lines, found.clearing, found.end) == ((), 0, 0, 2)
    assert (found.dialect, found.hashes.tolist(), found.has_conditions) == (COMMA, [], False)


@pytest.mark.parametrize("place", [0, 5, 70, 128, 200])
def test_bytes_that_are_not_text_are_refused_with_their_place(place: int) -> None:
    data = ("é,2,3\r\n" * 40).encode()
    place = data.index(b",", place)
    broken = data[:place] + b"\xc3" + data[place:]

    code, line, message = _refusal(broken)

    assert (code, line) == ("ENCODING", 1 + data[:place].count(b"\n"))
    assert f"0xC3 at offset {place}" in message
    latin = Dialect("windows-1252", ",")
    assert "0x81" in _refusal(data[:place] + b"\x81" + data[place:], dialect=latin)[2]


def test_a_blank_first_line_counts_for_the_place_of_bytes_that_are_not_text() -> None:
    code, line, message = _refusal(b"\n1,2,3\n\xc3,2,3\n")

    assert (code, line) == ("ENCODING", 3)
    assert "0xC3 at offset 7" in message


def test_apparent_ascii_is_read_as_windows_1252_where_that_is_allowed() -> None:
    data = b"1,2,3\n" * 50 + "é,ü,3\n".encode("windows-1252") * 50

    found = scan(
        cut(data, 10),
        dialect=Dialect("utf-8", ","),
        header=plain_header(),
        key=KeyColumn(0, seed=1),
        sizes=Sizes(100, 10, window_bytes=32),
        fallback_encoding="windows-1252",
    )

    assert found.dialect.encoding == "windows-1252"
    assert len(set(found.hashes.tolist())) == 2
    assert _refusal(data)[0] == "ENCODING"
    marked = Dialect("utf-8", ",", bom_bytes=3)
    assert _refusal(data, dialect=marked, fallback_encoding="windows-1252")[0] == "ENCODING"
    mixed = "é,2,3\n".encode() + data
    assert _refusal(mixed, fallback_encoding="windows-1252")[0] == "ENCODING"


CLEARING = {"", "none", "#n/a", "~"}
CELLS = (
    *("", '""', "None", '"None"', " none ", '" none"', "#N/A", "ana@example.com", '""""', "n"),
    *('"~"', "'~", "a long name that is no word", f"{'none':<40}", f'"{"none":>40}"', "\u00a0none"),
)


@pytest.mark.parametrize("is_report", [False, True])
@pytest.mark.parametrize("columns", [(1,), (1, 2), (2,)])
def test_clearing_lines_are_counted_as_by_a_slow_reference(
    columns: tuple[int, ...], is_report: bool
) -> None:
    chance = random.Random(9)
    dialect = Dialect("utf-8", ",", is_report=is_report)
    looked_up: list[str] = []

    def is_clearing(value: str) -> bool:
        looked_up.append(value)
        return value.strip().casefold() in CLEARING

    for _ in range(60):
        rows = [
            ["k", *(chance.choice(CELLS) for _ in range(chance.choice((2, 2, 2, 1, 3))))]
            for _ in range(chance.randrange(1, 40))
        ]
        data = "".join(",".join(row) + chance.choice(("\n", "\r\n")) for row in rows).encode()
        header = plain_header(("a", "b", "c"))
        found = scan_all(
            data,
            dialect=dialect,
            window=chance.choice((20, 64, 4096)),
            clear_columns=columns,
            is_clearing=is_clearing,
        )
        expected = sum(
            len(line.fields) == 3
            and any(line.fields[column].strip().casefold() in CLEARING for column in columns)
            for line in lines_of(data, found.chunks, dialect, header)
        )
        assert found.clearing == expected, data
    many = b"k,None,x\n" * 5000
    looked_up.clear()
    assert scan_all(many, clear_columns=(1,), is_clearing=is_clearing).clearing == 5000
    assert len(looked_up) <= 2


@pytest.mark.parametrize("first", ["none", "nora"])
def test_short_values_with_the_same_mix_are_judged_one_by_one(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the spread, all values of up to eight bytes that are as long have the same mix.
    monkeypatch.setattr("handover.reading.clearing._SPREAD", np.uint64(0))
    data = f"1,{first},x\n2,none,x\n3,nora,x\n4,none,x\n".encode()

    found = scan_all(data, clear_columns=(1,), is_clearing="none".__eq__)

    assert found.clearing == (3 if first == "none" else 2)


@pytest.mark.parametrize(
    ("most", "asked"),
    [
        pytest.param(3, ["", "none", "ana"], id="room for all"),
        pytest.param(2, ["", "none", "ana", "", "none"], id="room for two"),
    ],
)
def test_verdicts_are_kept_until_there_are_too_many(
    most: int, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.reading.clearing._MAX_VERDICTS", most)
    looked_up: list[str] = []

    def is_clearing(value: str) -> bool:
        looked_up.append(value)
        return value == "none"

    # Each line is a window of its own.
    data = b"1,none,x\n2,ana,x\n3,none,x\n"
    found = scan_all(data, window=9, clear_columns=(1,), is_clearing=is_clearing)

    assert found.clearing == 2
    assert looked_up == asked


@pytest.mark.parametrize("window", [20, 64, 4096])
def test_a_chunk_takes_as_many_lines_as_it_may_however_the_file_is_read(window: int) -> None:
    data = "".join(f"K{number},m,n\n" for number in range(25)).encode()

    found = scan_all(data, chunk_lines=10, window=window)

    assert [chunk.lines for chunk in found.chunks] == [10, 10, 5]


@pytest.mark.parametrize("window", [8, 20, 64, 4096])
@pytest.mark.parametrize(("most", "lines"), [(16, 2), (17, 3), (24, 3)])
def test_a_chunk_ends_with_the_line_that_brings_it_to_its_bytes(
    most: int, lines: int, window: int
) -> None:
    data = b"".join(b"K%03d,m,\n" % number for number in range(20))

    found = scan_all(data, chunk_bytes=most, window=window)

    size = len(data) // 20 * lines
    assert found.chunks[0].start == 0
    assert {chunk.end - chunk.start for chunk in found.chunks[:-1]} == {size}


SPACES = [char for char in map(chr, range(0x3001)) if char.isspace() and char not in "\n\r"]


@pytest.mark.parametrize("space", SPACES, ids=lambda one: f"U+{ord(one):04X}")
@pytest.mark.parametrize("cell", ["{0}", "none{0}", "{0}none", "{0}none{0}", ";{0};", "{0}nine"])
def test_cells_with_spaces_of_every_kind_clear_as_their_text_does(cell: str, space: str) -> None:
    value = cell.format(space * 12)

    found = scan_all(
        f"K1,{value},x\n".encode(),
        clear_columns=(1,),
        is_clearing=lambda one: not one.strip(" ;" + space) or one.strip() == "none",
        list_separator=";",
        clear_words=frozenset({"none"}),
    )

    assert found.clearing == ("nine" not in cell)


@pytest.mark.parametrize(
    ("cell", "clearing"),
    [
        (";" * 20, 1),
        (f'"{";" * 20}"', 1),
        # csv.reader reads nothing within quotes, and then the rest.
        (f'""{";" * 20}', 1),
        (f"x{';' * 20}", 0),
        (f"{';' * 20}x", 0),
    ],
)
def test_a_long_list_of_nothing_clears_however_it_is_written(cell: str, clearing: int) -> None:
    found = scan_all(
        f"K1,{cell},x\n".encode(),
        clear_columns=(1,),
        is_clearing=lambda one: not one.strip(";"),
        list_separator=";",
    )

    assert found.clearing == clearing


@pytest.mark.parametrize("sign", ["k", "K", "\N{KELVIN SIGN}"])
@pytest.mark.parametrize("length", [17, 40, 200])
def test_a_long_clear_word_is_recognized_in_every_case(sign: str, length: int) -> None:
    """The kelvin sign is a k in another case and takes three bytes."""
    word = f"n{'k' * length}n"
    data = f"1,n{sign * length}n,x\n2,ana@example.com,y\n3,{'m' * length},z\n".encode()

    found = scan_all(
        data,
        clear_columns=(1,),
        is_clearing=lambda value: value.casefold() == word,
        clear_words=frozenset({word}),
    )

    assert found.clearing == 1


@pytest.mark.parametrize("length", range(1, 21))
def test_a_value_clears_only_if_each_of_its_bytes_is_that_of_the_word(length: int) -> None:
    word = "abcdefghijklmnopqrst"[:length]
    others = [f"{word[:at]}~{word[at + 1 :]}" for at in range(length)]
    values = [word, *others, f"{word}~", f"{word}\0", word[:-1], word]

    found = scan_all(
        "".join(f"K,{value},x\n" for value in values).encode(),
        clear_columns=(1,),
        is_clearing=word.__eq__,
        clear_words=frozenset({word}),
    )

    assert found.clearing == 2


@pytest.mark.parametrize("cell", ["{}", '"{}"', "'{}", '"\'{}"'])
@pytest.mark.parametrize(
    "word", ["-not assigned to anybody-", '=nobody "for now"', '=no "one" else']
)
def test_a_long_clear_word_is_recognized_as_a_report_writes_it(cell: str, word: str) -> None:
    written = cell.format(word.replace('"', '""') if cell.startswith('"') else word)

    found = scan_all(
        f"1,{written},x\n2,ana@example.com,y\n".encode(),
        dialect=Dialect("utf-8", ",", is_report=True),
        clear_columns=(1,),
        is_clearing=lambda value: value == word,
        clear_words=frozenset({word}),
    )

    assert found.clearing == 1


@pytest.mark.parametrize(
    ("cell", "is_report", "has_conditions"),
    [
        ("", False, False),
        ("  ", False, False),
        ('""', False, False),
        ('" ; "', False, False),
        ("'", True, True),
        ("ana@example.com", False, True),
        ('" ;a"', False, True),
        # A line with an extra cell is rejected, whatever its content.
        (",x", False, False),
    ],
)
def test_a_file_has_conditions_if_one_cell_of_the_column_is_filled(
    cell: str, *, is_report: bool, has_conditions: bool
) -> None:
    dialect = Dialect("utf-8", ",", is_report=is_report)
    header = plain_header(("a", "b", "c"))
    plain = b"1,x,\n" * 40
    data = plain + f"2,y,{cell}\n".encode() + plain
    clearing = Clearing(
        [], lambda _: False, ";", (), [2], lambda value: not value.replace(";", "").strip()
    )

    found = scan(
        iter([data]),
        dialect=dialect,
        header=header,
        key=KeyColumn(0, seed=1),
        sizes=Sizes(1000, 1000, window_bytes=64),
        clearing=clearing,
    )

    assert found.has_conditions is has_conditions
