"""Condition trees compiled to plain functions of (item, values)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

from tests.kit.memory_aws.failures import invalid
from tests.kit.memory_aws.grammar import Path, Tree
from tests.kit.memory_aws.values import Item, Value, comparable, decimal_of, same

# Values by `:name` for expressions, by position for PartiQL.
Values = Any
Operand = Callable[[Item, Values], Value | None]
Condition = Callable[[Item, Values], bool]
Check = Callable[[Values], None]

_ORDERED: Final = frozenset(("S", "N", "B"))
_ORDERINGS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TYPES: Final = frozenset(("S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M"))


def kind_of(value: Value) -> str:
    """The type letter of a value."""
    return next(iter(value))


def at_path(item: Item, path: Path) -> Value | None:
    """The value at a document path, None if there is none."""
    value = item.get(path[0])  # type: ignore[arg-type]
    for part in path[1:]:
        if value is None:
            return None
        if isinstance(part, str):
            value = value["M"].get(part) if "M" in value else None
        else:
            elements = value.get("L", ())
            value = elements[part] if part < len(elements) else None
    return value


def compile_operand(tree: Tree) -> Operand:
    """The operand as a function; None stands for "there is no such attribute"."""
    kind, content = tree
    if kind == "value":
        return lambda _item, values: values[content]
    if kind == "const":
        return lambda _item, _values: content
    if kind == "size":
        return _compile_size(compile_operand(content))
    if len(content) == 1:
        name = content[0]
        return lambda item, _values: item.get(name)
    return lambda item, _values: at_path(item, content)


def _compile_size(inner: Operand) -> Operand:
    def size(item: Item, values: Values) -> Value | None:
        value = inner(item, values)
        if value is None:
            return None
        kind, content = next(iter(value.items()))
        if kind in ("N", "BOOL", "NULL"):
            return None
        length = len(content.encode("utf-16-le")) // 2 if kind == "S" else len(content)
        return {"N": str(length)}

    return size


def compile_condition(tree: Tree) -> Condition:
    """The condition as a function; an absent attribute compares false, except by `<>`."""
    return _COMPILERS[tree[0]](*tree[1:])


def _and(left: Tree, right: Tree) -> Condition:
    one, other = compile_condition(left), compile_condition(right)
    return lambda item, values: one(item, values) and other(item, values)


def _or(left: Tree, right: Tree) -> Condition:
    one, other = compile_condition(left), compile_condition(right)
    return lambda item, values: one(item, values) or other(item, values)


def _not(inner: Tree) -> Condition:
    condition = compile_condition(inner)
    return lambda item, values: not condition(item, values)


def _compare(sign: str, left: Tree, right: Tree) -> Condition:
    one, other = compile_operand(left), compile_operand(right)
    if sign == "=":

        def equal(item: Item, values: Values) -> bool:
            a, b = one(item, values), other(item, values)
            return a is not None and b is not None and (a == b or comparable(a) == comparable(b))

        return equal
    if sign == "<>":

        def unequal(item: Item, values: Values) -> bool:
            a, b = one(item, values), other(item, values)
            if a is None or b is None:
                return True
            return not same(a, b)

        return unequal
    before = _ORDERINGS[sign]

    def ordered(item: Item, values: Values) -> bool:
        a, b = one(item, values), other(item, values)
        return a is not None and b is not None and _in_order(before, a, b)

    return ordered


def _in_order(before: Callable[[Any, Any], Any], a: Value, b: Value) -> bool:
    if "S" in a and "S" in b:
        return bool(before(a["S"], b["S"]))
    if "N" in a and "N" in b:
        return bool(before(decimal_of(a["N"]), decimal_of(b["N"])))
    if "B" in a and "B" in b:
        return bool(before(a["B"], b["B"]))
    return False


def _between(subject: Tree, low: Tree, high: Tree) -> Condition:
    value, least, most = map(compile_operand, (subject, low, high))

    def between(item: Item, values: Values) -> bool:
        a, b, c = value(item, values), least(item, values), most(item, values)
        if a is None or b is None or c is None:
            return False
        return _in_order(operator.le, b, a) and _in_order(operator.le, a, c)

    return between


def _in(subject: Tree, members: tuple[Tree, ...]) -> Condition:
    value = compile_operand(subject)
    options = [compile_operand(member) for member in members]

    def among(item: Item, values: Values) -> bool:
        a = value(item, values)
        if a is None:
            return False
        found = (option(item, values) for option in options)
        return any(b is not None and same(a, b) for b in found)

    return among


def _exists(subject: Tree) -> Condition:
    value = compile_operand(subject)
    return lambda item, values: value(item, values) is not None


def _missing(subject: Tree) -> Condition:
    value = compile_operand(subject)
    return lambda item, values: value(item, values) is None


def _of_type(subject: Tree, expected: Tree) -> Condition:
    value, kind = compile_operand(subject), compile_operand(expected)

    def of_type(item: Item, values: Values) -> bool:
        a, b = value(item, values), kind(item, values)
        return a is not None and b is not None and b.get("S") in a

    return of_type


def _begins_with(subject: Tree, prefix: Tree) -> Condition:
    value, start = compile_operand(subject), compile_operand(prefix)

    def begins(item: Item, values: Values) -> bool:
        a, b = value(item, values), start(item, values)
        if a is None or b is None:
            return False
        if "S" in a and "S" in b:
            return bool(a["S"].startswith(b["S"]))
        return "B" in a and "B" in b and bool(a["B"].startswith(b["B"]))

    return begins


def _contains(subject: Tree, sought: Tree) -> Condition:
    value, part = compile_operand(subject), compile_operand(sought)

    def contains(item: Item, values: Values) -> bool:
        a, b = value(item, values), part(item, values)
        if a is None or b is None:
            return False
        return _holds(a, b)

    return contains


def _holds(container: Value, sought: Value) -> bool:
    kind, content = next(iter(container.items()))
    sought_kind, sought_content = next(iter(sought.items()))
    if kind in ("S", "B"):
        return sought_kind == kind and sought_content in content
    if kind == "NS":
        return sought_kind == "N" and decimal_of(sought_content) in map(decimal_of, content)
    if kind in ("SS", "BS"):
        return sought_kind == kind[0] and sought_content in content
    return kind == "L" and any(same(element, sought) for element in content)


_COMPILERS: Final[dict[str, Callable[..., Condition]]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "cmp": _compare,
    "between": _between,
    "in": _in,
    "attribute_exists": _exists,
    "attribute_not_exists": _missing,
    "attribute_type": _of_type,
    "begins_with": _begins_with,
    "contains": _contains,
}


# The errors that DynamoDB finds in the types of values, before it reads the item.


def checks_of(tree: Tree) -> Iterable[Check]:
    """Functions of the values that raise for operands no operator can take."""
    kind = tree[0]
    if kind in ("and", "or"):
        yield from checks_of(tree[1])
        yield from checks_of(tree[2])
    elif kind == "not":
        yield from checks_of(tree[1])
    elif kind == "cmp" and tree[1] in _ORDERINGS:
        yield from (_wants(side[1], _ORDERED) for side in tree[2:] if side[0] == "value")
    elif kind == "between":
        yield from (_wants(side[1], _ORDERED) for side in tree[1:] if side[0] == "value")
        if tree[2][0] == tree[3][0] == "value":
            yield _bounds(tree[2][1], tree[3][1])
    elif kind == "begins_with":
        yield from (_wants(side[1], ("S", "B")) for side in tree[1:] if side[0] == "value")
    elif kind == "attribute_type" and tree[2][0] == "value":
        yield _type_letter(tree[2][1])


def _wants(name: str, kinds: Iterable[str]) -> Check:
    allowed = frozenset(kinds)

    def check(values: Values) -> None:
        if kind_of(values[name]) not in allowed:
            raise invalid("Invalid expression: Incorrect operand type for operator or function;")

    return check


def _bounds(low: str, high: str) -> Check:
    def check(values: Values) -> None:
        least, most = values[low], values[high]
        if kind_of(least) != kind_of(most):
            raise invalid("Invalid expression: The BETWEEN operator requires same-type bounds;")
        if not _in_order(operator.le, least, most):
            raise invalid(
                "Invalid expression: The BETWEEN operator requires upper bound to be greater "
                "than or equal to lower bound;"
            )

    return check


def _type_letter(name: str) -> Check:
    def check(values: Values) -> None:
        if values[name].get("S") not in _TYPES:
            raise invalid("Invalid expression: Invalid attribute type name found;")

    return check
