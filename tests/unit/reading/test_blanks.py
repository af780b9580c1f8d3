"""Blank lines: scan, workers, repeats and counts leave out the same rows."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from handover.errors import RefusedError
from handover.model import Dialect, Duplicates, Header, Line
from handover.reading.keys import KeyColumn, KeyHasher, refill
from handover.reading.own_columns import REPORT_LABELS
from handover.reading.repeats import repeats
from handover.reading.windows import windows
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.reading.oracle import cut, head_of, lines_of, plain_header, records, scan_all

COMMA = Dialect("utf-8", ",")
HEADER = plain_header()
OWN = ("17", "ACCOUNT_BLANK", "no account", "name one")
REPORT = Header((*HEADER.labels, *REPORT_LABELS), 0, 1)

blank_cells = st.text(st.sampled_from(" \t\n\u00a0\u3000\u2028\x0b\x1f\x85"), max_size=3)
cells = st.one_of(blank_cells, st.sampled_from(["", "", "x", "None", '"', ",", "\u200b", "\x00"]))
rows = st.lists(st.lists(cells, min_size=1, max_size=6), min_size=1, max_size=8)
pieces = st.sampled_from([",", ",", '"', '""', " ", "\t", "\u00a0", "\n", "\r\n", "x", "'"])
sizes = st.integers(1, 60)


def written(table: list[list[str]], *, quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator="\n").writerows(table)  # type: ignore[arg-type]
    return out.getvalue().encode()


def read(
    data: bytes, dialect: Dialect, header: Header, *, size: int = 1 << 20
) -> tuple[list[Line], int]:
    """The lines that workers find in the chunks of a scan, and the scan's count."""
    found = scan_all(
        data, dialect=dialect, header=header, block=size, window=size, chunk_bytes=size
    )
    by_chunk = [lines_of(data, (chunk,), dialect, header) for chunk in found.chunks]
    assert [len(lines) for lines in by_chunk] == [chunk.lines for chunk in found.chunks]
    assert [lines[0].number for lines in by_chunk] == [chunk.first_line for chunk in found.chunks]
    return [line for lines in by_chunk for line in lines], found.lines


@settings(max_examples=300)
@given(st.lists(pieces, min_size=1, max_size=40), sizes, st.sampled_from(["utf-8", "windows-1252"]))
def test_every_reader_leaves_out_rows_of_blank_cells(
    taken: list[str], size: int, encoding: str
) -> None:
    # The first line is never blank, and the last closes whatever quote is open.
    text = "K,x,y\n" + "".join(taken)
    if records(text + "\nK")[-1].row != ["K"]:
        text += '"'
    data = text.encode(encoding)
    dialect = replace(COMMA, encoding=encoding)
    expected = [record for record in records(text, encoding=encoding) if record.is_line]

    lines, counted = read(data, dialect, HEADER, size=size)

    assert [(line.number, list(line.fields)) for line in lines] == [
        (record.line, record.row) for record in expected
    ]
    assert counted == len(expected)


