"""DynamoDB's operations on single items and batches; queries are in `queries`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.kit.memory_aws.capacity import Meter
from tests.kit.memory_aws.conditions import Values
from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.hooks import Twist
from tests.kit.memory_aws.plans import Decision, read_plan
from tests.kit.memory_aws.tables import Key, Snapshot, Table, Watch
from tests.kit.memory_aws.updates import fragments
from tests.kit.memory_aws.values import Item, item_size, normalised

Params = dict[str, Any]
Answer = dict[str, Any]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_BATCH_GET: Final = 100
MAX_BATCH_WRITE: Final = 25
MAX_BATCH_WRITE_BYTES: Final = 16 * 1024**2
MAX_TRANSACTION: Final = 100
ACTIONS: Final = frozenset({"ConditionCheck", "Delete", "Put", "Update"})
MAX_TRANSACTION_BYTES: Final = 4 * 1024**2
# A ClientRequestToken is good for 10 minutes.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
TOKEN_SECONDS: Final = 600

_NOTHING: Final[Item] = {}
_OLD_VALUES: Final = frozenset(("NONE", "ALL_OLD"))
_ALL_VALUES: Final = frozenset(("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"))


class DynamoDB:
    """The tables by name. `metered` counts capacity units for every call, asked for or not."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.tables: dict[str, Table] = {}
        self.metered = False
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}

    # Simulation

    def create_table(self, properties: Params, name: str | None = None) -> Table:
        """A new, empty table from CloudFormation's properties or CreateTable's parameters."""
        name = name or properties["TableName"]
        self.tables[name] = Table.create(properties, name, self._clock)
        return self.tables[name]

    def watch(self, watch: Watch | None) -> None:
        """Calls `watch(table, key, old, new)` after every change of an item."""
        for table in self.tables.values():
            table.watch = watch

    def snapshot(self) -> dict[str, Snapshot]:
        """All tables, for `restore`."""
        return {name: table.snapshot() for name, table in self.tables.items()}

    def restore(self, snapshot: dict[str, Snapshot]) -> None:
        """Back to the snapshot."""
        for name, contents in snapshot.items():
            self.tables[name].restore(contents)
        self._tokens = {}

    def table(self, name: str) -> Table:
        """The table, also by its ARN."""
        try:
            return self.tables[name]
        except KeyError:
            pass
        short = name.rpartition(":table/")[2]
        if short in self.tables:
            return self.tables[short]
        raise ServiceError("ResourceNotFoundException", "Requested resource not found")

    def meter(self, params: Params, *, factor: float = 1.0) -> Meter | None:
        """A meter if the request or the test needs one."""
        if self.metered or "ReturnConsumedCapacity" in params:
            return Meter(factor=factor)
        return None

    # Tables

    def describe_table(self, params: Params, _twist: Twist) -> Answer:
        """The parts of a description that clients read."""
        table = self.table(params["TableName"])
        schema = [{"AttributeName": table.keys.hash_name, "KeyType": "HASH"}]
        if table.keys.range_name is not None:
            schema.append({"AttributeName": table.keys.range_name, "KeyType": "RANGE"})
        described = {
            "TableName": table.name,
            "TableStatus": "ACTIVE",
            "KeySchema": schema,
            "ItemCount": len(table.items),
            "TableArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table.name}",
        }
        return {"Table": described}

    # Single items

    def get_item(self, params: Params, twist: Twist) -> Answer:
        """GetItem."""
        table = self.table(params["TableName"])
        plan, _values = read_plan(params)
        consistent = params.get("ConsistentRead", False)
        key = table.strict_key_of(params["Key"])
        item = table.seen(key, stale=twist.stale and not consistent)
        answer: Answer = {}
        if item is not None:
            answer["Item"] = dict(item) if plan.projection is None else plan.projection(item)
        meter = self.meter(params)
        if meter is not None:
            meter.read(table, [item or {}], consistent=consistent)
            _report_one(answer, meter, params)
        return answer

    def put_item(self, params: Params, _twist: Twist) -> Answer:
        """PutItem."""
        table = self.table(params["TableName"])
        _check_return_values(params, _OLD_VALUES)
        plan, values = read_plan(params)
        item = {name: normalised(value) for name, value in params["Item"].items()}
        key = table.key_of(item)
        old = table.items.get(key)
        _require(plan, values, old, params)
        table.check(key, None, item)
        table.write(key, old, item)
        return self._written(table, params, plan, old, item)

    def delete_item(self, params: Params, _twist: Twist) -> Answer:
        """DeleteItem."""
        table = self.table(params["TableName"])
        _check_return_values(params, _OLD_VALUES)
        plan, values = read_plan(params)
        key = table.strict_key_of(params["Key"])
        old = table.items.get(key)
        _require(plan, values, old, params)
        table.write(key, old, None)
        return self._written(table, params, plan, old, None)

    def update_item(self, params: Params, _twist: Twist) -> Answer:
        """UpdateItem."""
        table = self.table(params["TableName"])
        _check_return_values(params, _ALL_VALUES)
        plan, values = read_plan(params)
        _refuse_key_update(table, plan)
        key = table.strict_key_of(params["Key"])
        old = table.items.get(key)
        _require(plan, values, old, params)
        new = _updated(table, key, params["Key"], plan, values, old)
        table.write(key, old, new)
        return self._written(table, params, plan, old, new)

    def _written(
        self, table: Table, params: Params, plan: Decision, old: Item | None, new: Item | None
    ) -> Answer:
        answer: Answer = {}
        expected = params.get("ReturnValues", "NONE")
        if expected != "NONE":
            attributes = _attributes(expected, plan, old, new)
            if attributes:
                answer["Attributes"] = attributes
        meter = self.meter(params)
        if meter is not None:
            meter.write(table, old, new)
            _report_one(answer, meter, params)
        return answer

    # Batches

    def batch_get_item(self, params: Params, twist: Twist) -> Answer:
        """BatchGetItem; the answers come in the order asked, which AWS does not promise."""
        requests = params["RequestItems"]
        expected = [self._read_keys(name, request) for name, request in requests.items()]
        if sum(len(keys) for _table, keys, _plan in expected) > MAX_BATCH_GET:
            raise invalid("Too many items requested for the BatchGetItem call")
        responses: dict[str, list[Item]] = {}
        unprocessed: dict[str, Any] = {}
        meter = self.meter(params)
        place = 0
        for (name, request), (table, keys, plan) in zip(requests.items(), expected, strict=True):
            consistent = request.get("ConsistentRead", False)
            stale = twist.stale and not consistent
            found = responses.setdefault(name, [])
            for key, given in zip(keys, request["Keys"], strict=True):
                place += 1
                if place - 1 in twist.member_errors:
                    unprocessed.setdefault(name, {**request, "Keys": []})["Keys"].append(given)
                    continue
                item = table.seen(key, stale=stale)
                if meter is not None:
                    meter.read(table, [item or {}], consistent=consistent)
                if item is not None:
                    found.append(dict(item) if plan.projection is None else plan.projection(item))
        answer = {"Responses": responses, "UnprocessedKeys": unprocessed}
        return _report_all(answer, meter, params)

    def _read_keys(self, name: str, request: Params) -> tuple[Table, list[Key], Decision]:
        table = self.table(name)
        plan, _values = read_plan(request)
        keys = [table.strict_key_of(key) for key in request["Keys"]]
        if len(set(keys)) != len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        return table, keys, plan

    def batch_write_item(self, params: Params, twist: Twist) -> Answer:
        """BatchWriteItem."""
        writes: list[tuple[str, Table, Key, Item | None, Any]] = []
        for name, requests in params["RequestItems"].items():
            table = self.table(name)
            writes.extend((name, table, *_batch_write(table, entry), entry) for entry in requests)
        if not 1 <= len(writes) <= MAX_BATCH_WRITE:
            raise invalid("Too many items requested for the BatchWriteItem call")
        if len({(table.name, key) for _name, table, key, _item, _entry in writes}) != len(writes):
            raise invalid("Provided list of item keys contains duplicates")
        if sum(item_size(item or {}) for _name, _table, _key, item, _entry in writes) > (
            MAX_BATCH_WRITE_BYTES
        ):
            raise invalid("Item collection of the BatchWriteItem call exceeds 16 MB")
        unprocessed: dict[str, list[Any]] = {}
        meter = self.meter(params)
        for place, (name, table, key, item, entry) in enumerate(writes):
            if place in twist.member_errors:
                unprocessed.setdefault(name, []).append(entry)
                continue
            old = table.items.get(key)
            table.write(key, old, item)
            if meter is not None:
                meter.write(table, old, item)
        return _report_all({"UnprocessedItems": unprocessed}, meter, params)

    # Transactions

    def transact_get_items(self, params: Params, _twist: Twist) -> Answer:
        """TransactGetItems."""
        requests = [entry["Get"] for entry in params["TransactItems"]]
        if not 1 <= len(requests) <= MAX_TRANSACTION:
            raise invalid("Member must have length less than or equal to 100")
        meter = self.meter(params, factor=2.0)
        found: list[Answer] = []
        seen: set[tuple[str, Key]] = set()
        for request in requests:
            table = self.table(request["TableName"])
            plan, _values = read_plan(request)
            key = table.strict_key_of(request["Key"])
            _refuse_second(seen, table, key)
            item = table.items.get(key)
            if meter is not None:
                meter.read(table, [item or {}], consistent=True)
            if item is None:
                found.append({})
            else:
                shown = dict(item) if plan.projection is None else plan.projection(item)
                found.append({"Item": shown} if shown else {})
        return _report_all({"Responses": found}, meter, params)

    def transact_write_items(self, params: Params, twist: Twist) -> Answer:
        """TransactWriteItems: all or nothing, with a reason for each action when nothing."""
        actions = params["TransactItems"]
        if not 1 <= len(actions) <= MAX_TRANSACTION:
            raise invalid("Member must have length less than or equal to 100")
        token = params.get("ClientRequestToken")
        if token is not None and self._answered(token, repr(actions)):
            return {}
        seen: set[tuple[str, Key]] = set()
        prepared = [self._prepare(action, seen) for action in actions]
        writes: list[tuple[Table, Key, Item | None, Item | None]] = []
        reasons: list[dict[str, Any]] = []
        for place, (kind, request, table, key, plan, values) in enumerate(prepared):
            reason: dict[str, Any] = {"Code": "None"}
            if place in twist.member_errors:
                reason = {"Code": twist.member_errors[place], "Message": "Injected"}
            else:
                try:
                    writes.append((table, key, *_act(kind, request, table, key, plan, values)))
                except ServiceError as error:
                    reason = _reason(error)
            reasons.append(reason)
        codes = [reason["Code"] for reason in reasons]
        if any(code != "None" for code in codes):
            raise ServiceError(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                f"[{', '.join(codes)}]",
                CancellationReasons=reasons,
                Message="Transaction cancelled",
            )
        if sum(item_size(new or {}) for _table, _key, _old, new in writes) > MAX_TRANSACTION_BYTES:
            raise invalid("Transaction request exceeds the aggregate size of 4 MB")
        meter = self.meter(params, factor=2.0)
        for (table, key, old, new), (kind, *_rest) in zip(writes, prepared, strict=True):
            if kind != "ConditionCheck":
                table.write(key, old, new)
            if meter is not None:
                meter.write(table, old, new)
        if token is not None:
            self._tokens[token] = (repr(actions), self._clock())
        return _report_all({}, meter, params)

    def _answered(self, token: str, actions: str) -> bool:
        known = self._tokens.get(token)
        if known is None or self._clock() - known[1] > TOKEN_SECONDS:
            return False
        if known[0] != actions:
            raise ServiceError(
                "IdempotentParameterMismatchException",
                "Request token already in use for another request",
            )
        return True

    def _prepare(
        self, action: Params, seen: set[tuple[str, Key]]
    ) -> tuple[str, Params, Table, Key, Decision, Values]:
        if len(action) != 1 or not action.keys() <= ACTIONS:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        kind, request = next(iter(action.items()))
        table = self.table(request["TableName"])
        plan, values = read_plan(request)
        if kind == "Put":
            item = {name: normalised(value) for name, value in request["Item"].items()}
            request = {**request, "Item": item}
            key = table.key_of(item)
            table.check(key, None, item)
        else:
            key = table.strict_key_of(request["Key"])
        if kind == "Update":
            _refuse_key_update(table, plan)
        _refuse_second(seen, table, key)
        return kind, request, table, key, plan, values


