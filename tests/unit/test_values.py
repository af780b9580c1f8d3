"""What modules hand each other cannot change, and takes no more memory than its fields."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import handover
import msgspec

from tests.kit.recorded import assert_as_recorded

PACKAGE = Path(handover.__file__).parent

# Each is filled by the one function that makes it.
CHANGING = frozenset(
    {
        "access.allowances._Share",
        "flight.Pace",
        "pipeline.lines.Decided",
        "pipeline.lines._Reading",
        "pipeline.result_files._Index",
        "reports.line_index.IndexBuilder",
        "rules.change_guard.Effects",
    }
)
COMPARED_BY_SIZE = frozenset({"profiles.matching.evidence.Evidence"})
# Its tables are made when somebody first asks for them.
KEEPS_WHAT_IT_MAKES = frozenset({"store.tables.Tables"})


def structs() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Every kind of value in the product, with its module."""
    for path in sorted(PACKAGE.rglob("[!_]*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for name, found in vars(importlib.import_module(f"handover.{module}")).items():
            is_value = inspect.isclass(found) and issubclass(found, msgspec.Struct)
            if is_value and found.__module__ == f"handover.{module}":
                yield f"{module}.{name}", found


def test_only_the_values_listed_here_can_change_be_ordered_or_have_more_than_their_fields() -> None:
    found = dict(structs())

    assert len(found) > 150
    configs = {name: one.__struct_config__ for name, one in found.items()}
    assert {name for name, one in configs.items() if not one.frozen} == CHANGING
    assert {name for name, one in configs.items() if one.order} == COMPARED_BY_SIZE
    assert {name for name, one in configs.items() if one.dict} == KEEPS_WHAT_IT_MAKES
    assert all(one.eq and one.gc and not one.weakref for one in configs.values())


def defaults() -> Iterator[str]:
    """Each kind of value that has fields with defaults, and these."""
    for name, struct in structs():
        values = struct.__struct_defaults__
        fields = struct.__struct_fields__[len(struct.__struct_fields__) - len(values) :]
        if values:
            pairs = zip(fields, values, strict=True)
            yield f"{name}: {', '.join(f'{field}={_said(value)}' for field, value in pairs)}"


def _said(value: Any) -> str:
    if isinstance(value, frozenset):
        return f"frozenset({sorted(value)})"
    factory = getattr(value, "factory", value)
    return factory.__name__ if callable(factory) else repr(value)


def test_fields_have_the_defaults_that_are_recorded() -> None:
    """Values are made in many places, most of which give only what is special."""
    assert_as_recorded(Path(__file__).with_name("defaults.txt"), "\n".join(defaults()) + "\n")


def enumerations() -> Iterator[str]:
    """Each enumeration whose members are texts, with its words."""
    for path in sorted(PACKAGE.rglob("[!_]*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for name, found in vars(importlib.import_module(f"handover.{module}")).items():
            is_words = inspect.isclass(found) and issubclass(found, StrEnum)
            if is_words and found.__module__ == f"handover.{module}":
                words = (f"{one.name}={str(one)!r}" for one in found)
                yield f"{module}.{name}: {', '.join(words)}"


def test_enumerations_have_the_words_that_are_recorded() -> None:
    """They stand in stored items, files and answers: code before and after must know them."""
    path = Path(__file__).with_name("words.txt")

    assert_as_recorded(path, "\n".join(enumerations()) + "\n")
