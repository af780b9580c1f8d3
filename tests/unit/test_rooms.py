"""Who may import whom: each room imports only rooms before it, so there is no circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers" / "handover" / "handover"
# Bottom first. A room is a folder of `handover`, or a module beside them.
ROOMS = (
    "model",
    "audit",
    "codes",
    "errors",
    "reading",
    "workbooks",
    "profiles",
    "rules",
    "reports",
    "deadline",
    "flight",
    "together",
    "sdk",
    "aws",
    "store",
    "runtime",
    "access",
    "pipeline",
    "jobs",
    "use_cases",
    "batch",
    "http",
)
# These say nothing to AWS and read no clock or environment.
PURE = ("audit", "codes", "errors", "model", "reading", "workbooks", "profiles", "rules", "reports")


def room_of(file: Path) -> str:
    """The room that a file of the core belongs to."""
    return file.relative_to(CORE).parts[0].removesuffix(".py")


@cache
def imported(file: Path) -> tuple[str, ...]:
    """The full names of what a file imports, names of modules and of what is taken from them."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def files_of(*rooms: str) -> list[Path]:
    """The files of these rooms."""
    return [file for file in sorted(CORE.rglob("*.py")) if room_of(file) in rooms]


def test_every_room_has_its_place_in_the_order() -> None:
    """A new room must say who may import it."""
    assert {room_of(file) for file in CORE.rglob("*.py")} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    """Imports go one way, from what people ask down to the model."""
    allowed = {*ROOMS[: ROOMS.index(room)], room}
    upwards = {
        f"{file.relative_to(CORE)}: {name}"
        for file in files_of(room)
        for name in imported(file)
        if name.startswith("handover.") and name.split(".")[1] not in allowed
    }
    assert upwards == set()


def test_the_pure_rooms_know_no_package_that_speaks_to_the_world() -> None:
    """They can be tested without AWS, a clock or files."""
    outside = {"boto3", "botocore", "pynamodb", "aws_lambda_powertools", "os", "time", "socket"}
    found = {
        f"{file.relative_to(CORE)}: {name}"
        for file in files_of(*PURE)
        for name in imported(file)
        if name.split(".")[0] in outside
    }
    assert found == set()


def test_nothing_that_is_shipped_imports_the_tests() -> None:
    """The wheel holds `handover` and `infra`; it must import without `tests`."""
    shipped = [
        *CORE.rglob("*.py"),
        *(ROOT / "infra").rglob("*.py"),
        *(ROOT / "functions").rglob("*.py"),
    ]
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in shipped
        for name in imported(file)
        if name.split(".")[0] == "tests"
    }
    assert found == set()


def test_the_rule_oracle_of_the_tests_knows_nothing_of_the_product() -> None:
    """It says a second time what the product must do; what it shared it could not find wrong."""
    oracle = sorted((ROOT / "tests" / "kit" / "oracle").glob("*.py"))
    outside = {
        f"{file.name}: {name}"
        for file in oracle
        for name in imported(file)
        if name.split(".")[0] in ("handover", "functions", "infra")
        or (name.startswith("tests.") and not name.startswith("tests.kit.oracle"))
    }
    assert len(oracle) > 5
    assert outside == set()


@pytest.mark.parametrize("room", [room for room in ROOMS if (CORE / room).is_dir()])
def test_a_room_says_what_belongs_there(room: str) -> None:
    """The docstring of its `__init__` is the first thing that a newcomer reads."""
    text = ast.get_docstring(ast.parse((CORE / room / "__init__.py").read_text(encoding="utf-8")))
    assert text is not None
    assert len(text) > 60
