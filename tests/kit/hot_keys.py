"""A hook of the AWS in memory that limits the units of a partition key a second, in virtual time.

Every call takes a little time of the tests' clock, and a key without units left is throttled as by
DynamoDB: a whole call, a member of a batch, a reason of a transaction. A key has a partition of its
own here, as a busy one comes to have.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.kit.memory_aws import MemoryAws, Twist, throttled
from tests.kit.memory_aws.capacity import READ_UNIT_BYTES, WRITE_UNIT_BYTES
from tests.kit.memory_aws.partiql import read_statement
from tests.kit.memory_aws.values import Item, item_size, normalised
from tests.kit.pipeline import Clock

WRITE_UNITS_A_SECOND = 1000.0
READ_UNITS_A_SECOND = 3000.0
BATCHES = ("BatchWriteItem", "BatchExecuteStatement", "BatchGetItem", "TransactWriteItems")
# `pk = :pk` or `#pk = :pk`, anywhere in a key condition.
EQUALITY = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


@dataclass(frozen=True, slots=True)
class Use:
    """The units that a member of a call takes from a key; an index has keys of its own."""

    table: str
    key: str
    units: float
    is_read: bool = False


@dataclass
class HotKeys:
    """Throttles keys with more than these units a second.

    `throttled` counts how often, by table, key, and whether it was read.
    """

    memory: MemoryAws
    clock: Clock
    write_units: float = WRITE_UNITS_A_SECOND
    read_units: float = READ_UNITS_A_SECOND
    seconds_a_call: float = 0.005
    throttled: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    _left: dict[tuple[str, str, bool], tuple[float, float]] = field(default_factory=dict)

    def before(
        self, _number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Throttles the call, or those of its members whose key has no units left."""
        if service != "dynamodb":
            return None
        self.clock.now += self.seconds_a_call
        refused = [
            place for place, use in enumerate(self._uses(operation, params)) if not self._take(use)
        ]
        if not refused:
            return None
        if operation not in BATCHES:
            raise throttled(service)
        return Twist(member_errors=dict.fromkeys(refused, "ThrottlingError"))

    def after(
        self,
        _number: int,
        _service: str,
        operation: str,
        params: dict[str, Any],
        answer: dict[str, Any],
    ) -> None:
        """Takes the units of a query's items, which are known only afterwards."""
        if operation == "Query":
            size = sum(map(item_size, answer["Items"]))
            (use,) = self._uses(operation, params)
            units = _read_units(size, params) - use.units
            self._spend(Use(use.table, use.key, units, is_read=True))

    def _take(self, use: Use) -> bool:
        """True when the key had units left: a key with any unit left takes the whole item."""
        most = self.read_units if use.is_read else self.write_units
        left, since = self._left.get((use.table, use.key, use.is_read), (most, self.clock.now))
        left = min(most, left + (self.clock.now - since) * most)
        self._left[use.table, use.key, use.is_read] = left, self.clock.now
        if left <= 0:
            self.throttled[use.table, use.key, use.is_read] += 1
            return False
        self._spend(use)
        return True

    def _spend(self, use: Use) -> None:
        left, since = self._left[use.table, use.key, use.is_read]
        self._left[use.table, use.key, use.is_read] = left - use.units, since

    def _uses(self, operation: str, params: dict[str, Any]) -> Iterator[Use]:
        """The units of each member of the call, in their order."""
        match operation:
            case "PutItem":
                yield self._write(params["TableName"], params["Item"])
            case "UpdateItem" | "DeleteItem":
                yield self._write(params["TableName"], params["Key"])
            case "GetItem":
                yield self._read(params["TableName"], params["Key"], params)
            case "Query":
                yield Use(params["TableName"], _queried(params), 0.5, is_read=True)
            case "BatchExecuteStatement":
                for one in params["Statements"]:
                    yield self._write(*_written(one["Statement"], one["Parameters"]))
            case "TransactWriteItems":
                for action in params["TransactItems"]:
                    ((_, request),) = action.items()
                    item = request.get("Item") or request["Key"]
                    yield self._write(request["TableName"], item, factor=2.0)
            case _:
                yield from self._of_items(params.get("RequestItems", {}))

    def _of_items(self, requests: dict[str, Any]) -> Iterator[Use]:
        """The units of BatchGetItem and BatchWriteItem."""
        for table, request in requests.items():
            if isinstance(request, dict):
                yield from (self._read(table, key, request) for key in request["Keys"])
                continue
            for entry in request:
                ((_, one),) = entry.items()
                yield self._write(table, one.get("Item") or one["Key"])

    def _write(self, table: str, item: Item, *, factor: float = 1.0) -> Use:
        """An item that is written, by its new form or its key; the larger form counts."""
        size = max(item_size(item), item_size(self._stored(table, item)))
        return Use(table, self._key(table, item), factor * max(1, -(-size // WRITE_UNIT_BYTES)))

    def _read(self, table: str, key: Item, request: dict[str, Any]) -> Use:
        size = item_size(self._stored(table, key))
        return Use(table, self._key(table, key), _read_units(size, request), is_read=True)

    def _stored(self, name: str, item: Item) -> Item:
        table = self.memory.dynamodb.tables[name]
        return table.items.get(table.key_of(item)) or {}

    def _key(self, name: str, item: Item) -> str:
        (text,) = item[self.memory.dynamodb.tables[name].keys.hash_name].values()
        return str(text)


def _read_units(size: int, request: dict[str, Any]) -> float:
    return max(1, -(-size // READ_UNIT_BYTES)) * (1.0 if request.get("ConsistentRead") else 0.5)


def _queried(params: dict[str, Any]) -> str:
    """The partition key of a query, with the name of its index before it."""
    conditions = EQUALITY.findall(params["KeyConditionExpression"])
    (text,) = params["ExpressionAttributeValues"][conditions[0][1]].values()
    return f"{params.get('IndexName', '')}{text}"


def _written(text: str, parameters: list[Any]) -> tuple[str, Item]:
    """The table, and the new item or the key, of a statement that writes."""
    statement = read_statement(text)
    values = [normalised(value) for value in parameters]
    if statement.item is not None:
        item: Item = normalised(statement.item(values))["M"]
        return statement.table, item
    equal = {name: operand({}, values) for name, operand in statement.equalities}
    return statement.table, {name: value for name, value in equal.items() if value is not None}
