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

    Such a file is not an upload: a padded row that was too short would remove users. The header is
    also recognised after somebody has added columns before ours, or removed the last ones.
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
    """The index of our four cells in a row, if only empty cells follow them; None if absent."""
    for at in range(len(fields) - len(REPORT_LABELS), -1, -1):
        line, code, _, hint = fields[at : at + len(REPORT_LABELS)]
        if line.isdecimal() and _CODE.fullmatch(code):
            return at
        if hint.strip():
            return None
    return None


def has_moved(fields: Sequence[str], at: int) -> bool:
    """True when a row of the header's length has our cells elsewhere than under their labels.

    A spreadsheet that saves a file pads its rows with empty cells. So a row that was too short now
    has the right length, with our cells among its own. A row with nothing under our labels has not
    moved.
    """
    found = own_cells_at(fields)
    if found is not None:
        return found != at
    line, code = fields[at].strip(), fields[at + 1].strip()
    return bool(line and not line.isdecimal()) or bool(code and not _CODE.fullmatch(code))
