"""Approving and cancelling imports."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from handover.deadline import Deadline
from handover.model import User
from handover.store.import_items import ImportItem
from msgspec.structs import replace

from tests.functional.api.test_imports import EXPECTED, an_import, assert_problem, ended
from tests.kit.caller import ADMIN, OFFICE, SALES, Api

WHY = {"reason": "would clear too many", "would_clear": 12, "lines": 40}


def waiting(api: Api, **fields: Any) -> ImportItem:
    """An import of twelve chunks that waits for an Admin."""
    defaults: dict[str, Any] = {
        "state": "awaiting_approval",
        "lines": 40,
        "approval": WHY,
        "pending": set(range(1, 13)),
    }
    return an_import(api, **(defaults | fields))


def sent(api: Api) -> list[dict[str, Any]]:
    """The messages in the queue of chunks, which are taken out."""
    sqs = boto3.client("sqs", region_name="eu-west-1")
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(
        QueueUrl=api.stack.chunks_queue, MaxNumberOfMessages=10
    ).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(
                QueueUrl=api.stack.chunks_queue, ReceiptHandle=message["ReceiptHandle"]
            )
    return sorted(found, key=lambda message: int(message["chunk"]))


def messages_of(item: ImportItem) -> list[dict[str, Any]]:
    return [
        {"v": 1, "import_id": item.pk, "chunk": number, "handed_on": 0} for number in range(1, 13)
    ]


def test_an_approved_import_continues_with_all_its_chunks(api: Api) -> None:
    item = waiting(api)

    answer = api.post(f"/imports/{item.pk}/approve")

    assert answer.status == 202
    assert (answer.body["state"], answer.body["approved_by"]) == ("processing", ADMIN)
    assert sent(api) == messages_of(item)


def test_the_reason_of_a_decision_is_shown_in_the_import(api: Api) -> None:
    approved, refused = waiting(api), waiting(api, number=2)
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]
    why = {"reason": " The region moves \n to Ben "}

    answers = [
        api.post(f"/imports/{approved.pk}/approve", why),
        api.post(f"/imports/{refused.pk}/cancel", why),
        api.post(f"/imports/{ticket}/cancel", why),
    ]

    assert [answer.status for answer in answers] == [202] * 3
    assert answers[0].body["approve_reason"] == "The region moves to Ben"
    assert {one.body["cancel_reason"] for one in answers[1:]} == {"The region moves to Ben"}
    entries = {one["about"]: one for one in api.get("/audit").body["entries"] if one["reason"]}
    assert [entries[f"import {one}"]["act"] for one in (approved.pk, refused.pk, ticket)] == [
        "import_approved",
        "import_refused",
        "import_cancelled",
    ]
    noted = entries[f"import {refused.pk}"]
    assert noted["before"] == {"state": "awaiting_approval"}
    assert noted["after"] == {"state": "cancelled", "filename": refused.filename}
    too_long = api.post(f"/imports/{waiting(api).pk}/approve", {"reason": "x" * 201})
    assert_problem(too_long, 400)
    assert too_long.body["field"] == "reason"
    assert sent(api)


def test_uploaders_cannot_approve_their_own_file_while_another_admin_can(api: Api) -> None:
    directory, deadline = api.stack.tables.directory, Deadline(time.time() + 60)
    item = waiting(api, uploader=ADMIN)
    other = User("olga@lumina.example", "Olga", frozenset({"Admin"}))
    directory.put_users(api.tenant, [other], deadline)

    assert_problem(api.post(f"/imports/{item.pk}/approve"), 403)
    assert api.get(f"/imports/{item.pk}").body["state"] == "awaiting_approval"

    directory.put_users(api.tenant, [replace(other, is_active=False)], deadline)
    assert api.post(f"/imports/{item.pk}/approve").status == 202
    assert sent(api) == messages_of(item)


def test_a_tenant_may_let_uploaders_approve(api: Api) -> None:
    other = User("olga@lumina.example", "Olga", frozenset({"Admin"}))
    api.stack.tables.directory.put_users(api.tenant, [other], Deadline(time.time() + 60))
    api.request("PATCH", "/settings", {"uploader_may_approve": True})

    item = waiting(api, uploader=ADMIN)

    assert api.post(f"/imports/{item.pk}/approve").status == 202
    assert sent(api) == messages_of(item)


def test_an_import_can_be_approved_by_its_ticket(api: Api) -> None:
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]
    item = waiting(api, ticket=ticket)
    api.stack.tables.tickets.use(ticket, item.pk)

    answer = api.post(f"/imports/{ticket}/approve")

    assert (answer.status, answer.body["import_id"]) == (202, item.pk)
    assert sent(api) == messages_of(item)


def test_an_import_is_approved_once(api: Api) -> None:
    item = waiting(api)
    api.post(f"/imports/{item.pk}/approve")
    sent(api)

    assert_problem(api.post(f"/imports/{item.pk}/approve"), 409)
    assert sent(api) == []


@pytest.mark.parametrize("email", [OFFICE, SALES])
def test_only_an_admin_may_approve(api: Api, email: str) -> None:
    item = waiting(api, uploader=email)

    assert_problem(api.by(email).post(f"/imports/{item.pk}/approve"), 403)
    assert sent(api) == []


@pytest.mark.parametrize(
    "state", ["validating", "processing", "finalizing", "done", "error", "refused", "cancelled"]
)
def test_only_an_import_that_waits_can_be_approved(api: Api, state: str) -> None:
    answer = api.post(f"/imports/{ended(api, state=state).pk}/approve")

    assert_problem(answer, 409)
    assert state in answer.body["detail"]


def test_a_ticket_cannot_be_approved(api: Api) -> None:
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]

    answer = api.post(f"/imports/{ticket}/approve")

    assert_problem(answer, 409)
    assert answer.body["detail"] == (
        "the import is in the state awaiting_upload and cannot be approved"
    )


@pytest.mark.parametrize("wish", ["approve", "cancel"])
def test_an_import_of_another_tenant_cannot_be_approved_or_cancelled(
    api: Api, stranger: Api, wish: str
) -> None:
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]
    item = waiting(api)

    assert_problem(stranger.post(f"/imports/{item.pk}/{wish}"), 404)
    assert_problem(stranger.post(f"/imports/{ticket}/{wish}"), 404)
    assert api.get(f"/imports/{item.pk}").body["state"] == "awaiting_approval"
    assert api.get(f"/imports/{ticket}").body["state"] == "awaiting_upload"


def test_workers_settle_a_waiting_import_that_was_cancelled(api: Api) -> None:
    item = waiting(api)

    answer = api.by(OFFICE).post(f"/imports/{item.pk}/cancel")

    assert answer.status == 202
    assert (answer.body["state"], answer.body["cancelled_by"]) == ("processing", OFFICE)
    assert sent(api) == messages_of(item)


@pytest.mark.parametrize("state", ["validating", "processing"])
def test_cancelling_an_import_in_progress_sends_no_message(api: Api, state: str) -> None:
    item = an_import(api, state=state, pending={1, 2})

    answer = api.post(f"/imports/{item.pk}/cancel")

    assert answer.status == 202
    assert (answer.body["state"], answer.body["cancelled_by"]) == (state, ADMIN)
    assert sent(api) == []


def test_cancelling_an_approved_import_sends_no_message(api: Api) -> None:
    item = waiting(api)
    api.post(f"/imports/{item.pk}/approve")
    sent(api)

    assert api.post(f"/imports/{item.pk}/cancel").status == 202
    assert sent(api) == []


def test_cancelling_twice_changes_nothing(api: Api) -> None:
    item = an_import(api, state="processing", pending={1})
    first = api.by(OFFICE).post(f"/imports/{item.pk}/cancel")

    second = api.post(f"/imports/{item.pk}/cancel")

    assert (first.status, second.status) == (202, 202)
    assert first.body == second.body


@pytest.mark.parametrize("state", ["finalizing", "done", "error", "refused"])
def test_a_finished_import_cannot_be_cancelled(api: Api, state: str) -> None:
    assert_problem(api.post(f"/imports/{ended(api, state=state).pk}/cancel"), 409)


def test_an_import_that_ended_cancelled_cannot_be_cancelled_again(api: Api) -> None:
    item = ended(api, state="cancelled", cancelled_by=ADMIN)

    assert_problem(api.post(f"/imports/{item.pk}/cancel"), 409)


def test_a_cancelled_ticket_accepts_no_upload(api: Api) -> None:
    api.switch_on("single-strict")
    ticket = api.by(OFFICE).post("/imports", EXPECTED).body["import_ticket"]

    answer = api.by(OFFICE).post(f"/imports/{ticket}/cancel")

    assert (answer.status, answer.body["state"]) == (202, "cancelled")
    assert answer.body["cancelled_by"] == OFFICE
    assert not api.stack.tables.tickets.use(ticket, "0" * 32)
    again = api.post(f"/imports/{ticket}/cancel")
    assert_problem(again, 409)
    assert again.body["detail"] == "the import is in the state cancelled and cannot be cancelled"


def test_cancelling_a_used_ticket_cancels_its_import(api: Api) -> None:
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]
    item = an_import(api, ticket=ticket, state="processing", pending={1})
    api.stack.tables.tickets.use(ticket, item.pk)

    answer = api.post(f"/imports/{ticket}/cancel")

    assert (answer.status, answer.body["cancelled_by"]) == (202, ADMIN)


def test_only_an_admin_or_the_uploader_may_cancel(api: Api) -> None:
    item = waiting(api)
    ticket = api.post("/imports", EXPECTED).body["import_ticket"]

    assert_problem(api.by(SALES).post(f"/imports/{item.pk}/cancel"), 403)
    assert_problem(api.by(OFFICE).post(f"/imports/{ticket}/cancel"), 403)


def test_only_an_admin_cancels_the_file_of_a_system(api: Api) -> None:
    item = waiting(api, source="crm", uploader="")

    assert_problem(api.by(OFFICE).post(f"/imports/{item.pk}/cancel"), 403)
    assert api.post(f"/imports/{item.pk}/cancel").status == 202
    sent(api)
