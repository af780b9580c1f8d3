"""Checked files: when another import applies one, and the ticket of that import."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.aws.objects import Upload
from handover.errors import RetryLaterError
from handover.model import Dialect, Header
from handover.pipeline.checked import (
    apply_checked,
    applying_ticket,
    is_to_be_applied,
    pointer_to,
    why_stopped,
)
from handover.pipeline.import_plan import ImportPlan, plan_json
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.parsing import profile_from
from handover.profiles.presets import presets
from handover.reports.counts import Counts
from handover.runtime import Invocation
from handover.store.import_items import ImportItem

from tests.kit.pipeline import ADMIN, BEGINNING_TEXT, TENANT, Pipeline

ID = "1" * 32
TICKET = f"20261122T100200000Z-{ID[:16]}"
PLAN = ImportPlan(
    presets()["single-strict"],
    {"Kunde": "account ID"},
    Upload("UploadsBucket", f"in/{TENANT}/1.csv", "v1"),
    Dialect("utf-8", ","),
    Header(("Kunde", "account Manager"), 30, 2),
    frozenset(),
    OpcoWall.ALWAYS,
)


@pytest.mark.parametrize(
    ("on_error", "counts", "expected"),
    [
        (None, Counts(lines=2, rejected=2), ""),
        ("", Counts(lines=2, rejected=2), ""),
        ("apply_good", Counts(lines=2, rejected=2), ""),
        ("all_or_nothing", Counts(lines=2, updated=2), ""),
        (
            "all_or_nothing",
            Counts(lines=1, rejected=1),
            "1 of 1 line cannot be applied (all_or_nothing)",
        ),
        (
            "all_or_nothing",
            Counts(lines=2, superseded=1),
            "1 of 2 lines cannot be applied (all_or_nothing)",
        ),
        ("stop_above: 10 %", Counts(lines=10, rejected=1), ""),
        (
            "stop_above: 10 %",
            Counts(lines=12_000, not_processed=1_201),
            "1,201 of 12,000 lines cannot be applied (stop_above: 10 %)",
        ),
    ],
)
def test_a_file_is_stopped_by_the_lines_that_cannot_be_applied(
    on_error: str | None, counts: Counts, expected: str
) -> None:
    assert why_stopped(on_error, counts) == expected


def item(**changes: Any) -> ImportItem:
    """A check that has ended without errors, with these attributes changed."""
    found = ImportItem(
        ID,
        tenant=TENANT,
        profile="single-strict",
        source="user",
        uploader=ADMIN,
        filename="a.csv",
        mode="dry_run",
        received_at="2026-11-22T10:00:00.000Z",
        finished_at="2026-11-22T10:02:00.000Z",
        state="done",
        is_check=True,
        on_error="all_or_nothing",
        lines=2,
        updated=2,
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"is_check": None}, False),
        ({"state": "error"}, True),
        ({"state": "cancelled"}, False),
        ({"state": "refused"}, False),
        ({"state": "processing"}, False),
        ({"rejected": 1}, False),
        ({"rejected": 1, "on_error": None}, True),
    ],
)
def test_a_check_that_has_ended_and_was_not_stopped_is_to_be_applied(
    changes: dict[str, Any], expected: bool
) -> None:
    assert is_to_be_applied(item(**changes)) is expected


@pytest.mark.parametrize("finished_at", ["2026-11-22T10:02:00.000Z", None])
def test_the_ticket_of_the_applying_import_follows_from_the_check(finished_at: str | None) -> None:
    time = "100200" if finished_at else "100000"

    assert applying_ticket(item(finished_at=finished_at)) == f"20261122T{time}000Z-{ID[:16]}"


def apply(pipeline: Pipeline, check: ImportItem) -> None:
    apply_checked(pipeline.resources, check, Invocation("run", pipeline.deadline))


def store_plan(pipeline: Pipeline) -> None:
    pipeline.resources.tables.chunks.store(ID, plan_json(PLAN), [], pipeline.deadline)


ISSUED = {
    "pk": {"S": f"ticket#{TICKET}"},
    "sk": {"S": "ticket"},
    "tenant": {"S": TENANT},
    "uploader": {"S": ADMIN},
    "profile": {"S": "single-strict"},
    "filename": {"S": "a.csv"},
    "mode": {"S": "run"},
    "mapping": {"S": '{"Kunde": "account ID"}'},
    "follows": {"S": ID},
    "object_of": {"S": ID},
    "preview_of": {"S": ID},
    "on_error": {"S": "all_or_nothing"},
    "issued_at": {"S": BEGINNING_TEXT},
    # The ticket is remembered for 90 days: 2027-02-20T10:00:00Z.
    "expires_at": {"S": "2027-02-20T10:00:00.000Z"},
    "expires": {"N": "1803117600"},
    "replays": {"N": "0"},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"on_error": None}, {"on_error": None}),
        ({"object_of": "2" * 32}, {"object_of": {"S": "2" * 32}}),
        ({"uploader": "", "source": "erp"}, {"uploader": {"S": ""}, "source": {"S": "erp"}}),
        ({"job": "undo", "undo_of": "3"}, {"errand": {"S": "undo"}, "undo_of": {"S": "3"}}),
    ],
    ids=["a person", "a guarded file", "a pointer", "a system", "a job"],
)
def test_the_applying_import_has_the_sender_and_the_choices_of_the_check(
    pipeline: Pipeline, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    store_plan(pipeline)
    check = item(**changes)

    apply(pipeline, check)

    stored = dict(
        pipeline.memory.dynamodb.tables["ImportsTable"].items[f"ticket#{TICKET}", "ticket"]
    )
    body = stored.pop("profile_body", None)
    assert stored == {name: value for name, value in (ISSUED | expected).items() if value}
    assert (body is not None) is (check.job is not None)
    if body is not None:
        assert profile_from(json.loads(body["S"])) == PLAN.profile
    (created,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
    assert created.version.key == f"in/{TENANT}/{TICKET}.csv"
    assert created.version.body == pointer_to(check.object_of or ID)
    assert created.version.headers["ContentType"] == "application/json"


@pytest.mark.parametrize("on_error", ["all_or_nothing", None])
def test_the_audit_trail_shows_once_that_a_check_is_applied(
    pipeline: Pipeline, on_error: str | None
) -> None:
    store_plan(pipeline)
    for _ in range(2):
        apply(pipeline, item(on_error=on_error))

    (entry,) = pipeline.resources.tables.audit.newest(
        TENANT, before="", since="", now=BEGINNING_TEXT, rows=9
    )
    after = {"ticket": TICKET, "mode": "run", "profile": "single-strict"}
    assert entry == AuditEntry(
        TENANT,
        entry.name,
        BEGINNING_TEXT,
        Act.IMPORT_APPLIED,
        "",
        Door.CHECK,
        f"import {ID}",
        after=after | ({"on_error": on_error} if on_error else {}),
    )


def test_a_file_that_was_applied_is_not_written_again(pipeline: Pipeline) -> None:
    store_plan(pipeline)
    apply(pipeline, item())
    pipeline.resources.tables.tickets.use(TICKET, "4" * 32)

    apply(pipeline, item())

    assert len(pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events) == 1


def test_a_check_whose_plan_is_not_there_is_applied_later(pipeline: Pipeline) -> None:
    with pytest.raises(RetryLaterError, match="the plan of this import is not there"):
        apply(pipeline, item())
