"""Pages of listings, and opaque cursors for the next page. Pure.

A page ends by its rows or by its bytes, whichever comes first, so that every answer fits.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from handover.errors import NotFoundError

# A place becomes part of a key: a sort key has 1,024 bytes, and "user#" takes the fewest of them.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_PLACE_BYTES = 1024 - len("user#")

# A function's answer has at most 6 MB, and the body is a string within JSON: a page is measured in
# that form. The rest leaves room for what surrounds a page, and for one more row.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6 * 1024**2
MAX_PAGE_BYTES = 2 * 1024**2

_encode = json.JSONEncoder(ensure_ascii=False).encode

Row = TypeVar("Row")
Other = TypeVar("Other")


def sent_bytes(row: object) -> int:
    """The bytes of a row in an answer: as JSON within the JSON that the function returns."""
    text = _encode(row)
    # Of the characters in JSON, only these two are escaped a second time.
    return len(text.encode()) + text.count('"') + text.count("\\") + len('""')


class Page(Struct, Generic[Row], frozen=True):
    """Some rows of a listing, and the cursor of the next page unless this is the last."""

    rows: list[Row]
    cursor: str | None


class Room:
    """The room left on a page: `limit` rows and MAX_PAGE_BYTES; the first row always fits."""

    def __init__(self, limit: int) -> None:
        self._rows = limit
        self._bytes = MAX_PAGE_BYTES
        self._is_begun = False

    def takes(self, row: object) -> bool:
        """True when the row fits on the page; it is then counted."""
        return self.takes_bytes(sent_bytes(row))

    def takes_bytes(self, taken: int) -> bool:
        """As `takes`, for a row whose size in bytes is known."""
        if self._is_begun and (self._rows == 0 or taken > self._bytes):
            return False
        self._is_begun = True
        self._rows -= 1
        self._bytes -= taken
        return True


def page_of(
    rows: Iterable[Row],
    limit: int,
    place: Callable[[Row], str],
    render: Callable[[Row], Other],
) -> Page[Other]:
    """The first `limit` of `rows` as dicts, fewer when their bytes fill the page.

    Reads at most one row beyond them.
    """
    return page_among(rows, limit, place, render, is_listed=lambda _: True, most=limit + 1)


def page_among(
    rows: Iterable[Row],
    limit: int,
    place: Callable[[Row], str],
    render: Callable[[Row], Other],
    *,
    is_listed: Callable[[Row], bool],
    most: int,
) -> Page[Other]:
    """As `page_of`, for rows that match; also ends early after reading `most` rows."""
    shown: list[Other] = []
    room = Room(limit)
    last = ""
    for looked_at, row in enumerate(rows):
        if looked_at == most:
            return Page(shown, cursor_at(last))
        if is_listed(row):
            next_row = render(row)
            if not room.takes(next_row):
                return Page(shown, cursor_at(last))
            shown.append(next_row)
        last = place(row)
    return Page(shown, None)


def cursor_at(place: str) -> str:
    """The cursor for the page after `place` in a listing."""
    return base64.urlsafe_b64encode(place.encode()).decode("ascii").rstrip("=")


def place_at(
    cursor: str | None, places: re.Pattern[str], *, key: Callable[[str], str] = str
) -> str | None:
    """The place after which a page begins, None for the first page.

    `key` is the part of a place that becomes part of a key, the whole place by default. Raises
    NotFoundError for a text that is not a cursor, does not match the listing's `places`, or whose
    key takes more than MAX_PLACE_BYTES.
    """
    if cursor is None:
        return None
    try:
        place = base64.urlsafe_b64decode(f"{cursor}==").decode()
    except ValueError:
        place = ""
    # Decoding ignores invalid characters and padding that is not needed; a cursor has exactly one
    # valid form.
    is_place = places.fullmatch(place) and len(key(place).encode()) <= MAX_PLACE_BYTES
    if not is_place or cursor_at(place) != cursor:
        raise NotFoundError(
            "this is not a cursor of this listing; use the one from its last page", "cursor"
        )
    return place
