"""Which of the fast tests can see a change: those that run its line, as recorded once."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tests.mutation.recording import WHERE
from tests.mutation.syntax import HANDOVER, Mutation

ROOT = Path(__file__).parents[2]
CORE = (
    "rules",
    "profiles",
    "reading",
    "reports",
    "store",
    "access",
    "pipeline",
    "jobs",
    "use_cases",
)
FAST = (
    *(f"tests/unit/{part}" for part in CORE if (ROOT / "tests" / "unit" / part).is_dir()),
    "tests/functional",
)
RECORDED = ROOT / ".local" / "mutation.json"
# What the tests of one mutant took together when they were recorded.
MAX_SECONDS = 60.0

Recorded = dict[str, dict[str, Any]]


def code_now() -> str:
    """A digest of the product and of its fast tests."""
    digest = hashlib.sha256()
    for folder in (HANDOVER, ROOT / "functions", *(ROOT / fast for fast in FAST)):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def recorded() -> Recorded:
    """What each fast test runs; recorded now unless it was for the same code."""
    code = code_now()
    if RECORDED.exists():
        kept = json.loads(RECORDED.read_text())
        if kept["code"] == code:
            tests: Recorded = kept["tests"]
            return tests
    print("recording which lines each test runs", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.recording"]
        command += ["-n", "2", "--dist", "loadfile", *FAST]
        # Those that fail are left out, and shown.
        subprocess.run(command, cwd=ROOT, env=os.environ | {WHERE: folder}, check=False)
        parts = [json.loads(path.read_text()) for path in Path(folder).iterdir()]
    tests = {name: one for part in parts for name, one in part.items()}
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(json.dumps({"code": code, "tests": tests}))
    return tests


def chosen_for(mutation: Mutation, tests: Recorded) -> list[str]:
    """The tests that can see the change, the likeliest first, of MAX_SECONDS together.

    Of what runs at import those that run a line where one of its names stands, and then all that
    run anything of the module.
    """
    exact = _running(mutation.module, {mutation.line}, tests)
    if not exact:
        for module, lines in _named(_names_at(mutation)):
            exact |= _running(module, lines, tests)
    others = {name for name, one in tests.items() if mutation.module in one["lines"]} - exact
    chosen: list[str] = []
    seconds = 0.0
    for some in (exact, others):
        for name in sorted(some, key=lambda one: _likelihood(one, mutation, tests)):
            if chosen and seconds + tests[name]["seconds"] > MAX_SECONDS:
                continue
            if some is others and exact:
                break
            chosen.append(name)
            seconds += tests[name]["seconds"]
    return chosen


def _likelihood(name: str, mutation: Mutation, tests: Recorded) -> tuple[bool, bool, float]:
    """Unit tests first, and of all tests those that are about the module by their name."""
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
    """The names that the module's statement at the place defines."""
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
    """The modules where one of the names stands, with the lines."""
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
def _tree(module: str) -> ast.Module:
    return ast.parse((HANDOVER / module).read_bytes())
