"""DynamoDB's expression language: text in, a small tree out.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html

Names (`#n`) are resolved while parsing; values (`:v`) stay names, so a tree serves every call
with the same text. A tree is tuples: ("cmp", "<", operand, operand), ("and", left, right), ...
An operand is ("path", parts), ("value", key), ("const", value) or ("size", operand).
"""

from __future__ import annotations

import re
from typing import Any, Final

from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.reserved_words import RESERVED_WORDS

Tree = tuple[Any, ...]
Path = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r"\s*(?:(<>|<=|>=|[=<>(),+\-.\[\]])|([:#][A-Za-z0-9_\-]+)|([A-Za-z_][A-Za-z0-9_]*)|(\d+))"
)
_COMPARATORS: Final = frozenset(("=", "<>", "<", "<=", ">", ">="))
_CLAUSES: Final = frozenset(("SET", "REMOVE", "ADD", "DELETE"))
_PREDICATES: Final = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise invalid(f'Invalid expression: Syntax error; token: "{text[place]}"')
        found.append(match.group(match.lastindex or 1))
        place = match.end()
    if not found:
        raise invalid("Invalid expression: The expression can not be empty;")
    return found


class Parser:
    """One expression being read; `names_used` and `values_used` say what it refers to."""

    def __init__(self, text: str, names: dict[str, str]) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._names = names
        self.names_used: set[str] = set()
        self.values_used: set[str] = set()

    # Tokens

    def _peek(self, ahead: int = 0) -> str:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._place += 1
        return token

    def _eat(self, expected: str) -> None:
        if self._next() != expected:
            raise self._syntax_error()

    def _at_word(self, word: str) -> bool:
        return self._peek().upper() == word

    def _syntax_error(self) -> ServiceError:
        near = " ".join(self._tokens[max(0, self._place - 2) : self._place + 1])
        return invalid(f'Invalid expression: Syntax error; near: "{near}"')

    def _end(self) -> None:
        if self._peek():
            raise self._syntax_error()

    # Operands

    def _name(self) -> str:
        token = self._next()
        if token.startswith("#"):
            self.names_used.add(token)
            if token not in self._names:
                raise invalid(
                    "Invalid expression: An expression attribute name used in the document path "
                    f"is not defined; attribute name: {token}"
                )
            return self._names[token]
        if not token or not (token[0].isalpha() or token[0] == "_"):
            self._place -= 1
            raise self._syntax_error()
        if token.upper() in RESERVED_WORDS:
            raise invalid(
                "Invalid expression: Attribute name is a reserved keyword; "
                f"reserved keyword: {token}"
            )
        return token

    def path(self) -> Path:
        """A document path: `a`, `#n`, `a.b`, `a[0].#n`."""
        parts: list[str | int] = [self._name()]
        while self._peek() in (".", "["):
            if self._next() == ".":
                parts.append(self._name())
            else:
                index = self._next()
                if not index.isdigit():
                    raise self._syntax_error()
                parts.append(int(index))
                self._eat("]")
        return tuple(parts)

    def _value(self) -> Tree:
        token = self._next()
        self.values_used.add(token)
        return ("value", token)

    def _operand(self) -> Tree:
        token = self._peek()
        if token.startswith(":"):
            return self._value()
        if token == "size" and self._peek(1) == "(":
            self._place += 2
            inner = self._operand()
            self._eat(")")
            return ("size", inner)
        if self._peek(1) == "(" and not token.startswith("#"):
            raise invalid(f"Invalid expression: Invalid function name; function: {token}")
        return ("path", self.path())

    # Conditions

    def condition(self) -> Tree:
        """A whole condition, filter or key condition."""
        tree = self._or()
        self._end()
        return tree

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
        return self._primary()

    def _primary(self) -> Tree:
        token = self._peek()
        if token == "(":
            return self._parenthesised()
        if token in _PREDICATES and self._peek(1) == "(":
            return self._predicate(token)
        left = self._operand()
        word = self._next()
        if word.upper() == "IN":
            return ("in", left, self._list_of_operands())
        if word.upper() == "BETWEEN":
            low = self._operand()
            if not self._at_word("AND"):
                raise self._syntax_error()
            self._place += 1
            return ("between", left, low, self._operand())
        if word not in _COMPARATORS:
            self._place -= 1
            raise self._syntax_error()
        right = self._operand()
        if left == right:
            raise invalid(
                "Invalid expression: The first operand must be distinct from the remaining operands"
            )
        return ("cmp", word, left, right)

    def _parenthesised(self) -> Tree:
        doubled = self._peek(1) == "("
        self._eat("(")
        first = self._place
        tree = self._or()
        if doubled and self._closes(first) == self._place - 1:
            raise invalid("Invalid expression: The expression has redundant parentheses;")
        self._eat(")")
        return tree

    def _closes(self, opening: int) -> int:
        depth = 0
        for place in range(opening, len(self._tokens)):
            depth += {"(": 1, ")": -1}.get(self._tokens[place], 0)
            if not depth:
                return place
        return -1

    def _predicate(self, name: str) -> Tree:
        self._place += 1
        self._eat("(")
        if name in ("begins_with", "contains") and self._peek().startswith(":"):
            subject = self._value()
        else:
            subject = ("path", self.path())
        operands = [subject]
        while self._peek() == ",":
            self._place += 1
            operands.append(self._operand())
        self._eat(")")
        if len(operands) != _PREDICATES[name]:
            raise invalid(
                "Invalid expression: Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(operands)}"
            )
        if len(operands) > 1 and operands[0] == operands[1]:
            raise invalid(
                "Invalid expression: The first operand must be distinct from the remaining operands"
            )
        return (name, *operands)

    def _list_of_operands(self) -> tuple[Tree, ...]:
        self._eat("(")
        found = [self._operand()]
        while self._peek() == ",":
            self._place += 1
            found.append(self._operand())
        self._eat(")")
        return tuple(found)

    # Projections

    def projection(self) -> tuple[Path, ...]:
        """The paths of a projection; overlapping ones are refused."""
        paths = [self.path()]
        while self._peek() == ",":
            self._place += 1
            paths.append(self.path())
        self._end()
        refuse_overlaps(paths)
        return tuple(paths)

    # Updates

    def update(self) -> tuple[Tree, ...]:
        """The actions of an update: (clause, path, value tree or None)."""
        actions: list[Tree] = []
        seen: set[str] = set()
        while self._peek():
            clause = self._next().upper()
            if clause not in _CLAUSES:
                self._place -= 1
                raise self._syntax_error()
            if clause in seen:
                raise invalid(
                    f'Invalid UpdateExpression: The "{clause}" section can only be used once '
                    "in an update expression;"
                )
            seen.add(clause)
            actions.append(self._action(clause))
            while self._peek() == ",":
                self._place += 1
                actions.append(self._action(clause))
        refuse_overlaps([action[1] for action in actions])
        return tuple(actions)

    def _action(self, clause: str) -> Tree:
        path = self.path()
        if clause == "REMOVE":
            return (clause, path, None)
        if clause == "SET":
            self._eat("=")
            return (clause, path, self._sum())
        if not self._peek().startswith(":"):
            raise self._syntax_error()
        return (clause, path, self._value())

    def _sum(self) -> Tree:
        left = self._term()
        if self._peek() in ("+", "-"):
            sign = self._next()
            return (sign, left, self._term())
        return left

    def _term(self) -> Tree:
        token = self._peek()
        if token == "(":
            self._place += 1
            inner = self._sum()
            self._eat(")")
            return inner
        if token == "if_not_exists" and self._peek(1) == "(":
            self._place += 2
            path = self.path()
            self._eat(",")
            otherwise = self._sum()
            self._eat(")")
            return ("if_not_exists", path, otherwise)
        if token == "list_append" and self._peek(1) == "(":
            self._place += 2
            first = self._sum()
            self._eat(",")
            second = self._sum()
            self._eat(")")
            return ("list_append", first, second)
        return self._operand()


def refuse_overlaps(paths: list[Path]) -> None:
    """Two paths of one expression may not be the same nor lie within each other."""
    for place, one in enumerate(paths):
        for other in paths[place + 1 :]:
            shorter = min(len(one), len(other))
            if one[:shorter] == other[:shorter]:
                raise invalid(
                    "Invalid expression: Two document paths overlap with each other; "
                    "must remove or rewrite one of these paths"
                )
            common = _first_difference(one, other)
            if type(one[common]) is not type(other[common]):
                raise invalid("Invalid expression: Two document paths conflict with each other;")


def _first_difference(one: Path, other: Path) -> int:
    place = 0
    while one[place] == other[place]:
        place += 1
    return place
