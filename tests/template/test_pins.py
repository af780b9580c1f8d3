"""The files of pins follow from pyproject.toml; `make lock` writes them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.template import PATH

ROOT = PATH.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DEVELOPMENT = ROOT / "requirements-dev.txt"
HANDOVER_LAYER = ROOT / "layers" / "handover" / "requirements.txt"
NUMPY_LAYER = ROOT / "layers" / "numpy" / "requirements.txt"
CONSOLE_LAYER = ROOT / "layers" / "console" / "requirements.txt"
WORKBOOKS_LAYER = ROOT / "layers" / "workbooks" / "requirements.txt"
LAYERS = [HANDOVER_LAYER, NUMPY_LAYER, CONSOLE_LAYER, WORKBOOKS_LAYER]
EMULATOR = ROOT / "requirements-emulator.txt"
AUDIT = ROOT / "requirements-audit.txt"
PEERS = ROOT / "requirements-peers.txt"
FILES = [DEVELOPMENT, *LAYERS, EMULATOR, AUDIT, PEERS]


def entries(file: Path) -> list[list[str]]:
    """Each entry of a file of pins: the pin, then its options; a backslash continues a line."""
    joined = file.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split(" --") for line in joined.splitlines()]


def pins(file: Path) -> dict[str, list[Requirement]]:
    """Each name with its pins: more than one where Pythons need different versions."""
    found: dict[str, list[Requirement]] = {}
    for pin, *_ in entries(file):
        requirement = Requirement(pin)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def version_of(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "=="
    return only.version


def is_met(expected: str, file: Path) -> bool:
    requirement = Requirement(expected)
    pinned = pins(file).get(canonicalize_name(requirement.name), [])
    return bool(pinned) and all(version_of(pin) in requirement.specifier for pin in pinned)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_line_pins_one_version_and_names_no_address(file: Path) -> None:
    assert "://" not in file.read_text(encoding="utf-8")
    assert all(version_of(pin) for found in pins(file).values() for pin in found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_pin_carries_the_hashes_of_its_archives(file: Path) -> None:
    without = [
        pin
        for pin, *options in entries(file)
        if not options or any(not one.startswith("hash=sha256:") for one in options)
    ]

    assert without == []


def test_every_dependency_of_the_project_is_pinned_for_development() -> None:
    project = PROJECT["project"]
    expected = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        expected += extra

    assert [one for one in expected if not is_met(one, DEVELOPMENT)] == []


def test_every_dependency_of_a_function_is_pinned_in_a_layer() -> None:
    elsewhere = {
        "numpy": NUMPY_LAYER,
        "jinja2": CONSOLE_LAYER,
        "joserfc": CONSOLE_LAYER,
        "segno": CONSOLE_LAYER,
        "xlsxwriter": WORKBOOKS_LAYER,
    }
    for expected in PROJECT["project"]["dependencies"]:
        layer = elsewhere.get(Requirement(expected).name, HANDOVER_LAYER)
        assert is_met(expected, layer), expected


def test_the_layers_have_the_tested_versions() -> None:
    tested = pins(DEVELOPMENT)

    for layer in LAYERS:
        for name, found in pins(layer).items():
            assert found == tested[name]


def test_no_tool_is_shipped_with_the_functions() -> None:
    carried = {name for layer in LAYERS for name in pins(layer)}

    assert not carried & {
        "pytest",
        "moto",
        "mypy",
        "ruff",
        "rich",
        "openpyxl",
        "cfn-lint",
        "hypothesis",
        "uv",
    }
    assert set(pins(NUMPY_LAYER)) == {"numpy"}
    assert set(pins(WORKBOOKS_LAYER)) == {"xlsxwriter"}


def test_no_package_is_in_two_layers() -> None:
    carried = [name for layer in LAYERS for name in pins(layer)]

    assert len(carried) == len(set(carried))


def test_the_emulator_is_pinned_to_the_tested_release() -> None:
    for expected in PROJECT["dependency-groups"]["emulator"]:
        assert is_met(expected, EMULATOR)
    (pin,) = pins(EMULATOR)["ministack"]
    assert version_of(pin) == "1.5.33"
