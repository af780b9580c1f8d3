"""Packages whose names are imported when asked for: one list for readers, one for Python."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import handover
import pytest
from handover.exports import exports

CORE = Path(handover.__file__).parent
PACKAGES = ("profiles", "reading", "reports", "rules")


def _for_readers(package: str) -> dict[str, str]:
    """The names that type checkers see, each with its module."""
    tree = ast.parse((CORE / package / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_python_finds_each_name_where_readers_see_it(package: str) -> None:
    imported = import_module(f"handover.{package}")

    for name, module in _for_readers(package).items():
        assert getattr(imported, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_is_that_of_a_module(package: str) -> None:
    """Whoever imported the module would hide the name."""
    modules = {path.stem for path in (CORE / package).iterdir()}

    assert modules.isdisjoint(_for_readers(package))


def test_a_name_that_nobody_has_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        exports("handover.rules", {"planner": "plan"})("nothing")
