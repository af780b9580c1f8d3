"""No function is longer than a screen; ruff limits the parameters (PLR0913)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 60


def lengths() -> Iterator[tuple[str, int]]:
    """Each shipped function, by file and name, with its number of lines from `def` on."""
    for folder in ("functions", "layers"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    yield f"{file.relative_to(ROOT)}: {node.name}", lines


def test_no_function_is_longer_than_a_screen() -> None:
    """A reader sees a whole function at once."""
    assert [name for name, lines in lengths() if lines > MAX_LINES] == []
