"""Moving portfolios between their homes and their shards, beside everything that is under way.

An item is stored at its new place before it is removed from its old one, each on the version that
was read. So a move may stop anywhere and begin again, and takes nothing that is newer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from handover.patience import Patience
from handover.store.batches import STATEMENTS_A_BATCH, Item, Statement, read_items, write_each
from handover.store.connection import client
from handover.store.history import (
    LARGE_FROM,
    SPREAD,
    Key,
    Portfolios,
    holding_removal,
    holding_write,
    home_of,
    shard_place,
)

Move = Callable[[Key], Key]


@dataclass(frozen=True, slots=True)
class PortfolioMover:
    """Moves portfolios, and says after each step how many items it has removed from their place.

    `large_from` is how many items a portfolio has that is to be spread.
    """

    portfolios: Portfolios
    large_from: int = LARGE_FROM

    def spread(self, patience: Patience) -> Iterator[int]:
        """Spreads all large portfolios, one after another.

        What is written at a home meanwhile, by a run that began before, is moved with the rest or
        stays, and is read there.
        """
        for home in self._large(patience):
            self.portfolios.mark_spread(home)
            yield from self._move(home, lambda key: shard_place(*key), patience)

    def gather(self, patience: Patience) -> Iterator[int]:
        """Brings all portfolios back to their homes; the marks stay."""
        seen: set[str] = set()
        for pk in self._keys(patience):
            if home_of(pk) != pk and pk not in seen:
                seen.add(pk)
                yield from self._move(pk, lambda key: (home_of(key[0]), key[1]), patience)

    def _large(self, patience: Patience) -> Iterator[str]:
        """The homes that list so much, each as soon as it is known."""
        many: Counter[str] = Counter()
        for pk in self._keys(patience):
            if home_of(pk) == pk:
                many[pk] += 1
                if many[pk] == self.large_from:
                    yield pk

    def _keys(self, patience: Patience) -> Iterator[str]:
        """The partition key of every item of the table, marks left out."""
        asked: dict[str, Any] = {
            "TableName": self.portfolios.table,
            "ProjectionExpression": "pk, sk",
            "ConsistentRead": True,
        }
        while True:
            patience.check()
            answer = client().scan(**asked)
            for item in answer["Items"]:
                if item["sk"]["S"] != SPREAD:
                    yield item["pk"]["S"]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _move(self, pk: str, place: Move, patience: Patience) -> Iterator[int]:
        """Moves all items of a key; those that are written meanwhile are tried once more."""
        for _ in range(2):
            is_moved = True
            items = self._items(pk, patience)
            while part := list(islice(items, STATEMENTS_A_BATCH)):
                moved = self._move_some(part, place, patience)
                is_moved = is_moved and moved == len(part)
                yield moved
            if is_moved:
                return

    def _items(self, pk: str, patience: Patience) -> Iterator[Item]:
        asked: dict[str, Any] = {
            "TableName": self.portfolios.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        while True:
            patience.check()
            answer = client().query(**asked)
            yield from (item for item in answer["Items"] if item["sk"]["S"] != SPREAD)
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _move_some(self, items: Sequence[Item], place: Move, patience: Patience) -> int:
        """How many of the items are at their new places, or outdated there, and removed."""
        table = self.portfolios.table
        targets = [place(_key(item)) for item in items]
        known = {
            _key(item): int(item["version"]["N"])
            for item in read_items(
                table,
                ({"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in targets),
                patience,
                attributes=("pk", "sk", "version"),
            )
        }
        copies: dict[Key, Statement] = {}
        for item, target in zip(items, targets, strict=True):
            if known.get(target, -1) < _version(item):
                copy = {**item, "pk": {"S": target[0]}}
                copies[target] = holding_write(table, copy, known.get(target))
        outcomes = write_each(list(copies.values()), patience)
        refused = {
            target for target, outcome in zip(copies, outcomes, strict=True) if outcome is not None
        }
        removals = [
            holding_removal(table, _key(item), _version(item))
            for item, target in zip(items, targets, strict=True)
            if target not in refused
        ]
        return sum(outcome is None for outcome in write_each(removals, patience))


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _version(item: Item) -> int:
    return int(item["version"]["N"])
