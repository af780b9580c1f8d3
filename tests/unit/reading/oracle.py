"""The reference for reading: csv.reader over the whole text, and plain counting."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handover.model import Chunk, Dialect, Header, Line
from handover.reading.clearing import Clearing
from handover.reading.csv_lines import lines
from handover.reading.keys import KeyColumn
from handover.reading.scan import Scan, Sizes, scan
from handover.reading.sniff import read_head

KNOWN = ("account ID", "account Manager", "note")


@dataclass(frozen=True, slots=True)
class Record:
    """A record as csv.reader sees it: its byte offset and line in the text, and its fields."""

    offset: int
    line: int
    row: list[str]

    @property
    def is_line(self) -> bool:
        """Whether a cell holds more than white space."""
        return any(cell and not cell.isspace() for cell in self.row)


def records(text: str, delimiter: str = ",", encoding: str = "utf-8") -> list[Record]:
    """Every record of the text, blank ones too."""
    csv.field_size_limit(1 << 30)
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    found = []
    offset, line = 0, 1
    for row in csv.reader(feed(), delimiter=delimiter):
        found.append(Record(offset, line, row))
        piece = "".join(taken)
        offset += len(piece.encode(encoding))
        line += len(re.findall("\r\n|\r|\n", piece))
        taken.clear()
    return found


def cut(data: bytes, size: int) -> list[bytes]:
    """The bytes in blocks of a size."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def head_of(data: bytes, *, known: tuple[str, ...] = KNOWN) -> tuple[Dialect, Header]:
    """The head of a file with the columns of the tests."""
    return read_head(data, total_bytes=len(data), known_labels=known, fallback_encoding=None)


def plain_header(labels: tuple[str, ...] = ("a", "b", "c")) -> Header:
    """A header before byte 0, for tests that have only data."""
    return Header(labels, 0, 1)


def scan_all(
    data: bytes,
    *,
    dialect: Dialect | None = None,
    header: Header | None = None,
    block: int = 1 << 20,
    window: int = 1 << 19,
    chunk_bytes: int = 1 << 30,
    chunk_lines: int = 1 << 30,
    key_column: int = 0,
    clear_columns: tuple[int, ...] = (),
    is_clearing: Callable[[str], bool] | None = None,
    list_separator: str | None = None,
    clear_words: frozenset[str] = frozenset(),
) -> Scan:
    """A scan of everything after the header."""
    header = header or plain_header()
    return scan(
        cut(data[header.data_start :], block),
        dialect=dialect or Dialect("utf-8", ","),
        header=header,
        key=KeyColumn(key_column, seed=42),
        sizes=Sizes(chunk_bytes, chunk_lines, window_bytes=window),
        clearing=(
            Clearing(clear_columns, is_clearing, list_separator, clear_words)
            if is_clearing is not None
            else None
        ),
    )


def lines_of(
    data: bytes, chunks: tuple[Chunk, ...], dialect: Dialect, header: Header
) -> list[Line]:
    """All lines, chunk by chunk, as workers read them."""
    return [
        line
        for chunk in chunks
        for line in lines(
            data[chunk.start : chunk.end], chunk=chunk, dialect=dialect, header=header
        )
    ]
