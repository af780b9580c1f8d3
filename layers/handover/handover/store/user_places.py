"""The keys under which a tenant's users are stored: one, or many for very many users.

A user is one item at one place at any time: users are moved in transactions. A mark on the tenant
says that there are shards, long before the first user is stored there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any
from zlib import crc32

from msgspec import Struct

from handover.deadline import Deadline
from handover.store.batches import Item, read_items, transact
from handover.store.connection import client

USER = "user#"
# A key takes 3,000 read units a second. 50 workers that each decide 500 lines a second, with
# another user on every line, read 25,000 users: 16 keys give 48,000.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
SHARDS = 16
# The item with this sort key, under the tenant's own key, describes its shards.
MARK = "#spread"
# An attribute of users that a move has stored, for the reader of the stream.
MOVED = "moved"
# Creating or moving a user takes two actions of the 100 that are allowed, of 4 MB together: a user
# with 50 roles may take 50 KB.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
USERS_A_TRANSACTION = 25


class Spreading(StrEnum):
    """The stage of moving a tenant's users, or their names, to shards and back.

    PREPARED: readers look at shards too. SPREAD: new users are stored at shards, the others are
    moved there. SETTLED: nothing is at the home any more, so nobody looks there. LEAVING: readers
    look at both again. BACK: new users are stored at the home, the others are moved there.
    """

    PREPARED = "prepared"
    SPREAD = "spread"
    SETTLED = "settled"
    LEAVING = "leaving"
    BACK = "back"


class UserPlaces(Struct, frozen=True):
    """Where a tenant's users or names are looked for, since `since` (seconds since the epoch).

    `state` is None while the tenant has no shards.
    """

    tenant: str
    state: Spreading | None
    since: float = 0.0

    def of(self, address: str) -> tuple[str, ...]:
        """The partition keys at which the user may be stored, the one for new users first."""
        if self.state is None:
            return (self.tenant,)
        shard = f"{self.tenant}~{crc32(address.encode()) % SHARDS:x}"
        match self.state:
            case Spreading.SETTLED:
                return (shard,)
            case Spreading.SPREAD | Spreading.LEAVING:
                return (shard, self.tenant)
            case _:
                return (self.tenant, shard)

    @property
    def turns(self) -> tuple[int, ...]:
        """The order in which to read the places, so that a user who is moved meanwhile is seen."""
        return (0,) if self.state in (None, Spreading.SETTLED) else (0, 1, 0)

    @property
    def keys(self) -> tuple[str, ...]:
        """All partition keys, the home first and, where something may be moved, last again."""
        if self.state is None:
            return (self.tenant,)
        shards = tuple(f"{self.tenant}~{number:x}" for number in range(SHARDS))
        return shards if self.state is Spreading.SETTLED else (self.tenant, *shards, self.tenant)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """All partition keys, in groups: read the groups in order, a group's keys in any order."""
        if len(self.turns) == 1:
            return (self.keys,)
        home, *shards, again = self.keys
        return (home,), tuple(shards), (again,)


def user_places(table: str, tenant: str) -> UserPlaces:
    """Where the users of the tenant are stored.

    The answer is valid for a quarter of an hour: a mark is set for that long before it has an
    effect, and no function runs longer.
    """
    return places_by(table, tenant, MARK)


def places_by(table: str, tenant: str, mark: str) -> UserPlaces:
    """The places that a mark of the tenant describes."""
    answer = client().get_item(TableName=table, Key=user_key(tenant, mark), ConsistentRead=True)
    item: Item | None = answer.get("Item")
    if item is None:
        return UserPlaces(tenant, None)
    body = json.loads(item["body"]["S"])
    return UserPlaces(tenant, Spreading(body["state"]), float(body["since"]))


def put_mark(table: str, tenant: str, state: Spreading, now: float, *, mark: str = MARK) -> None:
    """Stores the stage of the tenant's users from now on. A mark is never removed."""
    body = json.dumps({"state": state.value, "since": now})
    client().put_item(TableName=table, Item={**user_key(tenant, mark), "body": {"S": body}})


def read_users(
    table: str,
    tenant: str,
    addresses: Iterable[str],
    deadline: Deadline,
    places: UserPlaces | None = None,
) -> list[Item]:
    """The items of the users that exist among `addresses` (no repetition), in any order.

    `places` are those of `user_places`, None when they have not been read yet.
    """
    waiting = list(addresses)
    if not waiting:
        return []
    places = places or user_places(table, tenant)
    found: list[Item] = []
    for turn in places.turns:
        keys = (user_key(places.of(address)[turn], USER + address) for address in waiting)
        items = read_items(table, keys, deadline)
        found += items
        there = {address_of(item) for item in items}
        waiting = [address for address in waiting if address not in there]
    return found


def create_users(
    table: str, places: UserPlaces, items: Sequence[Item], deadline: Deadline
) -> list[bool]:
    """Stores new users; says for each whether it was stored, false if another writer was faster.

    `items` have no partition key yet. No user is stored at two places: the write's condition is
    that the user is at neither.
    """
    outcomes: list[bool] = []
    rest = iter(items)
    while part := list(islice(rest, USERS_A_TRANSACTION)):
        deadline.check()
        if transact([action for item in part for action in creation(table, places, item)]):
            outcomes += [True] * len(part)
        else:
            for item in part:
                deadline.check()
                outcomes.append(transact(list(creation(table, places, item))))
    return outcomes


def creation(table: str, places: UserPlaces, item: Item) -> Iterator[Item]:
    """The actions that store a new user, who has no partition key yet."""
    first, *others = places.of(address_of(item))
    absent = {
        "ConditionExpression": "attribute_not_exists(#pk)",
        "ExpressionAttributeNames": {"#pk": "pk"},
    }
    yield {"Put": {"TableName": table, "Item": {**item, "pk": {"S": first}}, **absent}}
    for other in others:
        yield absence(table, other, address_of(item))


def absence(table: str, pk: str, address: str) -> Item:
    """The condition that there is no such user at that place."""
    return is_absent(table, pk, USER + address)


def is_absent(table: str, pk: str, sk: str) -> Item:
    """The condition that there is no such item."""
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": user_key(pk, sk),
            "ConditionExpression": "attribute_not_exists(#pk)",
            "ExpressionAttributeNames": {"#pk": "pk"},
        }
    }


def address_of(item: Item) -> str:
    """The address of the user in an item."""
    return str(item["sk"]["S"][len(USER) :])


def tenant_of(pk: str) -> str:
    """The tenant of a partition key; no tenant contains a `~`."""
    return pk.partition("~")[0]


def user_key(pk: str, sk: str) -> dict[str, Any]:
    """A key of the table of directories."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def homes_of(items: Iterable[Item]) -> Mapping[str, str]:
    """The partition key of each user, by address."""
    return {address_of(item): item["pk"]["S"] for item in items}
