"""DynamoDB's Query and Scan."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from tests.kit.memory_aws.conditions import Condition, Values, compile_condition
from tests.kit.memory_aws.dynamodb import Answer, DynamoDB, Params
from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.grammar import Tree
from tests.kit.memory_aws.hooks import Twist
from tests.kit.memory_aws.plans import Decision, read_plan
from tests.kit.memory_aws.tables import (
    MAX_HASH_BYTES,
    MAX_RANGE_BYTES,
    Index,
    KeySchema,
    Table,
    plain_key,
)
from tests.kit.memory_aws.values import Item, item_size, normalised, value_size

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
MAX_PAGE_BYTES: Final = 1024 * 1024
_RANGE_SIGNS: Final = frozenset(("=", "<", "<=", ">", ">="))


class _KeyCondition(NamedTuple):
    hash_value: str
    range_value: str | None
    within: Condition | None


@cache
def _key_condition(tree: Tree, keys: KeySchema) -> _KeyCondition:
    hash_value: str | None = None
    range_tree: Tree | None = None
    for part in _conjuncts(tree):
        subject = part[2] if part[0] == "cmp" else part[1]
        operand = part[3] if part[0] == "cmp" else part[2]
        if subject[0] != "path" or len(subject[1]) != 1 or operand[0] != "value":
            raise _bad_key_condition()
        name = subject[1][0]
        if name == keys.hash_name and hash_value is None:
            if part[:2] != ("cmp", "="):
                raise invalid("Query key condition not supported")
            hash_value = operand[1]
        elif name == keys.range_name and range_tree is None:
            if part[0] == "cmp" and part[1] not in _RANGE_SIGNS:
                raise _bad_key_condition()
            range_tree = part
        else:
            raise invalid("Query condition missed key schema element")
    if hash_value is None:
        raise invalid(f"Query condition missed key schema element: {keys.hash_name}")
    if range_tree is None:
        return _KeyCondition(hash_value, None, None)
    operand = range_tree[3] if range_tree[0] == "cmp" else range_tree[2]
    return _KeyCondition(hash_value, operand[1], compile_condition(range_tree))


def _conjuncts(tree: Tree) -> Iterator[Tree]:
    if tree[0] == "and":
        yield from _conjuncts(tree[1])
        yield from _conjuncts(tree[2])
    elif tree[0] in ("cmp", "between", "begins_with"):
        yield tree
    else:
        raise _bad_key_condition()


def _bad_key_condition() -> ServiceError:
    return invalid(
        "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression"
    )


def query(dynamodb: DynamoDB, params: Params, twist: Twist) -> Answer:
    """Query, of a table or an index, one page."""
    table = dynamodb.table(params["TableName"])
    plan, values = read_plan(params)
    index, place = _index(table, params)
    keys = table.keys if index is None else index.keys
    if plan.key is None:
        raise invalid("Either the KeyConditions or KeyConditionExpression parameter must be given")
    expected = _key_condition(plan.key, keys)
    _check_operand(values, expected.hash_value, keys.hash_kind, MAX_HASH_BYTES)
    if expected.range_value is not None:
        _check_operand(values, expected.range_value, keys.range_kind, MAX_RANGE_BYTES)
    if not plan.filter_names.isdisjoint(keys.names):
        raise invalid("Filter Expression can only contain non-primary key attributes")
    consistent = params.get("ConsistentRead", False)
    stale = twist.stale and not consistent
    hash_value = plain_key(values[expected.hash_value])
    if index is None:
        entries = table.partition(hash_value, stale=stale)
    else:
        entries = table.index_partition(index, place, hash_value, stale=stale)
    items = [item for _order, item in entries]
    if expected.within is not None:
        items = [item for item in items if expected.within(item, values)]
    backward = not params.get("ScanIndexForward", True)
    if backward:
        items.reverse()
    start = params.get("ExclusiveStartKey")
    if start is not None:
        _check_start(table, index, start, values, expected)
        items = _after(table, index, items, start, backward=backward)
    return _page(dynamodb, table, index, params, plan, values, items)


def _index(table: Table, params: Params) -> tuple[Index | None, int]:
    name = params.get("IndexName")
    if name is None:
        return None, 0
    if params.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return table.index(name)


def _check_operand(values: Values, name: str, kind: str | None, max_bytes: int) -> None:
    if kind not in values[name]:
        raise invalid(
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type"
        )
    if values[name][kind] in ("", b""):
        raise invalid("One or more parameter values are not valid: an empty key value")
    # Other fakes answer such a query with no items; AWS refuses it.
    if value_size(values[name]) > max_bytes:
        raise invalid(
            "One or more parameter values were invalid: Size of a key has exceeded the maximum "
            f"size limit of {max_bytes} bytes"
        )


def _place(table: Table, index: Index | None, item: Item) -> tuple[Any, ...]:
    """The place of an item in a partition, for comparison."""
    keys = table.keys if index is None else index.keys
    order = None if keys.range_name is None else plain_key(item[keys.range_name])
    return (order is not None, order, repr(table.key_of(item)) if index is not None else "")


def _check_start(
    table: Table, index: Index | None, start: Item, values: Values, expected: _KeyCondition
) -> None:
    """The item a page starts after lies within what the query asks for."""
    keys = table.keys if index is None else index.keys
    if set(start) != set(table.keys.names) | set(keys.names):
        raise invalid("The provided starting key is invalid")
    table.key_of(start)
    start = {name: normalised(value) for name, value in start.items()}
    inside = start[keys.hash_name] == values[expected.hash_value]
    if expected.within is not None:
        inside = inside and expected.within(start, values)
    if not inside:
        raise invalid(
            "The provided starting key is outside query boundaries based on provided conditions"
        )


def _after(
    table: Table, index: Index | None, items: list[Item], start: Item, *, backward: bool
) -> list[Item]:
    passed = _place(table, index, {name: normalised(value) for name, value in start.items()})
    if backward:
        return [item for item in items if _place(table, index, item) < passed]
    return [item for item in items if _place(table, index, item) > passed]


def scan(dynamodb: DynamoDB, params: Params, twist: Twist) -> Answer:
    """Scan, of a table or an index, one page; always shows the latest state."""
    table = dynamodb.table(params["TableName"])
    plan, values = read_plan(params)
    index, _number = _index(table, params)
    items = table.everything()
    if index is not None:
        items = [item for item in items if all(name in item for name in index.keys.names)]
    segments = params.get("TotalSegments")
    if segments:
        own = params["Segment"]
        items = [
            item for item in items if table.scan_order(table.key_of(item))[0] % segments == own
        ]
    start = params.get("ExclusiveStartKey")
    if start is not None:
        passed = table.scan_order(table.key_of(start))
        items = [item for item in items if table.scan_order(table.key_of(item)) > passed]
    return _page(dynamodb, table, index, params, plan, values, items)


def _page(
    dynamodb: DynamoDB,
    table: Table,
    index: Index | None,
    params: Params,
    plan: Decision,
    values: Values,
    items: list[Item],
) -> Answer:
    limit = params.get("Limit")
    if limit is not None and limit < 1:
        raise invalid("Limit must be greater than or equal to 1")
    page, stopped = _cut(index, items, limit)
    answer: Answer = {"Count": 0, "ScannedCount": len(page)}
    views = page if index is None else [index.view(item) for item in page]
    kept = views if plan.filter is None else [i for i in views if plan.filter(i, values)]
    answer["Count"] = len(kept)
    if params.get("Select") != "COUNT":
        project = plan.projection or dict
        answer["Items"] = [project(item) for item in kept]
    if stopped:
        names = dict.fromkeys((*table.keys.names, *(index.keys.names if index else ())))
        answer["LastEvaluatedKey"] = {name: page[-1][name] for name in names}
    meter = dynamodb.meter(params)
    if meter is not None:
        consistent = params.get("ConsistentRead", False)
        meter.read(table, views, consistent=consistent, index=index)
        report = meter.report(params.get("ReturnConsumedCapacity"))
        if report:
            answer["ConsumedCapacity"] = report[0]
    return answer


def _cut(index: Index | None, items: list[Item], limit: int | None) -> tuple[list[Item], bool]:
    """(the items read for one page, whether the page ended before the items did)."""
    if limit is not None and len(items) >= limit:
        items, stopped = items[:limit], True
    else:
        stopped = False
    if len(items) < 3:
        return items, stopped
    total = 0
    for count, item in enumerate(items):
        total += item_size(item if index is None else index.view(item))
        if total > MAX_PAGE_BYTES and count:
            return items[:count], True
    return items, stopped
