"""Looking up one import for somebody outside, by its own id or by the ticket it began with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handover.errors import NotFoundError
from handover.pipeline.summaries import summary_of, summary_of_ticket
from handover.reports import summary
from handover.runtime import Wiring
from handover.store.imports import ImportItem, TicketItem

IMPORT_PATTERN = re.compile(r"[0-9a-f]{32}")
TICKET_PATTERN = re.compile(r"[A-Za-z0-9]{1,32}-[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket of which no upload is known yet."""

    ticket: str
    item: TicketItem


def import_for(wiring: Wiring, tenant: str, name: str) -> ImportItem | Ticket:
    """The tenant's import of that id or ticket, or the ticket itself while nothing has come.

    Raises NotFoundError; what another tenant has looks the same as what nobody has.
    """
    imports = wiring.tables.imports
    if IMPORT_PATTERN.fullmatch(name):
        item = imports.find(name)
        if item is not None and item.tenant == tenant:
            return item
    elif TICKET_PATTERN.fullmatch(name):
        ticket = imports.ticket(name)
        if ticket is not None and ticket.tenant == tenant:
            item = imports.find(ticket.import_id) if ticket.import_id else None
            return item if item is not None else Ticket(name, ticket)
    raise NotFoundError("there is no such import")


def told(wiring: Wiring, found: ImportItem | Ticket) -> dict[str, object]:
    """An import as the API tells it: the published form, its ticket, and who decided about it."""
    if isinstance(found, Ticket):
        more = {
            "import_ticket": found.ticket,
            "expires_at": found.item.expires_at,
            "cancelled_by": found.item.cancelled_by,
        }
        about = summary_of_ticket(found.ticket, found.item)
    else:
        more = {
            "import_ticket": found.ticket,
            "approved_by": found.approved_by,
            "cancelled_by": found.cancelled_by,
        }
        about = summary_of(wiring, found)
    return summary(about) | {name: text for name, text in more.items() if text}
