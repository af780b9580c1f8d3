"""Which lines of the product each fast test runs, recorded by file of tests and kept.

A file of tests is recorded again when it has changed. When only the product has changed, its lines
are looked for in the present source: a record that is a little old chooses tests nearly as well,
and no test is believed that does not fail.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from tests.mutation.recording import WHERE
from tests.mutation.syntax import HANDOVER

ROOT = Path(__file__).parents[2]
# The tests that run before each merge and ask one function, page or rule at a time. What a route
# answers, who may ask it and what an operator sees is known only to those of the last three.
FAST = ("tests/unit", "tests/functional", "tests/rights", "tests/console", "tests/template")
RECORDED = ROOT / ".local" / "mutation.json"
FILES_AT_A_TIME = 6

Recorded = dict[str, dict[str, Any]]


def recorded(seconds: float) -> Recorded:
    """What each fast test runs, by its id.

    Files of tests without a record, or changed since, are recorded now, for about so many
    `seconds`. What is left then is printed, and is recorded by the next call.
    """
    kept = _kept()
    stale = [name for name in _files() if kept["files"].get(name, {}).get("code") != _digest(name)]
    until = time.monotonic() + seconds
    while stale and time.monotonic() < until:
        _record(kept, stale[:FILES_AT_A_TIME])
        stale = stale[FILES_AT_A_TIME:]
    if stale:
        print(f"{len(stale)} files of tests are not recorded yet: run again", flush=True)
    return {
        name: {"seconds": one["seconds"], "lines": _present(one["lines"], of_file, kept)}
        for of_file in (kept["files"][file] for file in _files() if file in kept["files"])
        for name, one in of_file["tests"].items()
    }


def _kept() -> dict[str, Any]:
    if RECORDED.exists():
        kept: dict[str, Any] = json.loads(RECORDED.read_text())
        if "files" in kept:
            return kept
    return {"files": {}, "sources": {}}


def _files() -> Iterator[str]:
    """The files of fast tests, relative to the root."""
    for folder in FAST:
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            yield path.relative_to(ROOT).as_posix()


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _record(kept: dict[str, Any], names: Sequence[str]) -> None:
    """Runs these files of tests, and keeps what they ran."""
    print(f"recording {', '.join(names)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.recording"]
        command += ["-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", *names]
        # Tests that fail are left out, and shown.
        subprocess.run(
            command, cwd=ROOT, env=os.environ | {WHERE: folder}, stdout=sys.stderr, check=False
        )
        parts = [json.loads(path.read_text()) for path in Path(folder).iterdir()]
    tests = {name: one for part in parts for name, one in part.items()}
    modules = {module for one in tests.values() for module in one["lines"]}
    sources = {module: (HANDOVER / module).read_text() for module in modules}
    ids = {module: hashlib.sha256(text.encode()).hexdigest() for module, text in sources.items()}
    kept["sources"] |= {ids[module]: text for module, text in sources.items()}
    for name in names:
        of_file = {test: one for test, one in tests.items() if test.partition("::")[0] == name}
        kept["files"][name] = {"code": _digest(name), "modules": ids, "tests": of_file}
    used = {one for of_file in kept["files"].values() for one in of_file["modules"].values()}
    kept["sources"] = {one: text for one, text in kept["sources"].items() if one in used}
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(json.dumps(kept))


def _present(
    lines: dict[str, list[int]], of_file: dict[str, Any], kept: dict[str, Any]
) -> dict[str, list[int]]:
    """The recorded lines of each module, by their numbers in the present source."""
    found: dict[str, list[int]] = {}
    for module, numbers in lines.items():
        now = _source(module)
        if not now:
            continue
        text = kept["sources"][of_file["modules"][module]]
        moved = _moved(text, now) if text != now else {one: one for one in numbers}
        found[module] = [moved[one] for one in numbers if one in moved]
    return found


@cache
def _source(module: str) -> str:
    """The present source of a module, "" when there is none any more."""
    path = HANDOVER / module
    return path.read_text() if path.exists() else ""


@cache
def _moved(before: str, now: str) -> dict[int, int]:
    """The number of each line that is still there, by its number before."""
    matcher = SequenceMatcher(None, before.splitlines(), now.splitlines(), autojunk=False)
    return {
        block.a + place + 1: block.b + place + 1
        for block in matcher.get_matching_blocks()
        for place in range(block.size)
    }
