"""Which rows are blank lines: they are not data lines, so nothing is decided about them.

A row is blank when csv.reader finds only white space in its cells, as str.strip defines it. The
number of cells does not matter, nor do quotes around nothing. Spreadsheets write such rows for
lines that were emptied, often many at a file's end.

`handover.reading.data_lines` finds the same rows in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from handover.model import Dialect, Header
from handover.reading.own_columns import has_moved, own_columns_at


def blank_test(dialect: Dialect, header: Header) -> Callable[[Sequence[str]], bool]:
    """A function that says whether a row, as csv.reader gives it, is a blank line.

    In a report, a row with only the report's own cells is blank too, unless its cells have moved.
    A row with more or fewer cells than the header is blank only if all its cells are.
    """
    if not dialect.skips_blank_rows:
        return lambda row: not row
    own_at = own_columns_at(header.labels)
    if not own_at:
        return has_only_blanks
    width = len(header.labels)

    def is_blank(row: Sequence[str]) -> bool:
        if not has_only_blanks(row[:own_at]):
            return False
        return not has_moved(row, own_at) if len(row) == width else has_only_blanks(row)

    return is_blank


def has_only_blanks(row: Sequence[str]) -> bool:
    """True when all cells are empty or white space."""
    return not any(map(str.strip, row))
