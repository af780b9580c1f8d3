"""The libraries' work for every call, in fewer steps and with the same result.

pynamodb takes half of a run's time otherwise. Nothing of the product is
replaced, and nothing that decides anything; a test holds runs with and without against each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    MapAttribute,
    NumberAttribute,
)
from pynamodb.connection.base import Connection
from pynamodb.expressions import operand
from pynamodb.models import Model

_MAX_SMALL: Final = 15  # digits; json reads larger numbers
_MODEL: Any = Model


class _Column(NamedTuple):
    """An attribute of a model: where it is stored, and how it is read."""

    name: str
    attribute: Any
    kind: str
    is_text: bool
    is_kept_plainly: bool


class _Layout(NamedTuple):
    """The attributes of a model by DynamoDB's names, and which of them have defaults."""

    columns: dict[str, _Column]
    defaults: tuple[tuple[str, Any, bool], ...]
    defaults_of_new: tuple[tuple[str, Any, bool], ...]


@cache
def _layout(model: Any) -> _Layout:
    columns: dict[str, _Column] = {}
    of_old: list[tuple[str, Any, bool]] = []
    of_new: list[tuple[str, Any, bool]] = []
    for name, attribute in model.get_attributes().items():
        kind = type(attribute)
        columns[attribute.attr_name] = _Column(
            name,
            attribute,
            attribute.attr_type,
            kind.deserialize is Attribute.deserialize and kind.get_value is Attribute.get_value,
            not isinstance(attribute, MapAttribute),
        )
        new = attribute.default_for_new
        for found, default in (
            (of_old, attribute.default),
            (of_new, attribute.default if new is None else new),
        ):
            if default is not None:
                found.append((name, default, callable(default)))
    return _Layout(columns, tuple(of_old), tuple(of_new))


def _fill(item: Any, attribute_values: dict[str, dict[str, Any]]) -> None:
    """`_container_deserialize`, reading only the attributes that the item has."""
    model: Any = type(item)
    layout = _layout(model)
    item.attribute_values = values = {}
    for name, value in attribute_values.items():
        column = layout.columns.get(name)
        if column is None or not value or "NULL" in value:
            continue
        if column.is_text and column.kind in value:
            values[column.name] = value[column.kind]
            continue
        read = column.attribute.deserialize(column.attribute.get_value(value))
        if column.is_kept_plainly:
            values[column.name] = read
        else:
            setattr(item, column.name, read)
    _default(item, layout.defaults)


def _set_defaults(item: Any, _user_instantiated: bool = True) -> None:
    model: Any = type(item)
    layout = _layout(model)
    _default(item, layout.defaults_of_new if _user_instantiated else layout.defaults)


def _default(item: Any, defaults: tuple[tuple[str, Any, bool], ...]) -> None:
    """Sets the defaults of attributes without a value."""
    values = item.attribute_values
    for name, default, is_made in defaults:
        if name in values:
            continue
        value = default() if is_made else default
        if isinstance(value, dict):
            setattr(item, name, value)
        elif value is not None:
            values[name] = value


def _instantiate(cls: Any, raw: dict[str, dict[str, Any]]) -> Any:
    """A model of an item, created and filled once, without setting defaults twice."""
    if cls._discriminator:
        original: Any = AttributeContainer._instantiate
        return original.__func__(cls, raw)
    item = cls.__new__(cls)
    _fill(item, raw)
    return item


def _getting(usual: Callable[..., Any]) -> Callable[..., Any]:
    def get(self: Any, instance: Any, owner: Any) -> Any:
        if not isinstance(instance, _MODEL):
            return usual(self, instance, owner)
        name = self.attr_path[-1]
        return instance.attribute_values.get(instance._dynamo_to_python_attrs.get(name, name))

    return get


def _setting(usual: Callable[..., Any]) -> Callable[..., Any]:
    def put(self: Any, instance: Any, value: Any) -> None:
        if isinstance(instance, _MODEL):
            name = self.attr_path[-1]
            instance.attribute_values[instance._dynamo_to_python_attrs.get(name, name)] = value
        else:
            usual(self, instance, value)

    return put


def _number(_self: Any, text: str) -> Any:
    if text.isdigit() and len(text) <= _MAX_SMALL:
        return int(text)
    return json.loads(text)


def _number_text(_self: Any, value: Any) -> str:
    return str(value) if type(value) is int else json.dumps(value)


def _dispatch(self: Any, operation: str, params: dict[str, Any]) -> Any:
    """A call without unused signals and without a capacity report."""
    return self._make_api_call(operation, params)


def _substituted(path: Any, placeholders: dict[str, str]) -> Any:
    """`substitute_names`, for the usual path of one plain name."""
    if len(path) == 1 and not isinstance(path, str) and "[" not in (name := path[0]):
        placeholder = placeholders.get(name)
        if placeholder is None:
            placeholder = placeholders[name] = f"#{len(placeholders)}"
        return placeholder
    return _substitute_names(path, placeholders)


_operand: Any = operand
_substitute_names = _operand.substitute_names


@contextmanager
def shortcuts() -> Iterator[None]:
    """Uses the shortcuts while the context lasts."""
    replaced: list[tuple[Any, str, Any]] = [
        (Model, "_instantiate", classmethod(_instantiate)),
        (Model, "_container_deserialize", _fill),
        (Model, "_set_defaults", _set_defaults),
        (Attribute, "__get__", _getting(Attribute.__get__)),
        (Attribute, "__set__", _setting(Attribute.__set__)),
        (NumberAttribute, "deserialize", _number),
        (NumberAttribute, "serialize", _number_text),
        (Connection, "dispatch", _dispatch),
        (operand, "substitute_names", _substituted),
    ]
    with ExitStack() as stack:
        for owner, name, new in replaced:
            stack.enter_context(patch.object(owner, name, new))
        yield
