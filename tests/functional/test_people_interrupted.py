"""Requests of Admins with an outage at every call: repeating the request completes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.store.directory import Source

from tests.kit.cast import INSIDERS, World
from tests.kit.memory_aws import Snapshot, Twist
from tests.kit.mishaps import Mishap, Writes, incident, killed_at_every_call
from tests.kit.pipeline import TENANT, Pipeline

EVE = "eve.mbeki@lumina.example"
FIELDS = {"name": "Eve Mbeki", "roles": ["Sales"], "login_name": "eve"}
PROFILE = profile_json(presets()["single-strict"]) | {"name": "own", "blank": "keep"}


@dataclass(frozen=True)
class Request:
    """A request of an Admin; `again` lists what its repetition may answer besides success."""

    method: str
    path: str
    body: object = None
    again: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


REQUESTS = (
    Request("POST", "/users", FIELDS | {"email": "new.user@lumina.example", "login_name": "new"}),
    Request("PUT", f"/users/{EVE}", FIELDS | {"name": "Eve Adeyemi", "login_name": "adeyemi"}),
    Request("PUT", f"/users/{EVE}", FIELDS | {"status": "inactive", "roles": []}),
    Request("PATCH", "/settings", {"default_account_manager": EVE}),
    Request("PUT", "/roles/CSM", {"max_users": 1}),
    Request("DELETE", "/roles/Deputy", again=(404,)),
    Request("PUT", "/workflows/Dunning"),
    Request("PUT", "/sources/crm", {"profile": "own", "principal": "AROACRM"}),
    Request("DELETE", "/sources/erp", again=(404,)),
    Request("PUT", "/profiles/own", PROFILE | {"blank": "error"}),
    Request(
        "POST",
        "/profiles/own/copies",
        {"name": "copy", "mapping": {"Key": "account ID"}},
        again=(409,),
    ),
)


def world_of(pipeline: Pipeline) -> tuple[World, Snapshot]:
    """A tenant with something to change, and its snapshot."""
    world = World(pipeline)
    tables = pipeline.resources.tables
    stored = world.ask(INSIDERS[0], "POST", "/users", FIELDS | {"email": EVE})
    assert stored.status == 201, stored.text
    assert world.ask(INSIDERS[0], "PUT", "/profiles/own", PROFILE).status == 200
    tables.setup.put_role(TENANT, Role("Deputy", 1))
    tables.setup.put_source(TENANT, Source("erp", "own", "AROAERP"))
    return world, pipeline.memory.snapshot()


def ask(world: World, request: Request) -> int:
    return int(world.ask(INSIDERS[0], request.method, request.path, request.body).status)


def state(pipeline: Pipeline) -> dict[str, Any]:
    """The directory and the sign-ins, without versions and receipts."""
    items = pipeline.memory.dynamodb.tables["DirectoryTable"].items.values()
    return {
        "directory": sorted(map(_text_of, items)),
        "sign_ins": pipeline.memory.pools.snapshot(),
    }


def _text_of(item: Any) -> str:
    kept = {name: value for name, value in item.items() if name != "version"}
    if item["sk"]["S"].startswith("login#"):
        kept["body"] = json.loads(item["body"]["S"])["email"]
    return json.dumps(kept, sort_keys=True)


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_repeating_a_request_completes_one_that_was_cut_off_at_any_call(
    pipeline: Pipeline, request_: Request
) -> None:
    world, before = world_of(pipeline)
    assert ask(world, request_) < 300
    expected = state(pipeline)
    pipeline.memory.restore(before)

    for number in killed_at_every_call(pipeline.memory, lambda: ask(world, request_)):
        status = ask(world, request_)

        assert status < 300 or status in request_.again, (number, status)
        assert state(pipeline) == expected, number


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_a_call_that_is_sent_twice_changes_nothing(pipeline: Pipeline, request_: Request) -> None:
    """The answer to the first sending was lost, so the SDK sent the call again."""
    world, before = world_of(pipeline)
    calls = Writes()
    with incident(pipeline.memory, calls):
        assert ask(world, request_) < 300
    expected = state(pipeline)

    for number in calls.numbers:
        pipeline.memory.restore(before)
        twists = [Twist()] * (number - 1) + [Twist(repeat=True)]
        with incident(pipeline.memory, Mishap(twists=twists)):
            status = ask(world, request_)

        assert status < 300 or status in request_.again, (number, status)
        assert state(pipeline) == expected, number


TRANSACTED = [one for one in REQUESTS if "/users" in one.path]


@pytest.mark.parametrize("request_", TRANSACTED, ids=str)
@pytest.mark.parametrize("others", [{}, {1: "ConditionalCheckFailed"}])
def test_a_user_whose_write_conflicts_is_read_and_stored_again(
    pipeline: Pipeline, request_: Request, others: dict[int, str]
) -> None:
    world, before = world_of(pipeline)
    assert ask(world, request_) < 300
    expected = state(pipeline)
    pipeline.memory.restore(before)
    conflict = Twist(member_errors={0: "TransactionConflict"} | others)

    with incident(pipeline.memory, Mishap("TransactWriteItems", twists=[conflict])) as calls:
        assert ask(world, request_) < 300

    assert calls.seen == 2
    assert state(pipeline) == expected


@pytest.mark.parametrize("request_", TRANSACTED, ids=str)
@pytest.mark.parametrize(
    ("code", "others"),
    [
        ("TransactionConflict", {}),
        ("ThrottlingError", {}),
        ("ProvisionedThroughputExceeded", {}),
        ("ThrottlingError", {1: "ConditionalCheckFailed"}),
    ],
)
def test_while_the_table_stays_busy_a_user_is_not_changed_and_an_outage_is_reported(
    pipeline: Pipeline, request_: Request, code: str, others: dict[int, str]
) -> None:
    world, _ = world_of(pipeline)
    before = state(pipeline)
    busy = Twist(member_errors={0: code} | others)

    with incident(pipeline.memory, Mishap("TransactWriteItems", twists=[busy] * 100)):
        assert ask(world, request_) == 503

    assert state(pipeline) == before
