"""A chunk's bytes as lines, as a worker reads them: csv.reader, and checks for faults.

Nearly all lines are clean and are checked many at a time; only a batch with something unusual is
checked line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from operator import itemgetter

from handover.model import Chunk, Dialect, Header, Line, Rejection
from handover.reading.blanks import blank_test
from handover.reading.guards import MALFORMED, unguard
from handover.reading.limits import MAX_FIELD_CHARS
from handover.reading.own_columns import has_moved, own_columns_at
from handover.reading.parsing import (
    MalformedError,
    count_line_ends,
    is_well_formed,
    rows,
    text_lines,
)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
_BATCH_RECORDS = 512
_FIRST_CELL = itemgetter(0)
_DELIMITER_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


def lines(data: bytes, *, chunk: Chunk, dialect: Dialect, header: Header) -> Iterator[Line]:
    """The chunk's data lines in order, lazily; blank lines (see `blanks`) are left out.

    `data` is the chunk's bytes. A line has a `fault` when its number of fields is not the header's
    (FIELD_COUNT), one is too long (FIELD_TOO_LONG), or it has a control character or text after a
    closing quote (INVALID_CHARACTER). Its `fields` are then those that a spreadsheet reads.
    """
    text = data.decode(dialect.encoding)
    check = _Check(data, dialect, header)
    reader = rows(text_lines(text), delimiter=dialect.delimiter, strict=True)
    number, lines_read, records = chunk.first_line, 0, 0
    while True:
        try:
            batch = list(islice(reader, _BATCH_RECORDS))
        except MalformedError:
            break
        if not batch:
            return
        is_flat = reader.line_num - lines_read == len(batch)
        lines_read = reader.line_num
        records += len(batch)
        yield from check.batch(number, batch, is_flat=is_flat)
        number = chunk.first_line + lines_read
    # There is text after a closing quote: read the rest leniently and check each record.
    for start, row, malformed_to in islice(
        _one_by_one(text, chunk.first_line, dialect.delimiter), records, None
    ):
        if not check.is_blank(row):
            yield check.line(start, row, malformed_to=malformed_to)


def record_lines(
    records: Sequence[bytes], numbers: Sequence[int], *, dialect: Dialect, header: Header
) -> Iterator[Line]:
    """The lines of single records, as `lines` gives them; `numbers` are their line numbers.

    Each of `records` is the bytes of one whole record with its line end, which only the last may
    lack; none is blank.
    """
    data = b"".join(records)
    text = data.decode(dialect.encoding)
    check = _Check(data, dialect, header)
    try:
        found = list(rows(text_lines(text), delimiter=dialect.delimiter, strict=True))
    except MalformedError:
        for record, number in zip(records, numbers, strict=True):
            for start, row, malformed_to in _one_by_one(
                record.decode(dialect.encoding), number, dialect.delimiter
            ):
                yield check.line(start, row, malformed_to=malformed_to)
        return
    for number, row in zip(numbers, found, strict=True):
        yield check.line(number, row)


def _one_by_one(
    text: str, number: int, delimiter: str
) -> Iterator[tuple[int, list[str], int | None]]:
    """Each record's line number and row; for a malformed one, also the line that it ends on."""
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in text_lines(text):
            taken.append(line)
            yield line

    for row in rows(feed(), delimiter=delimiter):
        is_sound = not any('"' in line for line in taken)
        is_sound = is_sound or is_well_formed(taken, delimiter=delimiter)
        yield number, row, None if is_sound else number + len(taken) - 1
        number += len(taken)
        taken.clear()


