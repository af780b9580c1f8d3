"""Cursors: the place in a listing where its next page begins, as a text without meaning. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from handover.errors import InvalidRequestError

# A place becomes part of a key: a sort key has 1,024 bytes, of which the least goes into "user#".
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_PLACE_BYTES = 1024 - len("user#")

Row = TypeVar("Row")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a listing, and the cursor of the next page unless it was the last."""

    rows: list[Row]
    cursor: str | None

    def of(self, told: Callable[[Row], Other]) -> Page[Other]:
        """The same page with every row told otherwise."""
        return Page([told(row) for row in self.rows], self.cursor)


def page_of(rows: Iterable[Row], limit: int, place: Callable[[Row], str]) -> Page[Row]:
    """The first `limit` of `rows`; no more than one row beyond them is looked at."""
    found = list(islice(rows, limit + 1))
    shown = found[:limit]
    return Page(shown, cursor_at(place(shown[-1])) if len(found) > limit else None)


def page_among(
    rows: Iterable[Row],
    limit: int,
    place: Callable[[Row], str],
    *,
    is_wanted: Callable[[Row], bool],
    most: int,
) -> Page[Row]:
    """The first `limit` of the rows that are wanted, or fewer once `most` have been looked at."""
    shown: list[Row] = []
    last = ""
    for looked_at, row in enumerate(rows):
        is_next = is_wanted(row)
        if looked_at == most or (is_next and len(shown) == limit):
            return Page(shown, cursor_at(last))
        if is_next:
            shown.append(row)
        last = place(row)
    return Page(shown, None)


def cursor_at(place: str) -> str:
    """The cursor for what comes after `place` in a listing."""
    return base64.urlsafe_b64encode(place.encode()).decode("ascii").rstrip("=")


def place_at(
    cursor: str | None, places: re.Pattern[str], *, most_bytes: int = MAX_PLACE_BYTES
) -> str | None:
    """The place after which a page begins, None for the first page.

    Raises InvalidRequestError for what is no cursor, or leads to none of the listing's `places`,
    of which none takes more than `most_bytes`.
    """
    if cursor is None:
        return None
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        place = ""
    # Decoding passes over characters that do not belong; a cursor has exactly one form.
    if (
        not places.fullmatch(place)
        or len(place.encode()) > most_bytes
        or cursor_at(place) != cursor
    ):
        raise InvalidRequestError(
            "cursor", "this is no cursor of this listing; take the one that its last page gave"
        )
    return place
