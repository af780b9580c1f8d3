"""Pages of listings, and the cursors that continue them."""

from __future__ import annotations

import json
import re

import pytest
from handover.errors import NotFoundError
from handover.use_cases.paging import (
    MAX_PAGE_BYTES,
    MAX_PLACE_BYTES,
    Room,
    cursor_at,
    page_among,
    page_of,
    place_at,
    sent_bytes,
)

ANY = re.compile(r".+", re.DOTALL)
NUMBERS = range(1, 8)


@pytest.mark.parametrize(
    "row",
    [{}, "plain", 'a "quoted" word', "back\\slash", "é 🙂", {"a": ["line\nend", None, 1.5]}],
    ids=["empty", "plain", "quotes", "backslash", "wide", "nested"],
)
def test_a_row_takes_the_bytes_of_its_json_within_the_json_of_the_answer(row: object) -> None:
    body = json.dumps(row, ensure_ascii=False)

    assert sent_bytes(row) == len(json.dumps(body, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("limit", "sizes", "taken"),
    [
        (2, [0, 0, 0], 2),
        (1, [0, 0], 1),
        (9, [MAX_PAGE_BYTES - 1, 1, 0], 3),
        (9, [MAX_PAGE_BYTES - 1, 2], 1),
        (9, [MAX_PAGE_BYTES, 1], 1),
        (9, [MAX_PAGE_BYTES + 1, 0], 1),
        (9, [1, 1, MAX_PAGE_BYTES - 2, 1], 3),
    ],
)
def test_a_page_takes_rows_as_far_as_its_limit_and_its_bytes_reach_and_always_one(
    limit: int, sizes: list[int], taken: int
) -> None:
    room = Room(limit)

    assert [room.takes_bytes(size) for size in sizes] == [
        place < taken for place in range(len(sizes))
    ]


def test_a_row_is_measured_as_it_is_sent() -> None:
    room = Room(9)

    assert room.takes("x" * (MAX_PAGE_BYTES - 2 * len('\\""') - 1))
    assert not room.takes("xx")


@pytest.mark.parametrize(
    ("limit", "rows", "after"),
    [(2, [1, 2], 2), (6, [1, 2, 3, 4, 5, 6], 6), (7, [*NUMBERS], None), (8, [*NUMBERS], None)],
)
def test_a_page_has_the_first_rows_and_a_cursor_if_there_are_more(
    limit: int, rows: list[int], after: int | None
) -> None:
    page = page_of(NUMBERS, limit, str, lambda number: {"number": number})

    assert page.rows == [{"number": number} for number in rows]
    assert page.cursor == (None if after is None else cursor_at(str(after)))


@pytest.mark.parametrize(
    ("limit", "most", "rows", "after"),
    [
        (2, 9, [2, 4], 5),
        (3, 9, [2, 4, 6], None),
        (9, 3, [2], 3),
        (9, 1, [], 1),
        (9, 7, [2, 4, 6], None),
        (9, 6, [2, 4, 6], 6),
    ],
)
def test_a_page_of_some_rows_also_ends_after_as_many_as_it_looks_at(
    limit: int, most: int, rows: list[int], after: int | None
) -> None:
    page = page_among(
        NUMBERS, limit, str, lambda number: number, is_listed=lambda one: one % 2 == 0, most=most
    )

    assert page.rows == rows
    assert page.cursor == (None if after is None else cursor_at(str(after)))


@pytest.mark.parametrize("place", ["a", "ab", "abc", "abcd", "é\n#🙂", "?>~", "x" * 1019])
def test_a_cursor_leads_back_to_its_place_and_is_safe_in_a_query(place: str) -> None:
    cursor = cursor_at(place)

    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert place_at(cursor, ANY) == place


def test_the_first_page_needs_no_cursor() -> None:
    assert place_at(None, ANY) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "a",
        "_w",
        f"{cursor_at('ab')}=",
        f"{cursor_at('abc')}!",
        f" {cursor_at('abc')}",
        "YR",
        cursor_at("x" * (MAX_PLACE_BYTES + 1)),
        cursor_at("é" * (MAX_PLACE_BYTES // 2 + 1)),
    ],
)
def test_a_text_that_is_no_cursor_of_the_listing_is_refused(cursor: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        place_at(cursor, ANY)

    assert refused.value.field == "cursor"


def test_a_cursor_of_another_listing_is_refused() -> None:
    names = re.compile("[a-z]+")

    assert place_at(cursor_at("abc"), names) == "abc"
    for place in ("abc1", "1abc", "ABC"):
        with pytest.raises(NotFoundError):
            place_at(cursor_at(place), names)


def test_a_place_is_as_long_as_a_key_can_hold_of_it() -> None:
    def place(text: str) -> str | None:
        return place_at(cursor_at(text), ANY, key=lambda place: place.partition("#")[2])

    longest = "x" * 2000 + "#" + "y" * MAX_PLACE_BYTES
    assert place(longest) == longest
    with pytest.raises(NotFoundError):
        place(f"{longest}y")
