"""The table of limits in ARCHITECTURE.md matches the code."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from infra.template import PATH

NOTES = PATH.parent / "ARCHITECTURE.md"
ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| `(?P<constant>[\w.]+)` \| (?P<value>\d+) \| (?P<aws>[^|]+) \|",
    re.MULTILINE,
)
ROWS = [(row["constant"], int(row["value"])) for row in ROW.finditer(NOTES.read_text("utf-8"))]


@pytest.mark.parametrize(("constant", "value"), ROWS, ids=[name for name, _ in ROWS])
def test_a_limit_of_the_table_has_the_value_in_the_code(constant: str, value: int) -> None:
    module, _, name = constant.rpartition(".")

    assert getattr(import_module(module), name) == value


def test_every_limit_of_aws_links_to_its_page() -> None:
    notes = NOTES.read_text("utf-8")
    pages = dict(
        re.findall(r"^\[(\w+)\]: (https://docs\.aws\.amazon\.com/\S+)$", notes, re.MULTILINE)
    )

    without = [
        row["what"]
        for row in ROW.finditer(notes)
        if not set(re.findall(r"\]\[(\w+)\]", row["aws"])) & set(pages)
    ]

    assert without == []


def test_the_table_has_a_row_for_every_limit() -> None:
    assert len(ROWS) == len(set(ROWS)) >= 22
