"""Lines and their faults, and any CSV that Python writes read back exactly at any cut."""

from __future__ import annotations

import csv
import io
import random
import subprocess
import sys

import pytest
from handover.model import Chunk, Dialect, Header, Line, Rejection
from handover.reading.csv_lines import lines, record_lines
from handover.reading.guards import MALFORMED, guard
from handover.reading.transcode import utf8_blocks
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.reading.oracle import cut, head_of, lines_of, records, scan_all

# Written out, so that a changed limit is seen.
MAX_FIELD_CHARS = 10_000

HEADER = Header(("id", "manager", "note"), 0, 1)
VALUES = st.text(
    st.one_of(
        st.sampled_from("ab ,;|\t\"\n\r'=é€😀"),
        st.characters(exclude_categories=("Cs", "Cc")),
    ),
    max_size=6,
)


def read(data: bytes, *, first_line: int = 2, dialect: Dialect | None = None) -> list[Line]:
    chunk = Chunk(1, 0, len(data), first_line, 0, 0)
    return list(lines(data, chunk=chunk, dialect=dialect or Dialect("utf-8", ","), header=HEADER))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(1, 80),
    st.integers(1, 80),
)
def test_csv_written_by_python_is_read_back_at_any_cut(
    rows: list[tuple[str, str, str]],
    delimiter: str,
    quoting: int,
    end: str,
    encoding: str,
    chunk_bytes: int,
    block: int,
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    rows.insert(0, ("C1", "", ""))
    writer.writerows([("account ID", "account Manager", "note"), *rows])
    data = out.getvalue().encode(encoding)
    if encoding == "utf-16":
        dialect, _header = head_of(data)
        data = b"".join(utf8_blocks(cut(data, block), encoding=dialect.encoding))

    dialect, header = head_of(data)
    found = scan_all(
        data, dialect=dialect, header=header, block=block, window=block, chunk_bytes=chunk_bytes
    )
    read_back = lines_of(data, found.chunks, dialect, header)

    assert dialect.delimiter == delimiter
    written = [record for record in records(out.getvalue(), delimiter)[1:] if record.is_line]
    assert [line.fields for line in read_back] == [
        row for row in rows if any(cell.strip() for cell in row)
    ]
    assert all(line.fault is None for line in read_back)
    assert [line.number for line in read_back] == [record.line for record in written]


@pytest.mark.parametrize(
    ("data", "code", "column", "words"),
    [
        (b"1,2\n", "FIELD_COUNT", "", "line 2: the line has 2 fields, the header has 3"),
        (b"1\n", "FIELD_COUNT", "", "line 2: the line has 1 field, the header has 3"),
        (b"1,a@x,b@x,c\n", "FIELD_COUNT", "", "line 2: the line has 4 fields, the header has 3"),
        (b"1,a\x00b,c\n", "INVALID_CHARACTER", "manager", "U+0000 at position 2"),
        (b"1,2,\x7f\n", "INVALID_CHARACTER", "note", "line 2, note: "),
        (b'1,"a"b,c\n', "INVALID_CHARACTER", "", "line 2: text follows a closing quote, "),
        (b'1,"a\n"b,c\n', "INVALID_CHARACTER", "", "the line runs to line 3"),
        (b"1,2," + b"x" * (MAX_FIELD_CHARS + 1) + b"\n", "FIELD_TOO_LONG", "note", "10,001"),
        (b'1,"' + b"x\n" * MAX_FIELD_CHARS + b'",3\n', "FIELD_TOO_LONG", "manager", "20,000"),
    ],
)
def test_a_faulty_line_says_what_is_wrong_and_the_others_are_read(
    data: bytes, code: str, column: str, words: str
) -> None:
    clean = b"C1,ana@example.com,x\n"

    before, bad, after = read(clean + data + clean, first_line=1)

    assert before == Line(1, ("C1", "ana@example.com", "x"))
    assert bad.fault is not None
    assert (bad.fault.line, bad.fault.code, bad.fault.column) == (2, code, column)
    assert words in bad.fault.error
    assert bad.fault.hint
    assert after == Line(2 + data.count(b"\n"), before.fields)


def test_too_many_fields_are_answered_with_how_to_quote_them() -> None:
    [line] = read(b"1,a@x,b@x,c\n")

    assert line.fault is not None
    assert "put such a value in double quotes" in line.fault.hint
    assert line.fields == ("1", "a@x", "b@x", "c")


def test_the_longest_fields_tabs_and_line_ends_are_accepted() -> None:
    long = "é" * MAX_FIELD_CHARS

    assert read(f'1,"a\tb\r\nc\rd",{long}\n'.encode())[0].fault is None


@pytest.mark.parametrize(
    "values",
    [("=1+1", "'=x", "a\x1b\x00b"), ("=1+1", "x", "y"), ("x", "a\x1bb", "y")],
    ids=["all", "a formula alone", "a control alone"],
)
def test_a_report_is_read_without_its_guards(values: tuple[str, ...]) -> None:
    data = ",".join(f'"{guard(value)}"' for value in values).encode() + b"\n"

    assert read(data, dialect=Dialect("utf-8", ",", is_report=True))[0].fields == values
    assert read(data)[0].fields == tuple(map(guard, values))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("ana@x", "line 2: text follows a closing quote, "),
        ('"ana\n@"x', "text follows a closing quote (the line runs to line 3), "),
    ],
)
def test_a_line_of_a_report_with_the_mark_for_malformed_ones_is_faulty_and_read_without_it(
    value: str, words: str
) -> None:
    dialect = Dialect("utf-8", ",", is_report=True)

    marked, after = read(f"{MALFORMED}'=1,{value},x\n2,b@x,y\n".encode(), dialect=dialect)

    assert marked.fields == ("=1", value.replace('"', ""), "x")
    assert marked.fault is not None
    assert (marked.fault.code, marked.fault.column) == ("INVALID_CHARACTER", "")
    assert words in marked.fault.error
    assert after.fault is None


