"""The largest possible answers: every listing stays below what a function may answer.

`Api.request` fails for an answer beyond Lambda's limit, so each request here checks the limit.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from handover.model import Account, ChangeReceipt, RoleChange, User
from handover.store.history import Entry
from handover.store.requests import Note, Request

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import Api
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.pipeline import ADMIN, ROLE, SALES, TENANT, Pipeline, file_of

# Written out, so that a changed limit is seen.
MAX_USER_TEXT_CHARS = 200
MAX_HOLDERS = 1_000

__all__ = ["clients_of_memory", "pipeline"]

# Each of these takes four bytes in an answer: in UTF-8, or as an escape within an escape.
WIDE, QUOTED = "\U0001f642" * MAX_USER_TEXT_CHARS, '"' * MAX_USER_TEXT_CHARS
CROWD = [f"{place:04d}-a-rather-long-one@x.example" for place in range(MAX_HOLDERS)]


@pytest.fixture
def api(pipeline: Pipeline) -> Api:
    """An Admin."""
    return Api(TENANT, pipeline.resources, ADMIN)


@pytest.fixture
def crowd(pipeline: Pipeline) -> list[str]:
    """Three accounts with a thousand holders, each with as much text as a user can have."""
    pipeline.users(
        *(User(one, WIDE, frozenset(), phone=QUOTED, mobile=QUOTED) for one in CROWD),
    )
    ids = ["C0", "C1", "C2"]
    pipeline.accounts(
        *(Account(TENANT, one, 1, assigned={ROLE: tuple(CROWD)}, portals=("n",)) for one in ids)
    )
    return ids


def pages(api: Api, path: str, rows: str, **query: str) -> Iterator[list[dict[str, object]]]:
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(path, **query, **cursor)
        assert answer.status == 200, answer.text
        yield answer.body[rows]
        if answer.body["cursor"] is None:
            return
        cursor = {"cursor": answer.body["cursor"]}


def test_an_account_with_a_thousand_holders_is_answered_whole(api: Api, crowd: list[str]) -> None:
    answer = api.get("/accounts/C0")

    assert answer.status == 200
    assert len(answer.body["people"][ROLE]) == MAX_HOLDERS
    assert len(answer.text.encode()) > 1_500_000


def test_a_page_of_accounts_stops_at_its_byte_limit_and_the_cursor_continues(
    api: Api, crowd: list[str]
) -> None:
    found = list(pages(api, "/accounts", "accounts", limit="1000"))

    assert [len(page) for page in found] == [1, 1, 1]
    assert sorted(str(row["account_id"]) for page in found for row in page) == crowd


def test_pages_by_holder_and_by_portal_stop_at_their_byte_limit(
    pipeline: Pipeline, api: Api, crowd: list[str]
) -> None:
    pipeline.publish()

    held = list(pages(api, "/accounts", "accounts", holder=CROWD[0], limit="1000"))
    managed = list(pages(api, "/portals/n/managers", "managers", limit="100"))

    assert [row["account_id"] for page in held for row in page] == crowd
    assert [row["account_id"] for page in managed for row in page] == crowd
    assert max(map(len, held)) == max(map(len, managed)) == 1


def test_pages_of_history_stop_at_their_byte_limit(pipeline: Pipeline, api: Api) -> None:
    pipeline.kenyan(1)
    change = RoleChange(ROLE, tuple(CROWD), tuple(CROWD[1:]))
    receipts = [
        ChangeReceipt("f" * 32, "", place, ADMIN, "2026-11-22T10:00:00.000Z", place, (change,))
        for place in range(1, 101)
    ]
    history = pipeline.resources.tables.history
    history.put((Entry(TENANT, "K000", receipt) for receipt in receipts), pipeline.deadline)

    found = list(pages(api, "/accounts/K000/history", "history", limit="100"))

    assert len(found) > 1
    assert sum(map(len, found)) == 100


def test_pages_of_requests_and_notes_stop_at_their_byte_limit(pipeline: Pipeline, api: Api) -> None:
    pipeline.kenyan(1, held_by=SALES)
    pipeline.publish()
    requests = pipeline.resources.tables.requests
    at = "2026-11-22T10:00:00.000Z"
    names = [f"2026{place:03d}-{place:016x}" for place in range(100)]
    for name in names:
        requests.put(TENANT, Request("K000", name, SALES, at, '"' * 200, "\x01" * 20_000, "x"))
        requests.note(TENANT, "K000", names[0], Note(name, SALES, at, "\x01" * 4_000))
    sales = api.by(SALES)

    mine = list(pages(sales, "/requests", "requests", limit="100"))
    (first,) = [row for page in mine for row in page if str(row["request_id"]).endswith(names[0])]
    notes = list(pages(sales, f"/requests/{first['request_id']}", "notes", limit="100"))

    assert sum(map(len, mine)) == sum(map(len, notes)) == 100
    assert len(notes) > 1


@pytest.mark.parametrize(
    ("path", "query", "rows"),
    [
        ("/managers", {"portal": "é" * 1024}, "managers"),
        ("/accounts", {"holder": "é" * 1024}, "accounts"),
        ("/accounts", {"holder": "\U0001f642" * 1000 + "@x.example"}, "accounts"),
        ("/accounts", {"portal": "é" * 1024}, "accounts"),
        ("/users", {"name": "é" * 200}, "users"),
        ("/users", {"name": "\ufdfa" * 200}, "users"),
    ],
    ids=str,
)
def test_a_search_for_a_value_that_no_key_can_hold_finds_nothing(
    pipeline: Pipeline, api: Api, path: str, query: dict[str, str], rows: str
) -> None:
    pipeline.kenyan(1, held_by=SALES)

    answer = api.get(path, **query)

    assert answer.status == 200, answer.text
    assert answer.body == {rows: [], "cursor": None}


def test_a_history_or_request_under_an_id_that_no_key_can_hold_is_not_found(api: Api) -> None:
    assert_problem(api.get("/history", account_id="é" * 1024), 404)
    assert_problem(api.get("/requests", account_id="é" * 1024), 404)


def test_an_edit_that_is_too_large_for_an_account_is_refused(pipeline: Pipeline, api: Api) -> None:
    pipeline.accounts(Account(TENANT, "C0", 1, assigned={"viewer": tuple(CROWD)}))

    answer = api.request(
        "PATCH", "/accounts/C0", {"profile": "manager-and-viewers", "assign": {ROLE: SALES}}
    )

    assert_problem(answer, 422)
    assert answer.body["code"] == "TOO_MANY_USERS"


def test_a_line_that_is_too_large_for_an_account_does_not_affect_other_lines(
    pipeline: Pipeline, api: Api
) -> None:
    crowded = Account(TENANT, "C0", 1, opco="Kenya", assigned={"viewer": tuple(CROWD)})
    pipeline.accounts(crowded, Account(TENANT, "C1", 1, opco="Kenya"))
    created = pipeline.upload(file_of([("C0", SALES), ("C1", SALES)]))

    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "rejected": 1}
    (row,) = pipeline.table(created, "errors.csv")
    assert (row["line"], row["code"]) == ("2", "TOO_MANY_USERS")


def test_the_plan_of_the_longest_header_and_mapping_fits_into_an_item(pipeline: Pipeline) -> None:
    # In Windows-1252, whose one-byte letters take two bytes in UTF-8.
    columns = ";".join("ä" * 300 + str(place) for place in range(198))
    mapping = {f"{'ü' * 300}{place}": "account ID" for place in range(100)}
    pipeline.kenyan(1)
    body = f"Konto;account Manager;{columns}\r\nK000;{SALES}{';' * 198}\r\n".encode("cp1252")
    ticket = pipeline.ticket(mapping={"Konto": "account ID"} | mapping)
    created = pipeline.upload(body, ticket)

    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}


def test_a_tenant_has_no_more_profiles_than_an_answer_can_hold(api: Api) -> None:
    for place in range(25):
        body = {"name": f"own-{place}", "mapping": {"Kunde": "account ID"}}
        assert api.post("/profiles/single-strict/copies", body).status == 201

    answer = api.post("/profiles/single-strict/copies", {"name": "more", "mapping": {}})

    assert_problem(answer, 409)
    assert "25 profiles" in answer.body["detail"]