@given(rows, sizes, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@example([["", "", ""]] * 8, 7, csv.QUOTE_MINIMAL)
@example([[" " * 40, ""], ["", " " * 40 + "x"]], 20, csv.QUOTE_ALL)
def test_repeats_hashes_and_clearing_counts_use_the_same_lines(
    table: list[list[str]], size: int, quoting: int
) -> None:
    table = [["K", "x", "y"], *table]
    data = written(table, quoting=quoting)
    found = scan_all(
        data, window=size, clear_columns=(1,), is_clearing=lambda cell: not cell.strip()
    )
    lines = lines_of(data, found.chunks, COMMA, HEADER)
    assert [list(line.fields) for line in lines] == [
        row for row in table if any(cell.strip() for cell in row)
    ]

    refilled = np.zeros(found.lines, np.uint64)
    again = windows(cut(data, size), dialect=COMMA, header=HEADER, window_bytes=size)
    refill(refilled, again, KeyHasher(KeyColumn(0, seed=42), COMMA), HEADER)
    assert refilled.tolist() == found.hashes.tolist()

    assert found.clearing == sum(
        len(line.fields) == 3 and not line.fields[1].strip() for line in lines
    )

    settled = repeats(
        found,
        read=lambda: cut(data, size),
        header=HEADER,
        canonical=lambda line: (line.fields[0].strip(), ()) if line.fields[0].strip() else None,
        duplicates=Duplicates.FIRST,
        window_bytes=size,
    )
    seen: set[str] = set()
    expected = []
    for line in lines:
        key = line.fields[0].strip()
        if line.fault is None and key in seen:
            expected.append(line.number)
        if line.fault is None and key:
            seen.add(key)
    assert [repeat.line for _, repeat in settled] == expected


@settings(max_examples=300)
@given(
    st.lists(st.lists(cells, min_size=0, max_size=5), max_size=6),
    st.lists(st.sampled_from(["", " ", *OWN, "x"]), min_size=4, max_size=4),
    sizes,
)
@example([["", "", ""]], list(OWN), 20)
@example([["", ""]], list(OWN), 20)
@example([["", "", "", ""]], list(OWN), 20)
def test_a_row_of_a_report_is_blank_if_only_our_cells_are_filled(
    table: list[list[str]], own: list[str], size: int
) -> None:
    data = written([["K", "x", "y", *OWN], *[[*row, *own] for row in table]])
    dialect = replace(COMMA, is_report=True)

    lines, counted = read(data, dialect, REPORT, size=size)

    kept = []
    for row in table:
        line, code = own[0].strip(), own[1].strip()
        is_in_place = (not line or line.isdecimal()) and re.fullmatch("([A-Z]+_[A-Z]+)?", code)
        is_padding = len(row) == 3 and is_in_place and own[1:3] != list(OWN[:2])
        is_nothing = not any(cell.strip() for cell in [*row, *own])
        if any(cell.strip() for cell in row) or not (is_nothing or is_padding):
            kept.append(len(row) + 4)
    assert [len(line.fields) for line in lines] == [7, *kept]
    assert counted == 1 + len(kept)


def test_a_row_with_only_our_cells_is_blank_in_a_file_of_one_column_too() -> None:
    header = Header(("K", *REPORT_LABELS), 0, 1)
    data = written([["K1", *OWN], ["", *OWN], ["K2", *OWN]])

    lines, counted = read(data, replace(COMMA, is_report=True), header)

    assert [line.number for line in lines] == [1, 3]
    assert counted == 2


@pytest.mark.parametrize("row", ["a,,", '"""",,', '",",,', ' "",,', ",None,", ",,,x", "\u200b,,"])
def test_a_row_with_a_filled_cell_is_not_a_blank_line(row: str) -> None:
    lines, _ = read(f"K,x,y\n,,\n{row}\n".encode(), COMMA, HEADER)

    assert [line.number for line in lines] == [1, 3]


def test_older_plans_count_rows_of_blank_cells_as_lines() -> None:
    data = b'K,x,y\n\n,,\n"",""\n  \n\r\n,\n'

    lines, counted = read(data, replace(COMMA, skips_blank_rows=False), HEADER, size=5)

    assert [line.number for line in lines] == [1, 3, 4, 5, 7]
    assert counted == 5


def test_a_file_with_only_blank_rows_is_empty() -> None:
    with pytest.raises(RefusedError) as caught:
        scan_all(b',,\n"",""\n \n', dialect=COMMA, header=HEADER)

    assert caught.value.refusal.code == "EMPTY_FILE"


@pytest.mark.parametrize("blank", [b",,\n", b'"","",""\n', b"\n", b" \n"])
def test_blank_rows_do_not_make_a_chunk_larger(blank: bytes) -> None:
    many = blank * 5000
    data = many + b"K1,x,y\n" + many + b"K2,x,y\n" * 3 + many

    found = scan_all(data, window=1000, chunk_bytes=500)

    assert [chunk.lines for chunk in found.chunks] == [1, 3]
    assert [chunk.first_line for chunk in found.chunks] == [5001, 10_002]
    assert max(chunk.end - chunk.start for chunk in found.chunks) <= 500 + len(b"K1,x,y\n")
    assert found.end == len(data)


def test_blank_rows_above_the_header_are_skipped() -> None:
    data = b';;\r\n"";""\r\n \r\naccount ID;account Manager\r\nK;x\r\n'

    dialect, header = head_of(data)

    assert (dialect.delimiter, header.labels) == (";", ("account ID", "account Manager"))
    assert header.data_line == 5


def test_a_quote_that_opens_above_the_header_is_not_skipped() -> None:
    _, header = head_of(b'"\n",account ID\nK,x\n')

    assert header.labels == ("\n", "account ID")
