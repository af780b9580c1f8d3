"""The records of a file, counted byte by byte without the project's reading code.

A state machine of four states over the bytes: it says where records begin and end, on which
physical line, what their fields are, which of them hold text behind a closing quote, and whether
the file ends within quotes. Delimiters, quotes and line ends are single bytes in UTF-8 and in
Windows-1252 alike, so nothing has to be decoded for that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_NOTHING_QUOTED = re.compile(r'"\s*"')
_DECLARATION = re.compile(r'"?sep=."?', re.IGNORECASE)


class _At(Enum):
    """The position of a byte within a field."""

    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its bytes `start` to `end` (its line end included), its line, its fields."""

    start: int
    end: int
    line: int
    fields: tuple[bytes, ...]
    is_malformed: bool


@dataclass(frozen=True, slots=True)
class Count:
    """All records of a stretch of bytes; `is_open` when it ends within quotes."""

    records: tuple[Record, ...]
    is_open: bool


@cache
def _tokens(delimiter: bytes) -> re.Pattern[bytes]:
    special = re.escape(delimiter)
    return re.compile(b'"|\r\n|\r|\n|' + special + b'|[^"\r\n' + special + b"]+")


def count(data: bytes, delimiter: str, *, start: int = 0, line: int = 1) -> Count:
    """The records of `data` from `start` on, which is a record's start on physical line `line`."""
    comma = delimiter.encode()
    records: list[Record] = []
    fields: list[bytes] = []
    field: list[bytes] = []
    at = _At.START
    begin, first_line, is_malformed, is_empty = start, line, False, True
    for token in _tokens(comma).finditer(data, start):
        piece = token.group()
        if piece in (b"\n", b"\r", b"\r\n"):
            line += 1
            if at is _At.QUOTED:
                field.append(piece)
                continue
            if not is_empty:
                fields.append(b"".join(field))
            records.append(Record(begin, token.end(), first_line, tuple(fields), is_malformed))
            fields, field, at = [], [], _At.START
            begin, first_line, is_malformed, is_empty = token.end(), line, False, True
            continue
        is_empty = False
        if piece == comma and at is not _At.QUOTED:
            fields.append(b"".join(field))
            field, at = [], _At.START
        elif piece == b'"' and at is _At.START:
            at = _At.QUOTED
        elif piece == b'"' and at is _At.QUOTED:
            at = _At.CLOSED
        elif piece == b'"' and at is _At.CLOSED:
            field.append(piece)
            at = _At.QUOTED
        else:
            field.append(piece)
            is_malformed = is_malformed or at is _At.CLOSED
            at = at if at is _At.QUOTED else _At.PLAIN
    if not is_empty:
        records.append(
            Record(begin, len(data), first_line, (*fields, b"".join(field)), is_malformed)
        )
    return Count(tuple(records), at is _At.QUOTED)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole file: its header record, and what follows it."""

    header: Record
    body: Count
    body_line: int


def count_file(data: bytes, delimiter: str, encoding: str) -> Whole | None:
    """A file with a header: past a byte order mark, a `sep=` line and blank lines; None without.

    A line is blank here if it has nothing between its delimiters, whichever of the four they are.
    """
    start, line = len(BOM) if data.startswith(BOM) else 0, 1
    while True:
        end = _LINE_END.search(data, start)
        text = data[start : end.start() if end else len(data)].decode(encoding)
        is_declaration = line == 1 and _DECLARATION.fullmatch(text) is not None
        if not _says_nothing(text) and not is_declaration:
            break
        if end is None:
            return None
        start, line = end.end(), line + 1
    everything = count(data, delimiter, start=start, line=line)
    header, *records = everything.records
    body_line = line + physical_ends(data[header.start : header.end])
    return Whole(header, Count(tuple(records), everything.is_open), body_line)


def _says_nothing(line: str) -> bool:
    return any(
        all(not piece.strip() or _NOTHING_QUOTED.fullmatch(piece) for piece in line.split(sign))
        for sign in ",;\t|"
    )


def physical_ends(data: bytes) -> int:
    """The number of physical line ends in the bytes: every LF, CRLF and lone CR."""
    return len(_LINE_END.findall(data))


def physical_lines(text: str) -> int:
    """The number of physical lines of a text; a last one counts only if it is not empty."""
    pieces = re.split("\r\n|\r|\n", text)
    return max(len(pieces) - (not pieces[-1]), 1)
