"""Which of the fast tests can find a change: those that run its line, as recorded once."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.mutation.records import FAST, ROOT, Recorded, recorded
from tests.mutation.syntax import HANDOVER, Mutation

__all__ = ["FAST", "ROOT", "Recorded", "chosen_for", "recorded"]

# The recorded seconds that the tests of one mutant may take together, and how many they may be:
# most seconds of many short tests are those of their files and fixtures.
MAX_SECONDS = 45.0
MAX_TESTS = 600
# Of each test that is not near the module, so many cases come before the other cases of all.
FIRST_CASES = 5
# What describes the routes, which are all made at import, and what looks at every module.
OF_ROUTES = "tests/functional/api/test_description.py"
OF_ALL = ("tests/unit/test_limits.py", "tests/unit/test_values.py")


def chosen_for(mutation: Mutation, tests: Recorded) -> list[str]:
    """The tests that can find the change, the likeliest first, up to MAX_SECONDS and MAX_TESTS.

    Of what a process runs once those that name it, or run a line where one of its names stands, and
    then all that run anything of the module; of routes those that describe them too.
    """
    exact = _running(mutation.module, {mutation.line}, tests)
    runs_once = not exact or _runs_once(mutation)
    if mutation.module.startswith("http/"):
        # Its functions also run at import, where routes are described.
        exact |= {name for name in tests if name.startswith(OF_ROUTES)}
    if runs_once:
        exact |= {name for name in tests if name.startswith(OF_ALL)}
        names = _names_at(mutation)
        exact |= {name for name in tests if names & _names_in(name.partition("::")[0])}
        for module, lines in _named(names):
            exact |= _running(module, lines, tests)
    others = {name for name, one in tests.items() if mutation.module in one["lines"]} - exact
    chosen: list[str] = []
    seconds = 0.0
    for some in (exact, others):
        likely = sorted(some, key=lambda one: _likelihood(one, mutation, tests))
        for name in _first_cases_first(likely, Path(mutation.module)):
            if len(chosen) == MAX_TESTS:
                return chosen
            if chosen and seconds + tests[name]["seconds"] > MAX_SECONDS:
                continue
            if some is others and exact and not runs_once:
                break
            chosen.append(name)
            seconds += tests[name]["seconds"]
    return chosen


def _first_cases_first(names: list[str], module: Path) -> list[str]:
    """The names in their order, but for the later cases of tests that are not near the module."""
    cases: Counter[str] = Counter()
    first: list[str] = []
    others: list[str] = []
    for name in names:
        test = name.partition("[")[0]
        cases[test] += 1
        comes_first = cases[test] <= FIRST_CASES or _is_near(name, module)
        (first if comes_first else others).append(name)
    return first + others


def _is_near(name: str, module: Path) -> bool:
    """Whether the test's file is named after the module, or is of the module's room."""
    file = name.partition("::")[0]
    return module.stem in file or file.startswith(f"tests/unit/{module.parts[0]}/")


def _likelihood(
    name: str, mutation: Mutation, tests: Recorded
) -> tuple[bool, bool, bool, bool, float]:
    """OF_ALL first, then unit tests, and among them those of the module's room or named after it.

    Of tests alike the shorter come first.
    """
    file, module = name.partition("::")[0], Path(mutation.module)
    return (
        file not in OF_ALL,
        not (file.startswith("tests/unit") or module.stem in file),
        not _is_near(name, module),
        module.stem not in file,
        float(tests[name]["seconds"]),
    )


def _running(module: str, lines: Iterable[int], tests: Recorded) -> set[str]:
    expected = frozenset(lines)
    return {name for name, one in tests.items() if expected & set(one["lines"].get(module, ()))}


def _runs_once(mutation: Mutation) -> bool:
    """Whether a process runs it at import or keeps its result: no record shows who needs it."""
    functions = [
        node
        for node in ast.walk(_tree(mutation.module))
        if isinstance(node, ast.FunctionDef)
        and node.body[0].lineno <= mutation.line <= (node.end_lineno or 0)
    ]
    kept = (ast.unparse(one) for function in functions for one in function.decorator_list)
    return not functions or any("cache" in one or one == "Once" for one in kept)


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
    """The names that stand in a file of tests, also as texts; none when there is no such file."""
    path = ROOT / file
    if not path.exists():
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                names.add(name)
    return frozenset(names)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((HANDOVER / module).read_bytes())
