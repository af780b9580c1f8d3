"""Pages of listings, and cursors: where the next page begins, as a text without meaning. Pure.

A page ends by its rows or by its bytes, whichever comes first, so that every answer fits.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from handover.errors import NotFoundError

# A place becomes part of a key: a sort key has 1,024 bytes, of which the least goes into "user#".
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_PLACE_BYTES = 1024 - len("user#")

# A function answers at most 6 MB, in which the body is a text within JSON: that of the page is
# measured as it is sent. What stands around a page, and one row more, has room in what is left.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6 * 1024**2
MAX_PAGE_BYTES = 2 * 1024**2

Row = TypeVar("Row")
Other = TypeVar("Other")


def sent_bytes(row: object) -> int:
    """What a row takes in an answer: as JSON within the JSON that the function answers."""
    return len(json.dumps(json.dumps(row, ensure_ascii=False), ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a listing, and the cursor of the next page unless it was the last."""

    rows: list[Row]
    cursor: str | None


class Room:
    """What is left of a page: `limit` rows and MAX_PAGE_BYTES; the first row always has room."""

    def __init__(self, limit: int) -> None:
        self._rows = limit
        self._bytes = MAX_PAGE_BYTES
        self._is_begun = False

    def takes(self, row: object) -> bool:
        """True when the row still belongs on the page, which it then is on."""
        taken = sent_bytes(row)
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
    """The first `limit` of `rows` as they are told, fewer when their bytes fill the page.

    No more than one row beyond them is looked at.
    """
    return page_among(rows, limit, place, render, is_wanted=lambda _: True, most=limit + 1)


def page_among(
    rows: Iterable[Row],
    limit: int,
    place: Callable[[Row], str],
    render: Callable[[Row], Other],
    *,
    is_wanted: Callable[[Row], bool],
    most: int,
) -> Page[Other]:
    """As `page_of`, of the rows that are wanted; fewer, too, once `most` have been looked at."""
    shown: list[Other] = []
    room = Room(limit)
    last = ""
    for looked_at, row in enumerate(rows):
        if looked_at == most:
            return Page(shown, cursor_at(last))
        if is_wanted(row):
            next_row = render(row)
            if not room.takes(next_row):
                return Page(shown, cursor_at(last))
            shown.append(next_row)
        last = place(row)
    return Page(shown, None)


def cursor_at(place: str) -> str:
    """The cursor for what comes after `place` in a listing."""
    return base64.urlsafe_b64encode(place.encode()).decode("ascii").rstrip("=")


def place_at(
    cursor: str | None, places: re.Pattern[str], *, max_bytes: int = MAX_PLACE_BYTES
) -> str | None:
    """The place after which a page begins, None for the first page.

    Raises NotFoundError for what is no cursor, or leads to none of the listing's `places`, of which
    none takes more than `max_bytes`.
    """
    if cursor is None:
        return None
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        place = ""
    # Decoding passes over characters that do not belong; a cursor has exactly one form.
    if not places.fullmatch(place) or len(place.encode()) > max_bytes or cursor_at(place) != cursor:
        raise NotFoundError(
            "this is no cursor of this listing; take the one that its last page gave", "cursor"
        )
    return place
