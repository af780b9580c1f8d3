"""Names of cells: columns by their letters, areas by two corners. Columns count from 0."""

from __future__ import annotations

import re

from msgspec import Struct

from handover.workbooks.limits import MAX_ROWS, MAX_SHEET_COLUMNS

_LETTERS = 26
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?", re.ASCII)


class Area(Struct, frozen=True):
    """A rectangle of cells, its borders included; rows count from 1."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def is_single(self) -> bool:
        """True for one cell."""
        return self.top == self.bottom and self.left == self.right


def column_of(letters: str) -> int | None:
    """The number of a column; None for a text that names none."""
    if not (
        1 <= len(letters) <= 3 and letters.isascii() and letters.isupper() and letters.isalpha()
    ):
        return None
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1 if number <= MAX_SHEET_COLUMNS else None


def column_name(column: int) -> str:
    """The letters of a column."""
    name, left = "", column + 1
    while left:
        left, letter = divmod(left - 1, _LETTERS)
        name = chr(ord("A") + letter) + name
    return name


def area_of(reference: str) -> Area | None:
    """The area that a reference such as `B2:C5` names; None for a text that names none."""
    found = _AREA.fullmatch(reference)
    if found is None:
        return None
    left, right = column_of(found[1]), column_of(found[3] or found[1])
    top, bottom = int(found[2]), int(found[4] or found[2])
    if left is None or right is None or not 1 <= top <= bottom <= MAX_ROWS or left > right:
        return None
    return Area(top, bottom, left, right)
