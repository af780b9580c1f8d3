"""Build server, hooks, dev container and updates name commands and folders that exist."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.template import PATH

ROOT = PATH.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)


def read(name: str) -> Any:
    """A YAML or JSON file of the root; JSON is YAML."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def commands() -> Iterator[str]:
    """Every command that a file of a tool runs."""
    for job in read(".github/workflows/check.yml")["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)
    for repo in read(".pre-commit-config.yaml")["repos"]:
        yield from (hook["entry"] for hook in repo["hooks"])
    yield read(".devcontainer.json")["postCreateCommand"]


@pytest.mark.parametrize("command", sorted({*commands()}))
def test_every_command_that_a_tool_runs_exists(command: str) -> None:
    assert TARGETS is not None
    first, *rest = command.split()
    if first == "make":
        assert next(word for word in rest if not word.startswith("-")) in TARGETS[1].split()
    else:
        assert os.access(ROOT / first, os.X_OK)


def test_help_lists_every_target() -> None:
    assert TARGETS is not None
    listed = set(re.findall(r"^([a-z]+):.*## .{10}", MAKEFILE, re.MULTILINE))

    assert listed == set(TARGETS[1].split())


def test_dependency_updates_cover_every_folder_with_pins() -> None:
    updates = {one["package-ecosystem"]: one for one in read(".github/dependabot.yml")["updates"]}
    folders = {file.parent for file in ROOT.glob("layers/*/requirements.txt")} | {ROOT}

    assert {ROOT / name.strip("/") for name in updates["pip"]["directories"]} == folders


def test_containers_and_build_servers_have_the_python_of_the_template() -> None:
    runtime = re.search(r"Runtime: python([\d.]+)", PATH.read_text(encoding="utf-8"))
    assert runtime is not None
    container = json.loads((ROOT / ".devcontainer.json").read_text(encoding="utf-8"))
    jobs = read(".github/workflows/check.yml")["jobs"].values()
    versions = [
        step["with"]["python-version"]
        for job in jobs
        for step in job["steps"]
        if "setup-python" in step.get("uses", "")
    ]

    assert container["image"].endswith(f":{runtime[1]}")
    assert set(versions) == {runtime[1]}
    assert len(versions) == len(jobs)
