"""Every step that the store takes, written by hand: what it answers, and what is stored after it.

A step that must be refused has the same row as one that is taken, with no changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door, Outcome
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import ChangeReceipt, Chunk, FileWarning, Refusal, RoleChange, State
from handover.profiles.profile import Role
from handover.reports.counts import Counts
from handover.rules.resending import Seen
from handover.store.chunks import PlannedChunk
from handover.store.history import Entry
from handover.store.import_items import ImportItem
from handover.store.imports import ValidatedFile
from handover.store.progress import COUNTED, Settlement
from handover.store.requests import Note, Request
from handover.store.tables import Tables
from handover.store.tickets import Replays, TicketItem
from handover.store.watermarks import SeenFile
from msgspec.structs import replace

from tests.kit.pipeline import TENANT, Pipeline

ID, OTHER = "1" * 32, "2" * 32
SOON = Deadline(9e9)
Step = Callable[[Tables], Any]


@dataclass(frozen=True)
class Row:
    """After the steps `before`, `step` gives `answer` and changes these attributes.

    They are named by the item's sort key; None = the attribute is gone.
    """

    name: str
    before: tuple[Step, ...]
    step: Step
    answer: Any
    changes: Mapping[str, Any]


# Steps to begin with


def registered(tables: Tables) -> None:
    item = ImportItem(
        ID,
        tenant=TENANT,
        source="user",
        filename="a.csv",
        received_at="2026-11-22T10:00:00.000Z",
        bucket="uploads",
        key="in/lumina/1.csv",
        version_id="v1",
        precedence="2026-11-22T10:00:00.000Z#0#00000000",
        listed_at="2026-11-22T10:00:00.000Z#1",
        open="1",
        opened_at="2026-11-22T10:00:00.000Z",
    )
    tables.imports.register(item)


def leased(tables: Tables) -> None:
    registered(tables)
    tables.imports.lease(ID, "a", now=0, until=100)


def begun(tables: Tables, approval: dict[str, Any] | None = None, chunks: int = 2) -> None:
    leased(tables)
    planned = [
        PlannedChunk(Chunk(number, 20, 40, 3, 10, 77), number, 5) for number in range(1, chunks + 1)
    ]
    tables.chunks.store(ID, "{}", planned, SOON)
    file = ValidatedFile(chunks, 10 * chunks, "utf-8", ";")
    tables.imports.begin(ID, "a", file, approval=approval, at="10:01")


def waiting(tables: Tables) -> None:
    begun(tables, {"lines": 4})


def taken(tables: Tables) -> None:
    begun(tables)
    tables.chunks.take(ID, 1, "w", now=10, until=20, handed_on=1)


def settled(tables: Tables) -> None:
    taken(tables)
    item = tables.imports.find(ID)
    assert item is not None
    tables.chunks.settle(item, SETTLEMENT, SOON)


def finalizing(tables: Tables) -> None:
    begun(tables, chunks=0)
    item = tables.imports.find(ID)
    assert item is not None
    tables.imports.start_finalizing(item, at="10:02")


def ended(tables: Tables) -> None:
    finalizing(tables)
    tables.imports.end(ID, State.DONE, at="10:03", is_indexed=True, has_workbook=False)


SETTLEMENT = Settlement(
    1, "w", has_errors=True, counts=Counts(lines=10, updated=6, cleared=1, rejected=3), worked_ms=5
)


def begin(tables: Tables, file: ValidatedFile, approval: dict[str, Any] | None = None) -> bool:
    return tables.imports.begin(ID, "a", file, approval=approval, at="10:01") is not None


def take(now: float, attempt: str = "x", handed_on: int | None = None) -> Step:
    def step(tables: Tables) -> Any:
        found = tables.chunks.take(ID, 1, attempt, now=now, until=now + 50, handed_on=handed_on)
        return None if found is None else (found.repeats, found.logins, found.attempts)

    return step


def settle(tables: Tables, settlement: Settlement) -> int:
    item = tables.imports.find(ID)
    assert item is not None
    return int(tables.chunks.settle(item, settlement, SOON).updated)


def finish(tables: Tables) -> str:
    item = tables.imports.find(ID)
    assert item is not None
    return str(tables.imports.start_finalizing(item, at="10:09").state)


IMPORTS = (
    Row(
        "a free import is leased",
        (registered,),
        lambda tables: tables.imports.lease(ID, "a", now=0, until=100),
        True,
        {"import.lease_by": "a", "import.lease_until": 100},
    ),
    Row(
        "a leased import is not leased by another",
        (leased,),
        lambda tables: tables.imports.lease(ID, "b", now=100, until=200),
        False,
        {},
    ),
    Row(
        "a lease that is over is taken over",
        (leased,),
        lambda tables: tables.imports.lease(ID, "b", now=100.5, until=200),
        True,
        {"import.lease_by": "b", "import.lease_until": 200},
    ),
    Row(
        "a lease is renewed by who has it",
        (leased,),
        lambda tables: tables.imports.lease(ID, "a", now=50, until=150),
        True,
        {"import.lease_until": 150},
    ),
    Row(
        "an import that was validated is not leased",
        (begun,),
        lambda tables: tables.imports.lease(ID, "a", now=500, until=600),
        False,
        {},
    ),
    Row(
        "a lease is given back",
        (leased,),
        lambda tables: tables.imports.free(ID, "a"),
        None,
        {"import.lease_until": 0},
    ),
    Row(
        "another's lease is not given back",
        (leased,),
        lambda tables: tables.imports.free(ID, "b"),
        None,
        {},
    ),
    Row(
        "an import waits for older ones",
        (leased,),
        lambda tables: tables.imports.let_wait(ID, "a", 70),
        None,
        {"import.waits": True, "import.resent_at": 70, "import.lease_until": 0},
    ),
    Row(
        "another's import is not made to wait",
        (leased,),
        lambda tables: tables.imports.let_wait(ID, "b", 70),
        None,
        {},
    ),
    Row(
        "an import is refused, with at most 1,000 characters",
        (leased,),
        lambda tables: tables.imports.refuse(
            ID, "a", Refusal("NO_COLUMN", "x" * 1001, 3), at="10:01"
        ),
        True,
        {
            "import.state": "finalizing",
            "import.refusal": {"code": "NO_COLUMN", "message": "x" * 1000, "line": 3},
            "import.finished_at": "10:01",
            "import.replays_told": 0,
        },
    ),
    Row(
        "a replay is refused and leaves the list",
        (leased,),
        lambda tables: tables.imports.refuse(
            ID, "a", Refusal("TICKET_REPLAYED", "used"), at="10:01", replay_of=OTHER
        ),
        True,
        {
            "import.state": "finalizing",
            "import.refusal": {"code": "TICKET_REPLAYED", "message": "used"},
            "import.finished_at": "10:01",
            "import.replays_told": 0,
            "import.replay_of": OTHER,
            "import.listed_at": None,
        },
    ),
    Row(
        "another's import is not refused",
        (leased,),
        lambda tables: tables.imports.refuse(ID, "b", Refusal("X", "x"), at="10:01"),
        False,
        {},
    ),
    Row(
        "an import goes on to its chunks",
        (leased,),
        lambda tables: begin(tables, ValidatedFile(2, 20, "utf-8", ";")),
        True,
        {
            "import.state": "processing",
            "import.chunks": 2,
            "import.pending": [0],
            "import.lines": 20,
            "import.encoding": "utf-8",
            "import.delimiter": ";",
            "import.validated_at": "10:01",
            "import.working_at": "10:01",
        },
    ),
    Row(
        "an import without lines has no chunk",
        (leased,),
        lambda tables: begin(
            tables,
            ValidatedFile(0, 0, "utf-8", ",", [FileWarning("EMPTY", "no é")], "stop_above: 3 %"),
        ),
        True,
        {
            "import.state": "processing",
            "import.chunks": 0,
            "import.encoding": "utf-8",
            "import.delimiter": ",",
            "import.validated_at": "10:01",
            "import.working_at": "10:01",
            "import.warnings": '[["EMPTY", "no é"]]',
            "import.on_error": "stop_above: 3 %",
        },
    ),
    Row(
        "a check is a dry run",
        (leased,),
        lambda tables: begin(tables, ValidatedFile(1, 1, "utf-8", ",", is_check=True)),
        True,
        {
            "import.state": "processing",
            "import.mode": "dry_run",
            "import.is_check": True,
            "import.chunks": 1,
            "import.pending": [0],
            "import.lines": 1,
            "import.encoding": "utf-8",
            "import.delimiter": ",",
            "import.validated_at": "10:01",
            "import.working_at": "10:01",
        },
    ),
    Row(
        "an import waits for an Admin",
        (leased,),
        lambda tables: begin(tables, ValidatedFile(1, 1, "utf-8", ","), {"lines": 1}),
        True,
        {
            "import.state": "awaiting_approval",
            "import.approval": {"lines": 1},
            "import.chunks": 1,
            "import.pending": [0],
            "import.lines": 1,
            "import.encoding": "utf-8",
            "import.delimiter": ",",
            "import.validated_at": "10:01",
        },
    ),
    Row(
        "an import that was cancelled needs no Admin",
        (leased, lambda tables: tables.imports.cancel(ID, "ines", at="10:00")),
        lambda tables: begin(tables, ValidatedFile(1, 1, "utf-8", ","), {"lines": 1}),
        True,
        {
            "import.state": "processing",
            "import.chunks": 1,
            "import.pending": [0],
            "import.lines": 1,
            "import.encoding": "utf-8",
            "import.delimiter": ",",
            "import.validated_at": "10:01",
            "import.working_at": "10:01",
        },
    ),
    Row(
        "an import that another has leased does not go on",
        (leased, lambda tables: tables.imports.lease(ID, "b", now=101, until=200)),
        lambda tables: begin(tables, ValidatedFile(1, 1, "utf-8", ",")),
        False,
        {},
    ),
    Row(
        "an import that another has leased and somebody cancelled does not go on",
        (
            leased,
            lambda tables: tables.imports.cancel(ID, "ines", at="10:00"),
            lambda tables: tables.imports.lease(ID, "b", now=101, until=200),
        ),
        lambda tables: begin(tables, ValidatedFile(1, 1, "utf-8", ","), {"lines": 1}),
        False,
        {},
    ),
    Row(
        "an import is approved, with a reason",
        (waiting,),
        lambda tables: tables.imports.approve(ID, "ines", at="10:05", reason="agreed"),
        True,
        {
            "import.state": "processing",
            "import.working_at": "10:05",
            "import.approved_by": "ines",
            "import.approve_reason": "agreed",
        },
    ),
    Row(
        "an import is approved without a reason",
        (waiting,),
        lambda tables: tables.imports.approve(ID, "ines", at="10:05"),
        True,
        {
            "import.state": "processing",
            "import.working_at": "10:05",
            "import.approved_by": "ines",
        },
    ),
    Row(
        "an import that waits for nobody is not approved",
        (begun,),
        lambda tables: tables.imports.approve(ID, "ines", at="10:05"),
        False,
        {},
    ),
    Row(
        "an import that waits for an Admin is cancelled and goes on",
        (waiting,),
        lambda tables: tables.imports.cancel(ID, "ines", at="10:05", reason="wrong file"),
        True,
        {
            "import.state": "processing",
            "import.working_at": "10:05",
            "import.cancelled_by": "ines",
            "import.cancel_reason": "wrong file",
        },
    ),
    Row(
        "an import that is validated is cancelled",
        (leased,),
        lambda tables: tables.imports.cancel(ID, "ines", at="10:05"),
        True,
        {"import.cancelled_by": "ines"},
    ),
    Row(
        "an import that is processed is cancelled",
        (begun,),
        lambda tables: tables.imports.cancel(ID, "ines", at="10:05", reason="stop"),
        True,
        {"import.cancelled_by": "ines", "import.cancel_reason": "stop"},
    ),
    Row(
        "an import is cancelled once",
        (begun, lambda tables: tables.imports.cancel(ID, "ines", at="10:05")),
        lambda tables: tables.imports.cancel(ID, "joyce", at="10:06"),
        False,
        {},
    ),
    Row(
        "an import that ends is not cancelled",
        (finalizing,),
        lambda tables: tables.imports.cancel(ID, "ines", at="10:05"),
        False,
        {},
    ),
    Row(
        "an import with a pending chunk does not end",
        (settled,),
        finish,
        "processing",
        {},
    ),
    Row(
        "an import whose chunks are settled ends",
        (settled, lambda tables: settle(tables, Settlement(2, "v", False, Counts(10, 10), 7))),
        finish,
        "finalizing",
        {
            "import.state": "finalizing",
            "import.finished_at": "10:09",
            "import.pending": None,
            "import.replays_told": 0,
            "import.worked_ms": 12,
            "import.updated": 16,
            "import.cleared": 1,
            "import.rejected": 3,
        },
    ),
    Row("an import ends at its first end", (finalizing,), finish, "finalizing", {}),
    Row(
        "an import gets its final state",
        (finalizing,),
        lambda tables: tables.imports.end(
            ID, State.ERROR, at="10:04", is_indexed=True, has_workbook=True
        ),
        None,
        {
            "import.state": "error",
            "import.ended_at": "10:04",
            "import.is_indexed": True,
            "import.has_workbook": True,
        },
    ),
    Row(
        "an import keeps its final state",
        (ended,),
        lambda tables: tables.imports.end(
            ID, State.ERROR, at="10:04", is_indexed=False, has_workbook=True
        ),
        None,
        {},
    ),
    Row(
        "an import whose end was announced is open no more",
        (ended,),
        lambda tables: tables.imports.mark_notified(ID),
        None,
        {"import.open": None, "import.opened_at": None},
    ),
    Row(
        "an import that has no final state stays open",
        (finalizing,),
        lambda tables: tables.imports.mark_notified(ID),
        None,
        {},
    ),
    Row(
        "an Admin is notified of an import that waits",
        (waiting,),
        lambda tables: tables.imports.approval_notified(ID),
        None,
        {"import.told_approval": True},
    ),
    Row(
        "an Admin is not notified of an import that does not wait",
        (begun,),
        lambda tables: tables.imports.approval_notified(ID),
        None,
        {},
    ),
    Row(
        "messages of an import are sent again, one as a probe",
        (begun,),
        lambda tables: tables.imports.resent(ID, "chunks", now=70, resends=1, probe=2),
        None,
        {
            "import.resent_at": 70,
            "import.resent_for": "chunks",
            "import.resends": 1,
            "import.probe": 2,
        },
    ),
    Row(
        "messages are sent again of no import that is gone",
        (),
        lambda tables: tables.imports.resent(ID, "chunks", now=70, resends=1, probe=2),
        None,
        {},
    ),
    Row(
        "a probe is taken, and the next sending forgets that",
        (
            begun,
            lambda tables: tables.imports.resent(ID, "chunks", now=70, resends=1, probe=2),
            lambda tables: tables.imports.note_probe_taken(ID, 2),
        ),
        lambda tables: tables.imports.resent(ID, "finalize", now=80, resends=1, probe=None),
        None,
        {
            "import.resent_at": 80,
            "import.resent_for": "finalize",
            "import.probe": None,
            "import.probe_taken": False,
        },
    ),
    Row(
        "another chunk is no probe",
        (begun, lambda tables: tables.imports.resent(ID, "chunks", now=7, resends=1, probe=2)),
        lambda tables: tables.imports.note_probe_taken(ID, 1),
        None,
        {},
    ),
)

CHUNKS = (
    Row(
        "plan and chunks are stored",
        (),
        lambda tables: tables.chunks.store(
            ID, '{"a": 1}', [PlannedChunk(Chunk(3, 20, 40, 5, 10, 77), 2, 1)], SOON
        ),
        None,
        {
            "plan.body": '{"a": 1}',
            "chunk#00003.start": 20,
            "chunk#00003.end": 40,
            "chunk#00003.first_line": 5,
            "chunk#00003.lines": 10,
            "chunk#00003.checksum": 77,
            "chunk#00003.repeats": 2,
            "chunk#00003.logins": 1,
            "chunk#00003.attempts": 0,
        },
    ),
    Row(
        "a chunk is taken",
        (begun,),
        take(10),
        (1, 5, 1),
        {
            "chunk#00001.lease_by": "x",
            "chunk#00001.lease_until": 60,
            "chunk#00001.attempts": 1,
            "chunk#00001.taken_at": 10,
        },
    ),
    Row("a chunk that another has is not taken", (taken,), take(20), None, {}),
    Row(
        "a chunk whose lease is over is taken by a message that is as new",
        (taken,),
        take(20.5, handed_on=1),
        (1, 5, 2),
        {
            "chunk#00001.lease_by": "x",
            "chunk#00001.lease_until": 70.5,
            "chunk#00001.attempts": 2,
            "chunk#00001.taken_at": 20.5,
        },
    ),
    Row("an old message takes no chunk", (taken,), take(20.5, handed_on=0), None, {}),
    Row(
        "a chunk is taken again by the attempt that has it",
        (taken,),
        take(15, "w", 2),
        (1, 5, 2),
        {
            "chunk#00001.lease_until": 65,
            "chunk#00001.attempts": 2,
            "chunk#00001.taken_at": 15,
            "chunk#00001.handed_on": 2,
        },
    ),
    Row("a settled chunk is not taken", (settled,), take(500), None, {}),
    Row("a chunk that does not exist is not taken", (registered,), take(500), None, {}),
    Row(
        "a chunk is given back",
        (taken,),
        lambda tables: tables.chunks.free(ID, 1, "w", decided=4, worked_ms=900),
        True,
        {
            "chunk#00001.lease_until": 0,
            "chunk#00001.decided": 4,
            "chunk#00001.worked_ms": 900,
        },
    ),
    Row(
        "another's chunk is not given back",
        (taken,),
        lambda tables: tables.chunks.free(ID, 1, "v", decided=4, worked_ms=900),
        False,
        {},
    ),
    Row(
        "a settled chunk is not given back",
        (settled,),
        lambda tables: tables.chunks.free(ID, 1, "w", decided=4, worked_ms=900),
        False,
        {},
    ),
    Row(
        "a chunk is settled and counted",
        (taken,),
        lambda tables: settle(tables, SETTLEMENT),
        6,
        {
            "chunk#00001.settled_by": "w",
            "chunk#00001.has_errors": True,
            "chunk#00001.worked_ms": 5,
            "chunk#00001.updated": 6,
            "chunk#00001.cleared": 1,
            "chunk#00001.unchanged": 0,
            "chunk#00001.pending_users": 0,
            "chunk#00001.rejected": 3,
            "chunk#00001.duplicate": 0,
            "chunk#00001.superseded": 0,
            "chunk#00001.not_processed": 0,
            "progress.b0": 1,
            "progress.updated": 6,
            "progress.cleared": 1,
            "progress.rejected": 3,
            "progress.worked_ms": 5,
        },
    ),
    Row(
        "a chunk is settled once",
        (settled,),
        lambda tables: settle(tables, Settlement(1, "v", False, Counts(10, 10), 7)),
        6,
        {},
    ),
    Row(
        "a chunk in which nothing happened is counted",
        (taken,),
        lambda tables: settle(tables, Settlement(1, "w", False, Counts(10))),
        0,
        {
            "chunk#00001.settled_by": "w",
            "chunk#00001.has_errors": False,
            "chunk#00001.worked_ms": 0,
            **{f"chunk#00001.{name}": 0 for name in COUNTED},
            "progress.b0": 1,
        },
    ),
    Row(
        "the next chunk is counted beside the first",
        (settled,),
        lambda tables: settle(tables, Settlement(2, "v", False, Counts(10, 10))),
        16,
        {
            "chunk#00002.settled_by": "v",
            "chunk#00002.has_errors": False,
            "chunk#00002.worked_ms": 0,
            "chunk#00002.updated": 10,
            "chunk#00002.cleared": 0,
            "chunk#00002.unchanged": 0,
            "chunk#00002.pending_users": 0,
            "chunk#00002.rejected": 0,
            "chunk#00002.duplicate": 0,
            "chunk#00002.superseded": 0,
            "chunk#00002.not_processed": 0,
            "progress.b0": 3,
            "progress.updated": 16,
        },
    ),
)


def issued(tables: Tables) -> None:
    tables.tickets.issue("T", ticket())


def ticket(uploader: str = "ines") -> TicketItem:
    return TicketItem(
        tenant=TENANT,
        uploader=uploader,
        profile="single-strict",
        filename="a.csv",
        mode="run",
        issued_at="10:00",
        expires_at="10:05",
        expires=99,
    )


def used(tables: Tables) -> None:
    issued(tables)
    tables.tickets.use("T", ID)


def replayed(tables: Tables) -> None:
    registered(tables)
    used(tables)
    tables.tickets.record_replays("T", Replays(ID, 2, "10:04"))


TICKETS = (
    Row(
        "a ticket that is issued again stays as it is",
        (issued,),
        lambda tables: tables.tickets.issue_once("T", ticket("joyce")).uploader,
        "ines",
        {},
    ),
    Row(
        "a ticket gets its profile",
        (issued,),
        lambda tables: tables.tickets.settle_profile("T", "{}"),
        "{}",
        {"ticket.profile_body": "{}"},
    ),
    Row(
        "a ticket keeps its profile",
        (issued, lambda tables: tables.tickets.settle_profile("T", "{}")),
        lambda tables: tables.tickets.settle_profile("T", '{"a": 1}'),
        "{}",
        {},
    ),
    Row(
        "a ticket is used",
        (issued,),
        lambda tables: tables.tickets.use("T", ID) is not None,
        True,
        {"ticket.import_id": ID},
    ),
    Row(
        "a ticket is used by the same import again",
        (used,),
        lambda tables: tables.tickets.use("T", ID) is not None,
        True,
        {},
    ),
    Row(
        "a ticket is used by one import",
        (used,),
        lambda tables: tables.tickets.use("T", OTHER) is not None,
        False,
        {},
    ),
    Row(
        "a ticket that does not exist is not used",
        (),
        lambda tables: tables.tickets.use("T", ID) is not None,
        False,
        {},
    ),
    Row(
        "a cancelled ticket is not used",
        (issued, lambda tables: tables.tickets.cancel("T", "ines")),
        lambda tables: tables.tickets.use("T", ID) is not None,
        False,
        {},
    ),
    Row(
        "a ticket is cancelled",
        (issued,),
        lambda tables: tables.tickets.cancel("T", "ines", "a mistake"),
        True,
        {"ticket.cancelled_by": "ines", "ticket.cancel_reason": "a mistake"},
    ),
    Row(
        "a used ticket is not cancelled",
        (used,),
        lambda tables: tables.tickets.cancel("T", "ines"),
        False,
        {},
    ),
    Row(
        "a ticket that does not exist is not cancelled",
        (),
        lambda tables: tables.tickets.cancel("T", "ines"),
        False,
        {},
    ),
    Row(
        "replays are recorded on the ticket and its import",
        (registered, used),
        lambda tables: tables.tickets.record_replays("T", Replays(ID, 1, "10:03")),
        None,
        {
            "ticket.replays": 1,
            "ticket.replayed_at": "10:03",
            "ticket.replayed": ID,
            "import.replays": 1,
            "import.replayed_at": "10:03",
        },
    ),
    Row(
        "as many replays again change nothing",
        (replayed,),
        lambda tables: tables.tickets.record_replays("T", Replays(ID, 2, "10:09")),
        None,
        {},
    ),
    Row(
        "replays of a ticket that does not exist are not recorded",
        (),
        lambda tables: tables.tickets.record_replays("T", Replays(ID, 2, "10:09")),
        None,
        {},
    ),
    Row(
        "replays that came first are taken over by the import",
        (
            used,
            lambda tables: tables.tickets.record_replays("T", Replays(ID, 2, "10:04")),
            registered,
        ),
        lambda tables: tables.tickets.take_over_replays(ID, "T"),
        None,
        {"import.replays": 2, "import.replayed_at": "10:04"},
    ),
    Row(
        "another import of the ticket takes over no replays",
        (
            used,
            lambda tables: tables.tickets.record_replays("T", Replays(OTHER, 2, "10:04")),
            registered,
        ),
        lambda tables: tables.tickets.take_over_replays(ID, "T"),
        None,
        {},
    ),
)

FILES = [SeenFile("f", "2026#0#1", ID)]
ENTRY = AuditEntry(
    TENANT,
    "n",
    "2026-11-22T10:00:00.000Z",
    Act.ROLE_STORED,
    "ines",
    Door.CLI,
    "role owner",
    before={"a": "é"},
    reason="why",
    outcome=Outcome.OPEN,
)

OTHERS = (
    Row(
        "the files of a source are remembered",
        (),
        lambda tables: tables.watermarks.remember_files(TENANT, "crm", FILES, 0),
        True,
        {"seen#crm.files": f'[["f", "2026#0#1", "{ID}"]]', "seen#crm.version": 1},
    ),
    Row(
        "the files of a source are not replaced by who has not read them",
        (lambda tables: tables.watermarks.remember_files(TENANT, "crm", FILES, 0),),
        lambda tables: tables.watermarks.remember_files(TENANT, "crm", [], 0),
        False,
        {},
    ),
    Row(
        "the files of a source are replaced by who has read them",
        (lambda tables: tables.watermarks.remember_files(TENANT, "crm", FILES, 0),),
        lambda tables: tables.watermarks.remember_files(TENANT, "crm", [], 1),
        True,
        {"seen#crm.files": "[]", "seen#crm.version": 2},
    ),
    Row(
        "a pace is kept to three digits",
        (),
        lambda tables: tables.watermarks.note_pace(TENANT, "crm", 12.34567),
        None,
        {"pace#crm.lines_a_second": 12.346},
    ),
    Row(
        "a watermark rises",
        (lambda tables: tables.watermarks.raise_watermark(TENANT, "2026-11-21"),),
        lambda tables: tables.watermarks.raise_watermark(TENANT, "2026-11-22"),
        None,
        {"watermark.ended_until": "2026-11-22"},
    ),
    Row(
        "a watermark never falls",
        (lambda tables: tables.watermarks.raise_watermark(TENANT, "2026-11-22"),),
        lambda tables: tables.watermarks.raise_watermark(TENANT, "2026-11-21"),
        None,
        {},
    ),
    Row(
        "a sweep that has looked at all begins again",
        (lambda tables: tables.watermarks.look_on_from("in/", "in/lumina/1.csv"),),
        lambda tables: tables.watermarks.look_on_from("in/", ""),
        None,
        {"watermark.looked_until": None},
    ),
    Row(
        "a probe of a queue is recorded",
        (),
        lambda tables: tables.watermarks.probed("chunks", Seen(1.0, 20.0, 3)),
        None,
        {"watermark.probed_at": 20, "watermark.probes": 3},
    ),
    Row(
        "permits are taken, and the counter lives for an hour after its window began",
        (lambda tables: tables.allowances.take(TENANT, 60, 5),),
        lambda tables: tables.allowances.take(TENANT, 60, 2),
        7,
        {"requests.taken": 7},
    ),
    Row(
        "the first permits of a window make its counter",
        (),
        lambda tables: tables.allowances.take(TENANT, 60, 5),
        5,
        {"requests.taken": 5, "requests.expires": 3660},
    ),
    Row(
        "a domain is verified",
        (),
        lambda tables: tables.domains.verify(TENANT, "münchen.example"),
        True,
        {"xn--mnchen-3ya.example.body": TENANT},
    ),
    Row(
        "a domain stays with the tenant for which it was verified",
        (lambda tables: tables.domains.verify("other", "lumina.example"),),
        lambda tables: tables.domains.verify(TENANT, "lumina.example"),
        False,
        {},
    ),
    Row(
        "a domain is verified for its tenant again",
        (lambda tables: tables.domains.verify(TENANT, "lumina.example"),),
        lambda tables: tables.domains.verify(TENANT, "lumina.example"),
        True,
        {},
    ),
    Row(
        "verified domains are listed with their tenants",
        (
            lambda tables: tables.domains.verify("other", "b.example"),
            lambda tables: tables.domains.verify(TENANT, "a.example"),
        ),
        lambda tables: list(tables.domains.listed()),
        [("a.example", TENANT), ("b.example", "other")],
        {},
    ),
    Row(
        "a domain that nobody has is not forgotten",
        (),
        lambda tables: tables.domains.forget("lumina.example"),
        False,
        {},
    ),
    Row(
        "an entry of the audit trail is kept for 400 days",
        (),
        lambda tables: tables.audit.add(ENTRY),
        None,
        {
            "2026-11-22T10:00:00.000Z#n.act": "role_stored",
            "2026-11-22T10:00:00.000Z#n.actor": "ines",
            "2026-11-22T10:00:00.000Z#n.door": "cli",
            "2026-11-22T10:00:00.000Z#n.about": "role owner",
            "2026-11-22T10:00:00.000Z#n.before": '{"a": "é"}',
            "2026-11-22T10:00:00.000Z#n.reason": "why",
            "2026-11-22T10:00:00.000Z#n.open": "open",
            # 2027-12-27T10:00:00Z
            "2026-11-22T10:00:00.000Z#n.expires": 1_829_901_600,
        },
    ),
    Row(
        "the first outcome of an entry counts",
        (
            lambda tables: tables.audit.add(ENTRY),
            lambda tables: tables.audit.close(ENTRY, Outcome.DONE, "2026-11-22T10:00:01.000Z"),
        ),
        lambda tables: tables.audit.close(ENTRY, Outcome.NOT_DONE, "2026-11-22T10:00:02.000Z"),
        False,
        {},
    ),
    Row(
        "a request makes a sign that its account has some",
        (),
        lambda tables: tables.requests.put(
            TENANT, Request("K1", "r1", "ines", "10:00", "Invoice", "please", "Joe")
        ),
        None,
        {
            "sign.actor": "",
            "sign.at": "",
            "sign.subject": "",
            "sign.contact": "",
            "sign.text": "",
            "request#r1.actor": "ines",
            "request#r1.at": "10:00",
            "request#r1.subject": "Invoice",
            "request#r1.contact": "Joe",
            "request#r1.text": "please",
        },
    ),
    Row(
        "a note is stored",
        (),
        lambda tables: tables.requests.note(
            TENANT, "K1", "r1", Note("n1", "ines", "10:00", "done")
        ),
        None,
        {
            "note#r1#n1.actor": "ines",
            "note#r1#n1.at": "10:00",
            "note#r1#n1.subject": "",
            "note#r1#n1.contact": "",
            "note#r1#n1.text": "done",
        },
    ),
    Row(
        "a user's accounts are looked at again once for each cause",
        (lambda tables: tables.jobs.look_at(TENANT, "a@x.example", "T"),),
        lambda tables: tables.jobs.look_at(TENANT, "a@x.example", "U"),
        None,
        {"look#a@x.example.body": "U"},
    ),
    Row(
        "a role is removed",
        (lambda tables: tables.setup.put_role(TENANT, Role("owner", 1, frozenset())),),
        lambda tables: tables.setup.remove_role(TENANT, "owner"),
        True,
        {"role#owner.body": None},
    ),
    Row(
        "a role that does not exist is not removed",
        (),
        lambda tables: tables.setup.remove_role(TENANT, "owner"),
        False,
        {},
    ),
    Row(
        "mappings are not replaced by who has not read them",
        (lambda tables: tables.mappings.replace(TENANT, [], 0),),
        lambda tables: tables.mappings.replace(TENANT, [], 0),
        False,
        {},
    ),
)
ROWS = {row.name: row for row in (*IMPORTS, *CHUNKS, *TICKETS, *OTHERS)}


@pytest.mark.parametrize("name", ROWS)
def test_a_step_answers_and_stores(name: str, pipeline: Pipeline) -> None:
    row, tables = ROWS[name], pipeline.resources.tables
    for step in row.before:
        step(tables)
    before = stored(pipeline)

    answer = row.step(tables)

    after = stored(pipeline)
    assert answer == row.answer
    assert {
        name: after.get(name)
        for name in before | after
        if before.get(name, ()) != after.get(name, ())
    } == row.changes


def stored(pipeline: Pipeline) -> dict[str, Any]:
    """The value of every attribute but keys, by the item's sort key and its name."""
    return {
        f"{item['sk']['S']}.{name}": plain(value)
        for table in pipeline.memory.dynamodb.tables.values()
        for item in table.items.values()
        if "sk" in item and "S" in item["sk"]
        for name, value in item.items()
        if name not in ("pk", "sk")
    }


