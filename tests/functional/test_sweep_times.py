"""When the sweep begins to act, to the half second: the times of the documents, written by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.audit import Act, AuditEntry, Door, Outcome
from handover.deadline import Deadline
from handover.model import Chunk
from handover.store.chunks import PlannedChunk
from handover.store.import_items import ImportItem
from handover.store.imports import ValidatedFile

from tests.kit.pipeline import (
    BEGINNING_TEXT,
    DAY,
    HOUR,
    MINUTE,
    TENANT,
    Pipeline,
    file_of,
)

ID = "1" * 32
FILE = file_of([("K1", "a@x.example")])
ENTRY = AuditEntry(
    TENANT, "n", BEGINNING_TEXT, Act.SUBSCRIBED, "ines", Door.API, "x", outcome=Outcome.OPEN
)


def an_upload(pipeline: Pipeline) -> None:
    pipeline.upload(FILE)


def a_drop(pipeline: Pipeline) -> None:
    pipeline.source()
    pipeline.drop(FILE)


def a_leased_import(pipeline: Pipeline, seconds: float = 1) -> None:
    imports = pipeline.resources.tables.imports
    imports.register(
        ImportItem(
            ID,
            tenant=TENANT,
            source="user",
            filename="a.csv",
            received_at=BEGINNING_TEXT,
            bucket="UploadsBucket",
            key="in/lumina/1.csv",
            version_id="v1",
            precedence=f"{BEGINNING_TEXT}#0#1",
            open="1",
            opened_at=BEGINNING_TEXT,
        )
    )
    imports.lease(ID, "a", now=pipeline.clock.now, until=pipeline.clock.now + seconds)


def one_that_is_validated_for_an_hour(pipeline: Pipeline) -> None:
    a_leased_import(pipeline, HOUR)


def one_that_waits_for_older_ones(pipeline: Pipeline) -> None:
    a_leased_import(pipeline)
    pipeline.resources.tables.imports.let_wait(ID, "a", pipeline.clock.now)


def one_that_waits_for_an_admin(pipeline: Pipeline) -> None:
    a_leased_import(pipeline)
    tables = pipeline.resources.tables
    tables.chunks.store(ID, "{}", [PlannedChunk(Chunk(1, 0, 9, 2, 1, 7))], Deadline(9e9))
    file = ValidatedFile(1, 1, "utf-8", ",")
    tables.imports.begin(ID, "a", file, approval={"lines": 1}, at=BEGINNING_TEXT)
    tables.imports.approval_notified(ID)


def an_open_act(pipeline: Pipeline) -> None:
    pipeline.resources.tables.audit.add(ENTRY)


def is_sent(pipeline: Pipeline) -> bool:
    return bool(pipeline.waiting())


def is_cancelled(pipeline: Pipeline) -> bool:
    item = pipeline.resources.tables.imports.find(ID)
    return item is not None and item.cancelled_by == "nobody approved it in time"


def is_closed(pipeline: Pipeline) -> bool:
    now = "2026-11-23T00:00:00Z"
    newest = pipeline.resources.tables.audit.newest(TENANT, before="", since="", now=now, rows=9)
    return [one.outcome for one in newest] == [Outcome.NOT_KNOWN]


@pytest.mark.parametrize(
    ("prepare", "what", "is_done", "last_before", "first_after"),
    [
        (an_upload, "uploads", is_sent, 15 * MINUTE, 15 * MINUTE + 0.5),
        (a_drop, "uploads", is_sent, 10 * HOUR, 10 * HOUR + 0.5),
        (one_that_is_validated_for_an_hour, "imports", is_sent, HOUR - 0.5, HOUR),
        (one_that_waits_for_older_ones, "imports", is_sent, 44.5, 45),
        (one_that_waits_for_an_admin, "imports", is_cancelled, 30 * DAY, 30 * DAY + 0.5),
        (an_open_act, "audit", is_closed, 20 * MINUTE, 20 * MINUTE + 0.5),
    ],
    ids=[
        "a file of a person",
        "a file of a system",
        "a lease",
        "after older ones",
        "approval",
        "an open act",
    ],
)
def test_the_sweep_acts_when_the_time_is_over_and_not_before(
    pipeline: Pipeline,
    prepare: Callable[[Pipeline], None],
    what: str,
    is_done: Callable[[Pipeline], bool],
    last_before: float,
    first_after: float,
) -> None:
    prepare(pipeline)
    begun = pipeline.clock.now
    found: list[bool] = []

    for age in (last_before, first_after):
        pipeline.clock.now = begun + age
        pipeline.sweep(what)
        found.append(is_done(pipeline))

    assert found == [False, True]


@pytest.mark.parametrize("prepare", [an_upload, a_drop])
@pytest.mark.parametrize(("age", "is_looked_at"), [(14 * DAY - 0.5, True), (14 * DAY, False)])
def test_a_file_of_two_weeks_ago_has_been_looked_at_often_enough(
    pipeline: Pipeline, prepare: Callable[[Pipeline], None], age: float, is_looked_at: bool
) -> None:
    prepare(pipeline)
    pipeline.clock.now += age

    pipeline.sweep("uploads")

    assert is_sent(pipeline) == is_looked_at


@pytest.mark.parametrize(
    ("late", "is_looked_at"),
    [(2 * DAY - 60, True), (2 * DAY + 60, False)],
    ids=["two days", "longer"],
)
def test_a_file_that_comes_within_two_days_of_its_ticket_is_looked_at_for_two_weeks(
    pipeline: Pipeline, late: float, is_looked_at: bool
) -> None:
    ticket = pipeline.ticket()
    pipeline.clock.now += late
    pipeline.upload(FILE, ticket)
    pipeline.clock.now += 14 * DAY - 1

    pipeline.sweep("uploads")

    assert is_sent(pipeline) == is_looked_at
