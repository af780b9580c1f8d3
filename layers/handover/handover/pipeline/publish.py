"""What follows an account change: history, portfolios, and events for other systems.

Everything is keyed by account and version, so a stream record that is delivered again, or late,
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from handover.aws import buses
from handover.flight import make_all
from handover.model import Account
from handover.pipeline.parking import Stream
from handover.profiles.fields import is_field
from handover.profiles.opco_wall import OpcoWall
from handover.reports.receipts import receipt_to_dict
from handover.rules.opco_wall import are_apart
from handover.rules.pending import address_in, is_pending
from handover.runtime import Invocation, Resources, history_days
from handover.store.accounts import account_from
from handover.store.history import Entry
from handover.store.portfolios import Holding, holdings_of
from handover.together import together

ASSIGNMENT_CHANGED = "AssignmentChanged"


class Change(Struct, frozen=True):
    """An account before and after one write; None = it did not exist."""

    before: Account | None
    after: Account | None


def changes_of(records: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The changes that records of the table's stream report, in their order."""
    return [
        Change(_image(record["dynamodb"], "OldImage"), _image(record["dynamodb"], "NewImage"))
        for record in records
    ]


def publish_changes(resources: Resources, changes: Sequence[Change], run: Invocation) -> None:
    """Updates history and portfolios for the changes, then sends events to other systems."""
    entries = [entry for change in changes if (entry := _entry(change)) is not None]
    holdings: list[Holding] = []
    for change in changes:
        if change.after is not None:
            holdings += holdings_of(change.before, change.after)
    tables = resources.tables
    together(
        lambda: tables.history.put(_once(entries), run.deadline, days=history_days()),
        lambda: tables.portfolios.put(holdings, run.now, run.deadline),
    )
    together(
        lambda: _ask_for_rechecks(
            resources, holdings + _behind_another_wall(changes), changes, run
        ),
        lambda: _send_events(resources, entries, run),
    )


def _send_events(resources: Resources, entries: Sequence[Entry], run: Invocation) -> None:
    if resources.has_change_events:
        buses.put_events(
            resources.changes_bus,
            ASSIGNMENT_CHANGED,
            (_fitting(event) for entry in entries if (event := _event(entry))["changes"]),
            run.deadline,
        )


def _publish_records(
    resources: Resources, records: Sequence[Mapping[str, Any]], run: Invocation
) -> None:
    publish_changes(resources, changes_of(records), run)


CHANGES_OF_ACCOUNTS = Stream(
    "publish", lambda resources: resources.tables.accounts.table, _publish_records
)


def _behind_another_wall(changes: Sequence[Change]) -> list[Holding]:
    """Pending holdings on accounts whose opco has changed: the wall may now admit their users."""
    return [
        holding
        for change in changes
        if change.before is not None
        and change.after is not None
        and change.before.opco != change.after.opco
        for holding in holdings_of(None, change.after)
        if is_pending(holding.user)
    ]


def _ask_for_rechecks(
    resources: Resources, holdings: Sequence[Holding], changes: Sequence[Change], run: Invocation
) -> None:
    """Asks to recheck users who are deleted but hold something, or are awaited and now exist.

    The users are read after the portfolios are stored. So whoever changes a user and then reads the
    portfolio sees these holdings, or this function sees the changed user.
    """
    accounts = {
        (after.tenant, after.account_id): after
        for change in changes
        if (after := change.after) is not None
    }
    held: dict[str, list[Holding]] = {}
    for holding in holdings:
        if holding.is_held and address_in(holding.user):
            held.setdefault(holding.tenant, []).append(holding)
    for tenant, of_tenant in held.items():
        _ask_in(resources, tenant, of_tenant, accounts, run)


def _ask_in(
    resources: Resources,
    tenant: str,
    holdings: Sequence[Holding],
    accounts: Mapping[tuple[str, str], Account],
    run: Invocation,
) -> None:
    """As `_ask_for_rechecks`, for one tenant."""
    addresses = dict.fromkeys(address_in(holding.user) for holding in holdings)
    users = resources.tables.directory.users(tenant, addresses, run.deadline)
    looks: dict[str, Holding] = {}
    behind_the_wall: dict[str, Holding] = {}
    for holding in holdings:
        user = users.get(address_in(holding.user))
        if user is None:
            continue
        if user.is_deleted:
            looks[user.email] = holding
        elif is_pending(holding.user) and user.is_active:
            is_apart = are_apart(user, accounts[tenant, holding.account_id])
            (behind_the_wall if is_apart else looks)[user.email] = holding
    # The wall would reject those users, so a recheck could assign nothing.
    if behind_the_wall and not _has_wall(resources, tenant):
        looks = behind_the_wall | looks
    jobs = resources.tables.jobs
    make_all(
        partial(jobs.look_at, tenant, email, f"{holding.account_id}#{holding.version}")
        for email, holding in looks.items()
    )


def _has_wall(resources: Resources, tenant: str) -> bool:
    return resources.tables.directory.settings(tenant).opco_wall is OpcoWall.ALWAYS


def _entry(change: Change) -> Entry | None:
    after = change.after
    # The newest receipt belongs to this write only if it has the version that the write made;
    # otherwise the write changed directory fields or precedence.
    if after is None or not after.receipts or after.receipts[-1].version != after.version:
        return None
    return Entry(after.tenant, after.account_id, after.receipts[-1])


def _once(entries: Sequence[Entry]) -> list[Entry]:
    keyed = {(entry.tenant, entry.account_id, entry.receipt.version): entry for entry in entries}
    return list(keyed.values())


def _event(entry: Entry) -> dict[str, Any]:
    receipt = entry.receipt
    # A change of directory fields is not a change of an assignment.
    roles = tuple(change for change in receipt.changes if not is_field(change.role))
    return {
        "schema": "handover.assignment/1",
        "dedupe_id": f"assignment-changed/{entry.tenant}/{entry.account_id}/{receipt.version}",
        "tenant": entry.tenant,
        "account_id": entry.account_id,
        **receipt_to_dict(replace(receipt, changes=roles)),
    }


def _fitting(event: dict[str, Any]) -> dict[str, Any]:
    """The event, without its changes when they would make it too large."""
    if buses.entry_bytes(ASSIGNMENT_CHANGED, event) <= buses.MAX_EVENT_BYTES:
        return event
    return event | {"changes": [], "changes_left_out": True}


def _image(record: Mapping[str, Any], name: str) -> Account | None:
    image = record.get(name)
    return account_from(image) if image else None
