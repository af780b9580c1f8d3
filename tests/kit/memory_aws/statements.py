"""ExecuteStatement and BatchExecuteStatement."""

from __future__ import annotations

from typing import Any, Final

from tests.kit.memory_aws.capacity import Meter
from tests.kit.memory_aws.dynamodb import Answer, DynamoDB, Params, condition_failed
from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.hooks import Twist
from tests.kit.memory_aws.partiql import Statement, read_statement
from tests.kit.memory_aws.tables import Key, Table
from tests.kit.memory_aws.updates import fragments
from tests.kit.memory_aws.values import Item, normalised

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
MAX_STATEMENTS: Final = 25

_REACHED_THE_TABLE: Final = frozenset(("ConditionalCheckFailed", "DuplicateItem"))


def execute_statement(dynamodb: DynamoDB, params: Params, twist: Twist) -> Answer:
    """ExecuteStatement: one item, or a SELECT over a whole table."""
    statement = read_statement(params["Statement"])
    meter = dynamodb.meter(params)
    answer: Answer = {"Items": _run(dynamodb, statement, params, twist, meter)}
    report = [] if meter is None else meter.report(params.get("ReturnConsumedCapacity"))
    if report:
        answer["ConsumedCapacity"] = report[0]
    return answer


def batch_execute_statement(dynamodb: DynamoDB, params: Params, twist: Twist) -> Answer:
    """BatchExecuteStatement: each statement succeeds or fails for itself."""
    requests = params["Statements"]
    if not 1 <= len(requests) <= MAX_STATEMENTS:
        raise invalid("Member must have length less than or equal to 25")
    meter = dynamodb.meter(params)
    responses = [
        _respond(dynamodb, request, twist, meter, twist.member_errors.get(place))
        for place, request in enumerate(requests)
    ]
    answer: Answer = {"Responses": responses}
    report = [] if meter is None else meter.report(params.get("ReturnConsumedCapacity"))
    if report:
        answer["ConsumedCapacity"] = report
    return answer


def _respond(
    dynamodb: DynamoDB, request: Params, twist: Twist, meter: Meter | None, injected: str | None
) -> Answer:
    if injected is not None:
        return {"Error": {"Code": injected, "Message": "Injected"}}
    name = None
    try:
        statement = read_statement(request["Statement"])
        name = statement.table
        if statement.kind == "SELECT":
            _require_full_key(dynamodb.table(name), statement)
        items = _run(dynamodb, statement, request, twist, meter)
    except ServiceError as error:
        code = error.code.removesuffix("Exception")
        if code == "Validation":
            code = "ValidationError"
        failed: Answer = {"Error": {"Code": code, "Message": error.message, **error.members}}
        if code in _REACHED_THE_TABLE:
            failed["TableName"] = name
        return failed
    response: Answer = {"TableName": name}
    if items:
        response["Item"] = items[0]
    return response


def _run(
    dynamodb: DynamoDB, statement: Statement, request: Params, twist: Twist, meter: Meter | None
) -> list[Item]:
    given = request.get("Parameters") or ()
    if len(given) != statement.parameters:
        raise invalid("Number of parameters in request and statement don't match.")
    values = [normalised(value) for value in given]
    table = dynamodb.table(statement.table)
    if statement.kind == "INSERT":
        return _insert(table, statement, values, meter)
    if statement.kind == "SELECT":
        return _select(table, statement, values, request, twist, meter)
    key = _target(table, statement, values)
    old = table.items.get(key)
    if statement.kind == "DELETE":
        return _delete(table, statement, values, request, key, old, meter)
    assert statement.condition is not None
    assert statement.update is not None
    if any(path[0] in table.keys.names for path in statement.update_paths):
        raise invalid("Cannot update attribute. This attribute is part of the key")
    if old is None or not statement.condition(old, values):
        raise condition_failed(old, request)
    new = statement.update(old, values)
    table.check(key, old, new)
    table.write(key, old, new)
    if meter is not None:
        meter.write(table, old, new)
    return _returned(statement, old, new)


def _returned(statement: Statement, old: Item, new: Item) -> list[Item]:
    if statement.returning is None:
        return []
    which, when = statement.returning.split()
    image = old if when == "OLD" else new
    if which == "ALL":
        return [dict(image)]
    return [fragments(image, statement.update_paths)]


def _insert(
    table: Table, statement: Statement, values: list[Any], meter: Meter | None
) -> list[Item]:
    assert statement.item is not None
    whole = normalised(statement.item(values))
    if "M" not in whole:
        raise invalid("The value of an INSERT must be a map")
    item: Item = whole["M"]
    key = table.key_of(item)
    if key in table.items:
        raise ServiceError("DuplicateItemException", "Duplicate primary key exists in table")
    table.check(key, None, item)
    table.write(key, None, item)
    if meter is not None:
        meter.write(table, None, item)
    return []


def _delete(
    table: Table,
    statement: Statement,
    values: list[Any],
    request: Params,
    key: Key,
    old: Item | None,
    meter: Meter | None,
) -> list[Item]:
    assert statement.condition is not None
    if statement.returning not in (None, "ALL OLD"):
        raise invalid("Only RETURNING ALL OLD * is allowed in DELETE statements.")
    if old is None:
        return []
    if not statement.condition(old, values):
        raise condition_failed(old, request)
    table.write(key, old, None)
    if meter is not None:
        meter.write(table, old, None)
    return [] if statement.returning is None else [dict(old)]


def _select(
    table: Table,
    statement: Statement,
    values: list[Any],
    request: Params,
    twist: Twist,
    meter: Meter | None,
) -> list[Item]:
    index = None if statement.index is None else table.index(statement.index)[0]
    consistent = request.get("ConsistentRead", False)
    names = {name for name, _operand in statement.equalities}
    if index is None and names.issuperset(table.keys.names):
        item = table.seen(_target(table, statement, values), stale=twist.stale and not consistent)
        items = [] if item is None else [item]
    else:
        items = table.everything()
        if index is not None:
            items = [
                index.view(item) for item in items if all(name in item for name in index.keys.names)
            ]
    if meter is not None:
        meter.read(table, items, consistent=consistent, index=index)
    condition = statement.condition
    found = [item for item in items if condition is None or condition(item, values)]
    if statement.projection:
        return [fragments(item, statement.projection) for item in found]
    return [dict(item) for item in found]


def _require_full_key(table: Table, statement: Statement) -> None:
    named = {name for name, _operand in statement.equalities}
    if not named.issuperset(table.keys.names):
        raise invalid(
            "Select statements within BatchExecuteStatement must specify the primary key in the "
            "where clause."
        )


def _target(table: Table, statement: Statement, values: list[Any]) -> Key:
    """The key of the one item a WHERE names."""
    named: Item = {}
    for name, operand in statement.equalities:
        value = operand({}, values)
        if value is not None and name in table.keys.names:
            named.setdefault(name, value)
    if len(named) != len(table.keys.names):
        raise invalid("Where clause does not contain a mandatory equality on all key attributes")
    return table.key_of(named)
