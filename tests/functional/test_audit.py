"""The audit trail: acts outside of requests, open entries and how they are closed, and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from handover.audit import Act, Actor, Door, Outcome
from handover.pipeline.open_acts import RESERVE_SECONDS

from tests.functional.test_apply import ask, previewed
from tests.functional.test_directory_files import users
from tests.kit.caller import Answer
from tests.kit.jobs import api
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import ADMIN, AMINA, BARAKA, DAY, ROLE, SALES, TENANT, Pipeline, file_of

HEADER = "email,status,roles"
MINUTES_OPEN = 21 * 60.0


def entries(pipeline: Pipeline, **query: str) -> list[dict[str, Any]]:
    """The entries as an Admin reads them, newest first."""
    answer = api(pipeline).get("/audit", **query)
    assert answer.status == 200, answer.text
    return list(answer.body["entries"])


def swept(pipeline: Pipeline) -> None:
    """Lets the sweep close entries that are open for longer than any run takes."""
    pipeline.clock.now += MINUTES_OPEN
    pipeline.sweep("audit")


@pytest.fixture
def signed_up(pipeline: Pipeline) -> Pipeline:
    """A user with a sign-in, after follow has processed everything."""
    body = {"name": "Amina Otieno", "roles": ["Sales"]}
    assert api(pipeline).request("PUT", f"/users/{AMINA}", body).status == 200
    pipeline.settle()
    return pipeline


def test_a_change_has_its_door_and_the_state_before_and_after(pipeline: Pipeline) -> None:
    caller, path = api(pipeline), "/roles/owner"
    for most, client in ((1, "handover-cli/1"), (1, "handover-cli"), (2, "handover-console")):
        pipeline.clock.now += 1
        agent: dict[str, Any] = {
            "headers": {"user-agent": client, "content-type": "application/json"}
        }
        assert caller.request("PUT", path, {"max_users": most}, **agent).status == 200

    second, first = entries(pipeline, about="role owner")

    assert (first["actor"], first["door"], first["act"]) == (ADMIN, "cli", "role_stored")
    assert (first["before"], first["after"]["max_users"]) == (None, 1)
    assert (second["door"], second["before"], second["after"]) == (
        "console",
        {"max_users": 1},
        {"max_users": 2},
    )


def test_a_dropped_file_is_one_act_by_its_principal(pipeline: Pipeline) -> None:
    pipeline.source()
    created = pipeline.drop(file_of([("K000", AMINA)]))
    pipeline.validate(created)
    pipeline.validate(created)

    (entry,) = entries(pipeline, act="file_dropped")

    assert (entry["door"], entry["after"]["source"]) == ("drop", "erp")
    assert entry["actor"]


def test_the_sweep_cancels_with_a_reason_an_import_that_nobody_approves(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(60, held_by=AMINA)
    created = pipeline.upload(file_of((one, "None") for one in ids), pipeline.ticket())
    pipeline.run(created)
    pipeline.clock.now += 31 * DAY
    pipeline.sweep("imports")

    (entry,) = entries(pipeline, act="import_cancelled", since="2026-12-01")

    assert (entry["actor"], entry["door"]) == ("", "sweep")
    assert entry["reason"] == "nobody approved it in time"
    assert entry["before"] == {"state": "awaiting_approval"}
    assert entry["after"] == {"state": "cancelled", "filename": "customers.csv"}


def test_the_reason_of_a_decision_is_in_its_entry(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket()
    answer = api(pipeline).post(f"/imports/{ticket}/cancel", {"reason": "the wrong file"})
    assert answer.status == 202, answer.text

    (entry,) = entries(pipeline, about=f"import {ticket}", act="import_cancelled")

    assert (entry["actor"], entry["reason"]) == (ADMIN, "the wrong file")


def test_a_deletion_records_the_user_as_they_were(pipeline: Pipeline) -> None:
    assert api(pipeline).request("DELETE", f"/users/{AMINA}").status == 202

    (entry,) = entries(pipeline, act="users_deleted")

    assert entry["before"] == {"users": {AMINA: "active"}}
    assert entry["after"]["users"] == [AMINA]


def test_a_file_that_could_not_be_stored_is_recorded_as_not_done(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))
    with incident(pipeline.memory, Mishap("PutObject", kill_before=1)):
        ask(pipeline, created)
    assert [one["outcome"] for one in entries(pipeline, act="import_applied")] == ["open"]

    swept(pipeline)

    (entry,) = entries(pipeline, act="import_applied")
    assert (entry["outcome"], bool(entry["closed_at"])) == ("not_done", True)


def correct_lines(pipeline: Pipeline) -> Callable[[], Answer]:
    created = pipeline.upload(file_of([("K000", "nobody@x.example")]))
    pipeline.run(created)
    path = f"/imports/{pipeline.item(created).pk}/corrections"
    return lambda: api(pipeline).post(path, {"lines": {"2": {"account Manager": BARAKA}}})


def reassign(pipeline: Pipeline) -> Callable[[], Answer]:
    body = {"profile": "single-strict", "to": BARAKA, "account_ids": ["K000"], "role": ROLE}
    return lambda: api(pipeline).post("/assignments", body)


def subscribe(pipeline: Pipeline) -> Callable[[], Answer]:
    return lambda: api(pipeline).post("/subscriptions", {"endpoint": "ana@x.example"})


def invite_again(pipeline: Pipeline) -> Callable[[], Answer]:
    return lambda: api(pipeline).post(f"/users/{AMINA}/invitation")


@pytest.mark.parametrize(
    ("prepare", "operation", "act"),
    [
        (correct_lines, "PutObject", "lines_corrected"),
        (reassign, "PutObject", "accounts_reassigned"),
        (subscribe, "Subscribe", "subscribed"),
        (invite_again, "AdminGetUser", "invited_again"),
    ],
)
def test_an_act_outside_of_the_database_has_an_open_entry_until_it_has_happened(
    pipeline: Pipeline,
    prepare: Callable[[Pipeline], Callable[[], Answer]],
    operation: str,
    act: str,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    ask = prepare(pipeline)

    with incident(pipeline.memory, Mishap(operation, kill_before=1)):
        ask()

    assert [one["outcome"] for one in entries(pipeline, act=act)] == ["open"]
    pipeline.clock.now += 1
    assert ask().status in (200, 201, 202)
    assert [one["outcome"] for one in entries(pipeline, act=act)] == ["done", "open"]


def test_a_stored_file_whose_outcome_was_lost_is_recorded_as_done(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))
    with incident(pipeline.memory, Mishap("PutObject", kill_after=1)):
        ask(pipeline, created)

    swept(pipeline)
    swept(pipeline)

    assert [one["outcome"] for one in entries(pipeline, act="import_applied")] == ["done"]


def test_a_file_that_was_imported_and_is_kept_no_longer_is_recorded_as_done(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))
    with incident(pipeline.memory, Mishap("PutObject", kill_after=1)):
        ask(pipeline, created)
    (written,) = pipeline.settle()
    del pipeline.memory.s3.buckets[written.bucket].objects[written.version.key]

    swept(pipeline)

    assert [one["outcome"] for one in entries(pipeline, act="import_applied")] == ["done"]


def test_a_sweep_without_time_left_leaves_open_entries_to_the_next(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = previewed(pipeline, ("K000", BARAKA))
    with incident(pipeline.memory, Mishap("PutObject", kill_before=1)):
        ask(pipeline, created)
    pipeline.clock.now += MINUTES_OPEN

    pipeline.sweep("audit", seconds=RESERVE_SECONDS - 1)

    assert [one["outcome"] for one in entries(pipeline, act="import_applied")] == ["open"]
    pipeline.sweep("audit", seconds=RESERVE_SECONDS + 1)
    assert [one["outcome"] for one in entries(pipeline, act="import_applied")] == ["not_done"]


@pytest.mark.parametrize(
    ("mishap", "outcome"),
    [(Mishap(), "done"), (Mishap("AdminDisableUser", kill_before=1), "not_done")],
    ids=["barred", "killed"],
)
def test_a_sign_in_that_a_file_blocks_is_recorded_with_its_outcome(
    signed_up: Pipeline, mishap: Mishap, outcome: str
) -> None:
    signed_up.clock.now += 1
    users(signed_up, f"{AMINA},inactive,Sales", header=HEADER)
    with incident(signed_up.memory, mishap):
        signed_up.settle()

    swept(signed_up)

    (entry,) = entries(signed_up, act="sign_in_barred")
    assert (entry["about"], entry["actor"]) == (f"user {AMINA}", "")
    assert (entry["door"], entry["outcome"]) == ("directory", outcome)


def test_the_outcome_of_an_invitation_that_was_cut_off_is_not_looked_up(pipeline: Pipeline) -> None:
    body = {"name": "New", "roles": ["Sales"], "email": "new@lumina.example"}
    with incident(pipeline.memory, Mishap("AdminCreateUser", kill_after=1)):
        api(pipeline).post("/users", body)

    swept(pipeline)

    assert [one["outcome"] for one in entries(pipeline, act="sign_in_allowed")] == ["not_known"]


def test_pages_continue_over_months_and_stay_within_the_requested_times(
    pipeline: Pipeline,
) -> None:
    audit = pipeline.resources.tables.audit
    times = [f"2026-{month}-{day:02d}T10:00:00.000Z" for month in (11, 12) for day in (1, 20, 30)]
    for number, at in enumerate(times):
        entry = Actor(TENANT, ADMIN, Door.API).entry(
            Act.ROLE_STORED, "role owner", name=f"{number:x}", at=at, after={"number": number}
        )
        audit.add(entry)
    pipeline.clock.now += 60 * DAY

    found, cursor = [], None
    while True:
        query = {"limit": "2", "actor": ADMIN, "until": "2026-12-30", "since": "2026-11-20"}
        page = api(pipeline).get("/audit", **query, **({"cursor": cursor} if cursor else {})).body
        found += [one["after"]["number"] for one in page["entries"]]
        cursor = page["cursor"]
        if cursor is None:
            break

    assert found == [4, 3, 2, 1]


def test_acts_are_found_by_an_address_in_any_case_and_by_a_principal_as_aws_writes_it(
    pipeline: Pipeline,
) -> None:
    audit = pipeline.resources.tables.audit
    for number, who in enumerate((ADMIN, "AROAX:Robot")):
        act = Actor(TENANT, who, Door.DROP).entry(
            Act.ROLE_STORED, "role owner", name=f"{number}", at="2026-11-22T10:00:00.000Z"
        )
        audit.add(act)

    found = [
        [one["actor"] for one in api(pipeline).get("/audit", actor=actor).body["entries"]]
        for actor in (ADMIN.upper(), "AROAX:Robot", "aroax:robot")
    ]

    assert found == [[ADMIN], ["AROAX:Robot"], []]


def test_a_period_that_ends_before_it_begins_has_no_entries(pipeline: Pipeline) -> None:
    assert api(pipeline).request("PUT", "/roles/owner", {}).status == 200

    answer = api(pipeline).get("/audit", since="2026-11-23", until="2026-11-22")

    assert (answer.status, answer.body) == (200, {"entries": [], "cursor": None})
    assert entries(pipeline, since="2026-11-22", until="2026-11-23")


def test_the_first_outcome_counts(pipeline: Pipeline) -> None:
    audit = pipeline.resources.tables.audit
    actor = Actor(TENANT, ADMIN, Door.API)
    entry = actor.entry(Act.SIGN_IN_BARRED, "user x", name="1", at="2026-11-22T10:00:00.000Z")
    audit.add(entry)

    assert audit.close(entry, Outcome.DONE, entry.at)
    assert not audit.close(entry, Outcome.NOT_DONE, entry.at)


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"until": "2026-13-01"}, {"act": "x"}])
def test_an_invalid_filter_is_refused_with_its_field(
    pipeline: Pipeline, query: dict[str, str]
) -> None:
    answer = api(pipeline).get("/audit", **query)

    assert (answer.status, answer.body["field"]) == (400, next(iter(query)))


def test_only_admins_read_the_audit_trail(pipeline: Pipeline) -> None:
    assert api(pipeline, SALES).get("/audit").status == 403
