"""Moving portfolios, users and their names between homes and shards while the stack is in use.

An item is moved only if it still has the version that was read. So a move may stop at any point and
start again, and never replaces anything newer. A portfolio item is stored at its new place before
it is removed from its old one; a user is moved in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from handover.deadline import Deadline
from handover.store.batches import (
    STATEMENTS_A_BATCH,
    Item,
    Statement,
    read_items,
    transact,
    write_each,
)
from handover.store.connection import client
from handover.store.items import key_of
from handover.store.name_places import LOGIN, NAME, shard_name
from handover.store.portfolios import (
    LARGE_FROM,
    SPREAD,
    Key,
    Portfolios,
    holding_removal,
    holding_write,
    home_of,
    shard_place,
)
from handover.store.user_places import (
    MOVED,
    USER,
    USERS_A_TRANSACTION,
    Spreading,
    UserPlaces,
    address_of,
)

Move = Callable[[Key], Key]


class PortfolioMover(Struct, frozen=True):
    """Moves portfolios, and yields after each step how many items it has moved away.

    `large_from` is the number of items from which a portfolio is spread.
    """

    portfolios: Portfolios
    large_from: int = LARGE_FROM

    def spread(self, deadline: Deadline) -> Iterator[int]:
        """Spreads all large portfolios, one after another.

        A run that began earlier may still write items at a home: these are moved too, or stay there
        and are read there.
        """
        for home in self._large(deadline):
            self.portfolios.mark_spread(home)
            yield from self._move(home, lambda key: shard_place(*key), deadline)

    def gather(self, deadline: Deadline) -> Iterator[int]:
        """Moves all portfolios back to their homes; the marks stay."""
        seen: set[str] = set()
        for pk in self._keys(deadline):
            if home_of(pk) != pk and pk not in seen:
                seen.add(pk)
                yield from self._move(pk, lambda key: (home_of(key[0]), key[1]), deadline)

    def _large(self, deadline: Deadline) -> Iterator[str]:
        """The homes that list this many items, each as soon as it is known."""
        many: Counter[str] = Counter()
        for pk in self._keys(deadline):
            if home_of(pk) == pk:
                many[pk] += 1
                if many[pk] == self.large_from:
                    yield pk

    def _keys(self, deadline: Deadline) -> Iterator[str]:
        """The partition key of every item of the table, without marks."""
        asked: dict[str, Any] = {
            "TableName": self.portfolios.table,
            "ProjectionExpression": "pk, sk",
            "ConsistentRead": True,
        }
        while True:
            deadline.check()
            answer = client().scan(**asked)
            for item in answer["Items"]:
                if item["sk"]["S"] != SPREAD:
                    yield item["pk"]["S"]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _move(self, pk: str, place: Move, deadline: Deadline) -> Iterator[int]:
        """Moves all items of a key; tries once more those that are written meanwhile.

        A part is as large as one call to DynamoDB, so that progress can be shown after each call.
        """
        for _ in range(2):
            is_moved = True
            items = self._items(pk, deadline)
            while part := list(islice(items, STATEMENTS_A_BATCH)):
                moved = self._move_some(part, place, deadline)
                is_moved = is_moved and moved == len(part)
                yield moved
            if is_moved:
                return

    def _items(self, pk: str, deadline: Deadline) -> Iterator[Item]:
        asked: dict[str, Any] = {
            "TableName": self.portfolios.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        while True:
            deadline.check()
            answer = client().query(**asked)
            yield from (item for item in answer["Items"] if item["sk"]["S"] != SPREAD)
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _move_some(self, items: Sequence[Item], place: Move, deadline: Deadline) -> int:
        """Moves the items; returns how many were removed, being at their new places or outdated."""
        table = self.portfolios.table
        moves = [(item, place(_key(item))) for item in items]
        known = {
            _key(item): int(item["version"]["N"])
            for item in read_items(
                table,
                (key_of(*target) for _, target in moves),
                deadline,
                attributes=("pk", "sk", "version"),
            )
        }
        copies: dict[Key, Statement] = {}
        for item, target in moves:
            if target not in known or known[target] < _version(item):
                copy = {**item, "pk": {"S": target[0]}}
                copies[target] = holding_write(table, copy, known.get(target))
        outcomes = write_each(list(copies.values()), deadline)
        refused = {
            target for target, outcome in zip(copies, outcomes, strict=True) if outcome is not None
        }
        removals = [
            holding_removal(table, _key(item), _version(item))
            for item, target in moves
            if target not in refused
        ]
        return sum(outcome is None for outcome in write_each(removals, deadline))


class UserMover(Struct, frozen=True):
    """Moves the users of a tenant one by one, and yields after each step how many it has moved.

    One transaction removes and stores a user, if the item still has the version that was read. So
    every user is at one place at any time.
    """

    table: str

    def spread(self, tenant: str, deadline: Deadline) -> Iterator[int]:
        """Moves the users of the home to the shards; the tenant's mark must be SPREAD."""
        places = UserPlaces(tenant, Spreading.SPREAD)
        yield from self._move(tenant, lambda address: places.of(address)[0], deadline)

    def is_spread(self, tenant: str, deadline: Deadline) -> bool:
        """True when nobody is left at the home."""
        return next(_items_of(self.table, tenant, USER, deadline), None) is None

    def gather(self, tenant: str, deadline: Deadline) -> Iterator[int]:
        """Moves the users of the shards to the home; the tenant's mark must be BACK."""
        _, *shards, _ = UserPlaces(tenant, Spreading.BACK).keys
        for pk in shards:
            yield from self._move(pk, lambda _: tenant, deadline)

    def _move(self, pk: str, place: Callable[[str], str], deadline: Deadline) -> Iterator[int]:
        items = _items_of(self.table, pk, USER, deadline)
        return _moved(items, lambda item: self.actions(item, place(address_of(item))))

    def actions(self, item: Item, pk: str) -> list[Item]:
        """The transaction that moves a user to another key, if the item is as it was read."""
        removal: dict[str, Any] = {
            "TableName": self.table,
            "Key": {"pk": item["pk"], "sk": item["sk"]},
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": item.get("version")},
        }
        if "version" not in item:
            removal["ConditionExpression"] = (
                "attribute_exists(pk) AND attribute_not_exists(#version)"
            )
            del removal["ExpressionAttributeValues"]
        storing = {
            "TableName": self.table,
            "Item": {**item, "pk": {"S": pk}, MOVED: {"BOOL": True}},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        return [{"Delete": removal}, {"Put": storing}]


class NameMover(Struct, frozen=True):
    """Moves a tenant's login names and its index of names, and yields as `UserMover` does.

    One transaction removes and stores an item; a login name only if it has the body that was read.
    So a login name is at one place at any time, and two movers in opposite directions lose nothing.
    """

    table: str

    def spread(self, tenant: str, deadline: Deadline) -> Iterator[int]:
        """Moves what is at the home to the shards; the mark for names must be SPREAD."""
        places = UserPlaces(tenant, Spreading.SPREAD)
        for kind in (LOGIN, NAME):
            items = _items_of(self.table, tenant, kind, deadline)
            yield from _moved(items, lambda item: self._actions(item, places.of(_named(item))[0]))

    def is_spread(self, tenant: str, deadline: Deadline) -> bool:
        """True when nothing is left at the home."""
        return not any(
            next(_items_of(self.table, tenant, kind, deadline), None) for kind in (LOGIN, NAME)
        )

    def gather(self, tenant: str, deadline: Deadline) -> Iterator[int]:
        """Moves what is at the shards to the home; the mark for names must be BACK."""
        _, *shards, _ = UserPlaces(tenant, Spreading.BACK).keys
        for pk in shards:
            for kind in (LOGIN, NAME):
                items = _items_of(self.table, pk, kind, deadline)
                yield from _moved(items, lambda item: self._actions(item, tenant))

    def _actions(self, item: Item, pk: str) -> list[Item]:
        moved = {**item, "pk": {"S": pk}}
        removal: dict[str, Any] = {
            "TableName": self.table,
            "Key": {"pk": item["pk"], "sk": item["sk"]},
            "ConditionExpression": "attribute_exists(pk)",
        }
        storing: dict[str, Any] = {"TableName": self.table, "Item": moved}
        # An item of the index of names has no body, and may be at both places.
        if "body" in item:
            removal["ConditionExpression"] = "#body = :body"
            removal["ExpressionAttributeNames"] = {"#body": "body"}
            removal["ExpressionAttributeValues"] = {":body": item["body"]}
            storing["ConditionExpression"] = "attribute_not_exists(pk)"
        return [{"Delete": removal}, {"Put": storing}]


def _named(item: Item) -> str:
    """The part of the item's key that decides its shard."""
    sk = str(item["sk"]["S"])
    return sk[len(LOGIN) :] if sk.startswith(LOGIN) else shard_name(sk[len(NAME) :])


def _items_of(table: str, pk: str, kind: str, deadline: Deadline) -> Iterator[Item]:
    """The items of a key whose sort key begins with `kind`, lazily."""
    asked: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :kind)",
        "ExpressionAttributeValues": {":pk": {"S": pk}, ":kind": {"S": kind}},
        "ConsistentRead": True,
    }
    while True:
        deadline.check()
        answer = client().query(**asked)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _moved(items: Iterator[Item], actions_of: Callable[[Item], list[Item]]) -> Iterator[int]:
    """Moves the items some at a time, and yields how many were moved each time."""
    while part := list(islice(items, USERS_A_TRANSACTION)):
        moves = [actions_of(item) for item in part]
        if transact([action for actions in moves for action in actions]):
            yield len(part)
        else:
            # Items that are being changed stay until the next move.
            yield sum(transact(actions) for actions in moves)


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _version(item: Item) -> int:
    return int(item["version"]["N"])
