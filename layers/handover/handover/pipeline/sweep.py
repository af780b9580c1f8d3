"""The sweep: resends stalled work, and finds uploads whose notification was lost.

While every message arrives the sweep is not needed, and it does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache

from msgspec import Struct

from handover.access.acts import noted
from handover.audit import Act, Actor, Door
from handover.aws import objects, queues
from handover.aws.objects import Upload, Version
from handover.deadline import Deadline
from handover.model import State
from handover.pipeline.messages import Need, send_chunks, send_finalize
from handover.pipeline.open_acts import sweep_open_acts
from handover.pipeline.upload_keys import IN, OF_SYSTEMS, ticket_time
from handover.pipeline.uploads import Arrival, arrival_message, found_arrival, is_no_upload
from handover.rules.resending import (
    Resend,
    Seen,
    Sent,
    lost_chunks,
    probed,
    what_to_resend,
)
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.import_items import ImportItem
from handover.store.imports import pending_chunks

# How long an import that waits for older ones is left alone before another try.
WAIT_SECONDS = 45.0
# A notification takes seconds, sometimes a minute or longer; after this it counts as lost.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
LOST_SECONDS = 900.0
# Only the notification says who dropped a file. It does not count as lost while the intake queue
# may still hold it: the queue delivers five times, 5,400 s apart, before it gives up.
LOST_DROP_SECONDS = 10 * 3600.0
# An import that nobody approves is cancelled, so that every import ends. The bytes it refers to
# are kept longer than this.
APPROVAL_SECONDS = 30 * 24 * 3600.0
# Everything older has been checked many times.
FORGOTTEN_SECONDS = 14 * 24 * 3600.0
# A file comes minutes after its ticket. The file of a job comes within the day for which the stream
# keeps the record of the job.
TICKET_LATE_SECONDS = 2 * 24 * 3600.0
# The time that is kept to send the last listed uploads to the intake, and to store how far the
# listing came.
LISTING_RESERVE_SECONDS = 15.0
# The form of ticket names, each beginning with its time: older tickets have smaller names.
TICKET_PATTERN = re.compile(r"\d{8}T\d{9}Z-")


def sweep_imports(resources: Resources, run: Invocation) -> None:
    """Sends messages of open imports again that may have been lost, oldest imports first.

    The next runs check what this run does not reach.
    """
    watermarks = resources.tables.watermarks
    begun = looked = watermarks.looked_until(OPEN_IMPORTS)
    seen = cache(watermarks.seen)
    for_all: dict[Need, _Standing] = {}
    for item in resources.tables.imports.open_imports(since=begun):
        if run.deadline.left < LISTING_RESERVE_SECONDS:
            break
        looked = item.opened_at or looked
        if _is_overdue(item, run.now):
            _cancel(resources, item, run)
            continue
        standing = _standing(item, run.now)
        if standing is None:
            continue
        decided = _decide(standing, seen(standing.need), run.now)
        if decided is Resend.PROBE_FOR_ALL:
            # One import probes for all: the one that has probed least often.
            best = for_all.setdefault(standing.need, standing)
            if standing.sent.resends < best.sent.resends:
                for_all[standing.need] = standing
        elif decided is not Resend.NOTHING:
            _send_on(resources, standing, decided, run)
    else:
        looked = ""
    for need, standing in for_all.items():
        if _send_on(resources, standing, Resend.PROBE_FOR_ALL, run):
            watermarks.probed(need, probed(seen(need), run.now))
    if looked != begun:
        watermarks.look_on_from(OPEN_IMPORTS, looked)


def sweep_uploads(resources: Resources, run: Invocation) -> None:
    """Sends uploads that are no longer new, and still have no import, to the intake.

    People's files come first, for half of the time, then all others. The next runs check what this
    run does not reach.
    """
    oldest = ticket_time(run.now - FORGOTTEN_SECONDS - TICKET_LATE_SECONDS)

    def behind_old_tickets(key: str) -> str:
        place, _, name = key.rpartition("/")
        is_old = TICKET_PATTERN.match(name) and name < oldest
        return f"{place}/{oldest}" if is_old else ""

    def behind_tickets(key: str) -> str:
        return f"{IN}/~" if key.startswith(f"{IN}/") else ""

    _sweep_part(resources, run, f"{IN}/", behind_old_tickets, leave_seconds=run.deadline.left / 2)
    _sweep_part(resources, run, "", behind_tickets, leave_seconds=LISTING_RESERVE_SECONDS)


def _sweep_part(
    resources: Resources,
    run: Invocation,
    prefix: str,
    behind: Callable[[str], str],
    *,
    leave_seconds: float,
) -> None:
    """Checks the versions under a prefix, starting where the last run stopped.

    Stops with `leave_seconds` left, and remembers the last key of which it has seen every version.
    `behind` gives, for a key, the key to which the listing may skip, "" for none.
    """
    watermarks = resources.tables.watermarks
    begun = key = whole = watermarks.looked_until(prefix)
    waiting: list[Arrival] = []
    for version in _versions(resources, prefix, begun, behind):
        if version.upload.key != key:
            whole, key = key, version.upload.key
        if run.deadline.left < leave_seconds:
            break
        age = run.now - version.modified.timestamp()
        lost = LOST_DROP_SECONDS if key.partition("/")[0] in OF_SYSTEMS else LOST_SECONDS
        if lost < age < FORGOTTEN_SECONDS and not is_no_upload(key, version.size_bytes):
            waiting.append(found_arrival(version))
        if len(waiting) == UPLOADS_AT_A_TIME:
            _take_in(resources, waiting, run.deadline)
            waiting = []
    else:
        whole = ""
    _take_in(resources, waiting, run.deadline)
    if whole != begun:
        watermarks.look_on_from(prefix, whole)


def _versions(
    resources: Resources, prefix: str, after_key: str, behind: Callable[[str], str]
) -> Iterator[Version]:
    """The versions under a prefix after a key, without those that `behind` skips."""
    while True:
        for version in objects.versions(resources.uploads_bucket, prefix, after_key=after_key):
            after_key = behind(version.upload.key)
            # S3 lists keys by their bytes in UTF-8, which is the order of Python's texts.
            if after_key > version.upload.key:
                break
            yield version
        else:
            return


UPLOADS_AT_A_TIME = 100
# The part of the sweep that stores how far the open imports were checked.
OPEN_IMPORTS = "imports"
# What the schedules ask for, by the name in their input.
SWEEPS: Mapping[str, Callable[[Resources, Invocation], None]] = {
    "imports": sweep_imports,
    "uploads": sweep_uploads,
    "audit": sweep_open_acts,
}


def _take_in(resources: Resources, waiting: list[Arrival], deadline: Deadline) -> None:
    known = resources.tables.imports.states((arrival.import_id for arrival in waiting), deadline)
    lost = [arrival for arrival in waiting if arrival.import_id not in known]
    if lost:
        metrics.add_metric("UploadsWithoutImport", "Count", len(lost))
        logger.warning("uploads without an import", extra={"uploads": len(lost)})
    queues.send_all(
        resources.intake_queue, (arrival_message(arrival) for arrival in lost), deadline
    )


class _Standing(Struct, frozen=True):
    """An import that has not ended, what it needs next, and what was sent for that."""

    item: ImportItem
    need: Need
    sent: Sent


def _standing(item: ImportItem, now: float) -> _Standing | None:
    """The state of an import for the sweep; None when nothing has to be sent for it."""
    state = State(item.state)
    need = Need.FINALIZE
    if state is State.VALIDATING:
        if item.lease_until and item.lease_until > now:
            return None
        need = Need.INTAKE
    elif state is State.PROCESSING and pending_chunks(item):
        need = Need.CHUNKS
    elif state is State.AWAITING_APPROVAL and item.approval_notified:
        return None
    return _Standing(item, need, _sent(item, need))


def _is_overdue(item: ImportItem, now: float) -> bool:
    return item.state == State.AWAITING_APPROVAL and now - _opened(item) > APPROVAL_SECONDS


def _cancel(resources: Resources, item: ImportItem, run: Invocation) -> None:
    """Cancels an unapproved import; its chunks are then sent, and settled without writing."""
    at, why = rfc3339(run.now), "nobody approved it in time"
    also = noted(
        resources,
        Actor(item.tenant, "", Door.SWEEP),
        Act.IMPORT_CANCELLED,
        f"import {item.pk}",
        before={"state": item.state},
        after={"filename": item.filename, "state": State.CANCELLED.value},
        reason=why,
    )
    if resources.tables.imports.cancel(item.pk, why, at=at, also=also):
        send_chunks(resources, item, sorted(pending_chunks(item)), run.deadline, are_first=False)


def _sent(item: ImportItem, need: Need) -> Sent:
    at = max(_opened(item), float(item.resent_at))
    if item.resent_for != need:
        return Sent(at)
    return Sent(at, int(item.resends), is_probe_taken=bool(item.probe_taken))


def _opened(item: ImportItem) -> float:
    return datetime.fromisoformat(item.opened_at).timestamp() if item.opened_at else 0.0


def _decide(standing: _Standing, seen: Seen, now: float) -> Resend:
    item, sent = standing.item, standing.sent
    if standing.need is Need.INTAKE and item.waits and not sent.resends:
        # Nothing is in progress: the last run has postponed the import.
        return Resend.PROBE if now - sent.at >= WAIT_SECONDS else Resend.NOTHING
    return what_to_resend(now, sent, seen)


def _send_on(resources: Resources, standing: _Standing, decided: Resend, run: Invocation) -> bool:
    """True when something was sent again."""
    item, need, sent, now = standing.item, standing.need, standing.sent, run.now
    chunks: list[int] = []
    if need is Need.CHUNKS:
        chunks = _lost_chunks(resources, standing, decided, run)
    probe = chunks[0] if chunks and decided is not Resend.LOST else None
    # Store it before sending, so that whoever takes the probe sees that it is one.
    resources.tables.imports.resent(item.pk, need, now=now, resends=sent.resends + 1, probe=probe)
    is_sent = _resend(resources, item, need, chunks, run)
    if is_sent:
        metrics.add_metric("ImportsResent", "Count", 1)
        logger.warning("import sent on", extra={"import_id": item.pk, "state": item.state})
    return is_sent


def _lost_chunks(
    resources: Resources, standing: _Standing, decided: Resend, run: Invocation
) -> list[int]:
    item = standing.item
    chunks = resources.tables.chunks.seen(item.pk, pending_chunks(item), run.deadline)
    if decided is Resend.LOST:
        return lost_chunks(chunks, run.now, before=standing.sent.at)
    return lost_chunks(chunks, run.now, before=run.now)[:1]


def _resend(
    resources: Resources, item: ImportItem, need: Need, chunks: list[int], run: Invocation
) -> bool:
    """Sends what the import needs; False when it needs nothing."""
    if need is Need.INTAKE:
        queues.send(resources.intake_queue, arrival_message(_arrival(item)))
    elif need is Need.FINALIZE:
        send_finalize(resources, item)
    else:
        send_chunks(resources, item, chunks, run.deadline, are_first=False)
        return bool(chunks)
    return True


def _arrival(item: ImportItem) -> Arrival:
    # Precedence was settled when the import was registered and is not determined again. The sender
    # is, so the principal that S3 reported is passed along.
    return Arrival(
        Upload(item.bucket, item.key, item.version_id),
        datetime.fromisoformat(item.received_at).timestamp(),
        "",
        item.principal,
    )
