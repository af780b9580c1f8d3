"""The PartiQL statements DynamoDB takes for one item, read once for every distinct text.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html

A `?` stands for a parameter by its position: values are a list. WHERE trees and SET values are
those of `grammar`, so they compile the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.kit.memory_aws.conditions import (
    Condition,
    Operand,
    Values,
    at_path,
    compile_condition,
    compile_operand,
)
from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.grammar import Path, Tree, refuse_overlaps
from tests.kit.memory_aws.updates import (
    Change,
    changed,
    compile_value,
    with_members,
    without_members,
)
from tests.kit.memory_aws.values import Item, Value, canonical_number

_TOKEN: Final = re.compile(
    r"""\s*(?:(<>|!=|<=|>=|<<|>>|[=<>(),+\-.\[\]{}:?*])|"((?:[^"]|"")*)"|'((?:[^']|'')*)'"""
    r"""|([A-Za-z_][A-Za-z0-9_]*)|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))"""
)
_COMPARATORS: Final = frozenset(("=", "<>", "!=", "<", "<=", ">", ">="))
_RETURNINGS: Final = ("ALL OLD", "ALL NEW", "MODIFIED OLD", "MODIFIED NEW")
_SYMBOL, _QUOTED, _STRING, _WORD, _NUMBER = 1, 2, 3, 4, 5

