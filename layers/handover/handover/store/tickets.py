"""Tickets: the right to upload one file, once, and what happened to the file.

Every step is one conditional update: taken twice, late or by two runs at once, it counts once.
"""

from __future__ import annotations

from msgspec import Struct
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
        """The table of these items."""

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
    # As on the import. `preview_of` is a dry run: only changes that it showed are applied.
    follows = UnicodeAttribute(null=True)
    object_of = UnicodeAttribute(null=True)
    preview_of = UnicodeAttribute(null=True)
    # What failing lines do to the others; None if the source or the profile decides.
    on_error = UnicodeAttribute(null=True)
    issued_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    import_id = UnicodeAttribute(null=True)
    # More files posted with the form: how many, when the last one came, which import reports them.
    replays = NumberAttribute(default=0)
    replayed_at = UnicodeAttribute(null=True)
    replayed = UnicodeAttribute(null=True)
    cancelled_by = UnicodeAttribute(null=True)
    cancel_reason = UnicodeAttribute(null=True)
    expires = NumberAttribute()


class Replays(Struct, frozen=True):
    """The files that were posted with the form of a ticket after the file of its first import.

    `last_at` is when the last of them arrived, in RFC 3339.
    """

    first_import: str
    number: int
    last_at: str


class Tickets(Struct, frozen=True):
    """The tickets in the table of imports."""

    table: str

    def find(self, ticket: str) -> TicketItem | None:
        """The ticket of that id; None when there is none."""
        return item_at(TicketItem, f"{TICKET}#{ticket}", TICKET)

    def issue(self, ticket: str, item: TicketItem, *also: Item) -> None:
        """Stores a new ticket together with other writes, such as the entry of the act.

        Raises RetryLaterError if there is a ticket of that id; then nothing is written.
        """
        item.pk = f"{TICKET}#{ticket}"
        put = item.get_save_kwargs_from_instance(TicketItem.pk.does_not_exist())
        if not write_together([{"Put": put}, *also]):
            raise RetryLaterError("there is a ticket of that name")

    def issue_once(self, ticket: str, item: TicketItem, also: Item | None = None) -> TicketItem:
        """Stores `item` if there is no ticket of that id; returns the ticket as stored.

        `also` is another write, such as the entry of the act, made only together with the ticket.
        """
        item.pk = f"{TICKET}#{ticket}"
        if saved_if(item, TicketItem.pk.does_not_exist(), also):
            return item
        return TicketItem.get(item.pk, TICKET, consistent_read=True)

    def settle_profile(self, ticket: str, body: str) -> str:
        """Sets the profile that the ticket's file follows, unless it is set; returns it."""
        item = TicketItem(f"{TICKET}#{ticket}")
        if updated_if(
            item,
            [TicketItem.profile_body.set(body)],
            TicketItem.pk.exists() & TicketItem.profile_body.does_not_exist(),
        ):
            return body
        settled: str = TicketItem.get(item.pk, TICKET, consistent_read=True).profile_body
        return settled

    def use(self, ticket: str, import_id: str) -> TicketItem | None:
        """Uses the ticket for this import and returns it; repeating it changes nothing.

        None when there is no such ticket, it was cancelled, or another import has used it.
        """
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

        The ticket is updated first, and an import copies its ticket's replays. So it does not
        matter which of the files is reported first.
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

        `known` is the ticket as the import has used it: replays that are recorded later are
        recorded on the import as well.
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
        """Cancels the ticket; false if there is none, or if an import has used it already."""
        return updated_if(
            TicketItem(f"{TICKET}#{ticket}"),
            [
                TicketItem.cancelled_by.set(canceller),
                *([TicketItem.cancel_reason.set(reason)] if reason else []),
            ],
            TicketItem.pk.exists() & TicketItem.import_id.does_not_exist(),
            also,
        )
