"""What kind of values a column's samples are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto

from handover.profiles.fields import ACTIVE, DELETED, INACTIVE

# The share of a column's values that must be of one kind.
MIN_SHARE = 0.6
# No address or name is longer; of a longer cell, only the beginning counts.
MAX_CELL_CHARS = 400
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_LIST = re.compile(r"[;,|\s]+")
_ID = re.compile(r"(?=.*\d)[^\s@]{1,64}")
_NAME = re.compile(r"[^\W\d_][^\d@]*\s[^\d@]*[^\W\d_.]\.?")
_STATUSES = frozenset({ACTIVE, INACTIVE, DELETED})


class Look(Enum):
    """What most values of a column are."""

    EMPTY = auto()
    EMAILS = auto()
    IDS = auto()
    NAMES = auto()
    STATUSES = auto()
    ANYTHING = auto()


def appearance_of(values: Sequence[str]) -> Look:
    """The kind of most of the values that are not blank."""
    cells = [cell for value in values if (cell := value[:MAX_CELL_CHARS].strip())]
    if not cells:
        return Look.EMPTY
    for look, is_like in _LOOKS:
        if sum(map(is_like, cells)) >= MIN_SHARE * len(cells):
            return look
    return Look.ANYTHING


def _is_email(cell: str) -> bool:
    """True for an address, and for a list that begins with one."""
    first = next((part for part in _LIST.split(cell) if part), "")
    return _EMAIL.fullmatch(first) is not None


_LOOKS = (
    (Look.EMAILS, _is_email),
    (Look.STATUSES, lambda cell: cell.casefold() in _STATUSES),
    (Look.IDS, lambda cell: _ID.fullmatch(cell) is not None),
    (Look.NAMES, lambda cell: _NAME.fullmatch(cell) is not None),
)
