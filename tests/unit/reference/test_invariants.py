"""ARCHITECTURE.md defines every invariant that a test names, once."""

from __future__ import annotations

import re

from infra.reference.pages import ROOT

NUMBER = re.compile(r"\bI\d{1,2}\b")
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
DEFINED = re.findall(r"^\| (I\d+) \| .+\. \|$", PAGE, re.MULTILINE)


def test_invariants_are_numbered_without_a_gap() -> None:
    assert [f"I{number}" for number in range(1, len(DEFINED) + 1)] == DEFINED


def test_a_test_names_defined_invariants_only() -> None:
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "tests").rglob("*.md")]
    named = {number for file in files for number in NUMBER.findall(file.read_text("utf-8"))}

    assert named <= set(DEFINED)
