"""Random DynamoDB operations over a few keys, for the fidelity tests.

Every sequence has keys of its own, so sequences do not disturb each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

Operation = tuple[str, dict[str, Any]]

TABLES: Final[dict[str, dict[str, Any]]] = {
    "Pairs": {
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "grp", "AttributeType": "S"},
            {"AttributeName": "ranking", "AttributeType": "N"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-group",
                "KeySchema": [
                    {"AttributeName": "grp", "KeyType": "HASH"},
                    {"AttributeName": "ranking", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v", "word"]},
            },
            {
                "IndexName": "keys",
                "KeySchema": [{"AttributeName": "grp", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
        "BillingMode": "PAY_PER_REQUEST",
    },
    "Singles": {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
    "Rows": {
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    },
}

_NAMES: Final = {"#v": "v", "#w": "w", "#s": "status", "#d": "d", "#t": "t", "#m": "m", "#l": "l"}
_VALUES: Final[dict[str, Any]] = {
    ":one": {"N": "1"},
    ":two": {"N": "2"},
    ":half": {"N": "0.5"},
    ":big": {"N": "12345678901234567890"},
    ":x": {"S": "x"},
    ":xy": {"S": "xy"},
    ":ns": {"NS": ["1", "2"]},
    ":ns3": {"NS": ["3"]},
    ":ss": {"SS": ["x", "y"]},
    ":ssx": {"SS": ["x"]},
    ":yes": {"BOOL": True},
    ":map": {"M": {"a": {"N": "1"}, "b": {"S": "x"}}},
    ":list": {"L": [{"N": "1"}, {"S": "x"}]},
    ":type": {"S": "S"},
    ":tnum": {"S": "N"},
    ":bytes": {"B": b"\x00\xff"},
}
_ATTRIBUTES: Final = ("#v", "#w", "#s", "#d", "#t", "#m", "#l", "flag", "#m.a", "#l[0]", "payload")
_PLAIN_ATTRIBUTES: Final = ("#v", "#w", "#s", "#d", "#t", "#m", "#l", "payload")
_SIGNS: Final = ("=", "<>", "<", "<=", ">", ">=")
_UPDATES: Final = (
    "SET #v = :one",
    "SET #v = :two, #s = :x",
    "SET #s = :xy, #m = :map, #l = :list",
    "SET #w = if_not_exists(#w, :one)",
    "SET #w = if_not_exists(#w, :half) + :one",
    "SET #v = #v + :one",
    "SET #v = #v - :half",
    "SET #v = :one + :two",
    "SET #w = #v",
    "SET #w = #v, #v = #w",
    "SET #l = list_append(#l, :list)",
    "SET #l = list_append(if_not_exists(#l, :list), :list)",
    "SET #l[0] = :two",
    "SET #l[7] = :two",
    "SET #m.a = :two",
    "SET #m.c = :x, flag = :yes",
    "SET #m.a = #m.a + :one",
    "SET payload = :bytes",
    "SET #d = :ns REMOVE #v",
    "SET #s = :x REMOVE #w, #m.b",
    "SET #w = :big ADD #v :one",
    "ADD #v :one",
    "ADD #v :half",
    "ADD #d :ns",
    "ADD #d :ns3, #t :ss",
    "ADD #t :ssx DELETE #d :ns",
    "DELETE #d :ns",
    "DELETE #t :ssx",
    "REMOVE #s",
    "REMOVE #v, #w",
    "REMOVE #l[0]",
    "REMOVE #m.a, flag",
)
_REFUSED_UPDATES: Final = (
    "SET pk = :x",
    "SET status = :x",
    "SET #v = :one, #v = :two",
    "SET #v = :one SET #w = :two",
    "SET #m.a = :one, #m = :map",
    "ADD #s :x",
    "DELETE #v :one",
    "SET #v = :undefined",
    "SET #undefined = :one",
    "SET #v = ",
    "PUT #v = :one",
)


def _is_plain(update: str) -> bool:
    return "." not in update and "[" not in update and ":half" not in update


class Operations:
    """One sequence's operations, drawn from `chance`.

    With `plain` they leave out what moto is known not to do: document paths, sizes and types in
    conditions, projections, numbers in other than normal form, what UPDATED_* return. It takes
    a boolean for a number, so conditions leave booleans out too.
    """

    def __init__(self, chance: Random, sequence: int, *, plain: bool = False) -> None:
        self._chance = chance
        self._sequence = sequence
        self._plain = plain
        self._attributes = _PLAIN_ATTRIBUTES if plain else _ATTRIBUTES
        self._updates = tuple(u for u in _UPDATES if _is_plain(u)) if plain else _UPDATES

    def next(self) -> Operation:
        """Any operation."""
        kinds: tuple[tuple[int, Callable[[], Operation]], ...] = (
            (4, self._put),
            (7, self._update),
            (2, self._delete),
            (2, self._get),
            (4, self._query),
            (2, self._batch_get),
            (1, self._batch_write),
            (4, self._transact_write),
            (1, self._transact_get),
        )
        weights = [weight for weight, _make in kinds]
        return self._chance.choices([make for _weight, make in kinds], weights)[0]()

    # Parts

    def _pick(self, *options: Any) -> Any:
        return self._chance.choice(options)

    def _likely(self, share: float) -> bool:
        return self._chance.random() < share

    def table(self) -> str:
        """The name of a table."""
        return str(self._pick("Pairs", "Pairs", "Singles", "Rows"))

    def key(self, table: str) -> dict[str, Any]:
        """A key of this sequence."""
        pk = {"S": f"{self._sequence}-{self._pick('a', 'b')}"}
        if table == "Singles":
            return {"pk": pk}
        if table == "Rows":
            return {"pk": pk, "sk": {"N": self._pick("1", "2", "10")}}
        return {"pk": pk, "sk": {"S": self._pick("1", "12", "2")}}

    def _any_key(self, table: str) -> dict[str, Any]:
        """A key, now and then a bad one."""
        key = self.key(table)
        if self._likely(0.02):
            return dict(
                self._pick(
                    {**key, "pk": {"S": ""}},
                    {**key, "pk": {"N": "1"}},
                    {**key, "other": {"S": "x"}},
                    {"pk": key["pk"], "sk": {"BOOL": True}},
                )
            )
        return key

    def item(self, table: str) -> dict[str, Any]:
        """An item of this sequence, with any of the attributes."""
        item = self.key(table)
        for name, options in (
            ("v", ({"N": "1"}, {"N": "2.0"}, {"N": "-3"}, {"S": "x"}, {"N": "1e3"})),
            ("w", ({"N": "1"}, {"NULL": True})),
            ("status", ({"S": "x"}, {"S": "xy"}, {"S": ""})),
            ("d", ({"NS": ["1"]}, {"NS": ["3", "1.0"]})),
            ("t", ({"SS": ["y", "x"]},)),
            ("m", ({"M": {"a": {"N": "1"}, "b": {"S": "x"}}}, {"M": {}})),
            ("l", ({"L": [{"N": "1"}]}, {"L": []})),
            ("flag", ({"BOOL": True}, {"BOOL": False})),
            ("payload", ({"B": b"\x00\xff"}, {"B": b"\x00"})),
            ("word", ({"S": "word"},)),
        ):
            if self._likely(0.4):
                item[name] = options[0] if self._plain else self._pick(*options)
        if table == "Pairs" and self._likely(0.5):
            item["grp"] = {"S": f"{self._sequence}-g"}
            if self._likely(0.8):
                item["ranking"] = {"N": self._pick("1", "2", "3", "2.5")}
        if self._likely(0.02):
            item["bad"] = self._pick({"N": "one"}, {"NS": []}, {"SS": ["a", "a"]}, {"N": "1e126"})
        return item

    def condition(self, depth: int = 0) -> str:  # noqa: C901 (one branch for each kind)
        """A condition over the attributes; some are refused on sight."""
        kind = self._chance.randrange(13 if depth < 3 else 9)
        attribute = self._pick(*self._attributes)
        value = self._pick(":one", ":two", ":half", ":x", ":xy", ":yes", ":ns", ":map", ":bytes")
        if kind == 0:
            return f"attribute_exists({attribute})"
        if kind == 1:
            return f"attribute_not_exists({attribute})"
        if kind in (2, 3):
            sign = self._pick(*_SIGNS)
            if sign not in ("=", "<>") and self._likely(0.95):
                value = self._pick(":one", ":two", ":half", ":x", ":bytes")
            return f"{attribute} {sign} {value}"
        if kind == 4:
            return f"begins_with({attribute}, {':one' if self._likely(0.02) else ':x'})"
        if kind == 5:
            return f"contains({attribute}, {self._pick(':one', ':x', ':two')})"
        if kind == 6:
            return f"{attribute} IN ({value}, :two)"
        if kind == 7:
            bounds = self._pick(":one AND :two", ":x AND :xy", ":half AND :two")
            if self._likely(0.05):
                bounds = self._pick(":two AND :one", ":one AND :xy")
            return f"{attribute} BETWEEN {bounds}"
        if kind == 8:
            if self._plain or self._likely(0.1):
                return str(
                    self._pick(
                        f"{attribute} = #v",
                        "status = :x",
                        "((#v = :one))",
                        "#v = :one AND",
                        f"attribute_type({attribute}, :x)",
                    )
                )
            if self._likely(0.5):
                return f"size({attribute}) {self._pick(*_SIGNS)} :two"
            return f"attribute_type({attribute}, {self._pick(':type', ':tnum')})"
        if kind == 9:
            return f"NOT {self.condition(depth + 1)}"
        joined = self._pick("AND", "OR")
        left, right = self.condition(depth + 1), self.condition(depth + 1)
        return f"({left}) {joined} {right}" if kind == 10 else f"{left} {joined} {right}"

    def _with_references(self, params: dict[str, Any], *expressions: str | None) -> dict[str, Any]:
        text = " ".join(expression for expression in expressions if expression)
        names = {k: v for k, v in _NAMES.items() if re.search(re.escape(k) + r"\b", text)}
        values = {k: v for k, v in _VALUES.items() if re.search(re.escape(k) + r"\b", text)}
        if text and self._likely(0.02):
            values[":unused"] = {"S": "x"}
        if names:
            params["ExpressionAttributeNames"] = names
        if values:
            params["ExpressionAttributeValues"] = values
        return params

    def _conditioned(
        self, params: dict[str, Any], share: float, update: str | None = None
    ) -> dict[str, Any]:
        condition = self.condition() if self._likely(share) else None
        if condition is not None:
            params["ConditionExpression"] = condition
            if self._likely(0.5):
                params["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return self._with_references(params, condition, update)

    # Operations

    def _put(self) -> Operation:
        table = self.table()
        params: dict[str, Any] = {"TableName": table, "Item": self.item(table)}
        if self._likely(0.4):
            params["ReturnValues"] = self._pick("NONE", "ALL_OLD", "ALL_OLD")
        return "PutItem", self._conditioned(params, 0.5)

    def _update(self) -> Operation:
        table = self.table()
        update = self._pick(*(_REFUSED_UPDATES if self._likely(0.06) else self._updates))
        params = {"TableName": table, "Key": self._any_key(table), "UpdateExpression": update}
        returned = ["NONE", "ALL_OLD", "ALL_NEW"]
        if not self._plain:
            returned += ["UPDATED_OLD", "UPDATED_NEW"]
        params["ReturnValues"] = self._pick(*returned)
        return "UpdateItem", self._conditioned(params, 0.5, update)

    def _delete(self) -> Operation:
        table = self.table()
        params = {"TableName": table, "Key": self._any_key(table)}
        params["ReturnValues"] = self._pick("NONE", "ALL_OLD")
        return "DeleteItem", self._conditioned(params, 0.5)

    def _projected(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._plain or not self._likely(0.4):
            return params
        projection = self._pick("pk, #v", "#m.a, #s", "#l[0], pk", "#m, #d, word")
        if self._likely(0.05):
            projection = self._pick("#v, #v", "total")
        params["ProjectionExpression"] = projection
        names = {k: v for k, v in _NAMES.items() if re.search(re.escape(k) + r"\b", projection)}
        if names:
            params["ExpressionAttributeNames"] = names
        return params

    def _get(self) -> Operation:
        table = self.table()
        params = {"TableName": table, "Key": self._any_key(table), "ConsistentRead": True}
        return "GetItem", self._projected(params)

    def _query(self) -> Operation:
        table = str(self._pick("Pairs", "Pairs", "Rows"))
        if table == "Pairs" and self._likely(0.35):
            return self._query_index()
        values: dict[str, Any] = {":p": {"S": f"{self._sequence}-{self._pick('a', 'b')}"}}
        if table == "Pairs":
            low, high = {"S": "1"}, {"S": self._pick("12", "2", "0")}
            parts = ["begins_with(sk, :low)"]
        else:
            low, high = {"N": "1"}, {"N": self._pick("2", "10", "0.5")}
            parts = ["begins_with(sk, :low)"] if self._likely(0.05) else []
        sign = "<>" if self._likely(0.02) else self._pick("=", "<", "<=", ">", ">=")
        parts += ["", f"sk {sign} :low"]
        parts += ["sk BETWEEN :low AND :high"]
        part = self._pick(*parts)
        if ":low" in part:
            values[":low"] = low
        if ":high" in part:
            values[":high"] = high
        condition = f"pk = :p AND {part}" if part else "pk = :p"
        params = {"TableName": table, "KeyConditionExpression": condition}
        return "Query", self._paged(params, values, self.key(table))

    def _query_index(self) -> Operation:
        index = self._pick("by-group", "keys")
        values: dict[str, Any] = {":p": {"S": f"{self._sequence}-g"}}
        condition = "grp = :p"
        if index == "by-group" and self._likely(0.5):
            condition += f" AND ranking {self._pick('=', '<', '<=', '>', '>=')} :low"
            values[":low"] = {"N": "2"}
        params = {"TableName": "Pairs", "IndexName": index, "KeyConditionExpression": condition}
        if self._likely(0.05):
            params["ConsistentRead"] = True
        return "Query", self._paged(params, values, None)

    def _paged(
        self, params: dict[str, Any], values: dict[str, Any], start: dict[str, Any] | None
    ) -> dict[str, Any]:
        params["ExpressionAttributeValues"] = values
        if self._likely(0.4):
            params["ScanIndexForward"] = False
        if self._likely(0.3) and "IndexName" not in params:
            params["Limit"] = self._pick(1, 2, 5)
        if start is not None and self._likely(0.2):
            start["pk"] = values[":p"]
            params["ExclusiveStartKey"] = start
        if self._likely(0.3):
            params["FilterExpression"] = self._pick(
                "#v = :one", "attribute_exists(#v)", "#v > :one"
            )
            if self._likely(0.03):
                params["FilterExpression"] = "pk = :p"
            if "#v" in params["FilterExpression"]:
                params["ExpressionAttributeNames"] = {"#v": "v"}
            if ":one" in params["FilterExpression"]:
                values[":one"] = {"N": "1"}
        if self._likely(0.2):
            params["Select"] = "COUNT"
        return params

    def _keys(self, table: str, most: int) -> list[dict[str, Any]]:
        keys = {repr(key): key for key in (self.key(table) for _ in range(most))}
        return list(keys.values())

    def _batch_get(self) -> Operation:
        requests: dict[str, Any] = {}
        for table in sorted({self.table(), self.table()}):
            keys = self._keys(table, 4)
            if self._likely(0.03):
                keys.append(keys[0])
            requests[table] = self._projected({"Keys": keys, "ConsistentRead": True})
        return "BatchGetItem", {"RequestItems": requests}

    def _batch_write(self) -> Operation:
        table = self.table()
        requests: list[dict[str, Any]] = []
        for key in self._keys(table, 4):
            if self._likely(0.6):
                requests.append({"PutRequest": {"Item": {**self.item(table), **key}}})
            else:
                requests.append({"DeleteRequest": {"Key": key}})
        if self._likely(0.05):
            requests.append(requests[0])
        return "BatchWriteItem", {"RequestItems": {table: requests}}

    def _transact_write(self) -> Operation:
        actions: list[dict[str, Any]] = []
        table = self.table()
        for key in self._keys(table, 4):
            params: dict[str, Any] = {"TableName": table}
            kind = self._pick("Put", "Update", "Delete", "ConditionCheck")
            if kind == "Put":
                params["Item"] = {**self.item(table), **key}
                actions.append({kind: self._conditioned(params, 0.3)})
                continue
            params["Key"] = key
            update = None
            if kind == "Update":
                update = self._pick(*self._updates)
                params["UpdateExpression"] = update
            share = 1.0 if kind == "ConditionCheck" else 0.3
            actions.append({kind: self._conditioned(params, share, update)})
        if self._likely(0.03):
            actions.append(actions[0])
        return "TransactWriteItems", {"TransactItems": actions}

    def _transact_get(self) -> Operation:
        table = self.table()
        gets = [
            {"Get": self._projected({"TableName": table, "Key": key})}
            for key in self._keys(table, 3)
        ]
        return "TransactGetItems", {"TransactItems": gets}