def plain(value: Mapping[str, Any]) -> Any:
    """A value of DynamoDB as Python has it."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return float(Decimal(content))
        case "NS":
            return sorted(float(one) for one in content)
        case "M":
            return {name: plain(one) for name, one in content.items()}
        case "L":
            return [plain(one) for one in content]
        case _:
            return content


def test_a_ticket_that_exists_is_not_issued_again_and_nothing_is_noted(
    pipeline: Pipeline,
) -> None:
    tables = pipeline.resources.tables
    issued(tables)
    before = stored(pipeline)

    with pytest.raises(RetryLaterError, match="there is a ticket of that name"):
        tables.tickets.issue("T", ticket("joyce"), tables.audit.addition(ENTRY))

    assert stored(pipeline) == before


def test_a_change_of_an_account_is_in_its_history_for_as_many_days_as_are_kept(
    pipeline: Pipeline,
) -> None:
    change = RoleChange("m", ("a",), ("é",))
    receipt = ChangeReceipt(ID, "o", 3, "ines", "2026-11-22T10:00:00.000Z", 5, (change,))
    history = pipeline.resources.tables.history

    history.put([Entry(TENANT, "K1", receipt)], SOON, days=30)
    history.put([Entry(TENANT, "K2", receipt)], SOON)

    kept, for_ever = pipeline.memory.dynamodb.tables["HistoryTable"].items.values()
    assert kept == {
        "pk": {"S": "lumina#K1"},
        "sk": {"N": "5"},
        "import_id": {"S": ID},
        "line": {"N": "3"},
        "actor": {"S": "ines"},
        "at": {"S": "2026-11-22T10:00:00.000Z"},
        "changes": {"S": '{"m": {"before": ["a"], "after": ["é"]}}'},
        # 2026-12-22T10:00:00Z
        "expires": {"N": "1797933600"},
    }
    assert "expires" not in for_ever


def test_a_change_of_the_setup_is_noted_with_the_values_before_and_after_it(
    pipeline: Pipeline,
) -> None:
    tables = pipeline.resources.tables
    noted: list[tuple[Any, Any]] = []

    def note(before: Any, after: Any) -> Any:
        noted.append((before, after))
        return tables.audit.addition(replace(ENTRY, name=f"n{len(noted)}"))

    tables.setup.put_role(TENANT, Role("owner", 1, frozenset({"Sales"})), note)
    tables.setup.put_role(TENANT, Role("owner", 2, frozenset()), note)
    tables.setup.remove_role(TENANT, "owner", note)

    first, second = (
        {"role": "owner", "max_users": 1, "assigned_by": ["Sales"]},
        {"role": "owner", "max_users": 2},
    )
    assert noted == [(None, first), (first, second), (second, None)]
    assert len(pipeline.memory.dynamodb.tables["AuditTable"].items) == 3
