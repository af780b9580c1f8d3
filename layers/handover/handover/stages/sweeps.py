"""The sweep: whatever stands still is sent on, and uploads that nobody told of are found.

Nothing here is needed while every message arrives; nothing here does harm when it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from handover.aws import objects, queues
from handover.aws.objects import Upload, Version
from handover.model import State
from handover.patience import Patience
from handover.runtime import Invocation, Wiring, logger, metrics
from handover.stages.rivals import ticket_time
from handover.stages.sending import send_chunks, send_finalize
from handover.stages.uploads import (
    IN,
    OF_SYSTEMS,
    Arrival,
    arrival_message,
    found_arrival,
    is_no_upload,
)
from handover.store.imports import ImportItem, pending_chunks

# How long nothing is sent again after the last time: a message that is merely late comes first.
PATIENCE_SECONDS = 300.0
# How long an import that waits for older ones is left alone before it is tried again.
WAIT_SECONDS = 45.0
# A notification takes seconds, sometimes a minute or longer; after this it is taken for lost.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
LOST_SECONDS = 900.0
# Only the notification says who dropped a file: it is not taken for lost while the intake queue may
# still hold it, which delivers five times with 5,400 s in between before it gives up.
LOST_DROP_SECONDS = 10 * 3600.0
# An import that nobody approves is cancelled, so that every import ends. The bytes it refers to are
# kept longer than that.
APPROVAL_SECONDS = 30 * 24 * 3600.0
# Everything older has been looked at many times.
FORGOTTEN_SECONDS = 14 * 24 * 3600.0
# A file comes minutes after its ticket; that of an errand within the day that a stream keeps the
# record of it.
TICKET_LATE_SECONDS = 2 * 24 * 3600.0
# What is left to take in what was listed last, and to store how far the listing has come.
LISTING_RESERVE_SECONDS = 15.0
# The names that tickets have, each beginning with its time: what is older has names before.
TICKET_PATTERN = re.compile(r"\d{8}T\d{9}Z-")


def sweep_imports(wiring: Wiring, run: Invocation) -> None:
    """Sends the messages of open imports again that seem to have been lost."""
    for item in wiring.tables.imports.open_imports():
        run.patience.check()
        if _resend(wiring, item, run):
            wiring.tables.imports.resent(item.pk, run.now)
            metrics.add_metric("ImportsResent", "Count", 1)
            logger.warning("import sent on", extra={"import_id": item.pk, "state": item.state})


def sweep_uploads(wiring: Wiring, run: Invocation) -> None:
    """Sends the uploads to the intake that have no import though they are not new any more.

    People's files first, for half of the time, then all others. What a run does not come to is
    looked at by the next ones.
    """
    oldest = ticket_time(run.now - FORGOTTEN_SECONDS - TICKET_LATE_SECONDS)

    def behind_old_tickets(key: str) -> str:
        place, _, name = key.rpartition("/")
        is_old = TICKET_PATTERN.match(name) and name < oldest
        return f"{place}/{oldest}" if is_old else ""

    def behind_tickets(key: str) -> str:
        return f"{IN}/~" if key.startswith(f"{IN}/") else ""

    _sweep_part(wiring, run, f"{IN}/", behind_old_tickets, leave_seconds=run.patience.left / 2)
    _sweep_part(wiring, run, "", behind_tickets, leave_seconds=LISTING_RESERVE_SECONDS)


def _sweep_part(
    wiring: Wiring,
    run: Invocation,
    prefix: str,
    behind: Callable[[str], str],
    *,
    leave_seconds: float,
) -> None:
    """Looks at the versions under a prefix, on from where the last run has stopped.

    Stops with `leave_seconds` left, and remembers the last key of which it has seen every version.
    `behind` tells of a key behind which other one it goes on at once, "" for none.
    """
    imports = wiring.tables.imports
    begun = key = whole = imports.looked_until(prefix)
    waiting: list[Arrival] = []
    for version in _versions(wiring, prefix, begun, behind):
        if version.upload.key != key:
            whole, key = key, version.upload.key
        if run.patience.left < leave_seconds:
            break
        age = run.now - version.modified.timestamp()
        lost = LOST_DROP_SECONDS if key.partition("/")[0] in OF_SYSTEMS else LOST_SECONDS
        if lost < age < FORGOTTEN_SECONDS and not is_no_upload(key, version.size_bytes):
            waiting.append(found_arrival(version))
        if len(waiting) == UPLOADS_AT_A_TIME:
            _take_in(wiring, waiting, run.patience)
            waiting = []
    else:
        whole = ""
    _take_in(wiring, waiting, run.patience)
    if whole != begun:
        imports.look_on_from(prefix, whole)


def _versions(
    wiring: Wiring, prefix: str, after_key: str, behind: Callable[[str], str]
) -> Iterator[Version]:
    """The versions under a prefix behind a key, without what `behind` leads past."""
    while True:
        for version in objects.versions(wiring.uploads_bucket, prefix, after_key=after_key):
            after_key = behind(version.upload.key)
            # S3 lists keys by their bytes in UTF-8, which is the order of Python's texts.
            if after_key > version.upload.key:
                break
            yield version
        else:
            return


UPLOADS_AT_A_TIME = 100
# What the schedules ask for, by the name in their input.
SWEEPS: Mapping[str, Callable[[Wiring, Invocation], None]] = {
    "imports": sweep_imports,
    "uploads": sweep_uploads,
}


def _take_in(wiring: Wiring, waiting: list[Arrival], patience: Patience) -> None:
    known = wiring.tables.imports.states((arrival.import_id for arrival in waiting), patience)
    lost = [arrival for arrival in waiting if arrival.import_id not in known]
    if lost:
        metrics.add_metric("UploadsWithoutImport", "Count", len(lost))
        logger.warning("uploads without an import", extra={"uploads": len(lost)})
    queues.send_all(wiring.intake_queue, (arrival_message(arrival) for arrival in lost), patience)


def _resend(wiring: Wiring, item: ImportItem, run: Invocation) -> bool:
    """True when something was sent again."""
    state = State(item.state)
    opened = datetime.fromisoformat(item.opened_at).timestamp() if item.opened_at else run.now
    is_waiting = state is State.VALIDATING and item.waits
    quiet_seconds = WAIT_SECONDS if is_waiting else PATIENCE_SECONDS
    if run.now - max(opened, float(item.resent_at)) < quiet_seconds:
        return False
    if state is State.VALIDATING:
        if (item.lease_until or 0) > run.now:
            return False
        queues.send(wiring.intake_queue, arrival_message(_arrival(item)))
        return True
    if state is State.PROCESSING:
        pending = pending_chunks(item)
        free = wiring.tables.imports.free_chunks(item.pk, pending, run.now, run.patience)
        send_chunks(wiring, item, free, run.patience)
        if not pending:
            send_finalize(wiring, item)
        return bool(free) or not pending
    if state is State.AWAITING_APPROVAL and run.now - opened > APPROVAL_SECONDS:
        return wiring.tables.imports.cancel(item.pk, "nobody approved it in time")
    if state is State.AWAITING_APPROVAL and item.told_approval:
        return False
    send_finalize(wiring, item)
    return True


def _arrival(item: ImportItem) -> Arrival:
    # The order was settled when the import was registered and is not looked at again; the sender
    # is, so S3's word of who it was goes along.
    return Arrival(
        Upload(item.bucket, item.key, item.version_id),
        datetime.fromisoformat(item.received_at).timestamp(),
        "",
        item.principal,
    )
