"""Chunks, boundaries, hashes and clearing counts against csv.reader, on hostile small texts."""

from __future__ import annotations

import random
import zlib
from itertools import pairwise

import pytest

from handover.errors import RefusedError
from handover.model import Dialect, Header
from handover.reading.limits import Limits
from handover.reading.scan import boundaries, scan
from tests.unit.reading.oracle import (
    cut,
    head_of,
    lines_of,
    plain_header,
    records,
    scan_all,
)

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
    "a return at the very end": "1,2,3\r4,5,6\r",
    "a closing quote before a return": '1,"a"\r2,"b"\r\n3,"c"\n' * 6,
    "a quoted return at the end of a field": '1,"a\r"\n2,"\n"\r\n' * 6,
}


def _check_scan(text: str, *, block: int, window: int, chunk_bytes: int, chunk_lines: int) -> None:
    data = text.encode()
    wanted = [record for record in records(text) if record.row]
    found = scan_all(
        data, block=block, window=window, chunk_bytes=chunk_bytes, chunk_lines=chunk_lines
    )
    chunks = found.chunks
    assert found.lines == len(wanted) == len(found.hashes) == sum(c.lines for c in chunks)
    assert chunks[0].start == 0
    assert chunks[-1].end == found.end == len(data)
    assert all(a.end == b.start and a.number + 1 == b.number for a, b in pairwise(chunks))
    line_at = {record.offset: record.line for record in records(text)}
    for chunk in chunks:
        assert line_at[chunk.start] == chunk.first_line
        assert chunk.checksum == zlib.crc32(data[chunk.start : chunk.end])
        assert 0 < chunk.lines <= chunk_lines
    lines = lines_of(data, chunks, Dialect("utf-8", ","), plain_header())
    assert [(line.number, list(line.fields)) for line in lines] == [
        (record.line, record.row) for record in wanted
    ]
    by_key: dict[str, set[int]] = {}
    for record, value in zip(wanted, found.hashes.tolist(), strict=True):
        by_key.setdefault(record.row[0].strip(), set()).add(value)
    assert all(len(values) == 1 for values in by_key.values())
    assert len(set.union(*by_key.values())) == len(by_key)
    assert by_key.get("", {0}) == {0}


def _naive_cuts(text: str, chunk_bytes: int) -> list[tuple[int, int]]:
    cuts = [(0, 1)]
    for record in records(text):
        if record.offset - cuts[-1][0] >= chunk_bytes:
            cuts.append((record.offset, record.line))
    return cuts


def _cuts(text: str, chunk_bytes: int, block: int) -> list[tuple[int, int]]:
    found = boundaries(
        cut(text.encode(), block),
        dialect=Dialect("utf-8", ","),
        header=plain_header(),
        chunk_bytes=chunk_bytes,
    )
    return [(place.offset, place.line) for place in found]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_texts_are_cut_where_csv_reader_ends_a_record(name: str) -> None:
    for chunk_bytes in (1, 7, 13, 64, 200):
        for block in (1, 2, 3, 5, 8, 17, 64, 1 << 20):
            _check_scan(
                NASTY[name], block=block, window=block, chunk_bytes=chunk_bytes, chunk_lines=9
            )
            assert _cuts(NASTY[name], chunk_bytes, block) == _naive_cuts(NASTY[name], chunk_bytes)


def test_random_texts_are_cut_where_csv_reader_ends_a_record() -> None:
    chance = random.Random(5)
    for _ in range(6000):
        alphabet = chance.choice(('ab,,"""\n\n1', 'ab,"\n\r1', ',"\n', '"a\r\n,', ' é,"\n\r'))
        text = "".join(chance.choices(alphabet, k=chance.randrange(1, 60)))
        if text.isspace():
            continue
        chunk_bytes, block = chance.choice((1, 3, 7, 15)), chance.choice((1, 2, 3, 7, 100))
        try:
            cuts = _cuts(text, chunk_bytes, block)
            _check_scan(text, block=block, window=block, chunk_bytes=chunk_bytes, chunk_lines=3)
        except RefusedError as error:
            assert error.refusal.code in {"UNCLOSED_QUOTE", "EMPTY_FILE"}
            last = records(text)[-1]
            if error.refusal.code == "UNCLOSED_QUOTE":
                assert len(records(text + "\nx")) == len(records(text)), text
                assert error.refusal.line is not None
                assert error.refusal.line >= last.line
        else:
            assert cuts == _naive_cuts(text, chunk_bytes)
