"""Names of a package that are imported when somebody first asks for them.

A cold start waits for every module that it imports. Who needs one rule of a room must not wait for
the others, nor know in which file of the room it is.

https://peps.python.org/pep-0562/
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def exports(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package; `homes` are its modules, each with its names and spaces.

    A name must not be that of a module of the package: whatever imports the module would hide it.
    """
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def found(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home_of[name]}"), name)
        # Whoever asks next finds it without this function.
        setattr(sys.modules[package], name, value)
        return value

    return found
