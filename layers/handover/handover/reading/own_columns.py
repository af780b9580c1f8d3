"""The columns that our own files add, recognised when one of the files is uploaded."""

from __future__ import annotations

import re
from collections.abc import Sequence

REPORT_LABELS = ("line", "code", "error", "hint")
RESULTS_LABELS = ("line", "outcome", "role", "before", "after", "code", "message")
# No other file has these next to each other.
_OF_RESULTS = RESULTS_LABELS[:5]

# Every code has an underscore, which distinguishes our cells from what people write.
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


def own_columns_at(labels: Sequence[str]) -> int | None:
    """The index of a report's four labels, at the header's end; None when it is not a report.

    A spreadsheet pads the header with empty cells when a row is longer: they do not count.
    """
    return _at_the_end(labels, REPORT_LABELS)


def are_results(labels: Sequence[str]) -> bool:
    """True for the header of results.csv, whose rows are padded to the length of the header.

    Read as an upload, a row that was too short would remove users. Columns that somebody has added
    before ours, or removed after them, do not change that.
    """
    plain = tuple(label.strip().casefold() for label in labels)
    return any(
        plain[at : at + len(_OF_RESULTS)] == _OF_RESULTS
        for at in range(len(plain) - len(_OF_RESULTS) + 1)
    )


def _at_the_end(labels: Sequence[str], own: tuple[str, ...]) -> int | None:
    end = len(labels)
    while end and not labels[end - 1].strip():
        end -= 1
    at = end - len(own)
    return at if at >= 0 and tuple(labels[at:end]) == own else None


def own_cells_at(fields: Sequence[str]) -> int | None:
    """The index of a row's four cells of ours, if only empty cells follow; None if absent."""
    for at in range(len(fields) - len(REPORT_LABELS), -1, -1):
        line, code, _, hint = fields[at : at + len(REPORT_LABELS)]
        if line.isdecimal() and _CODE.fullmatch(code):
            return at
        if hint.strip():
            return None
    return None


def has_moved(fields: Sequence[str], at: int) -> bool:
    """True when a row of the header's length has our cells elsewhere than under their labels.

    A spreadsheet pads rows with empty cells, so a row that was too short has the right length after
    it was saved again, with our cells among its own. A row whose author emptied our cells, or that
    never had any, has not moved.
    """
    found = own_cells_at(fields)
    if found is not None:
        return found != at
    line, code = fields[at].strip(), fields[at + 1].strip()
    return bool(line and not line.isdecimal()) or bool(code and not _CODE.fullmatch(code))
