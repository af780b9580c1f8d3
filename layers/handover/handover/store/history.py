"""The history of accounts: one entry for each change, written from the table's stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from handover.deadline import Deadline
from handover.model import ChangeReceipt, RoleChange
from handover.store.batches import Item, put_items
from handover.store.connection import Model


class HistoryItem(Model):
    """One effective change of one account; `sk` is the account's version after it."""

    class Meta:
        """The table of these items."""

        table = "history"

    pk = UnicodeAttribute(hash_key=True)
    sk = NumberAttribute(range_key=True)
    import_id = UnicodeAttribute()
    line = NumberAttribute()
    actor = UnicodeAttribute()
    at = UnicodeAttribute()
    changes = UnicodeAttribute()


class Entry(Struct, frozen=True):
    """One entry of an account's history."""

    tenant: str
    account_id: str
    receipt: ChangeReceipt


class History(Struct, frozen=True):
    """The table of histories."""

    table: str

    def put(self, entries: Iterable[Entry], deadline: Deadline, *, days: int = 0) -> None:
        """Stores entries under account and version; storing an entry again changes nothing.

        DynamoDB removes entries this many `days` after their change; 0 means never.
        """
        put_items(self.table, (_history_item(entry, days) for entry in entries), deadline)

    def of(
        self, tenant: str, account_id: str, *, after: int = 0, is_newest_first: bool = False
    ) -> Iterator[Entry]:
        """The entries of an account after a version of it, by default oldest first."""
        for item in HistoryItem.query(
            f"{tenant}#{account_id}",
            HistoryItem.sk > after,
            consistent_read=True,
            scan_index_forward=not is_newest_first,
        ):
            changes = tuple(
                RoleChange(role, tuple(change["before"]), tuple(change["after"]))
                for role, change in json.loads(item.changes).items()
            )
            receipt = ChangeReceipt(
                item.import_id, "", int(item.line), item.actor, item.at, int(item.sk), changes
            )
            yield Entry(tenant, account_id, receipt)


def _history_item(entry: Entry, days: int) -> Item:
    receipt = entry.receipt
    changes = {
        change.role: {"before": change.before, "after": change.after} for change in receipt.changes
    }
    item = {
        "pk": {"S": f"{entry.tenant}#{entry.account_id}"},
        "sk": {"N": str(receipt.version)},
        "import_id": {"S": receipt.import_id},
        "line": {"N": str(receipt.line)},
        "actor": {"S": receipt.actor},
        "at": {"S": receipt.at},
        "changes": {"S": json.dumps(changes, ensure_ascii=False)},
    }
    if days:
        changed = datetime.fromisoformat(receipt.at)
        item["expires"] = {"N": str(int((changed + timedelta(days=days)).timestamp()))}
    return item
