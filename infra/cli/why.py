"""What an import waits for, read from the stack's tables: for operators, with AWS credentials."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from handover.model import State
from handover.pipeline.sweep import APPROVAL_SECONDS
from handover.store.chunks import CHUNK, ChunkItem
from handover.store.import_items import ImportItem
from handover.store.imports import Imports, pending_chunks
from handover.store.tables import TableNames, Tables, connect
from handover.store.tickets import TicketItem

from infra.cli.failures import CommandError, ExitCode
from infra.cli.session import Session
from infra.cli.showing import moment

# At most this many chunks, and older imports, are listed one by one.
MAX_SHOWN = 10


def run(session: Session, import_id: str) -> ExitCode:
    """Shows it for an import, or for a ticket without an uploaded file."""
    tables = connect(TableNames(imports=session.stack.output("ImportsTable")))
    for line in reasons(tables, import_id, time.time()):
        session.screen.say(line)
    return ExitCode.ALL_GOOD


def reasons(tables: Tables, import_id: str, now: float) -> Iterator[str]:
    """What the import or ticket waits for at `now`, in seconds since the epoch, line by line.

    Raises CommandError when there is neither.
    """
    imports = tables.imports
    item = imports.find(import_id)
    if item is None:
        ticket = tables.tickets.find(import_id)
        if ticket is None:
            raise CommandError(f"there is no import and no ticket {import_id!r}")
        if ticket.import_id is None:
            yield from _of_ticket(ticket, now)
            return
        yield f"The ticket was used by the import {ticket.import_id}."
        item = imports.find(ticket.import_id)
        if item is None:
            yield "This import no longer exists."
            return
    yield (
        f"{item.filename or item.key}, of {item.tenant}, is {item.state}; it was received "
        f"{moment(item.received_at)}."
    )
    yield from _of_import(imports, item, now)


def _of_ticket(ticket: TicketItem, now: float) -> Iterator[str]:
    if ticket.cancelled_by:
        yield "The ticket was cancelled before a file came."
    elif ticket.job is not None:
        yield f"It waits for follow to write the file of the {ticket.job}: see FollowLate."
    elif datetime.fromisoformat(ticket.expires_at).timestamp() > now:
        yield f"It waits for the file, which can be uploaded until {moment(ticket.expires_at)}."
    else:
        yield (
            f"No file came until {moment(ticket.expires_at)}. A file uploaded in time is found "
            "within a quarter of an hour; otherwise ask for a new ticket."
        )


def _of_import(imports: Imports, item: ImportItem, now: float) -> Iterator[str]:
    state = State(item.state)
    if state.is_final:
        if item.open:
            yield "It waits for its notification: the sweeper asks finalize for it again."
        else:
            yield "It waits for nothing."
    elif state is State.AWAITING_APPROVAL:
        opened = datetime.fromisoformat(item.opened_at or item.received_at)
        until = (opened + timedelta(seconds=APPROVAL_SECONDS)).isoformat()
        yield (
            "It waits for an Admin to approve or cancel it, as it would clear many accounts; it is "
            f"cancelled {moment(until)}."
        )
    elif state is State.VALIDATING:
        if not item.waits or (item.lease_until or 0) > now:
            yield _lease(item.lease_until, now, "validate", "IntakeLate")
        else:
            yield from _older(imports, item)
    elif state is State.PROCESSING:
        yield from _chunks(item, now)
    else:
        yield "It waits for finalize to write its report: see FinalizeLate."
    if item.cancelled_by and not state.is_final:
        yield "It is being cancelled: what is not written yet is left alone."
    if item.resent_at:
        at = datetime.fromtimestamp(item.resent_at, UTC).isoformat()
        yield f"It was last postponed or sent again {moment(at)}."


def _lease(lease_until: float | None, now: float, worker: str, alarm: str) -> str:
    left = (lease_until or 0) - now
    if left > 0:
        return f"{worker} works on it; another may take over in {left:.0f} s at the most."
    if lease_until:
        return f"{worker} stopped before the end; its message comes again by itself."
    return f"It waits for {worker}: see {alarm}."


def _older(imports: Imports, item: ImportItem) -> Iterator[str]:
    older = [
        one
        for one in imports.open_imports()
        if one.tenant == item.tenant
        and one.precedence < item.precedence
        and not State(one.state).is_final
    ]
    if not older:
        yield (
            "It waits for older uploads that are not imports yet (see UploadsWithoutImport), or "
            "goes on within a minute."
        )
        return
    yield f"It waits for {len(older)} older imports of its tenant to end:"
    for one in older[:MAX_SHOWN]:
        yield f"  {one.pk}  {one.state}  {one.filename or one.key}"
    if len(older) > MAX_SHOWN:
        yield f"  and {len(older) - MAX_SHOWN} more"


def _chunks(item: ImportItem, now: float) -> Iterator[str]:
    pending = sorted(pending_chunks(item))
    if not pending:
        yield "All chunks are settled; it waits for finalize: see FinalizeLate."
        return
    yield f"{len(pending)} chunks are pending:"
    keys = [(item.pk, f"{CHUNK}{number:05d}") for number in pending[:MAX_SHOWN]]
    found = {one.sk: one for one in ChunkItem.batch_get(keys, consistent_read=True)}
    for number, (_, sk) in zip(pending, keys, strict=False):
        chunk = found.get(sk)
        if chunk is None:
            yield f"  chunk {number}: its item is missing"
            continue
        lease = _lease(chunk.lease_until, now, "assign", "ChunksLate")
        yield (
            f"  chunk {number}: lines {int(chunk.first_line)} and on, taken "
            f"{int(chunk.attempts)} times. {lease}"
        )
    if len(pending) > MAX_SHOWN:
        yield f"  and {len(pending) - MAX_SHOWN} more"
