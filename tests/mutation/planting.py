"""A plugin of pytest that imports one module of the product with a change of its source."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

WHERE = "HANDOVER_MUTANT"


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
