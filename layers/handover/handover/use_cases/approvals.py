"""Decisions of people about an import: approve it, or cancel it."""

from __future__ import annotations

from handover.access.people import Person, only_admins
from handover.deadline import Patience
from handover.errors import ConflictError, ForbiddenError
from handover.model import ADMIN, ErrandKind, State
from handover.pipeline.messages import send_chunks
from handover.runtime import Wiring, logger, metrics
from handover.store.imports import ImportItem, pending_chunks
from handover.use_cases.imports import Ticket, import_for


def approve(wiring: Wiring, person: Person, name: str, patience: Patience) -> ImportItem:
    """The import, which goes on to its chunks now.

    Raises ForbiddenError for everybody but an Admin, and ConflictError for an import that does
    not wait for one.
    """
    only_admins(person, "approve an import")
    found = import_for(wiring, person.tenant, name)
    if isinstance(found, Ticket) or not wiring.tables.imports.approve(found.pk, person.email):
        raise _conflict(wiring, person, name, "approved")
    metrics.add_metric("ImportsApproved", "Count", 1)
    logger.info("import approved", extra={"import_id": found.pk})
    return _hand_out(wiring, _again(wiring, found), patience)


def cancel(wiring: Wiring, person: Person, name: str, patience: Patience) -> ImportItem | Ticket:
    """The import, which ends as soon as what is being written is written.

    Cancelling what is being cancelled changes nothing. Raises ForbiddenError for everybody but an
    Admin and the uploader, and ConflictError when all is done already.
    """
    found = import_for(wiring, person.tenant, name)
    uploader = found.item.uploader if isinstance(found, Ticket) else found.uploader
    if not (person.is_admin or uploader == person.email):
        raise ForbiddenError(
            f"only its uploader or somebody with the user role {ADMIN} may cancel an import"
        )
    errand = found.item.errand if isinstance(found, Ticket) else found.errand
    if errand is not None and ErrandKind(errand).follows_the_directory:
        raise ConflictError(
            f"a {errand} cannot be cancelled: it carries out what the directory says already"
        )
    if isinstance(found, Ticket):
        if found.item.cancelled_by:
            raise _conflict(wiring, person, name, "cancelled")
        if wiring.tables.imports.cancel_ticket(found.ticket, person.email):
            metrics.add_metric("ImportsCancelled", "Count", 1)
            return import_for(wiring, person.tenant, name)
        # The file has come since the ticket was looked at.
        found = import_for(wiring, person.tenant, name)
    if isinstance(found, Ticket):
        raise _conflict(wiring, person, name, "cancelled")
    return _cancel_import(wiring, person, found, patience)


def _cancel_import(
    wiring: Wiring, person: Person, item: ImportItem, patience: Patience
) -> ImportItem:
    is_news = wiring.tables.imports.cancel(item.pk, person.email)
    item = _again(wiring, item)
    if not is_news:
        if item.cancelled_by and not State(item.state).is_final:
            return item
        raise _conflict(wiring, person, item.pk, "cancelled")
    metrics.add_metric("ImportsCancelled", "Count", 1)
    logger.info("import cancelled", extra={"import_id": item.pk})
    if item.state == State.PROCESSING and item.approval and not item.approved_by:
        # It waited for approval, so nobody has sent its chunks. The workers settle them without
        # writing anything.
        return _hand_out(wiring, item, patience)
    return item


def _hand_out(wiring: Wiring, item: ImportItem, patience: Patience) -> ImportItem:
    """Sends the chunks to the workers; the sweeper sends those that an outage leaves behind."""
    send_chunks(wiring, item, sorted(pending_chunks(item)), patience)
    return item


def _again(wiring: Wiring, item: ImportItem) -> ImportItem:
    return wiring.tables.imports.find(item.pk) or item


def _conflict(wiring: Wiring, person: Person, name: str, wish: str) -> ConflictError:
    found = import_for(wiring, person.tenant, name)
    if isinstance(found, Ticket):
        state = State.CANCELLED if found.item.cancelled_by else State.AWAITING_UPLOAD
    else:
        state = State(found.state)
    return ConflictError(f"the import is in the state {state.value} and cannot be {wish}")
