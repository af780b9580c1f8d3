"""Import directions: each room imports only rooms before it, so there is no circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers" / "handover" / "handover"
CONSOLE = ROOT / "layers" / "console" / "handover_console"
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
# These do not call AWS and read no clock or environment.
PURE = (
    "audit",
    "codes",
    "errors",
    "model",
    "reading",
    "workbooks",
    "profiles",
    "rules",
    "reports",
)


def room_of(file: Path) -> str:
    """The room that a file of the core belongs to."""
    return file.relative_to(CORE).parts[0].removesuffix(".py")


@cache
def imported(file: Path) -> tuple[str, ...]:
    """The full names of a file's imports: modules, and names imported from them."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room_name(init: Path) -> str:
    """The room of this `__init__`, by its path below `layers`."""
    return init.parent.relative_to(ROOT / "layers").as_posix()


def files_of(*rooms: str) -> list[Path]:
    """The files of these rooms."""
    return [file for file in sorted(CORE.rglob("*.py")) if room_of(file) in rooms]


def test_every_room_has_a_place_in_the_order() -> None:
    """A new room must declare who may import it."""
    assert {room_of(file) for file in CORE.rglob("*.py")} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    """Imports go one way, from the API down to the model."""
    allowed = {*ROOMS[: ROOMS.index(room)], room}
    upwards = {
        f"{file.relative_to(CORE)}: {name}"
        for file in files_of(room)
        for name in imported(file)
        if name.startswith("handover.") and name.split(".")[1] not in allowed
    }
    assert upwards == set()


def test_the_pure_rooms_import_no_package_that_does_input_or_output() -> None:
    """They can be tested without AWS, a clock or files."""
    outside = {"boto3", "botocore", "pynamodb", "aws_lambda_powertools", "os", "time", "socket"}
    found = {
        f"{file.relative_to(CORE)}: {name}"
        for file in files_of(*PURE)
        for name in imported(file)
        if name.split(".")[0] in outside
    }
    assert found == set()


def test_no_shipped_file_imports_the_tests() -> None:
    """The wheel holds `handover` and `infra`; it must import without `tests`."""
    shipped = [
        *CORE.rglob("*.py"),
        *CONSOLE.rglob("*.py"),
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


def test_the_console_is_a_client_and_imports_nothing_of_the_product() -> None:
    """It shows only answers of the API and has no access to tables."""
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in CONSOLE.rglob("*.py")
        for name in imported(file)
        if name.split(".")[0] in ("handover", "infra", "functions")
    }
    assert found == set()


def test_no_files_import_each_other_in_a_circle() -> None:
    """A reader can read the imported files first."""
    modules = {
        file.relative_to(root).with_suffix("").as_posix().removesuffix("/__init__"): file
        for root, folder in ((CORE.parent, CORE), (CONSOLE.parent, CONSOLE), (ROOT, ROOT / "infra"))
        for file in folder.rglob("*.py")
    }
    graph = {
        module: {
            place if place in modules else place.rpartition("/")[0]
            for place in (name.replace(".", "/") for name in imported(file))
        }
        for module, file in modules.items()
    }

    # Raises CycleError, which names the files.
    TopologicalSorter(graph).prepare()


def test_the_rule_oracle_of_the_tests_imports_nothing_of_the_product() -> None:
    """It states a second time what the product must do; it could not find errors in shared code."""
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


@pytest.mark.parametrize(
    "init", sorted([*CORE.rglob("__init__.py"), *CONSOLE.rglob("__init__.py")]), ids=room_name
)
def test_a_room_says_what_belongs_there_and_what_does_not(init: Path) -> None:
    """The docstring of its `__init__` is the first thing that a newcomer reads."""
    text = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
    # One sentence says what belongs there, one what does not, or where that is.
    assert len(re.split(r"\.\s", text)) >= 2
