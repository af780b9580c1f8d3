"""Update trees compiled to functions of (old item, values) that give a new item.

Every right-hand side is read from the old item; nothing in the old item is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.kit.memory_aws.conditions import (
    Operand,
    Values,
    at_path,
    compile_operand,
    kind_of,
)
from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.grammar import Path, Tree
from tests.kit.memory_aws.values import (
    CONTEXT,
    Item,
    Value,
    canonical_number,
    sorted_members,
)

# (path, the new value; None removes): what one action does to an item.
Change = tuple[Path, Value | None]
Action = Callable[[Item, Values], Change | None]
Update = Callable[[Item, Values, bool], Item]


def _wrong_type() -> ServiceError:
    return invalid("An operand in the update expression has an incorrect data type")


def compile_value(tree: Tree) -> Operand:
    """The right-hand side of a SET; it raises where an attribute it needs is absent."""
    kind = tree[0]
    if kind in ("+", "-"):
        return _arithmetic(kind, compile_value(tree[1]), compile_value(tree[2]))
    if kind == "if_not_exists":
        return _if_not_exists(tree[1], compile_value(tree[2]))
    if kind == "list_append":
        return _list_append(compile_value(tree[1]), compile_value(tree[2]))
    operand = compile_operand(tree)
    if kind != "path":
        return operand

    def present(item: Item, values: Values) -> Value:
        value = operand(item, values)
        if value is None:
            raise invalid(
                "The provided expression refers to an attribute that does not exist in the item"
            )
        return value

    return present


def _arithmetic(sign: str, left: Operand, right: Operand) -> Operand:
    def result(item: Item, values: Values) -> Value:
        one, other = left(item, values), right(item, values)
        if one is None or other is None or "N" not in one or "N" not in other:
            raise _wrong_type()
        return plus(one, other, sign)

    return result


def plus(one: Value, other: Value, sign: str = "+") -> Value:
    """The sum or difference of two numbers."""
    a, b = Decimal(one["N"]), Decimal(other["N"])
    total: Decimal = CONTEXT.add(a, b) if sign == "+" else CONTEXT.subtract(a, b)
    return {"N": canonical_number(str(total))}


def _if_not_exists(path: Path, otherwise: Operand) -> Operand:
    def result(item: Item, values: Values) -> Value | None:
        value = at_path(item, path)
        return otherwise(item, values) if value is None else value

    return result


def _list_append(first: Operand, second: Operand) -> Operand:
    def result(item: Item, values: Values) -> Value:
        one, other = first(item, values), second(item, values)
        if one is None or other is None or "L" not in one or "L" not in other:
            raise _wrong_type()
        return {"L": one["L"] + other["L"]}

    return result


def with_members(current: Value | None, added: Value) -> Value:
    """A set with further members."""
    kind = kind_of(added)
    if current is None:
        return added
    if kind not in current:
        raise _wrong_type()
    return {kind: sorted_members(kind, {*current[kind], *added[kind]})}


def without_members(current: Value | None, removed: Value) -> Value | None:
    """A set less some members; None if none are left, for there are no empty sets."""
    kind = kind_of(removed)
    if current is None:
        return None
    if kind not in current:
        raise _wrong_type()
    left = [member for member in current[kind] if member not in removed[kind]]
    return {kind: left} if left else None


def _compile_action(tree: Tree) -> Action:
    clause, path, operand = tree
    if clause == "REMOVE":
        return lambda _item, _values: (path, None)
    if clause == "SET":
        value = compile_value(operand)
        return lambda item, values: (path, value(item, values))
    name = operand[1]
    if clause == "ADD":

        def add(item: Item, values: Values) -> Change:
            added, current = values[name], at_path(item, path)
            if "N" not in added:
                return path, with_members(current, added)
            if current is None:
                return path, added
            if "N" not in current:
                raise _wrong_type()
            return path, plus(current, added)

        return add

    def delete(item: Item, values: Values) -> Change | None:
        current = at_path(item, path)
        return None if current is None else (path, without_members(current, values[name]))

    return delete


def operand_checks(actions: tuple[Tree, ...]) -> list[Callable[[Values], None]]:
    """Checks that need only the types of the values."""
    checks: list[Callable[[Values], None]] = []
    for clause, _path, tree in actions:
        if clause in ("ADD", "DELETE"):
            kinds = ("N", "SS", "NS", "BS") if clause == "ADD" else ("SS", "NS", "BS")
            checks.append(_wants(tree[1], kinds))
        elif clause == "SET":
            checks.extend(_set_checks(tree))
    return checks


def _set_checks(tree: Tree) -> list[Callable[[Values], None]]:
    kind = tree[0]
    if kind == "if_not_exists":
        return _set_checks(tree[2])
    if kind not in ("+", "-", "list_append"):
        return []
    expected = ("L",) if kind == "list_append" else ("N",)
    own = [_wants(side[1], expected) for side in tree[1:] if side[0] == "value"]
    return own + _set_checks(tree[1]) + _set_checks(tree[2])


def _wants(name: str, kinds: tuple[str, ...]) -> Callable[[Values], None]:
    def check(values: Values) -> None:
        if kind_of(values[name]) not in kinds:
            raise invalid(
                "Invalid UpdateExpression: Incorrect operand type for operator or function;"
            )

    return check


def compile_update(actions: tuple[Tree, ...]) -> Update:
    """(old item, values, whether the item existed) -> the new item."""
    compiled = [_compile_action(action) for action in actions]
    flat = all(len(action[1]) == 1 for action in actions)

    def update_flat(old: Item, values: Values, existed: bool) -> Item:
        new = dict(old)
        for action in compiled:
            change = action(old, values)
            if change is None:
                continue
            path, value = change
            name: Any = path[0]
            if value is None:
                new.pop(name, None)
            else:
                new[name] = value
        return new

    def update_nested(old: Item, values: Values, existed: bool) -> Item:
        changes = [change for action in compiled if (change := action(old, values)) is not None]
        return changed(old, changes, existed=existed)

    return update_flat if flat else update_nested


def changed(old: Item, changes: list[Change], *, existed: bool) -> Item:
    """The item with the changes made, list elements removed last and from the end."""
    whole: Value = {"M": old}
    settings = [change for change in changes if change[1] is not None]
    removals = [change for change in changes if change[1] is None]
    for path, value in settings:
        whole = _replaced(whole, path, value, existed=True)
    for path, _value in sorted(removals, key=_position, reverse=True):
        whole = _replaced(whole, path, None, existed=existed)
    content: Item = whole["M"]
    return content


def _position(change: Change) -> tuple[int, ...]:
    return tuple(part for part in change[0] if isinstance(part, int))


def _replaced(container: Value, path: Path, value: Value | None, *, existed: bool) -> Value:
    part, rest = path[0], path[1:]
    if isinstance(part, str):
        if "M" not in container:
            raise _bad_path()
        entries = dict(container["M"])
        inner = entries.get(part)
        if rest:
            if inner is None:
                if value is None and not existed:
                    return container
                raise _bad_path()
            entries[part] = _replaced(inner, rest, value, existed=existed)
        elif value is None:
            entries.pop(part, None)
        else:
            entries[part] = value
        return {"M": entries}
    if "L" not in container:
        raise _bad_path()
    return {"L": _elements(list(container["L"]), part, rest, value, existed=existed)}


def _elements(
    elements: list[Value], place: int, rest: Path, value: Value | None, *, existed: bool
) -> list[Value]:
    inside = place < len(elements)
    if rest:
        if not inside:
            raise _bad_path()
        elements[place] = _replaced(elements[place], rest, value, existed=existed)
    elif value is None:
        if inside:
            del elements[place]
    elif inside:
        elements[place] = value
    else:
        elements.append(value)
    return elements


def _bad_path() -> ServiceError:
    return invalid("The document path provided in the update expression is invalid for update")


def fragments(item: Item, paths: tuple[Path, ...]) -> Item:
    """The parts of an item that the paths name, maps cut down to them; absent parts are left out.

    It is the form of projections and of UPDATED_OLD and UPDATED_NEW.
    """
    whole: dict[Any, Any] = {}
    for path in paths:
        if len(path) == 1:
            value = item.get(path[0])  # type: ignore[arg-type]
            if value is not None:
                whole[path[0]] = value
        elif (value := at_path(item, path)) is not None:
            _graft(whole, path, value)
    return {name: _joined(node) for name, node in whole.items()}


class _Node(dict[Any, Any]):
    """A map or list being cut down; its keys are names or positions."""


def _graft(whole: dict[Any, Any], path: Path, value: Value) -> None:
    node = whole
    for part in path[:-1]:
        node = node.setdefault(part, _Node())
    node[path[-1]] = value


def _joined(node: Any) -> Value:
    if not isinstance(node, _Node):
        return node  # type: ignore[no-any-return]
    if isinstance(next(iter(node)), int):
        return {"L": [_joined(node[place]) for place in sorted(node)]}
    return {"M": {name: _joined(inner) for name, inner in node.items()}}
