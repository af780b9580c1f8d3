"""The only way to parse CSV text into fields: Python's own csv.reader, configured once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from csv import Error as MalformedError
from typing import TYPE_CHECKING

from handover.reading.limits import MAX_RECORD_BYTES, REPORT_GROWTH

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["MalformedError", "count_line_ends", "is_well_formed", "rows", "text_lines"]

# The csv module's default of 131,072 is too low: a field may be as long as a record.
csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES * REPORT_GROWTH))


def text_lines(text: str) -> io.StringIO:
    """The physical lines of `text`, line ends kept: LF, CRLF and a lone CR end one."""
    return io.StringIO(text, newline="")


def rows(lines: Iterable[str], *, delimiter: str, strict: bool = False) -> Reader:
    """Records of physical lines, as spreadsheets read them; a blank line gives [].

    With `strict` it raises MalformedError at text after a closing quote and at an open quote.
    """
    return csv.reader(lines, delimiter=delimiter, strict=strict)


def is_well_formed(lines: Iterable[str], *, delimiter: str) -> bool:
    """True when no text follows a closing quote and no quote is left open."""
    try:
        for _row in rows(lines, delimiter=delimiter, strict=True):
            pass
    except MalformedError:
        return False
    return True


def count_line_ends(text: str) -> int:
    """How many physical lines end in `text`: every LF, CRLF and lone CR."""
    line_feeds, returns = text.count("\n"), text.count("\r")
    return line_feeds + returns - (text.count("\r\n") if returns else 0)