Build = Callable[[Values], Value]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; which fields are filled depends on `kind`."""

    kind: str
    table: str
    index: str | None = None
    parameters: int = 0
    condition: Condition | None = None
    # By attribute: the operand an `attribute = operand` of the top-level ANDs names.
    equalities: tuple[tuple[str, Operand], ...] = ()
    update: Callable[[Item, Values], Item] | None = None
    update_paths: tuple[Path, ...] = ()
    returning: str | None = None
    item: Build | None = None
    projection: tuple[Path, ...] = ()


def _wrong(text: str) -> ServiceError:
    return invalid(f"Statement wasn't well formed, can't be processed: {text}")


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[int, str]] = []
        self._place = 0
        self.parameters = 0
        place, text = 0, text.strip().rstrip(";").rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise _wrong(f"unexpected {text[place]!r}")
            kind = match.lastindex or 0
            self._tokens.append((kind, match.group(kind)))
            place = match.end()

    def _peek(self) -> tuple[int, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else (0, "")

    def _next(self) -> tuple[int, str]:
        token = self._peek()
        self._place += 1
        return token

    def _at(self, symbol: str) -> bool:
        return self._peek() == (_SYMBOL, symbol)

    def _at_word(self, *words: str) -> bool:
        kind, text = self._peek()
        return kind == _WORD and text.upper() in words

    def _eat(self, symbol: str) -> None:
        if self._next() != (_SYMBOL, symbol):
            raise _wrong(f"expected {symbol}")

    def _eat_word(self, word: str) -> None:
        if not self._at_word(word):
            raise _wrong(f"expected {word}")
        self._place += 1

    def _skip(self, symbol: str) -> bool:
        if self._at(symbol):
            self._place += 1
            return True
        return False

    def _identifier(self) -> str:
        kind, text = self._next()
        if kind == _QUOTED:
            return text.replace('""', '"')
        if kind != _WORD:
            raise _wrong(f"expected a name, found {text!r}")
        return text

    # Statements

    def statement(self) -> Statement:
        word = self._identifier().upper()
        readers = {
            "SELECT": self._select,
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
        }
        if word not in readers:
            raise _wrong(f"unexpected {word}")
        return readers[word]()

    def _select(self) -> Statement:
        projection: list[Path] = []
        if not self._skip("*"):
            projection.append(self._path())
            while self._skip(","):
                projection.append(self._path())
        self._eat_word("FROM")
        table = self._identifier()
        index = self._identifier() if self._skip(".") else None
        where = self._where()
        return self._finished("SELECT", table, where, index=index, projection=tuple(projection))

    def _insert(self) -> Statement:
        self._eat_word("INTO")
        table = self._identifier()
        self._eat_word("VALUE")
        item = self._literal()
        return self._finished("INSERT", table, None, item=item)

    def _delete(self) -> Statement:
        self._eat_word("FROM")
        table = self._identifier()
        where = self._where()
        return self._finished("DELETE", table, where, returning=self._returning())

    def _update(self) -> Statement:
        table = self._identifier()
        paths: list[Path] = []
        changes: list[Callable[[Item, Values], Change]] = []
        while self._at_word("SET", "REMOVE"):
            clause = self._identifier().upper()
            while True:
                path, change = self._assignment() if clause == "SET" else self._removal()
                paths.append(path)
                changes.append(change)
                if not self._skip(","):
                    break
        if not changes:
            raise _wrong("UPDATE without SET or REMOVE")
        refuse_overlaps(paths)
        where = self._where()
        return self._finished(
            "UPDATE",
            table,
            where,
            returning=self._returning(),
            update=_updater(changes, flat=all(len(path) == 1 for path in paths)),
            update_paths=tuple(paths),
        )

    def _finished(self, kind: str, table: str, where: Tree | None, **more: Any) -> Statement:
        if self._peek()[0]:
            raise _wrong(f"unexpected {self._peek()[1]!r}")
        equalities = () if where is None else tuple(_equalities(where))
        if kind in ("UPDATE", "DELETE") and where is not None and _has_or(where):
            # The condition must resolve to one primary key; an OR anywhere in it does not.
            equalities = ()
        return Statement(
            kind=kind,
            table=table,
            parameters=self.parameters,
            condition=None if where is None else compile_condition(where),
            equalities=equalities,
            **more,
        )

    def _returning(self) -> str | None:
        if not self._at_word("RETURNING"):
            return None
        self._place += 1
        clause = f"{self._identifier()} {self._identifier()}".upper()
        self._eat("*")
        if clause not in _RETURNINGS:
            raise invalid(f"Invalid returning clause: {clause}")
        return clause

    # Changes

    def _path(self) -> Path:
        parts: list[str | int] = [self._identifier()]
        while self._at(".") or self._at("["):
            if self._next()[1] == ".":
                parts.append(self._identifier())
            else:
                kind, text = self._next()
                if kind != _NUMBER or not text.isdigit():
                    raise _wrong("a list position must be a number")
                parts.append(int(text))
                self._eat("]")
        return tuple(parts)

    def _removal(self) -> tuple[Path, Callable[[Item, Values], Change]]:
        path = self._path()
        return path, lambda _item, _values: (path, None)

    def _assignment(self) -> tuple[Path, Callable[[Item, Values], Change]]:
        path = self._path()
        self._eat("=")
        if self._at_word("SET_ADD", "SET_DELETE"):
            return path, self._set_function(path)
        value = compile_value(self._sum())
        return path, lambda item, values: (path, value(item, values))

    def _set_function(self, path: Path) -> Callable[[Item, Values], Change]:
        function = with_members if self._identifier().upper() == "SET_ADD" else without_members
        self._eat("(")
        subject = self._path()
        self._eat(",")
        members = compile_operand(self._operand())
        self._eat(")")

        def change(item: Item, values: Values) -> Change:
            given = members(item, values)
            if given is None or next(iter(given)) not in ("SS", "NS", "BS"):
                raise invalid("Incorrect operand type for operator or function")
            return path, function(at_path(item, subject), given)

        return change

    def _sum(self) -> Tree:
        left = self._term()
        if self._at("+") or self._at("-"):
            return (self._next()[1], left, self._term())
        return left

    def _term(self) -> Tree:
        if self._at_word("LIST_APPEND", "IF_NOT_EXISTS"):
            name = self._identifier().lower()
            self._eat("(")
            first: Any = self._path() if name == "if_not_exists" else self._sum()
            self._eat(",")
            second = self._sum()
            self._eat(")")
            return (name, first, second)
        return self._operand()

    # Operands and literals

    def _operand(self) -> Tree:
        kind, text = self._peek()
        if kind == _QUOTED or (kind == _WORD and text.upper() not in ("TRUE", "FALSE", "NULL")):
            return ("path", self._path())
        if self._skip("?"):
            self.parameters += 1
            return ("value", self.parameters - 1)
        before = self.parameters
        build = self._literal()
        if self.parameters != before:
            raise _wrong("a parameter inside a literal is not taken here")
        return ("const", build([]))

    def _literal(self) -> Build:
        kind, text = self._next()
        if kind == _SYMBOL:
            return self._composite(text)
        value: Value
        if kind == _STRING:
            value = {"S": text.replace("''", "'")}
        elif kind == _NUMBER:
            value = {"N": canonical_number(text)}
        elif kind == _WORD and text.upper() in ("TRUE", "FALSE"):
            value = {"BOOL": text.upper() == "TRUE"}
        elif kind == _WORD and text.upper() == "NULL":
            value = {"NULL": True}
        else:
            raise _wrong(f"expected a value, found {text!r}")
        return lambda _values: value

    def _composite(self, opening: str) -> Build:
        if opening == "?":
            place = self.parameters
            self.parameters += 1
            return lambda values: values[place]
        if opening == "-":
            kind, text = self._next()
            if kind != _NUMBER:
                raise _wrong("expected a number")
            negative = {"N": canonical_number("-" + text)}
            return lambda _values: negative
        if opening == "{":
            return self._map()
        if opening == "[":
            elements = self._series("]")
            return lambda values: {"L": [element(values) for element in elements]}
        if opening == "<<":
            members = self._series(">>")
            return lambda values: _set_of([member(values) for member in members])
        raise _wrong(f"unexpected {opening!r}")

    def _map(self) -> Build:
        entries: list[tuple[str, Build]] = []
        while not self._skip("}"):
            kind, text = self._next()
            if kind != _STRING:
                raise _wrong("a name in a map must be a string")
            self._eat(":")
            entries.append((text.replace("''", "'"), self._literal()))
            if not self._at("}"):
                self._eat(",")
        return lambda values: {"M": {name: build(values) for name, build in entries}}

    def _series(self, closing: str) -> list[Build]:
        found: list[Build] = []
        while not self._skip(closing):
            found.append(self._literal())
            if not self._at(closing):
                self._eat(",")
        return found

    # Conditions

    def _where(self) -> Tree | None:
        if not self._at_word("WHERE"):
            return None
        self._place += 1
        return self._or()

    def _or(self) -> Tree:
        left = self._and()
        while self._at_word("OR"):
            self._place += 1
            left = ("or", left, self._and())
        return left

    def _and(self) -> Tree:
        left = self._not()
        while self._at_word("AND"):
            self._place += 1
            left = ("and", left, self._not())
        return left

    def _not(self) -> Tree:
        if self._at_word("NOT"):
            self._place += 1
            return ("not", self._not())
        if self._skip("("):
            tree = self._or()
            self._eat(")")
            return tree
        if self._at_word("BEGINS_WITH", "CONTAINS", "ATTRIBUTE_TYPE"):
            return self._function()
        return self._comparison(self._operand())

    def _function(self) -> Tree:
        name = self._identifier().lower()
        self._eat("(")
        subject = ("path", self._path())
        self._eat(",")
        operand = self._operand()
        self._eat(")")
        return (name, subject, operand)

    def _comparison(self, left: Tree) -> Tree:
        if self._at_word("IS"):
            self._place += 1
            return self._is(left)
        if self._at_word("IN"):
            self._place += 1
            opening = self._next()[1]
            members = [self._operand()]
            while self._skip(","):
                members.append(self._operand())
            self._eat({"[": "]", "(": ")"}.get(opening, "]"))
            return ("in", left, tuple(members))
        if self._at_word("BETWEEN"):
            self._place += 1
            low = self._operand()
            self._eat_word("AND")
            return ("between", left, low, self._operand())
        kind, sign = self._next()
        if kind != _SYMBOL or sign not in _COMPARATORS:
            raise _wrong(f"expected a comparison, found {sign!r}")
        right = self._operand()
        if sign in ("<>", "!="):
            # A MISSING value never compares true, not even by <>.
            unequal = ("cmp", "<>", left, right)
            present = [("attribute_exists", side) for side in (left, right) if side[0] == "path"]
            for claim in present:
                unequal = ("and", claim, unequal)  # type: ignore[assignment]
            return unequal
        return ("cmp", sign, left, right)

    def _is(self, left: Tree) -> Tree:
        negated = self._at_word("NOT")
        self._place += negated
        word = self._identifier().upper()
        if word == "MISSING":
            return ("attribute_exists" if negated else "attribute_not_exists", left)
        if word == "NULL":
            tree = ("cmp", "=", left, ("const", {"NULL": True}))
            return ("not", tree) if negated else tree
        raise _wrong(f"unexpected {word}")


def _has_or(tree: Tree) -> bool:
    if tree[0] in ("and", "not"):
        return any(map(_has_or, tree[1:]))
    return bool(tree[0] == "or")


def _equalities(tree: Tree) -> list[tuple[str, Operand]]:
    if tree[0] == "and":
        return _equalities(tree[1]) + _equalities(tree[2])
    if tree[0] == "cmp" and tree[1] == "=":
        left, right = tree[2], tree[3]
        if left[0] == "path" and len(left[1]) == 1 and right[0] != "path":
            return [(left[1][0], compile_operand(right))]
    return []


def _updater(
    changes: list[Callable[[Item, Values], Change]], *, flat: bool
) -> Callable[[Item, Values], Item]:
    def update_flat(old: Item, values: Values) -> Item:
        new = dict(old)
        for change in changes:
            path, value = change(old, values)
            name: Any = path[0]
            if value is None:
                new.pop(name, None)
            else:
                new[name] = value
        return new

    def update_nested(old: Item, values: Values) -> Item:
        return changed(old, [change(old, values) for change in changes], existed=True)

    return update_flat if flat else update_nested


def _set_of(members: list[Value]) -> Value:
    kinds = {next(iter(member)) for member in members}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise invalid("The members of a set must be of one type: string, number or binary")
    kind = kinds.pop()
    return {kind + "S": [member[kind] for member in members]}


@cache
def read_statement(text: str) -> Statement:
    """The statement, ready to run; raises ValidationException where it is not well formed."""
    return _Parser(text).statement()
