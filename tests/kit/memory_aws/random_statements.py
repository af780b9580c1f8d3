"""Random PartiQL over a few keys, for the fidelity tests."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from tests.kit.memory_aws.random_operations import Operation, Operations

_SETS: Final = (
    ('SET "v"=?', ({"N": "2"},)),
    ('SET "v"=? SET "status"=?', ({"N": "1"}, {"S": "x"})),
    ('SET "v"=?, "status"=?', ({"N": "2"}, {"S": "xy"})),
    ('SET "v"=v + ?', ({"N": "1"},)),
    ('SET "v"=? REMOVE "status"', ({"N": "1"},)),
    ('SET "d"=? REMOVE "w" ', ({"NS": ["1", "2"]},)),
    ('SET "m"=?', ({"M": {"a": {"N": "1"}}},)),
    ('REMOVE "v"', ()),
    ('SET "flag"=true', ()),
    ("SET \"status\"='x''y'", ()),
    ('SET "w"=? SET "v"=3', ({"NULL": True},)),
)
_WHERES: Final = (
    ("", ()),
    (' AND "v"=?', ({"N": "1"},)),
    (' AND "v"=?', ({"N": "2"},)),
    (' AND "v" IS MISSING', ()),
    (' AND "status" IS NOT MISSING', ()),
    (' AND "status"=?', ({"S": "x"},)),
    (' AND "v">=?', ({"N": "2"},)),
    (' AND "v" IN [?, ?]', ({"N": "1"}, {"N": "2"})),
    (' AND "v" BETWEEN ? AND ?', ({"N": "1"}, {"N": "2"})),
    (' AND ("status" IS MISSING OR "v"=?)', ({"N": "1"},)),
    (' AND "flag"=true', ()),
)


class Statements:
    """One sequence's statements, between writes of other kinds."""

    def __init__(self, chance: Random, sequence: int) -> None:
        self._chance = chance
        self._operations = Operations(chance, sequence, plain=True)

    def next(self) -> Operation:
        """A batch, a single statement, or now and then another operation."""
        kind = self._chance.randrange(10)
        if kind < 2:
            table = self._operations.table()
            return "PutItem", {"TableName": table, "Item": self._operations.item(table)}
        if kind < 4:
            return "ExecuteStatement", self._statement()
        statements: list[dict[str, Any]] = []
        for _ in range(self._chance.randint(1, 4)):
            statement = self._statement(reads=False)
            if self._chance.random() < 0.6:
                statement["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
            statements.append(statement)
        return "BatchExecuteStatement", {"Statements": statements}

    def _statement(self, *, reads: bool = True) -> dict[str, Any]:
        table = self._operations.table()
        kind = self._chance.choice(("UPDATE", "UPDATE", "UPDATE", "INSERT", "DELETE", "SELECT"))
        if kind == "INSERT":
            return self._insert(table)
        key = self._operations.key(table)
        where, values = self._chance.choice(_WHERES)
        keys = " AND ".join(f'"{name}"=?' for name in key)
        parameters: list[Any] = [*key.values(), *values]
        if kind == "SELECT" and reads:
            text = f'SELECT * FROM "{table}" WHERE {keys}{where}'  # noqa: S608
        elif kind == "DELETE":
            text = f'DELETE FROM "{table}" WHERE {keys}{where}'  # noqa: S608
        else:
            change, given = self._chance.choice(_SETS)
            text = f'UPDATE "{table}" {change} WHERE {keys}{where}'
            parameters = [*given, *parameters]
            if reads and self._chance.random() < 0.4:
                text += self._chance.choice((" RETURNING ALL NEW *", " RETURNING ALL OLD *"))
        return {"Statement": text, "Parameters": parameters}

    def _insert(self, table: str) -> dict[str, Any]:
        item = self._operations.item(table)
        # ministack does not check the attributes an INSERT brings.
        item.pop("bad", None)
        if self._chance.random() < 0.5:
            return {"Statement": f'INSERT INTO "{table}" VALUE ?', "Parameters": [{"M": item}]}
        body = ", ".join(f"'{name}': ?" for name in item)
        text = f'INSERT INTO "{table}" VALUE {{{body}}}'
        return {"Statement": text, "Parameters": list(item.values())}
