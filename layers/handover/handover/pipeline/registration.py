"""The first record of an import, made from S3's event for the upload."""

from __future__ import annotations

from handover.audit import Act, Actor, Door
from handover.pipeline.uploads import Arrival, Sender
from handover.runtime import Invocation, Resources, rfc3339
from handover.store.import_items import ImportItem


def registered(
    resources: Resources, arrival: Arrival, sender: Sender, run: Invocation
) -> ImportItem:
    """The import of the arrival, stored unless it was before.

    A file without a ticket gets its audit entry here. Any other file got it when its ticket was
    issued.
    """
    also = None
    if sender.ticket is None and sender.tenant:
        entry = Actor(sender.tenant, sender.principal or arrival.principal or "", Door.DROP).entry(
            Act.FILE_DROPPED,
            f"import {arrival.import_id}",
            name=arrival.import_id,
            at=rfc3339(run.now),
            after={"source": sender.source, "filename": sender.filename},
        )
        also = resources.tables.audit.addition(entry)
    return resources.tables.imports.register(new_item(arrival, sender, run), also)


def new_item(arrival: Arrival, sender: Sender, run: Invocation) -> ImportItem:
    """An import whose validation begins; `run` is the invocation that first received the event."""
    received_at = rfc3339(arrival.at)
    return ImportItem(
        arrival.import_id,
        tenant=sender.tenant,
        profile=sender.profile,
        source=sender.source,
        uploader=sender.uploader,
        filename=sender.filename,
        mode=sender.mode.value,
        received_at=received_at,
        bucket=arrival.upload.bucket,
        key=arrival.upload.key,
        version_id=arrival.upload.version_id,
        precedence=arrival.precedence,
        ticket=sender.ticket,
        job=sender.job,
        undo_of=sender.undo_of,
        follows=sender.follows,
        object_of=sender.object_of,
        principal=arrival.principal,
        proven_by=sender.principal or None,
        listed_at=f"{received_at}#{arrival.import_id}",
        open="1",
        opened_at=rfc3339(run.now),
        # The run that registers an import also validates it.
        lease_by=run.attempt,
        lease_until=run.lease_until,
    )
