"""What people decide about an import: approve it, or cancel it."""

from __future__ import annotations

from handover.access.acts import noted
from handover.access.people import Person, only_admins
from handover.audit import Act
from handover.deadline import Deadline
from handover.errors import ConflictError, ForbiddenError, InvalidRequestError
from handover.model import ADMIN, JobKind, State
from handover.pipeline.messages import send_chunks
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.batches import Item
from handover.store.import_items import ImportItem
from handover.store.imports import pending_chunks
from handover.use_cases.imports import Ticket, import_for

# A notification of 256 KB has room for the reason and for everything else that people type.
MAX_REASON_CHARS = 200
USERS_AT_A_TIME = 100


def approve(
    resources: Resources, person: Person, name: str, reason: str, run: Invocation
) -> ImportItem:
    """Approves the import, which then continues, and returns it; `reason` "" = none is given.

    Raises ForbiddenError unless the person is an Admin, and for the uploader unless nobody else
    could approve the import or the tenant allows it; ConflictError for an import that does not wait
    for approval.
    """
    only_admins(person, "approve an import")
    reason = checked_reason(reason)
    found = import_for(resources, person.tenant, name)
    if not isinstance(found, Ticket) and found.state == State.AWAITING_APPROVAL:
        _check_four_eyes(resources, person, found, run.deadline)
    at = rfc3339(run.now)
    if isinstance(found, Ticket) or not resources.tables.imports.approve(
        found.pk,
        person.email,
        at=at,
        reason=reason,
        also=_noted(resources, person, Act.IMPORT_APPROVED, found, reason),
    ):
        raise _conflict(resources, person, name, "approved")
    metrics.add_metric("ImportsApproved", "Count", 1)
    logger.info("import approved", extra={"import_id": found.pk})
    return _hand_out(resources, _again(resources, found), run.deadline)


def checked_reason(text: str) -> str:
    """The reason on one line; raises InvalidRequestError for one that is too long."""
    reason = " ".join(text.split())
    if len(reason) > MAX_REASON_CHARS:
        raise InvalidRequestError(
            "reason",
            f"reason: found {len(reason):,} characters, expected at most {MAX_REASON_CHARS}",
        )
    return reason


def _check_four_eyes(
    resources: Resources, person: Person, item: ImportItem, deadline: Deadline
) -> None:
    """Raises ForbiddenError for the uploader while another Admin could approve the import."""
    if item.uploader != person.email:
        return
    if resources.tables.directory.settings(person.tenant).uploader_may_approve:
        return
    for user in resources.tables.people.listed(person.tenant, None, USERS_AT_A_TIME):
        deadline.check()
        if user.is_active and ADMIN in user.roles and user.email != person.email:
            raise ForbiddenError("you uploaded this file yourself; another Admin must approve it")


def cancel(
    resources: Resources, person: Person, name: str, reason: str, run: Invocation
) -> ImportItem | Ticket:
    """Cancels the import and returns it; `reason` "" = none is given.

    It ends once the writes in progress are done.

    Cancelling again changes nothing. Raises ForbiddenError unless the person is an Admin or the
    uploader, and ConflictError when the import is already done.
    """
    reason = checked_reason(reason)
    found = import_for(resources, person.tenant, name)
    uploader = found.item.uploader if isinstance(found, Ticket) else found.uploader
    if not (person.is_admin or uploader == person.email):
        raise ForbiddenError(
            f"only its uploader or somebody with the user role {ADMIN} may cancel an import"
        )
    job = found.item.job if isinstance(found, Ticket) else found.job
    if job is not None and JobKind(job).follows_the_directory:
        raise ConflictError(
            f"a {job} cannot be cancelled: it carries out what the directory says already"
        )
    if isinstance(found, Ticket):
        if found.item.cancelled_by:
            raise _conflict(resources, person, name, "cancelled")
        also = _noted(resources, person, Act.IMPORT_CANCELLED, found, reason)
        if resources.tables.tickets.cancel(found.ticket, person.email, reason, also):
            metrics.add_metric("ImportsCancelled", "Count", 1)
            return import_for(resources, person.tenant, name)
        # The file arrived after the ticket was read.
        found = import_for(resources, person.tenant, name)
    if isinstance(found, Ticket):
        raise _conflict(resources, person, name, "cancelled")
    return _cancel_import(resources, person, found, reason, run)


def _cancel_import(
    resources: Resources, person: Person, item: ImportItem, reason: str, run: Invocation
) -> ImportItem:
    waits = item.state == State.AWAITING_APPROVAL and item.uploader != person.email
    act = Act.IMPORT_REFUSED if waits else Act.IMPORT_CANCELLED
    at, also = rfc3339(run.now), _noted(resources, person, act, item, reason)
    is_news = resources.tables.imports.cancel(
        item.pk, person.email, at=at, reason=reason, also=also
    )
    item = _again(resources, item)
    if not is_news:
        if item.cancelled_by and not State(item.state).is_final:
            return item
        raise _conflict(resources, person, item.pk, "cancelled")
    metrics.add_metric("ImportsCancelled", "Count", 1)
    logger.info("import cancelled", extra={"import_id": item.pk})
    if item.state == State.PROCESSING and item.approval and not item.approved_by:
        # It waited for approval, so its chunks were never sent. The workers settle them without
        # writing anything.
        return _hand_out(resources, item, run.deadline)
    return item


def _noted(
    resources: Resources, person: Person, act: Act, found: ImportItem | Ticket, reason: str
) -> Item:
    """The audit entry of a decision; its `before` is the state that the person found."""
    if isinstance(found, Ticket):
        name, filename, state = found.ticket, found.item.filename, State.AWAITING_UPLOAD.value
    else:
        name, filename, state = found.pk, found.filename, found.state
    becomes = State.PROCESSING if act is Act.IMPORT_APPROVED else State.CANCELLED
    return noted(
        resources,
        person.actor,
        act,
        f"import {name}",
        before={"state": state},
        after={"filename": filename, "state": becomes.value},
        reason=reason,
    )


def _hand_out(resources: Resources, item: ImportItem, deadline: Deadline) -> ImportItem:
    """Sends the chunks to the workers; the sweep sends those that an outage leaves behind."""
    send_chunks(resources, item, sorted(pending_chunks(item)), deadline, are_first=True)
    return item


def _again(resources: Resources, item: ImportItem) -> ImportItem:
    return resources.tables.imports.find(item.pk) or item


def _conflict(resources: Resources, person: Person, name: str, wish: str) -> ConflictError:
    found = import_for(resources, person.tenant, name)
    if isinstance(found, Ticket):
        state = State.CANCELLED if found.item.cancelled_by else State.AWAITING_UPLOAD
    else:
        state = State(found.state)
    return ConflictError(f"the import is in the state {state.value} and cannot be {wish}")
