"""Accounts: one item each, read a hundred at a time and written only over the version read.

This is the hot path, so items are converted to accounts and back by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from handover.deadline import Deadline
from handover.flight import begun
from handover.model import Account
from handover.rules.decision import RecordWrite
from handover.store.batches import Item, Statement, insertion, read_items, write_each
from handover.store.connection import client
from handover.store.receipts import receipt_from, receipt_value, text_in, texts_in, texts_value

# What the rules need of an account to decide who holds its roles. Parsing what it reads takes the
# largest part of a worker's time, and name, portals and customer would take a third of that.
ASSIGNED = ("pk", "version", "opco", "status", "assigned", "orders", "marks")


class Accounts(Struct, frozen=True):
    """The table of accounts; `attributes` are those that `read` reads, empty = all."""

    table: str
    attributes: tuple[str, ...] = ()

    @property
    def of_assignments(self) -> Accounts:
        """The same table without the directory fields that no decision on an assignment needs."""
        return replace(self, attributes=ASSIGNED)

    def read(
        self, tenant: str, account_ids: Iterable[str], deadline: Deadline
    ) -> dict[str, Account]:
        """The accounts of the tenant that exist among `account_ids` (no repetition), by id."""
        keys = account_keys(tenant, account_ids)
        items = read_items(self.table, keys, deadline, attributes=self.attributes)
        found = map(account_from, items)
        return {account.account_id: account for account in found}

    def listed(self, tenant: str, *, after: str = "") -> Iterator[str]:
        """The ids of all accounts of the tenant, shard by shard, in the order of the index.

        `after` is the last id of the previous page. The index lags behind the table by moments.
        """
        # The hash of no id is 0, that of the first shard.
        first = _shard_of(after)
        for number in range(first, SHARDS):
            yield from self._on_shards(tenant, f"{number:x}", after if number == first else "")

    def beginning(self, tenant: str, text: str, *, after: str = "") -> Iterator[str]:
        """The ids that begin with `text`, in byte order, from the same index; letter case counts.

        `after` is the last id of the previous page. An id may be on any shard, so all shards are
        read side by side, a few ids at a time.
        """
        first = max(text, after, key=str.encode)
        if len(f"{tenant}#{first}{LAST_CHARACTER}".encode()) > MAX_KEY_BYTES:
            return
        bounds = f"{tenant}#{first}", f"{tenant}#{text}{LAST_CHARACTER}"
        shards = (
            self._queried(f"{tenant}#{number:x}", "#pk BETWEEN :after AND :until", bounds, FEW_IDS)
            for number in range(SHARDS)
        )
        yield from (one for one in merge(*begun(shards), key=str.encode) if one != after)

    def _on_shards(self, tenant: str, shard: str, after: str) -> Iterator[str]:
        return self._queried(
            f"{tenant}#{shard}", "#pk > :after", (f"{tenant}#{after}",), IDS_A_QUERY
        )

    def _queried(
        self, shard: str, condition: str, bounds: tuple[str, ...], ids_a_query: int
    ) -> Iterator[str]:
        """The ids on a shard whose key meets the condition, in byte order, lazily."""
        values = dict(zip((":after", ":until"), bounds, strict=False))
        asked: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": BY_TENANT,
            "KeyConditionExpression": f"#shelf = :shelf AND {condition}",
            "ExpressionAttributeNames": {"#shelf": "shelf", "#pk": "pk"},
            "ExpressionAttributeValues": {
                ":shelf": {"S": shard},
                **{name: {"S": value} for name, value in values.items()},
            },
            "Limit": ids_a_query,
        }
        while True:
            answer = client().query(**asked)
            for item in answer["Items"]:
                yield item["pk"]["S"].partition("#")[2]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(
        self, writes: Sequence[RecordWrite], deadline: Deadline
    ) -> list[tuple[RecordWrite, Account | None]]:
        """Stores the writes; returns those that met another version, with the account as it is now.

        The account is None if there is none. No two writes may concern the same account.
        """
        statements = [self._statement(write) for write in writes]
        outcomes = write_each(statements, deadline)
        return [
            (write, account_from(outcome.item) if outcome.item else None)
            for write, outcome in zip(writes, outcomes, strict=True)
            if outcome is not None
        ]

    def put_fields(self, accounts: Sequence[Account], deadline: Deadline) -> None:
        """Stores the directory fields of accounts; existing assignments stay as they are.

        A new account takes its assignments from `accounts`. Repeating the call changes nothing.
        """
        waiting = {account.account_id: account for account in accounts}
        while waiting:
            known = self.read(accounts[0].tenant, waiting, deadline)
            statements = {
                account_id: statement
                for account_id, account in waiting.items()
                if (statement := self._fields_statement(account, known.get(account_id)))
            }
            outcomes = write_each(list(statements.values()), deadline)
            waiting = {
                account_id: waiting[account_id]
                for account_id, outcome in zip(statements, outcomes, strict=True)
                if outcome is not None
            }

    def _statement(self, write: RecordWrite) -> Statement:
        account = write.record
        return Statement(
            f'UPDATE "{self.table}" SET "assigned"=? SET "orders"=? SET "marks"=? SET "version"=? '
            'WHERE "pk"=? AND "version"=?',
            [
                _assigned_value(write.assigned),
                {"M": {role: {"S": precedence} for role, precedence in write.precedences.items()}},
                {"L": [receipt_value(receipt) for receipt in write.receipts]},
                {"N": str(account.version + 1)},
                {"S": f"{account.tenant}#{account.account_id}"},
                {"N": str(account.version)},
            ],
        )

    def _fields_statement(self, account: Account, known: Account | None) -> Statement | None:
        if known is None:
            return insertion(self.table, item_from(account))
        if _fields(account) == _fields(known):
            return None
        fields = _fields(account)
        sets = " ".join(f'SET "{name}"=?' for name in fields)
        return Statement(
            f'UPDATE "{self.table}" {sets} SET "version"=? WHERE "pk"=? AND "version"=?',
            [
                *fields.values(),
                {"N": str(known.version + 1)},
                {"S": f"{known.tenant}#{known.account_id}"},
                {"N": str(known.version)},
            ],
        )


# A sort key has 1,024 bytes. In the index of a tenant's accounts the key holds the id; in
# portfolios the id follows a role and sometimes an address.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_KEY_BYTES = 64 + 512  # a tenant with its separator, and an id


# The index of a tenant's accounts is spread over this many partitions, because one takes at most
# 1,000 new accounts a second.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
SHARDS = 16
BY_TENANT = "by-tenant"
IDS_A_QUERY = 1000
# A page of 100 ids takes about six from each shard, so most pages need one query for each shard.
FEW_IDS = 20
# The last character of Unicode, which no id contains: it ends a range of ids.
# https://www.unicode.org/faq/private_use.html#noncharacters
LAST_CHARACTER = "\U0010ffff"


def _shard_of(account_id: str) -> int:
    return crc32(account_id.encode()) % SHARDS


def account_keys(tenant: str, account_ids: Iterable[str]) -> Iterator[Item]:
    """The keys of accounts with these ids, lazily."""
    prefix = f"{tenant}#"
    # A longer key cannot be stored, so no account has such an id.
    return (
        {"pk": {"S": prefix + account_id}}
        for account_id in account_ids
        if len(account_id) + len(prefix) <= MAX_KEY_BYTES
        and len((prefix + account_id).encode()) <= MAX_KEY_BYTES
    )


def account_from(item: Item) -> Account:
    """The account in an item of the table; fields that were not read are empty."""
    tenant, _, account_id = item["pk"]["S"].partition("#")
    # Without the names of the arguments, which would take a tenth of the time.
    return Account(
        tenant,
        account_id,
        int(item["version"]["N"]),
        text_in(item, "name"),
        text_in(item, "customer_id"),
        text_in(item, "opco"),
        text_in(item, "status") != "inactive",
        texts_in(item["portals"]) if "portals" in item else (),
        {
            role: tuple([user["S"] for user in users["L"]])
            for role, users in item["assigned"]["M"].items()
        },
        {role: precedence["S"] for role, precedence in item["orders"]["M"].items()},
        tuple([receipt_from(receipt["M"]) for receipt in item["marks"]["L"]]),
    )


def item_from(account: Account) -> dict[str, Any]:
    """The item of an account."""
    return {
        "pk": {"S": f"{account.tenant}#{account.account_id}"},
        "shelf": {"S": f"{account.tenant}#{_shard_of(account.account_id):x}"},
        "version": {"N": str(account.version)},
        **_fields(account),
        "assigned": _assigned_value(account.assigned),
        "orders": {
            "M": {role: {"S": precedence} for role, precedence in account.precedences.items()}
        },
        "marks": {"L": [receipt_value(receipt) for receipt in account.receipts]},
    }


def _fields(account: Account) -> dict[str, Any]:
    return {
        "name": {"S": account.name},
        "customer_id": {"S": account.customer_id},
        "opco": {"S": account.opco},
        "status": {"S": "active" if account.is_active else "inactive"},
        "portals": texts_value(account.portals),
    }


def _assigned_value(assigned: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {"M": {role: texts_value(users) for role, users in assigned.items()}}
