"""The two CSV files of an import, built a chunk at a time.

A worker makes the part of its chunk. The file is the head followed by the parts in chunk order, in
UTF-8 with a byte order mark, with the delimiter of the upload and CRLF, as spreadsheets expect.
Both files have the columns of the upload unchanged, with every cell guarded against execution by a
spreadsheet, and then columns of our own: four in errors.csv, seven in results.csv. When the upload
was itself an errors.csv, the new four columns replace its four, so that no report grows.

A line with too many or too few cells keeps them all, in both files. Its row of errors.csv has too
many or too few cells as well, and is rejected again when uploaded, whatever its cells say.
results.csv is read by programs, so each of its rows has one cell for each label of the header:
missing cells are empty, and extra ones are joined into the last by the delimiter. Our own columns
are always the *last* cells of a row.

In results.csv the roles of a line are joined by "; ", and so are their holders in `before` and
`after`, in the same order; several holders of one role are joined by ", ". An empty part means
nobody: role "account_manager; viewer", before "; bo@x.example, cy@x.example".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache

from msgspec import Struct

from handover.codes import NOT_PROCESSED
from handover.model import Dialect, Header, Line, LineResult, Outcome, Rejection, RoleChange
from handover.reading.guards import MALFORMED, guard
from handover.reading.own_columns import (
    REPORT_LABELS,
    RESULTS_LABELS,
    own_cells_at,
    own_columns_at,
)

ERRORS_COLUMNS = REPORT_LABELS
RESULTS_COLUMNS = RESULTS_LABELS

NOT_PROCESSED_ERROR = "This line was not processed"
NOT_PROCESSED_HINT = "Upload this file again"
# Nobody can upload a file with the profile of a file that Handover wrote.
JOB_HINT = "The message about this import says what to do"

# Without this at the beginning, Excel reads a CSV in the local 8-bit code page.
_BOM = b"\xef\xbb\xbf"
_LINE_END = "\r\n"

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")

_NEVER = b"\0"
# The first two bytes of U+2400 to U+243F; guards represent control characters by some of these.
_PICTURES = b"\xe2\x90"
# The first two bytes of U+FF00 to U+FF3F, which include = + - @ in full width.
_WIDE = b"\xef\xbc"

_NO_CHANGE = ("", "", "")


def errors_head(header: Header, dialect: Dialect) -> bytes:
    """The byte order mark and the header of errors.csv."""
    return _head(header, dialect, ERRORS_COLUMNS)


def results_head(header: Header, dialect: Dialect) -> bytes:
    """The byte order mark and the header of results.csv."""
    return _head(header, dialect, RESULTS_COLUMNS)


def errors_part(
    results: Iterable[LineResult], *, header: Header, dialect: Dialect, is_job: bool = False
) -> bytes:
    """The rows of errors.csv, in the order given: only lines rejected or not processed.

    b"" when there are none. Raises ValueError for a rejected line without its rejection.
    """
    original = _Original.of(header, dialect)
    undone_hint = JOB_HINT if is_job else NOT_PROCESSED_HINT
    rows: list[tuple[str, ...]] = []
    marked: set[int] = set()
    for result in results:
        cells = original.cells(result.line)
        if result.outcome is Outcome.REJECTED:
            why = _rejection(result)
            if why.code == "INVALID_CHARACTER" and not why.column:
                marked.add(len(rows))
                cells = cells or ("",)
            tail = (why.code, why.error, why.hint)
        elif result.outcome is Outcome.NOT_PROCESSED:
            tail = (NOT_PROCESSED, result.message or NOT_PROCESSED_ERROR, undone_hint)
        else:
            continue
        rows.append((*cells, str(result.line.number), *tail))
    return _csv(rows, dialect.delimiter, marked)


def results_part(results: Iterable[LineResult], *, header: Header, dialect: Dialect) -> bytes:
    """The rows of results.csv, in the order given: one for every line.

    Raises ValueError for a rejected line without its rejection.
    """
    return b"".join(results_rows(results, header=header, dialect=dialect))


def results_rows(results: Iterable[LineResult], *, header: Header, dialect: Dialect) -> list[bytes]:
    """The rows of `results_part` one by one, each with its line end."""
    original = _Original.of(header, dialect)
    rows: list[tuple[str, ...]] = []
    for result in results:
        code, message = code_of(result), result.message
        if result.outcome is Outcome.REJECTED:
            message = _rejection(result).error
        elif result.outcome is Outcome.NOT_PROCESSED:
            message = message or NOT_PROCESSED_ERROR
        number = str(result.line.number)
        cells = original.fitted(result.line)
        rows.append((*cells, number, result.outcome, *_change(result.changes), code, message))
    # No cell of a plain row contains a line end of its own.
    plain = _plain(rows, dialect.delimiter)
    return plain.splitlines(keepends=True) or [_row(row, dialect.delimiter) for row in rows]


def code_of(result: LineResult) -> str:
    """The code of a line, "" for one without an error.

    Raises ValueError for a rejected line without its rejection.
    """
    if result.outcome is Outcome.REJECTED:
        return _rejection(result).code
    return NOT_PROCESSED if result.outcome is Outcome.NOT_PROCESSED else ""


def kept_labels(header: Header, dialect: Dialect) -> tuple[str, ...]:
    """The labels of the upload that both files keep: all except those of a report."""
    return header.labels[: _Original.of(header, dialect).kept]


class _Original(Struct, frozen=True):
    """Which cells of a row are the uploader's: the first `kept` of the header's `width`."""

    width: int
    kept: int
    delimiter: str

    @classmethod
    def of(cls, header: Header, dialect: Dialect) -> _Original:
        """All cells, or in a report those before our four columns at the header's end."""
        width = len(header.labels)
        own_at = own_columns_at(header.labels)
        return cls(width, width if own_at is None else own_at, dialect.delimiter)

    def cells(self, line: Line) -> tuple[str, ...]:
        """The uploader's cells of one line, not adjusted to the header's length."""
        cells = self._own(line)
        if self.width == self.kept or len(cells) != self.kept or self._is_whole(line):
            return cells
        # One more cell, because with only our columns after it the row would have the right length.
        return (*cells, "")

    def fitted(self, line: Line) -> tuple[str, ...]:
        """The uploader's cells of one line, padded or joined to exactly `kept` cells."""
        cells = self._own(line)
        surplus = len(cells) - self.kept
        if not surplus:
            return cells
        if surplus < 0:
            return (*cells, *[""] * -surplus)
        last = self.kept - 1
        return (*cells[:last], self.delimiter.join(cells[last:])) if self.kept else ()

    def _own(self, line: Line) -> tuple[str, ...]:
        """The line without the cells that an earlier report added after the uploader's."""
        fields = line.fields
        if self.width == self.kept:
            return fields
        if self._is_whole(line):
            return fields[: self.kept]
        return fields[: own_cells_at(fields)]

    def _is_whole(self, line: Line) -> bool:
        has_wrong_count = line.fault is not None and line.fault.code == "FIELD_COUNT"
        return len(line.fields) == self.width and not has_wrong_count


