"""Requests about accounts: holders see them, and create them if the tenant allows it."""

from __future__ import annotations

from typing import Any

import pytest
from handover.http.bodies import requests
from handover.model import Account
from handover.profiles.settings import Settings

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import Api
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
)

__all__ = ["clients_of_memory", "pipeline"]
EXPECTED = {"subject": "Meter", "description": "It shows nothing.", "contact": "Njeri, +254 7"}


@pytest.fixture
def manager(pipeline: Pipeline) -> Api:
    """Amina, who holds four accounts of a tenant that lets managers create requests."""
    pipeline.kenyan(4, held_by=AMINA)
    pipeline.publish()
    allow(pipeline, is_allowed=True)
    return Api(TENANT, pipeline.resources, AMINA)


def allow(pipeline: Pipeline, *, is_allowed: bool) -> None:
    pipeline.resources.tables.directory.put_settings(
        TENANT, Settings(allow_account_manager_to_create_requests=is_allowed)
    )


def created(api: Api, account_id: str = "K000", **more: Any) -> dict[str, Any]:
    answer = api.post("/requests", {"account_id": account_id} | EXPECTED | more)
    assert answer.status == 201, answer.text
    requests.Request.model_validate(answer.body)
    body: dict[str, Any] = answer.body
    return body


def listed(api: Api, limit: int = 2, **query: str) -> list[str]:
    """The subjects of all listed requests, over all pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get("/requests", limit=str(limit), **query, **cursor)
        assert answer.status == 200, answer.text
        requests.Requests.model_validate(answer.body)
        found += [request["subject"] for request in answer.body["requests"]]
        if answer.body["cursor"] is None:
            return found
        cursor = {"cursor": answer.body["cursor"]}


def test_r94_a_manager_creates_a_request_on_behalf_of_a_contact(manager: Api) -> None:
    request = created(manager)

    shown = manager.get(f"/requests/{request['request_id']}")
    assert shown.status == 200
    requests.RequestWithNotes.model_validate(shown.body)
    assert shown.body == request | {"notes": [], "cursor": None}
    assert (request["contact"], request["created_by"]) == (EXPECTED["contact"], AMINA)


def test_r95_with_the_setting_off_an_admin_may_create_a_request_and_a_manager_may_not(
    pipeline: Pipeline, manager: Api
) -> None:
    allow(pipeline, is_allowed=False)

    refused = manager.post("/requests", {"account_id": "K000"} | EXPECTED)

    assert_problem(refused, 403)
    assert "allow_account_manager_to_create_requests" in refused.body["detail"]
    created(manager.by(ADMIN))
    assert listed(manager) == ["Meter"]


def test_a_manager_who_does_not_hold_the_account_neither_creates_nor_sees_requests(
    manager: Api,
) -> None:
    name = created(manager)["request_id"]
    other = manager.by(BARAKA)

    assert_problem(other.post("/requests", {"account_id": "K000"} | EXPECTED), 403)
    assert_problem(other.get(f"/requests/{name}"), 403)
    assert_problem(other.get("/requests", account_id="K000"), 403)
    assert_problem(other.post(f"/requests/{name}/notes", {"text": "mine"}), 403)
    assert listed(other) == []
    assert listed(manager.by(ADMIN)) == []
    assert listed(manager.by(ADMIN), account_id="K000") == ["Meter"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_r88_a_manager_sees_all_requests_of_the_accounts_they_hold(
    pipeline: Pipeline, manager: Api, limit: int
) -> None:
    for place, account_id in enumerate(("K002", "K000", "K002", "K002", "K003")):
        pipeline.clock.now += MINUTE
        created(manager, account_id, subject=f"{account_id} {place}")

    assert listed(manager, limit) == ["K000 1", "K002 3", "K002 2", "K002 0", "K003 4"]
    assert listed(manager, limit, account_id="K002") == ["K002 3", "K002 2", "K002 0"]


def test_requests_follow_the_account_to_whoever_holds_it_now(
    pipeline: Pipeline, manager: Api
) -> None:
    created(manager)
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))

    # Also before the stream has delivered the change.
    assert listed(manager) == []
    pipeline.publish()
    assert listed(manager) == []
    assert listed(manager.by(BARAKA)) == ["Meter"]


def test_the_requests_of_an_account_held_in_two_roles_are_listed_once(
    pipeline: Pipeline, manager: Api
) -> None:
    pipeline.accounts(Account(TENANT, "two", 1, assigned={"a": (AMINA,), "b": (AMINA, BARAKA)}))
    pipeline.publish()
    created(manager, "two")

    assert listed(manager, limit=1) == ["Meter"]
    assert listed(manager.by(BARAKA)) == ["Meter"]


def test_a_list_over_many_accounts_without_requests_has_a_cursor(
    pipeline: Pipeline, manager: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.use_cases.requests.MAX_LOOKED_AT", 2)
    monkeypatch.setattr("handover.use_cases.requests.AT_A_TIME", 2)
    created(manager, "K003")

    assert manager.get("/requests").body["requests"] == []
    assert listed(manager) == ["Meter"]


def test_r88_holders_of_the_account_coordinate_by_notes(pipeline: Pipeline, manager: Api) -> None:
    name = created(manager)["request_id"]
    for api, text in ((manager, "called"), (manager.by(ADMIN), "sent"), (manager, "done")):
        pipeline.clock.now += MINUTE
        answer = api.post(f"/requests/{name}/notes", {"text": text})
        assert answer.status == 201
        requests.Note.model_validate(answer.body)

    first = manager.get(f"/requests/{name}", limit="2").body
    rest = manager.get(f"/requests/{name}", cursor=first["cursor"]).body

    notes = [(note["text"], note["created_by"]) for note in first["notes"] + rest["notes"]]
    assert notes == [("called", AMINA), ("sent", ADMIN), ("done", AMINA)]
    assert rest["cursor"] is None


def test_r103_no_request_can_be_created_for_an_inactive_account(
    pipeline: Pipeline, manager: Api
) -> None:
    pipeline.accounts(Account(TENANT, "K000", 1, opco="Kenya", is_active=False))

    assert_problem(manager.post("/requests", {"account_id": "K000"} | EXPECTED), 409)


def test_any_account_id_makes_a_request_id_that_a_path_can_hold(
    pipeline: Pipeline, manager: Api
) -> None:
    account = 'a/b#c?"d" é%2F+'
    pipeline.accounts(Account(TENANT, account, 1, assigned={ROLE: (AMINA,)}))

    request = created(manager, account)

    assert manager.get(f"/requests/{request['request_id']}").body["account_id"] == account


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "SzAwMA.x",
        "SzAwMA.20261122T100000000Z-0123456789abcdef",
        # Their first parts stand for no account: a byte that begins no character, half a byte.
        "_w.20261122T100000000Z-0123456789abcdef",
        "SzAwM.20261122T100000000Z-0123456789abcdef",
    ],
)
def test_an_unknown_request_is_not_found(manager: Api, name: str) -> None:
    assert_problem(manager.get(f"/requests/{name}"), 404)
    assert_problem(manager.post(f"/requests/{name}/notes", {"text": "x"}), 404)


def test_the_requests_of_an_unknown_account_are_not_found(manager: Api) -> None:
    assert_problem(manager.post("/requests", {"account_id": "nowhere"} | EXPECTED), 404)
    assert_problem(manager.get("/requests", account_id="nowhere"), 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"description": ""}, "description"),
        ({"description": "x" * 20_001}, "description"),
        ({"contact": 7}, "contact"),
        ({"account_id": ""}, "account_id"),
        ({"priority": "high"}, "priority"),
    ],
)
def test_an_invalid_request_is_refused_with_its_field(
    pipeline: Pipeline, manager: Api, change: dict[str, Any], field: str
) -> None:
    before = pipeline.memory.snapshot()

    answer = manager.post("/requests", {"account_id": "K000"} | EXPECTED | change)

    assert_problem(answer, 400)
    assert answer.body["field"] == field
    assert pipeline.memory.snapshot() == before


def test_an_empty_note_is_refused_with_its_field(manager: Api) -> None:
    name = created(manager)["request_id"]

    assert_problem(manager.post(f"/requests/{name}/notes", {"text": " "}), 400)
    assert_problem(manager.get("/requests", cursor="nonsense"), 404)
    assert_problem(manager.get("/requests", account_id="K000", cursor="nonsense"), 404)
