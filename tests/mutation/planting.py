"""A plugin of pytest: one module of the product is imported with a change of its source.

Of the tests that are collected, only the chosen ones run, in the order in which they were chosen. A
test whose name is made of what was changed is then not there, which proves nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

WHERE = "HANDOVER_MUTANT"
# The path of a file with the names of the chosen tests, or of their files, one a line.
CHOSEN = "HANDOVER_CHOSEN"


def plant(path: str, source: str) -> None:
    """Has the module at that path compiled from this source."""
    loaders: Any = SourceFileLoader
    code_of: Callable[[Any, str], CodeType | None] = loaders.get_code

    def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        if loader.path == path:
            return compile(source, path, "exec", dont_inherit=True)
        return code_of(loader, fullname)

    loaders.get_code = get_code


def pytest_load_initial_conftests() -> None:
    """Before any test imports the product."""
    if WHERE in os.environ:
        plant(**json.loads(os.environ[WHERE]))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests that were not chosen."""
    if CHOSEN not in os.environ:
        return
    names = Path(os.environ[CHOSEN]).read_text().splitlines()
    places = {name: place for place, name in enumerate(names)}

    def place_of(item: pytest.Item) -> int | None:
        return places.get(item.nodeid, places.get(item.nodeid.partition("::")[0]))

    found = [(place, item) for item in items if (place := place_of(item)) is not None]
    config.hook.pytest_deselected(items=[item for item in items if place_of(item) is None])
    items[:] = [item for _, item in sorted(found, key=lambda one: one[0])]
