"""Requests of customers' contacts about an account, and the notes on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from pynamodb.attributes import UnicodeAttribute

from handover.deadline import Deadline
from handover.store.batches import read_items
from handover.store.connection import Model
from handover.store.items import item_at

# The items under an account's key: a sign that it has any requests, the requests, and their notes.
SIGN, REQUEST, NOTE = "sign", "request#", "note#"


class RequestItem(Model):
    """A request, a note or the sign; `sk` says which."""

    class Meta:
        """The table of these items."""

        table = "requests"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    actor = UnicodeAttribute(default="")
    at = UnicodeAttribute(default="")
    subject = UnicodeAttribute(default="")
    contact = UnicodeAttribute(default="")
    text = UnicodeAttribute(default="")


class Request(Struct, frozen=True):
    """What a contact of the account asks for; `name` is unique among the account's requests."""

    account_id: str
    name: str
    actor: str
    at: str
    subject: str
    description: str
    contact: str


class Note(Struct, frozen=True):
    """A note on a request; `name` is unique among the request's notes."""

    name: str
    actor: str
    at: str
    text: str


class Requests(Struct, frozen=True):
    """The table of requests. Names sort in order of time."""

    table: str

    def put(self, tenant: str, request: Request) -> None:
        """Stores a request; storing it again changes nothing."""
        # The sign comes first: a reader who finds no sign need not look for requests.
        RequestItem(f"{tenant}#{request.account_id}", SIGN).save()
        RequestItem(
            f"{tenant}#{request.account_id}",
            REQUEST + request.name,
            actor=request.actor,
            at=request.at,
            subject=request.subject,
            contact=request.contact,
            text=request.description,
        ).save()

    def find(self, tenant: str, account_id: str, name: str) -> Request | None:
        """The account's request of that name; None when there is none."""
        item = item_at(RequestItem, f"{tenant}#{account_id}", REQUEST + name)
        return _request(account_id, item) if item is not None else None

    def of(self, tenant: str, account_id: str, *, before: str = "") -> Iterator[Request]:
        """The requests of an account, newest first, starting before the one of that name."""
        place = (
            RequestItem.sk.between(REQUEST, REQUEST + before)
            if before
            else RequestItem.sk.startswith(REQUEST)
        )
        found = RequestItem.query(
            f"{tenant}#{account_id}", place, consistent_read=True, scan_index_forward=False
        )
        for item in found:
            if item.sk != REQUEST + before:
                yield _request(account_id, item)

    def with_any(self, tenant: str, account_ids: Iterable[str], deadline: Deadline) -> set[str]:
        """Which of the accounts (no repetition) have ever had a request."""
        keys = (
            {"pk": {"S": f"{tenant}#{account_id}"}, "sk": {"S": SIGN}} for account_id in account_ids
        )
        found = read_items(self.table, keys, deadline, attributes=("pk",))
        return {item["pk"]["S"].partition("#")[2] for item in found}

    def note(self, tenant: str, account_id: str, request: str, note: Note) -> None:
        """Stores a note on the account's request of that name."""
        RequestItem(
            f"{tenant}#{account_id}",
            f"{NOTE}{request}#{note.name}",
            actor=note.actor,
            at=note.at,
            text=note.text,
        ).save()

    def notes(
        self, tenant: str, account_id: str, request: str, *, after: str = ""
    ) -> Iterator[Note]:
        """The notes on a request, oldest first, starting after the one of that name."""
        begin = f"{NOTE}{request}#"
        # The tilde sorts after every name.
        place = RequestItem.sk.between(begin + after, f"{begin}~")
        for item in RequestItem.query(f"{tenant}#{account_id}", place, consistent_read=True):
            if item.sk != begin + after:
                yield Note(item.sk[len(begin) :], item.actor, item.at, item.text)


def _request(account_id: str, item: RequestItem) -> Request:
    return Request(
        account_id=account_id,
        name=item.sk[len(REQUEST) :],
        actor=item.actor,
        at=item.at,
        subject=item.subject,
        description=item.text,
        contact=item.contact,
    )
