"""The first records of a file, to show to a person before anything is decided. Pure."""

from __future__ import annotations

from codecs import getincrementaldecoder
from itertools import islice

from handover.model import Dialect, Header
from handover.reading.blanks import has_only_blanks
from handover.reading.parsing import rows, text_lines

MAX_FIRST_ROWS = 20
# Blank rows in between are skipped, up to a limit.
MAX_READ_ROWS = 10 * MAX_FIRST_ROWS


def first_rows(
    head: bytes, dialect: Dialect, header: Header, *, is_whole: bool
) -> list[tuple[str, ...]]:
    """The cells of the first records after the header that are not blank, at most MAX_FIRST_ROWS.

    `head` is the beginning of the file, or with `is_whole` all of it. Otherwise its last record may
    be incomplete and is left out. Bytes that are invalid in the file's encoding are shown as
    U+FFFD.
    """
    decoder = getincrementaldecoder(dialect.encoding)(errors="replace")
    text = decoder.decode(head[header.data_start :], is_whole)
    found = [
        tuple(row)
        for row in islice(rows(text_lines(text), delimiter=dialect.delimiter), MAX_READ_ROWS)
    ]
    if not is_whole and len(found) < MAX_READ_ROWS:
        found = found[:-1]
    return [row for row in found if row and not has_only_blanks(row)][:MAX_FIRST_ROWS]
