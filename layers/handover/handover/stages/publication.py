"""What follows a change of an account: its history, portfolios, and events for other systems.

Everything is keyed by account and version, so a record of the stream that comes again, or late,
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handover.aws import buses
from handover.model import Account
from handover.profiles import is_fact
from handover.reports import mark_told
from handover.rules import address_in, is_pending
from handover.runtime import Invocation, Wiring
from handover.store.accounts import account_from
from handover.store.history import Entry, Holding, holdings_of

ASSIGNMENT_CHANGED = "AssignmentChanged"


@dataclass(frozen=True, slots=True)
class Change:
    """An account before and after one write; None = it was not there."""

    before: Account | None
    after: Account | None


def changes_of(records: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The changes that records of the table's stream tell of, in their order."""
    return [
        Change(_image(record["dynamodb"], "OldImage"), _image(record["dynamodb"], "NewImage"))
        for record in records
    ]


def publish_changes(wiring: Wiring, changes: Sequence[Change], run: Invocation) -> None:
    """Writes what the changes mean for history and portfolios, then tells other systems."""
    entries = [entry for change in changes if (entry := _entry(change)) is not None]
    wiring.tables.history.put(_once(entries), run.patience)
    holdings: list[Holding] = []
    for change in changes:
        if change.after is not None:
            holdings += holdings_of(change.before, change.after)
    wiring.tables.portfolios.put(holdings, run.now, run.patience)
    _ask_for_looks(wiring, holdings, run)
    buses.put_events(
        wiring.changes_bus,
        ASSIGNMENT_CHANGED,
        (event for entry in entries if (event := _event(entry))["changes"]),
        run.patience,
    )


def _ask_for_looks(wiring: Wiring, holdings: Sequence[Holding], run: Invocation) -> None:
    """Asks for a look at users who are deleted and hold something, or are awaited and there.

    The users are read after the portfolios are stored: whoever changes a user and then reads the
    portfolio sees these holdings, or is seen here.
    """
    held: dict[str, dict[str, Holding]] = {}
    for holding in holdings:
        if holding.is_held and address_in(holding.user):
            held.setdefault(holding.tenant, {})[holding.user] = holding
    for tenant, seats in held.items():
        addresses = dict.fromkeys(map(address_in, seats))
        users = wiring.tables.directory.users(tenant, addresses, run.patience)
        for seat, holding in seats.items():
            user = users.get(address_in(seat))
            if user is not None and (user.is_deleted or (is_pending(seat) and user.is_active)):
                because = f"{holding.account_id}#{holding.version}"
                wiring.tables.errands.look_at(tenant, user.email, because)


def _entry(change: Change) -> Entry | None:
    after = change.after
    # The newest mark tells of this write only if it carries the version that the write made;
    # otherwise the write was a change of facts or of order.
    if after is None or not after.marks or after.marks[-1].version != after.version:
        return None
    return Entry(after.tenant, after.account_id, after.marks[-1])


def _once(entries: Sequence[Entry]) -> list[Entry]:
    keyed = {(entry.tenant, entry.account_id, entry.mark.version): entry for entry in entries}
    return list(keyed.values())


def _event(entry: Entry) -> dict[str, Any]:
    mark = entry.mark
    # What the directory tells of an account is no assignment.
    seats = tuple(change for change in mark.changes if not is_fact(change.role))
    return {
        "schema": "handover.assignment/1",
        "dedupe_id": f"assignment-changed/{entry.tenant}/{entry.account_id}/{mark.version}",
        "tenant": entry.tenant,
        "account_id": entry.account_id,
        **mark_told(replace(mark, changes=seats)),
    }


def _image(record: Mapping[str, Any], name: str) -> Account | None:
    image = record.get(name)
    return account_from(image) if image else None