class _Check:
    """Turns rows into lines. What one check of all bytes can show is not checked for each line."""

    def __init__(self, data: bytes, dialect: Dialect, header: Header) -> None:
        self._labels = header.labels
        self._delimiter = dialect.delimiter
        # Deleting bytes is the fastest test for them; each is one character in any encoding here.
        self._has_controls = len(data.translate(None, _CONTROL_BYTES)) < len(data)
        self._may_be_long = _may_hold_long_field(data)
        self._has_guards = dialect.is_report and (b"'" in data or b"\xe2\x90" in data)
        self._own_at = own_columns_at(header.labels)
        self._skips_blank_rows = dialect.skips_blank_rows
        self.is_blank = blank_test(dialect, header)

    def batch(self, number: int, batch: list[list[str]], *, is_flat: bool) -> Iterable[Line]:
        """The lines of consecutive records from `number` on; `is_flat`: no cell has a line end."""
        if is_flat:
            numbers: Iterable[int] = range(number, number + len(batch))
        else:
            heights = (1 + sum(map(count_line_ends, row)) for row in batch)
            numbers = accumulate(heights, initial=number)
        if self._may_have_blanks(batch):
            kept = [
                (at, row) for at, row in zip(numbers, batch, strict=False) if not self.is_blank(row)
            ]
            numbers, batch = [at for at, _ in kept], [row for _, row in kept]
        if self._is_clean(batch):
            return map(Line, numbers, map(tuple, batch))
        return (self.line(at, row) for at, row in zip(numbers, batch, strict=False))

    def line(self, number: int, row: Sequence[str], *, malformed_to: int | None = None) -> Line:
        """The line with its fault, if it has one."""
        fields = tuple(row)
        if self._has_guards:
            if fields[0].startswith(MALFORMED):
                fields = (fields[0].removeprefix(MALFORMED), *fields[1:])
                malformed_to = number if malformed_to is None else malformed_to
            fields = tuple(map(unguard, fields))
        return Line(number, fields, self._fault(number, fields, malformed_to))

    def _may_have_blanks(self, batch: list[list[str]]) -> bool:
        """False when every row's first cell shows that it is not a blank line."""
        if not all(batch):
            return True
        return self._skips_blank_rows and not all(map(str.strip, map(_FIRST_CELL, batch)))

    def _is_clean(self, batch: list[list[str]]) -> bool:
        if self._has_controls or self._has_guards or self._own_at is not None:
            return False
        if set(map(len, batch)) != {len(self._labels)}:
            return False
        if not self._may_be_long:
            return True
        return max(map(len, chain.from_iterable(batch))) <= MAX_FIELD_CHARS

    def _fault(
        self, number: int, fields: tuple[str, ...], malformed_to: int | None
    ) -> Rejection | None:
        if malformed_to is not None:
            span = f" (the line runs to line {malformed_to})" if malformed_to > number else ""
            return Rejection(
                number,
                "",
                "INVALID_CHARACTER",
                f"line {number}: text follows a closing quote{span}, expected the next field "
                "or the end of the line",
                "Double each quote that belongs to a value, and put the whole value in quotes. "
                "In the report of errors such a line begins with a small ESC and a quote: delete "
                "both once the line is right.",
            )
        if len(fields) != len(self._labels):
            return self._wrong_count(number, len(fields))
        if self._own_at is not None and has_moved(fields, self._own_at):
            return self._moved(number, self._own_at, fields)
        # The report's own columns are never read, so any content is allowed.
        for label, field in zip(self._labels[: self._own_at], fields, strict=False):
            if len(field) > MAX_FIELD_CHARS:
                return Rejection(
                    number,
                    label,
                    "FIELD_TOO_LONG",
                    f"line {number}, {label}: the value has {len(field):,} characters; "
                    f"expected at most {MAX_FIELD_CHARS:,}",
                    "Shorten the value.",
                )
            control = _CONTROL.search(field)
            if control is not None:
                return Rejection(
                    number,
                    label,
                    "INVALID_CHARACTER",
                    f"line {number}, {label}: the value holds the control character "
                    f"U+{ord(control[0]):04X} at position {control.start() + 1}, "
                    "expected plain text",
                    "Remove the character, which may be invisible, or type the value again.",
                )
        return None

    def _moved(self, number: int, own_at: int, fields: Sequence[str]) -> Rejection:
        under = f"{self._labels[own_at]!r} and {self._labels[own_at + 1]!r}"
        return Rejection(
            number,
            "",
            "FIELD_COUNT",
            f"line {number}: the line has too few or too many values: its cells have moved, so "
            f"that {fields[own_at]!r} and {fields[own_at + 1]!r} are under {under}",
            f"Put every value under its own label; {under} may be empty.",
        )

    def _wrong_count(self, number: int, found: int) -> Rejection:
        expected = len(self._labels)
        name = _DELIMITER_NAMES.get(self._delimiter, "the delimiter")
        hint = f"Add the missing fields; an empty one needs {name} too."
        if found > expected:
            hint = f"If a value holds {name}, put such a value in double quotes."
        unit = "field" if found == 1 else "fields"
        return Rejection(
            number,
            "",
            "FIELD_COUNT",
            f"line {number}: the line has {found} {unit}, the header has {expected}",
            hint,
        )


def _may_hold_long_field(data: bytes) -> bool:
    """False when no field can exceed MAX_FIELD_CHARS, because line ends are close everywhere.

    A longer field would fill one of the ranges below, which are half as long, without a line end.
    """
    if b'"' in data:
        return True
    look = MAX_FIELD_CHARS // 2
    return any(data.find(b"\n", start, start + look) < 0 for start in range(0, len(data), look))
