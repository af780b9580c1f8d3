"""The page of requirements is complete, and a test's name has every number."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = [f"r{number}" for number in range(1, 105)]


def carried() -> set[str]:
    """The numbers in the names of all tests."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found |= {part for part in node.name.split("_") if re.fullmatch(r"r\d+", part)}
    return found


CARRIED = carried()
ROWS = re.findall(
    r"^\| (R\d+) \| (.+) \| (.+) \|$", (ROOT / "REQUIREMENTS.md").read_text("utf-8"), re.MULTILINE
)


def test_the_page_has_every_number_once_and_in_order() -> None:
    assert [number.lower() for number, _, _ in ROWS] == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_in_the_name_of_a_test(number: str) -> None:
    assert number in CARRIED
