"""Pages of listings: where they begin, where they end, and which cursors they refuse."""

from __future__ import annotations

import pytest
from handover.model import User
from handover.use_cases import users
from handover.use_cases.paging import cursor_at
from msgspec.structs import replace

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import Api
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.pipeline import ADMIN, AMINA, TENANT, Pipeline, file_of

__all__ = ["clients_of_memory", "pipeline"]
# Four bytes each, so that few characters are longer than any key.
LONG = "𐐷" * 700
TICKET = "20260706T120000000Z-0123456789abcdef"
FORGED = [
    ("/users", {}, f"{LONG}@x.example"),
    ("/users", {"name": "ami"}, f"ami{LONG}#{AMINA}"),
    ("/roles", {}, LONG),
    ("/workflows", {}, LONG),
    ("/sources", {}, LONG),
    ("/accounts", {}, LONG),
    ("/accounts", {"holder": AMINA}, f"{AMINA}\naccount_manager#{LONG}"),
    (f"/portfolios/{AMINA}", {}, f"account_manager#{LONG}"),
    ("/managers", {"portal": "north"}, f"account_manager#{LONG}"),
    ("/pending", {}, f"{AMINA} account_manager#{LONG}"),
    ("/requests", {}, f"account_manager#{LONG}\n{TICKET}"),
]


@pytest.fixture
def api(pipeline: Pipeline) -> Api:
    return Api(TENANT, pipeline.resources, ADMIN)


@pytest.mark.parametrize(("path", "query", "place"), FORGED)
def test_a_cursor_that_leads_nowhere_is_refused(
    api: Api, path: str, query: dict[str, str], place: str
) -> None:
    answer = api.get(path, **query, cursor=cursor_at(place))

    assert_problem(answer, 404)
    assert answer.body["field"] == "cursor"


# What surrounds the part of a place that becomes part of a key, and what the key has before it.
AROUND = {
    ("/requests", ""): ("", f"\n{TICKET}", ""),
    ("/accounts", AMINA): (f"{AMINA}\n", "", ""),
    ("/accounts", ""): ("", "", f"{TENANT}#"),
}


@pytest.mark.parametrize(("path", "query", "place"), FORGED)
def test_a_cursor_is_accepted_as_long_as_a_key_can_be(
    api: Api, path: str, query: dict[str, str], place: str
) -> None:
    before, after, in_key = AROUND.get((path, query.get("holder", "")), ("", "", ""))
    key = in_key + place.removeprefix(before).removesuffix(after)
    letters = 1019 - len(key.replace(LONG, "").encode())

    answer, beyond = (
        api.get(path, **query, cursor=cursor_at(place.replace(LONG, "x" * many)))
        for many in (letters, letters + 1)
    )

    has_names = path in ("/roles", "/workflows", "/sources")
    assert answer.status == (404 if has_names else 200), answer.text
    assert_problem(beyond, 404)


def test_a_cursor_of_one_name_is_refused_for_another_name(pipeline: Pipeline, api: Api) -> None:
    pipeline.users(*(User(f"{name}@x.example", "Neema Juma", frozenset()) for name in "abc"))
    cursor = api.get("/users", name="neema", limit="2").body["cursor"]

    assert_problem(api.get("/users", name="amina", cursor=cursor), 404)
    rest = api.get("/users", name="NEEMA", cursor=cursor).body
    assert [user["email"] for user in rest["users"]] == ["c@x.example"]


@pytest.mark.parametrize("query", [{}, {"name": "neema"}])
def test_a_page_of_users_ends_even_if_many_are_deleted(
    pipeline: Pipeline, api: Api, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    monkeypatch.setattr(users, "MAX_LOOKED_AT", 3)
    there = [User(f"u{place}@x.example", "Neema Juma", frozenset()) for place in range(9)]
    pipeline.users(*there)
    pipeline.users(*(replace(user, is_active=False, is_deleted=True) for user in there[:8]))

    pages = [api.get("/users", **query).body]
    while pages[-1]["cursor"]:
        pages.append(api.get("/users", **query, cursor=pages[-1]["cursor"]).body)

    found = [[user["email"] for user in page["users"]] for page in pages]
    assert [] in found, "a page of nobody but deleted users"
    assert "u8@x.example" in found[-1]
    emails = [email for page in found for email in page]
    assert emails == list(dict.fromkeys(emails))
    assert not [email for email in emails if email in {user.email for user in there[:8]}]


# What limits how much is looked at for a page, the query, and how many rows there are.
LOOKS: dict[str, tuple[dict[str, int], dict[str, str], int]] = {
    "/accounts": (
        {"accounts.AT_A_TIME": 2, "accounts.MAX_LOOKED_AT": 3},
        {"status": "inactive"},
        9,
    ),
    "/accounts of a holder": (
        {"accounts.AT_A_TIME": 2, "accounts.MAX_LOOKED_AT": 3},
        {"status": "inactive", "holder": AMINA},
        9,
    ),
    "/users": ({"users.MAX_LOOKED_AT": 3}, {"name": "neema"}, 7),
    "/audit": ({"audit.MAX_LOOKED_AT": 3}, {"act": "role_stored"}, 7),
    "/requests": ({"requests.AT_A_TIME": 2, "requests.MAX_LOOKED_AT": 3}, {}, 9),
    "/imports": ({"imports.AT_A_TIME": 2, "imports.MAX_LOOKED_AT": 4}, {"state": "refused"}, 9),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_page_that_finds_nothing_ends_after_as_many_as_it_looks_at(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    limits, query, many = LOOKS[name]
    path = name.partition(" ")[0]
    api = Api(TENANT, pipeline.resources, AMINA if path == "/requests" else ADMIN)
    pipeline.kenyan(many, held_by=AMINA)
    pipeline.settle()
    there = [User(f"u{place}@x.example", "Neema Juma", frozenset()) for place in range(many)]
    pipeline.users(*there)
    pipeline.users(*(replace(user, is_active=False, is_deleted=True) for user in there))
    for place in range(many if path == "/audit" else 0):
        assert Api(TENANT, pipeline.resources, ADMIN).request("PUT", f"/workflows/W{place}")
    for place in range(many if path == "/imports" else 0):
        pipeline.run(pipeline.upload(file_of([(f"K00{place}", AMINA)])))
    for constant, limit in limits.items():
        monkeypatch.setattr(f"handover.use_cases.{constant}", limit)

    pages = [api.get(path, **query).body]
    while pages[-1]["cursor"]:
        pages.append(api.get(path, **query, cursor=pages[-1]["cursor"]).body)

    rows = path.removeprefix("/").replace("audit", "entries")
    assert [page[rows] for page in pages] == [[], [], []]
