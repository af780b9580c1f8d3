"""No function is longer than a screen; ruff holds how many parameters one may have (PLR0913)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 60


def lengths() -> Iterator[tuple[str, int]]:
    """Each function that ships, by file and name, and how many lines it has from `def` on."""
    for folder in ("functions", "layers"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    yield f"{file.relative_to(ROOT)}: {node.name}", lines


def test_no_function_is_longer_than_a_screen() -> None:
    """Who reads a function sees all of it."""
    assert [name for name, lines in lengths() if lines > MAX_LINES] == []