def _refuse_second(seen: set[tuple[str, Key]], table: Table, key: Key) -> None:
    if (table.name, key) in seen:
        raise invalid("Transaction request cannot include multiple operations on one item")
    seen.add((table.name, key))


def _act(
    kind: str, request: Params, table: Table, key: Key, plan: Decision, values: Values
) -> tuple[Item | None, Item | None]:
    old = table.items.get(key)
    _require(plan, values, old, request)
    if kind == "Put":
        return old, request["Item"]
    if kind == "Update":
        return old, _updated(table, key, request["Key"], plan, values, old)
    return old, old if kind == "ConditionCheck" else None


def _reason(error: ServiceError) -> dict[str, Any]:
    code = error.code.removesuffix("Exception")
    return {
        "Code": "ValidationError" if code == "Validation" else code,
        "Message": error.message,
        **error.members,
    }


def _batch_write(table: Table, entry: Params) -> tuple[Key, Item | None]:
    if "DeleteRequest" in entry:
        return table.strict_key_of(entry["DeleteRequest"]["Key"]), None
    given = entry["PutRequest"]["Item"]
    item = {name: normalised(value) for name, value in given.items()}
    key = table.key_of(item)
    table.check(key, None, item)
    return key, item


def _require(plan: Decision, values: Values, old: Item | None, request: Params) -> None:
    if plan.condition is None or plan.condition(old or _NOTHING, values):
        return
    raise condition_failed(old, request)


