"""A request's expressions, read once for every distinct text and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.kit.memory_aws.conditions import (
    Check,
    Condition,
    Values,
    checks_of,
    compile_condition,
)
from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.grammar import Parser, Path, Tree
from tests.kit.memory_aws.updates import Update, compile_update, fragments, operand_checks
from tests.kit.memory_aws.values import Item, normalised

Names = tuple[tuple[str, str], ...]
NO_VALUES: Final[dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Decision:
    """Compiled expressions; `values_needed` are the `:names` they refer to."""

    condition: Condition | None
    update: Update | None
    update_paths: tuple[Path, ...]
    update_names: frozenset[str]
    projection: Callable[[Item], Item] | None
    projected: tuple[Path, ...]
    filter: Condition | None
    filter_names: frozenset[str]
    key: Tree | None
    values_needed: frozenset[str]
    checks: tuple[Check, ...]


@cache
def _plan(
    condition: str | None,
    update: str | None,
    projection: str | None,
    filter_: str | None,
    key: str | None,
    names: Names,
) -> Decision:
    reading = _Reading(dict(names))
    condition_tree = reading.condition(condition)
    filter_tree = reading.condition(filter_)
    key_tree = reading.condition(key)
    actions = reading.update(update)
    projected = reading.projection(projection)
    reading.finish()
    trees = [tree for tree in (condition_tree, filter_tree, key_tree) if tree is not None]
    checks = [check for tree in trees for check in checks_of(tree)]
    return Decision(
        condition=None if condition_tree is None else compile_condition(condition_tree),
        update=compile_update(actions) if actions else None,
        update_paths=tuple(action[1] for action in actions),
        update_names=frozenset(action[1][0] for action in actions),
        projection=_projector(projected),
        projected=projected,
        filter=None if filter_tree is None else compile_condition(filter_tree),
        filter_names=frozenset() if filter_tree is None else frozenset(names_in(filter_tree)),
        key=key_tree,
        values_needed=frozenset(reading.values_used),
        checks=(*checks, *operand_checks(actions)),
    )


class _Reading:
    """Parses the expressions of one request and notes what they refer to."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._names_used: set[str] = set()
        self.values_used: set[str] = set()

    def _note(self, parser: Parser) -> None:
        self._names_used |= parser.names_used
        self.values_used |= parser.values_used

    def condition(self, text: str | None) -> Tree | None:
        if text is None:
            return None
        parser = Parser(text, self._names)
        tree = parser.condition()
        self._note(parser)
        return tree

    def update(self, text: str | None) -> tuple[Tree, ...]:
        if text is None:
            return ()
        parser = Parser(text, self._names)
        actions = parser.update()
        self._note(parser)
        return actions

    def projection(self, text: str | None) -> tuple[Path, ...]:
        if text is None:
            return ()
        parser = Parser(text, self._names)
        paths = parser.projection()
        self._note(parser)
        return paths

    def finish(self) -> None:
        unused = self._names.keys() - self._names_used
        if unused:
            raise invalid(
                "Value provided in ExpressionAttributeNames unused in expressions: "
                f"keys: {{{', '.join(sorted(unused))}}}"
            )


def _projector(paths: tuple[Path, ...]) -> Callable[[Item], Item] | None:
    if not paths:
        return None
    if all(len(path) == 1 for path in paths):
        names = [path[0] for path in paths]
        return lambda item: {name: item[name] for name in names if name in item}
    return lambda item: fragments(item, paths)


def names_in(tree: Any) -> set[str]:
    """The top-level attributes a tree looks at."""
    if not isinstance(tree, tuple) or not tree:
        return set()
    if tree[0] == "path":
        return {tree[1][0]}
    if tree[0] == "const":
        return set()
    found: set[str] = set()
    for part in tree[1:]:
        if isinstance(part, tuple) and part and isinstance(part[0], tuple):
            for inner in part:
                found |= names_in(inner)
        else:
            found |= names_in(part)
    return found


def read_plan(params: dict[str, Any]) -> tuple[Decision, Values]:
    """(plan, values in normal form) of a request; every name and value is defined and used."""
    names = params.get("ExpressionAttributeNames")
    values = params.get("ExpressionAttributeValues")
    condition = params.get("ConditionExpression")
    update = params.get("UpdateExpression")
    projection = params.get("ProjectionExpression")
    filter_ = params.get("FilterExpression")
    key = params.get("KeyConditionExpression")
    if names is None:
        plan = _plan(condition, update, projection, filter_, key, ())
    else:
        if not names or (condition is update is projection is filter_ is key is None):
            raise invalid("ExpressionAttributeNames can only be specified when using expressions")
        plan = _plan(condition, update, projection, filter_, key, tuple(names.items()))
    if values is None:
        if plan.values_needed:
            raise _undefined(plan.values_needed)
        return plan, NO_VALUES
    if values.keys() != plan.values_needed:
        raise _mismatch(plan.values_needed, values)
    normal = {name: normalised(value) for name, value in values.items()}
    for check in plan.checks:
        check(normal)
    return plan, normal


def _undefined(names: frozenset[str]) -> ServiceError:
    return invalid(
        "Invalid expression: An expression attribute value used in expression is not defined; "
        f"attribute value: {min(names)}"
    )


def _mismatch(needed: frozenset[str], given: dict[str, Any]) -> ServiceError:
    if not given:
        return invalid("ExpressionAttributeValues must not be empty")
    missing = needed - given.keys()
    if missing:
        return _undefined(missing)
    unused = ", ".join(sorted(given.keys() - needed))
    return invalid(
        f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{unused}}}"
    )
