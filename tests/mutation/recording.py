"""A plugin of pytest: which lines of the product each test runs, and how long it takes.

Lines that run at import, and what a cache gives, belong to no test or to the first one only.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.mutation.syntax import HANDOVER

WHERE = "HANDOVER_RECORDING"
# From Python 3.12 on.
MONITORING: Any = getattr(sys, "monitoring", None)
TOOL = 4
PACKAGE = f"{HANDOVER}/"

_lines: dict[str, set[int]] = {}
_tests: dict[str, dict[str, Any]] = {}
_failed: set[str] = set()


def _ran(code: CodeType, line: int) -> object:
    if code.co_filename.startswith(PACKAGE):
        _lines.setdefault(code.co_filename.removeprefix(PACKAGE), set()).add(line)
    return MONITORING.DISABLE


def pytest_configure() -> None:
    """Begins to record lines, each once per test."""
    MONITORING.use_tool_id(TOOL, "recording")
    MONITORING.register_callback(TOOL, MONITORING.events.LINE, _ran)
    MONITORING.set_events(TOOL, MONITORING.events.LINE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Records the lines of the test, its fixtures included."""
    _lines.clear()
    MONITORING.restart_events()
    began = time.monotonic()
    try:
        return (yield)
    finally:
        lines = {module: sorted(found) for module, found in _lines.items()}
        _tests[item.nodeid] = {"seconds": time.monotonic() - began, "lines": lines}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Records which tests fail on the unchanged code: they would seem to find every change."""
    report = yield
    if report.failed:
        _failed.add(report.nodeid)
    return report


def pytest_sessionfinish() -> None:
    """Writes what the tests of this process ran."""
    MONITORING.set_events(TOOL, 0)
    for name in _failed:
        _tests.pop(name, None)
    Path(os.environ[WHERE], f"{os.getpid()}.json").write_text(json.dumps(_tests))