@pytest.mark.parametrize("before", [0, 10, 850, 900, 1200, 1249])
def test_a_field_has_at_most_10_000_characters_wherever_it_is(before: int) -> None:
    longest, longer = b"x" * MAX_FIELD_CHARS, b"x" * (MAX_FIELD_CHARS + 1)

    found = read(b"1,2,abc\n" * before + b"1,2,%b\n1,2,%b\n" % (longest, longer))
    [alone] = read(b"1,2,%b\n" % longer)
    [unended] = read(b"1,2,%b" % longer)

    faults = [line.fault.code if line.fault else "" for line in found]
    assert faults == [*[""] * (before + 1), "FIELD_TOO_LONG"]
    assert alone.fault == unended.fault is not None


@pytest.mark.parametrize("code", [*range(32), 127])
@pytest.mark.parametrize("others", [b"", "\u00e9".encode()])
def test_every_control_character_but_a_tab_and_line_ends_makes_a_line_invalid(
    code: int, others: bytes
) -> None:
    found = read(b"1,a%cb%s,c\n" % (code, others))

    faults = [line.fault.code if line.fault else "" for line in found]
    if chr(code) == "\t":
        assert faults == [""]
    elif chr(code) in "\r\n":
        assert faults == ["FIELD_COUNT", "FIELD_COUNT"]
    else:
        assert faults == ["INVALID_CHARACTER"]


@pytest.mark.parametrize(
    ("cells", "is_moved"),
    [
        ("1,12,34,,,,", False),
        ("1,ana,12,,,,", False),
        ("12,34,56,,,,", False),
        ("1,ana,x,2,ADDRESS_INVALID,why,how", False),
        ("1,ana,2,ADDRESS_INVALID,why,how,", True),
        ("1,2,ADDRESS_INVALID,why,how,,", True),
    ],
)
def test_a_report_row_has_moved_only_if_our_cells_are_among_its_own(
    cells: str, is_moved: bool
) -> None:
    header = Header(("id", "manager", "note", "line", "code", "error", "hint"), 0, 1)
    data = f"{cells}\n".encode()
    dialect = Dialect("utf-8", ",", is_report=True)

    (line,) = lines(data, chunk=Chunk(1, 0, len(data), 2, 0, 0), dialect=dialect, header=header)

    assert (line.fault is not None) == is_moved


def test_a_row_whose_cells_have_moved_is_answered_with_what_is_where() -> None:
    header = Header(("id", "manager", "note", "line", "code", "error", "hint"), 0, 1)
    data = b"1,ana,2,ADDRESS_INVALID,why,how,\n"
    dialect = Dialect("utf-8", ",", is_report=True)

    (line,) = lines(data, chunk=Chunk(1, 0, len(data), 2, 0, 0), dialect=dialect, header=header)

    assert line.fault == Rejection(
        2,
        "",
        "FIELD_COUNT",
        "line 2: the line has too few or too many values: its cells have moved, so that "
        "'ADDRESS_INVALID' and 'why' are under 'line' and 'code'",
        "Put every value under its own label; 'line' and 'code' may be empty.",
    )


@pytest.mark.parametrize("row", ["K{},a,x\n", 'K{},"a\nb",x\n', "K{},a,x\n\n"])
def test_thousands_of_lines_are_numbered_as_one_by_one(row: str) -> None:
    # Each line after the first that is not valid CSV is checked by itself.
    text = "".join(row.format(number) for number in range(1_500))
    text = f'K,"a\nb",x\n{text}K,"a"b,x\nL,a,x\n'

    found = read(text.encode(), first_line=7)

    assert [(line.number - 6, [*line.fields]) for line in found] == [
        (one.line, one.row) for one in records(text) if one.row
    ]


def test_malformed_lines_do_not_shift_line_numbers() -> None:
    chance = random.Random(3)
    for _ in range(1500):
        alphabet = chance.choice(('ab,,"""\n\n1', 'ab,"\n\r1', ',"\n'))
        text = "".join(chance.choices(alphabet, k=chance.randrange(1, 60)))
        expected = [record for record in records(text) if record.is_line]

        found = read(text.encode(), first_line=1)

        assert [(line.number, list(line.fields)) for line in found] == [
            (record.line, record.row) for record in expected
        ]
        raw = text.encode()
        ends = [record.offset for record in records(text)[1:]] + [len(raw)]
        pieces = [raw[record.offset : end] for record, end in zip(records(text), ends, strict=True)]
        singles = [
            (piece, record.line)
            for piece, record in zip(pieces, records(text), strict=True)
            if record.is_line
        ]
        again = record_lines(
            [piece for piece, _line in singles],
            [line for _piece, line in singles],
            dialect=Dialect("utf-8", ","),
            header=HEADER,
        )
        assert [line.fault for line in again] == [line.fault for line in found]


def test_workers_read_without_numpy() -> None:
    code = "import sys, handover.reading; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
