"""Which of the fast tests can find a change: those that run its line, as recorded once."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.mutation.records import FAST, ROOT, Recorded, recorded
from tests.mutation.syntax import HANDOVER, Mutation

__all__ = ["FAST", "ROOT", "Recorded", "chosen_for", "recorded"]

# The recorded seconds that the tests of one mutant may take together.
MAX_SECONDS = 60.0


def chosen_for(mutation: Mutation, tests: Recorded) -> list[str]:
    """The tests that can find the change, the likeliest first, up to MAX_SECONDS together.

    Of what runs at import those that name it, or run a line where one of its names stands, and then
    all that run anything of the module.
    """
    exact = _running(mutation.module, {mutation.line}, tests)
    is_of_import = not exact
    if is_of_import:
        names = _names_at(mutation)
        exact = {name for name in tests if names & _names_in(name.partition("::")[0])}
        for module, lines in _named(names):
            exact |= _running(module, lines, tests)
    others = {name for name, one in tests.items() if mutation.module in one["lines"]} - exact
    chosen: list[str] = []
    seconds = 0.0
    for some in (exact, others):
        for name in sorted(some, key=lambda one: _likelihood(one, mutation, tests)):
            if chosen and seconds + tests[name]["seconds"] > MAX_SECONDS:
                continue
            if some is others and exact and not is_of_import:
                break
            chosen.append(name)
            seconds += tests[name]["seconds"]
    return chosen


def _likelihood(name: str, mutation: Mutation, tests: Recorded) -> tuple[bool, bool, float]:
    """Unit tests first, and among all tests those named after the module."""
    stem = Path(mutation.module).stem
    return (
        not (name.startswith("tests/unit") or stem in name.partition("::")[0]),
        stem not in name.partition("::")[0],
        float(tests[name]["seconds"]),
    )


def _running(module: str, lines: Iterable[int], tests: Recorded) -> set[str]:
    expected = frozenset(lines)
    return {name for name, one in tests.items() if expected & set(one["lines"].get(module, ()))}


def _names_at(mutation: Mutation) -> frozenset[str]:
    """The names that the statement at the place defines."""
    for node in _tree(mutation.module).body:
        if node.lineno <= mutation.line <= (node.end_lineno or 0):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    return frozenset({name})
                case ast.Assign() | ast.AnnAssign():
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    return frozenset(one.id for one in targets if isinstance(one, ast.Name))
    return frozenset()


def _named(names: frozenset[str]) -> list[tuple[str, set[int]]]:
    """The modules that contain one of the names, with the lines."""
    found = []
    for path in sorted(HANDOVER.rglob("*.py")):
        module = path.relative_to(HANDOVER).as_posix()
        lines = {
            node.lineno
            for node in ast.walk(_tree(module))
            if (isinstance(node, ast.Name) and node.id in names)
            or (isinstance(node, ast.Attribute) and node.attr in names)
        }
        if lines:
            found.append((module, lines))
    return found


@cache
def _names_in(file: str) -> frozenset[str]:
    """The names that stand in a file of tests; none when there is no such file."""
    path = ROOT / file
    if not path.exists():
        return frozenset()
    return frozenset(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Name | ast.Attribute)
    )


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((HANDOVER / module).read_bytes())
