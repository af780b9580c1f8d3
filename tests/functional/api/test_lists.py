"""Every list, walked page by page: each row comes once, in one order, and the last page says so."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
from handover.http.description import description

from tests.functional.api.filled import World, world
from tests.kit.caller import Api
from tests.kit.fixtures import clients_of_memory
from tests.kit.jobs import api
from tests.kit.pipeline import ADMIN, AMINA

__all__ = ["clients_of_memory", "world"]
# Each list by its path and query, the name of its rows, and how many there are in `world`.
LISTS: dict[str, tuple[dict[str, str], str, int]] = {
    "/accounts": ({}, "accounts", 6),
    "/accounts of a holder": ({"holder": AMINA}, "accounts", 3),
    "/accounts of a beginning": ({"beginning": "K"}, "accounts", 3),
    "/accounts/K000/history": ({}, "history", 3),
    "/history": ({"account_id": "K001"}, "history", 3),
    f"/portfolios/{AMINA}": ({}, "accounts", 3),
    "/portals/north/managers": ({}, "managers", 3),
    "/managers": ({"portal": "north"}, "managers", 3),
    "/pending": ({}, "pending", 3),
    "/pending/addresses": ({}, "awaited", 3),
    "/audit": ({}, "entries", 9),
    "/audit of an act": ({"act": "role_stored"}, "entries", 3),
    "/imports": ({}, "imports", 5),
    "/imports of a profile": ({"profile": "strict"}, "imports", 4),
    "/imports/{first}/lines": ({}, "lines", 3),
    "/requests": ({}, "requests", 4),
    "/requests of an account": ({"account_id": "K000"}, "requests", 3),
    "/requests/{request}": ({}, "notes", 3),
    "/roles": ({}, "roles", 3),
    "/workflows": ({}, "workflows", 3),
    "/sources": ({}, "sources", 3),
    "/users": ({}, "users", 8),
    "/users of a name": ({"name": "neema"}, "users", 3),
}


def _walk(api: Api, path: str, limit: int, query: dict[str, str]) -> list[Any]:
    """The pages, at most 50."""
    pages = [api.get(path, **query, limit=str(limit)).body]
    while pages[-1]["cursor"] is not None and len(pages) < 50:
        more = api.get(path, **query, limit=str(limit), cursor=pages[-1]["cursor"])
        pages.append(more.body)
    return pages


@pytest.mark.parametrize("name", LISTS)
def test_a_list_gives_every_row_once_and_then_ends(world: World, name: str) -> None:
    query, rows, many = LISTS[name]
    path = name.partition(" ")[0].format(**world.names)
    asker = AMINA if name == "/requests" else ADMIN

    whole = api(world.pipeline, asker).get(path, **query, limit="100").body

    assert (len(whole[rows]), whole["cursor"]) == (many, None)
    assert len({str(row) for row in whole[rows]}) == many
    for limit in (1, 2, many):
        pages = _walk(api(world.pipeline, asker), path, limit, query)
        assert [row for page in pages for row in page[rows]] == whole[rows]
        assert len(pages) == ceil(many / limit)


class Queries:
    """A hook that notes how many rows each query asks for."""

    def __init__(self) -> None:
        self.rows: list[int | None] = []

    def before(self, _: int, __: str, operation: str, params: dict[str, Any], /) -> None:
        if operation == "Query":
            self.rows.append(params.get("Limit"))

    def after(self, *_: Any) -> None:
        """Nothing is noted of answers."""


@pytest.mark.parametrize("path", ["/roles", "/workflows", "/sources", "/users", "/audit"])
def test_a_page_asks_for_its_rows_and_one_more(world: World, path: str) -> None:
    queries = Queries()
    world.pipeline.memory.hook = queries

    try:
        answer = api(world.pipeline).get(path, limit="2")
    finally:
        world.pipeline.memory.hook = None

    assert answer.status == 200
    assert set(queries.rows) == {3}


def test_every_list_of_the_api_is_walked() -> None:
    walked = {name.partition(" ")[0] for name in LISTS}
    listed = [
        path
        for path, methods in description()["paths"].items()
        if any(one["name"] == "cursor" for one in methods.get("get", {}).get("parameters", ()))
    ]

    assert listed
    for path in listed:
        begin = path.partition("{")[0]
        assert any(one.startswith(begin) and one.count("/") == path.count("/") for one in walked), (
            path
        )
