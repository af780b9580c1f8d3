"""Files that are checked first: the dry run decides whether another import applies them.

That import begins with a small object under `in/` that points to the uploaded one, as it does when
a person applies a dry run: it has its own id and its own precedence, and the sender is checked
again in every respect.
"""

from __future__ import annotations

import json
from datetime import datetime

from handover.access.acts import noted
from handover.audit import Act, Actor, Door
from handover.aws import objects
from handover.errors import RetryLaterError
from handover.model import Mode, State
from handover.pipeline.import_plan import plan_from
from handover.pipeline.tickets import TICKET_SECONDS, ticket_key
from handover.pipeline.upload_keys import ticket_time
from handover.profiles.on_error import on_error_from
from handover.profiles.parsing import profile_json
from handover.reports.counts import Counts
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.store.tickets import TicketItem


def pointer_to(import_id: str) -> bytes:
    """The content of the object that makes a new import process the file of this import."""
    return json.dumps({"works_the_file_of": import_id}).encode()


def why_stopped(on_error: str | None, counts: Counts) -> str:
    """Why a file with these counts must not be applied, "" when it may be."""
    if not on_error or on_error_from(on_error).allows(counts.unapplied, counts.lines):
        return ""
    lines = "line" if counts.lines == 1 else "lines"
    return f"{counts.unapplied:,} of {counts.lines:,} {lines} cannot be applied ({on_error})"


def is_to_be_applied(item: ImportItem) -> bool:
    """True for an ended check whose file another import must apply."""
    return (
        bool(item.is_check)
        and item.state in (State.DONE, State.ERROR)
        and not why_stopped(item.on_error, counts_of(item))
    )


def applying_ticket(item: ImportItem) -> str:
    """The ticket of the import that applies a check, the same whenever it is asked for."""
    ended_at = datetime.fromisoformat(item.finished_at or item.received_at).timestamp()
    return f"{ticket_time(ended_at)}-{item.pk[:16]}"


def apply_checked(resources: Resources, item: ImportItem, run: Invocation) -> None:
    """Asks for the import that applies exactly what the check has shown.

    Asking again changes nothing: a second object under the ticket is a replay, which applies
    nothing. Raises RetryLaterError when the plan is missing.
    """
    body = resources.tables.imports.plan(item.pk)
    if body is None:
        raise RetryLaterError("the plan of this import is not there")
    plan = plan_from(body)
    ticket = applying_ticket(item)
    noted_as = noted(
        resources,
        Actor(item.tenant, "", Door.CHECK),
        Act.IMPORT_APPLIED,
        f"import {item.pk}",
        after={"ticket": ticket, "mode": Mode.RUN.value, "profile": item.profile}
        | ({"on_error": item.on_error} if item.on_error else {}),
    )
    root = item.object_of or item.pk
    issued = resources.tables.tickets.issue_once(
        ticket,
        TicketItem(
            tenant=item.tenant,
            uploader=item.uploader,
            source=item.source if not item.uploader else None,
            profile=item.profile,
            filename=item.filename,
            mode=Mode.RUN.value,
            mapping=json.dumps(plan.mapping),
            job=item.job,
            undo_of=item.undo_of,
            profile_body=json.dumps(profile_json(plan.profile)) if item.job else None,
            follows=item.pk,
            object_of=root,
            preview_of=item.pk,
            on_error=item.on_error,
            issued_at=rfc3339(run.now),
            expires_at=rfc3339(run.now + TICKET_SECONDS),
            expires=int(run.now) + TICKET_SECONDS,
        ),
        noted_as,
    )
    if issued.import_id is None:
        key = ticket_key(item.tenant, ticket)
        objects.write(resources.uploads_bucket, key, pointer_to(root), "application/json")
        metrics.add_metric("ImportsApplied", "Count", 1)
        logger.info("checked file is applied", extra={"import_id": item.pk})