def _head(header: Header, dialect: Dialect, columns: tuple[str, ...]) -> bytes:
    return _BOM + _csv([(*kept_labels(header, dialect), *columns)], dialect.delimiter)


def _rejection(result: LineResult) -> Rejection:
    if result.rejection is None:
        raise ValueError(f"line {result.line.number} is rejected without a rejection")
    return result.rejection


def _change(changes: tuple[RoleChange, ...]) -> tuple[str, str, str]:
    """The cells `role`, `before` and `after`."""
    if not changes:
        return _NO_CHANGE
    if len(changes) == 1:
        (change,) = changes
        return change.role, ", ".join(change.before), ", ".join(change.after)
    return (
        "; ".join(change.role for change in changes),
        "; ".join(", ".join(change.before) for change in changes),
        "; ".join(", ".join(change.after) for change in changes),
    )


def _csv(
    rows: Sequence[tuple[str, ...]], delimiter: str, marked: Collection[int] = frozenset()
) -> bytes:
    """The rows with every cell guarded; removing the guards restores each cell exactly.

    The rows at the `marked` places were not valid CSV, and get the mark for that.
    """
    if marked:
        return b"".join(
            [
                _guarded(row, delimiter, mark=MALFORMED if place in marked else "")
                for place, row in enumerate(rows)
            ]
        )
    # Most rows have nothing to guard or to quote: searching their text is many times cheaper than
    # checking each cell, and cheapest for all rows at once.
    return _plain(rows, delimiter) or b"".join([_row(row, delimiter) for row in rows])


def _row(row: tuple[str, ...], delimiter: str) -> bytes:
    return _plain((row,), delimiter) or _guarded(row, delimiter)


def _plain(rows: Sequence[tuple[str, ...]], delimiter: str) -> bytes:
    """The rows without quotes or guards; b"" if any cell may need one."""
    text = _encoded("".join([delimiter.join(row) + _LINE_END for row in rows]))
    classes = b"," + text.translate(_classes(delimiter))
    is_plain = (
        _NEVER not in classes
        and b",!" not in classes
        and _PICTURES not in text
        and _WIDE not in text
        and text.count(b"\n") == text.count(b"\r") == len(rows)
        and text.count(delimiter.encode()) == sum(map(len, rows)) - len(rows)
    )
    return text if is_plain else b""


def _guarded(row: tuple[str, ...], delimiter: str, *, mark: str = "") -> bytes:
    buffer = io.StringIO()
    cells = [guard(cell) for cell in row]
    cells[0] = mark + cells[0]
    # A row ends with CRLF, as the rows of `_plain` do.
    csv.writer(buffer, delimiter=delimiter).writerow(cells)
    return _encoded(buffer.getvalue())


@cache
def _classes(delimiter: str) -> bytes:
    """The meaning of each byte for `_plain`.

    "," precedes a cell, here or in a spreadsheet with another separator, "!" needs a guard where a
    cell begins with it, _NEVER needs quotes or a guard anywhere, and everything else is harmless.
    """
    classes = bytearray(b"a" * 256)
    for byte in range(128):
        character = chr(byte)
        if character in (delimiter, "\n", ",", ";"):
            classes[byte] = ord(",")
        elif character in '"\t|' or not (character.isprintable() or character == "\r"):
            classes[byte] = ord(_NEVER)
        elif not (character.isalnum() or character in "_ \r"):
            classes[byte] = ord("!")
    return bytes(classes)


def _encoded(text: str) -> bytes:
    """UTF-8; a lone surrogate, which has no UTF-8 form, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _HALF_CHARACTER.sub("\ufffd", text).encode()
