"""Tickets: the right to upload one file, once, and what became of it.

Every step is one conditional update, so a step taken twice, late or by two at once counts once.
"""

from __future__ import annotations

from dataclasses import dataclass

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from handover.errors import RetryLaterError
from handover.store.batches import Item, write_together
from handover.store.connection import Model
from handover.store.import_items import ImportItem
from handover.store.items import item_at, saved_if, updated_if

TICKET = "ticket"


class TicketItem(Model):
    """The right to upload one file, once."""

    class Meta:
        """Where these items lie."""

        table = "imports"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TICKET)
    tenant = UnicodeAttribute()
    uploader = UnicodeAttribute()
    profile = UnicodeAttribute()
    filename = UnicodeAttribute()
    mode = UnicodeAttribute()
    mapping = UnicodeAttribute(default="{}")
    # For a job: its kind and source, the users it is about, the import that it undoes, and the
    # profile that its file follows.
    job = UnicodeAttribute(null=True, attr_name="errand")
    source = UnicodeAttribute(null=True)
    users: ListAttribute[str] = ListAttribute(null=True)
    undo_of = UnicodeAttribute(null=True)
    profile_body = UnicodeAttribute(null=True)
    # As on the import. `preview_of` is the dry run whose changes are the only ones to apply.
    follows = UnicodeAttribute(null=True)
    object_of = UnicodeAttribute(null=True)
    preview_of = UnicodeAttribute(null=True)
    # What lines that fail do to the others; none where the source or the profile decides.
    on_error = UnicodeAttribute(null=True)
    issued_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    import_id = UnicodeAttribute(null=True)
    # Files posted with the form again: how many, when the last one, and the import that reports.
    replays = NumberAttribute(default=0)
    replayed_at = UnicodeAttribute(null=True)
    replayed = UnicodeAttribute(null=True)
    cancelled_by = UnicodeAttribute(null=True)
    cancel_reason = UnicodeAttribute(null=True)
    expires = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Replays:
    """The files that were posted with the form of a ticket after the first import's.

    `last_at` is when the last of them arrived, in RFC 3339.
    """

    first_import: str
    number: int
    last_at: str


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets in the table of imports."""

    table: str

    def find(self, ticket: str) -> TicketItem | None:
        """The ticket of that id."""
        return item_at(TicketItem, f"{TICKET}#{ticket}", TICKET)

    def issue(self, ticket: str, item: TicketItem, *also: Item) -> None:
        """Stores a new ticket, and with it other writes, such as the entry of the act.

        Raises RetryLaterError for a name that is taken; then nothing is written.
        """
        item.pk = f"{TICKET}#{ticket}"
        put = item.get_save_kwargs_from_instance(TicketItem.pk.does_not_exist())
        if not write_together([{"Put": put}, *also]):
            raise RetryLaterError("there is a ticket of that name")

    def issue_once(self, ticket: str, item: TicketItem, also: Item | None = None) -> TicketItem:
        """The ticket as stored, which is `item` if there was none of that id.

        `also` is another write, such as the entry of the act, made only together with the ticket.
        """
        item.pk = f"{TICKET}#{ticket}"
        if saved_if(item, TicketItem.pk.does_not_exist(), also):
            return item
        return TicketItem.get(item.pk, TICKET, consistent_read=True)

    def settle_profile(self, ticket: str, body: str) -> str:
        """The profile that the ticket's file follows: `body`, unless it was set before."""
        item = TicketItem(f"{TICKET}#{ticket}")
        if updated_if(
            item,
            [TicketItem.profile_body.set(body)],
            TicketItem.pk.exists() & TicketItem.profile_body.does_not_exist(),
        ):
            return body
        found = TicketItem.get(item.pk, TICKET, consistent_read=True).profile_body
        return found if found is not None else body

    def use(self, ticket: str, import_id: str) -> TicketItem | None:
        """The ticket as this import uses it, now or before; None when it belongs to another one."""
        used = TicketItem(f"{TICKET}#{ticket}")
        is_used = updated_if(
            used,
            [TicketItem.import_id.set(import_id)],
            TicketItem.pk.exists()
            & TicketItem.cancelled_by.does_not_exist()
            & (TicketItem.import_id.does_not_exist() | (TicketItem.import_id == import_id)),
        )
        return used if is_used else None

    def record_replays(self, ticket: str, replays: Replays) -> None:
        """Records the replays on the first import of the ticket; a lower number changes nothing.

        The ticket is updated first, and an import copies what its ticket has, so that it does not
        matter which of its files is reported first.
        """
        updated_if(
            TicketItem(f"{TICKET}#{ticket}"),
            [
                TicketItem.replays.set(replays.number),
                TicketItem.replayed_at.set(replays.last_at),
                TicketItem.replayed.set(replays.first_import),
            ],
            TicketItem.pk.exists()
            & (TicketItem.replays.does_not_exist() | (TicketItem.replays < replays.number)),
        )
        self._tell_replays(replays.first_import, replays.number, replays.last_at)

    def take_over_replays(
        self, import_id: str, ticket: str, known: TicketItem | None = None
    ) -> None:
        """Copies the ticket's replays to an import, if it is the first of the ticket.

        `known` is the ticket as the import has used it: replays that are recorded after that are
        recorded on the import, too.
        """
        known = known or self.find(ticket)
        if known is not None and known.replayed == import_id and known.replayed_at:
            self._tell_replays(import_id, int(known.replays), known.replayed_at)

    def _tell_replays(self, import_id: str, number: int, at: str) -> None:
        updated_if(
            ImportItem(import_id),
            [ImportItem.replays.set(number), ImportItem.replayed_at.set(at)],
            ImportItem.pk.exists()
            & (ImportItem.replays.does_not_exist() | (ImportItem.replays < number)),
        )

    def cancel(
        self, ticket: str, canceller: str, reason: str = "", also: Item | None = None
    ) -> bool:
        """True when the ticket can no longer be used for an upload."""
        return updated_if(
            TicketItem(f"{TICKET}#{ticket}"),
            [
                TicketItem.cancelled_by.set(canceller),
                *([TicketItem.cancel_reason.set(reason)] if reason else []),
            ],
            TicketItem.pk.exists() & TicketItem.import_id.does_not_exist(),
            also,
        )
