"""DynamoDB's attribute values: their normal form, their order and their size.

A value is DynamoDB JSON as botocore takes and gives it: `{"S": "x"}`, `{"N": "1"}`. Values are
never changed in place, so they are shared freely between items, answers and snapshots.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from tests.kit.memory_aws.failures import invalid

Value = dict[str, Any]
Item = dict[str, Value]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_DIGITS: Final = 38
MAX_EXPONENT: Final = 125
MIN_EXPONENT: Final = -130
MAX_NESTING: Final = 32
MAX_ITEM_BYTES: Final = 400 * 1024

CONTEXT: Final = Context(prec=MAX_DIGITS)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z")
_SETS: Final = {"SS": "S", "NS": "N", "BS": "B"}


@lru_cache(maxsize=65536)
def canonical_number(text: str) -> str:
    """The number as DynamoDB gives it back: plain digits, no exponent, no idle zeros."""
    if text.isdigit() and text.isascii() and len(text) <= MAX_DIGITS:
        return text.lstrip("0") or "0"
    if not _NUMBER.match(text):
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise invalid("Number overflow or underflow") from None
    if not number:
        return "0"
    significant = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(significant) > MAX_DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    if number.adjusted() > MAX_EXPONENT:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger")
    if number.adjusted() < MIN_EXPONENT:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller")
    return format(number.normalize(CONTEXT), "f")


@lru_cache(maxsize=65536)
def decimal_of(text: str) -> Decimal:
    """The number as a Decimal."""
    return Decimal(text)


def normalised(value: Value, depth: int = 0) -> Value:
    """The value as DynamoDB stores it: canonical numbers, sets without order (here: sorted)."""
    if len(value) != 1:
        raise invalid("Supplied AttributeValue is empty, must contain exactly one datatype")
    for kind, content in value.items():
        if kind in ("S", "BOOL", "B"):
            return value
        if kind == "N":
            number = canonical_number(content)
            return value if number == content else {"N": number}
        return _normalised_rare(kind, content, depth)
    raise AssertionError


def _normalised_rare(kind: str, content: Any, depth: int) -> Value:
    if depth > MAX_NESTING:
        raise invalid("Nesting Levels have exceeded supported limits")
    if kind == "M":
        return {"M": {name: normalised(inner, depth + 1) for name, inner in content.items()}}
    if kind == "L":
        return {"L": [normalised(inner, depth + 1) for inner in content]}
    if kind == "NULL":
        if content is not True:
            raise invalid("Null attribute value types must have the value of true")
        return {"NULL": True}
    if kind in _SETS:
        return {kind: sorted_members(kind, content)}
    raise invalid("Supplied AttributeValue has an unknown datatype")


def sorted_members(kind: str, members: Any) -> list[Any]:
    """The members of a set in a fixed order; an empty set and a repeated member are refused."""
    if not members:
        raise invalid("One or more parameter values were invalid: An set may not be empty")
    plain = [canonical_number(member) for member in members] if kind == "NS" else list(members)
    if len(set(plain)) != len(plain):
        raise invalid("Input collection contains duplicates")
    return sorted(plain, key=decimal_of) if kind == "NS" else sorted(plain)


def comparable(value: Value) -> tuple[str, Any]:
    """(type, Python value): equal exactly if DynamoDB calls the values equal."""
    for kind, content in value.items():
        if kind == "N":
            return kind, decimal_of(content)
        if kind in ("SS", "BS"):
            return kind, frozenset(content)
        if kind == "NS":
            return kind, frozenset(map(decimal_of, content))
        if kind == "L":
            return kind, tuple(map(comparable, content))
        if kind == "M":
            return kind, frozenset((name, comparable(inner)) for name, inner in content.items())
        return kind, content
    raise AssertionError


def same(one: Value, other: Value) -> bool:
    """Whether DynamoDB calls the two equal."""
    return one == other or comparable(one) == comparable(other)


def value_size(value: Value) -> int:
    """Bytes the value counts for.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    for kind, content in value.items():
        if kind == "S":
            return len(content) if content.isascii() else len(content.encode())
        if kind == "N":
            return number_size(content)
        return _rare_size(kind, content)
    return 0


def _rare_size(kind: str, content: Any) -> int:
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "B":
        return len(content)
    if kind in _SETS:
        member = _SETS[kind]
        return sum(value_size({member: inner}) for inner in content)
    if kind == "L":
        return 3 + sum(1 + value_size(inner) for inner in content)
    return 3 + sum(1 + len(name.encode()) + value_size(inner) for name, inner in content.items())


@lru_cache(maxsize=65536)
def number_size(text: str) -> int:
    """One byte for every two digits, aligned on the decimal point, one more, one for a minus."""
    sign, digits, exponent = Decimal(text).as_tuple()
    plain = "".join(map(str, digits)).rstrip("0")
    if not plain:
        return 1
    shift = int(exponent) + len(digits) - len(plain)
    plain += "0" * (shift % 2)
    return 1 + (len(plain) + 1) // 2 + sign


def item_size(item: Item) -> int:
    """Bytes the item counts for: names and values."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode())
        total += value_size(value)
    return total
