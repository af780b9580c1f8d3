"""A mutant: one piece of the code under test, changed during a run."""

from __future__ import annotations
import __future__

import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

OURS = ("handover", "functions")


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a function's source, and its replacement."""

    module: str
    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect. `scenes` and `kinds` are where to look for it first, `sweeps` whether with them.

    `pair` is for a defect that shows only when two kinds of fault come together. `function` bounds
    the search to the calls of one. `wrap` changes a function as a whole: it is given the function
    and returns another.
    """

    name: str
    mechanism: str
    edits: tuple[Edit, ...] = ()
    wrap: tuple[str, str, Callable[[Any], Any]] | None = None
    scenes: tuple[str, ...] = ("plain",)
    kinds: tuple[str, ...] = ()
    pair: tuple[str, str] | None = None
    function: str = ""
    sweeps: bool = True

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Makes the code under test defective while the context lasts."""
        with ExitStack() as stack:
            for (module, name), edits in groupby(self.edits, lambda one: (one.module, one.name)):
                owner, function = _find(module, name)
                stack.enter_context(_replaced(owner, function, _edited(function, list(edits))))
            if self.wrap is not None:
                module, name, change = self.wrap
                owner, function = _find(module, name)
                stack.enter_context(_replaced(owner, function, change(function)))
            yield


def _find(module: str, name: str) -> tuple[Any, Any]:
    """The module or class that defines a function, and the function."""
    owner: Any = importlib.import_module(module)
    *classes, last = name.split(".")
    for part in classes:
        owner = getattr(owner, part)
    return owner, inspect.getattr_static(owner, last)


def _edited(function: Any, edits: list[Edit]) -> Any:
    plain: Any = function.fget if isinstance(function, property) else function
    plain = inspect.unwrap(plain)
    source = textwrap.dedent(inspect.getsource(plain))
    for edit in edits:
        if edit.old not in source:
            raise LookupError(f"{edit.module}.{edit.name} does not read {edit.old!r} any more")
        source = source.replace(edit.old, edit.new)
    code = compile(
        source,
        f"<{plain.__qualname__}>",
        "exec",
        flags=__future__.annotations.compiler_flag,
        dont_inherit=True,
    )
    found: dict[str, Any] = {}
    exec(code, plain.__globals__, found)  # noqa: S102 - the source is this repository's
    return found[plain.__name__]


@contextmanager
def _replaced(owner: Any, old: Any, new: Any) -> Iterator[None]:
    """Puts `new` in the place of `old` in all our modules."""
    places: list[tuple[Any, str]] = [
        (module, name)
        for module in [module for key, module in sys.modules.items() if key.startswith(OURS)]
        for name, value in list(vars(module).items())
        if value is old
    ]
    if isinstance(owner, type):
        places += [(owner, name) for name, value in list(vars(owner).items()) if value is old]
    if not places:
        raise LookupError(f"{old!r} is nowhere")
    for place, name in places:
        setattr(place, name, new)
    try:
        yield
    finally:
        for place, name in places:
            setattr(place, name, old)
