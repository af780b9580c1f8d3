"""Every route that does something leaves an entry in the audit trail, and no other route does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.cast import OWN, World
from tests.rights.reading import Row, rows, who
from tests.rights.table import ROUTES
from tests.rights.test_routes import deployed_routes, marked, route_of, send_request
from tests.rights.world import PEOPLE, Worlds

# The act of each route in the audit trail. `+` separates several acts; those that the request
# causes are recorded.
ACTS = """
route                              acts
POST_/imports                      file_announced
POST_/imports/<name>/approve       import_approved
POST_/imports/<name>/cancel        import_cancelled+import_refused
POST_/imports/<name>/undo          import_undone
POST_/imports/<name>/apply         import_applied
POST_/imports/<name>/corrections   lines_corrected
GET_/imports/<name>/report         report_opened
GET_/imports/<name>/results        results_opened
POST_/assignments                  accounts_reassigned
POST_/users                        user_created+sign_in_allowed
PUT_/users/<email>                 user_edited+sign_in_allowed
POST_/users/<email>/invitation     invited_again
POST_/subscriptions                subscribed
DELETE_/users/<email>              users_deleted
POST_/users/delete                 users_deleted
PUT_/profiles/<profile>            profile_stored
DELETE_/profiles/<profile>         profile_removed+settings_changed
POST_/profiles/<profile>/copies    profile_stored
PATCH_/settings                    settings_changed
PUT_/roles/<role>                  role_stored
DELETE_/roles/<role>               role_removed
PUT_/workflows/<name>              workflow_stored
DELETE_/workflows/<name>           workflow_removed
PUT_/sources/<source>              source_stored
DELETE_/sources/<source>           source_removed
"""
# Routes that write without an act in the audit trail, and why.
ELSEWHERE = {
    "PATCH /accounts/<account_id>": "a line: the account's history has it, before and after",
    "PATCH /accounts": "the same, with the account in the query",
    "POST /profiles/<profile>/sample": "a trial: nothing is stored",
    "POST /requests": "the request itself says who and when, and never changes",
    "POST /requests/<request_id>/notes": "the note itself says who and when, and never changes",
}
EXPECTED = {row["route"].replace("_", " ", 1): set(row["acts"].split("+")) for row in rows(ACTS)}
ROWS = rows(ROUTES)


def entries(world: World) -> dict[Any, Any]:
    """The entries and outcomes of all tenants, by key."""
    return dict(world.pipeline.memory.dynamodb.tables["AuditTable"].items)


@pytest.mark.parametrize("route", sorted(deployed_routes()))
def test_a_route_that_writes_is_an_act_or_is_listed_elsewhere(route: str) -> None:
    assert route.startswith("GET ") or (route in EXPECTED) != (route in ELSEWHERE), (
        f"{route} writes: name its acts of the audit trail in ACTS, or in ELSEWHERE why it has none"
    )


@pytest.mark.parametrize("row", marked([row for row in ROWS if int(row["answer"]) < 400]))
def test_an_act_leaves_exactly_its_entries(worlds: Worlds, row: Row) -> None:
    may = [name for name, may in who(row, tuple(PEOPLE)).items() if may]
    if not may:
        return
    world = worlds.back_to("on")
    before = entries(world)

    answer = send_request(world, PEOPLE[may[0]], row)

    assert answer.status < 400, answer.text
    new = {key: item for key, item in entries(world).items() if key not in before}
    acts = {item["act"]["S"] for item in new.values() if "act" in item}
    expected = EXPECTED.get(route_of(row), set())
    assert acts <= expected
    assert bool(acts) is bool(expected)
    for (pk, _), item in new.items():
        assert pk.startswith(f"{OWN}#2026-11#")
        if "act" in item:
            assert item["actor"]["S"] == PEOPLE[may[0]].claims["email"]  # type: ignore[index]
            assert item["door"]["S"] == "api"


@pytest.mark.parametrize("row", marked(ROWS))
def test_a_refused_request_leaves_no_entry(worlds: Worlds, row: Row) -> None:
    barred = [name for name, may in who(row, tuple(PEOPLE)).items() if not may]
    if not barred:
        return
    world = worlds.back_to("on")
    before = entries(world)

    send_request(world, PEOPLE[barred[0]], row)

    assert entries(world) == before