def condition_failed(old: Item | None, request: Params) -> ServiceError:
    """The error of a failed condition, with the old item if the request wants it."""
    members: dict[str, Any] = {}
    if old is not None and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        members["Item"] = dict(old)
    return ServiceError(
        "ConditionalCheckFailedException", "The conditional request failed", **members
    )


def _refuse_key_update(table: Table, plan: Decision) -> None:
    if not plan.update_names.isdisjoint(table.keys.names):
        raise invalid(
            "One or more parameter values were invalid: Cannot update attribute. "
            "This attribute is part of the key"
        )


def _updated(
    table: Table, key: Key, given: Item, plan: Decision, values: Values, old: Item | None
) -> Item:
    base = old
    if base is None:
        base = {name: normalised(value) for name, value in given.items()}
    new = dict(base) if plan.update is None else plan.update(base, values, old is not None)
    table.check(key, old, new)
    return new


def _check_return_values(params: Params, allowed: frozenset[str]) -> None:
    expected = params.get("ReturnValues")
    if expected is not None and expected not in allowed:
        raise invalid(f"Return values set to invalid value: {expected}")


def _attributes(expected: str, plan: Decision, old: Item | None, new: Item | None) -> Item:
    if expected == "ALL_OLD":
        return dict(old or {})
    if expected == "ALL_NEW":
        return dict(new or {})
    shown = old if expected == "UPDATED_OLD" else new
    return fragments(shown or {}, plan.update_paths)


def _report_one(answer: Answer, meter: Meter, params: Params) -> None:
    report = meter.report(params.get("ReturnConsumedCapacity"))
    if report:
        answer["ConsumedCapacity"] = report[0]


def _report_all(answer: Answer, meter: Meter | None, params: Params) -> Answer:
    report = [] if meter is None else meter.report(params.get("ReturnConsumedCapacity"))
    if report:
        answer["ConsumedCapacity"] = report
    return answer
