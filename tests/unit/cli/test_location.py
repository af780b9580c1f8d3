"""Which stack a command uses: it never guesses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra import local
from infra.cli.failures import CommandError
from infra.cli.location import DEFAULT_STACKS, find_stack
from infra.cli.main import main
from infra.cli.screen import Screen
from infra.cli.session import Session
from infra.local.emulator import Emulator

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the stacks that exist on AWS."""
    names: set[str] = set()

    class CloudFormation:
        def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's
            if StackName not in names:
                raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
            return {"Stacks": [{"Outputs": [{"OutputKey": "Name", "OutputValue": StackName}]}]}

    monkeypatch.setattr(boto3, "client", lambda _service, **_: CloudFormation())
    return names


def running(folder: Path) -> local.LocalStack:
    return local.LocalStack(Emulator(1, 4566, folder), {}, {}, False, None)


@pytest.mark.parametrize("name", DEFAULT_STACKS)
def test_the_only_stack_is_chosen(deployed: set[str], name: str) -> None:
    deployed.add(name)

    stack = find_stack()

    assert (stack.name, stack.outputs) == (name, {"Name": name})


def test_no_stack_is_chosen_if_there_are_two(
    deployed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.update(DEFAULT_STACKS)

    with pytest.raises(CommandError, match=r"'handover' and 'handover-dev'.*HANDOVER_STACK"):
        find_stack()

    monkeypatch.setenv("HANDOVER_STACK", "handover-dev")
    assert find_stack().name == "handover-dev"


def test_a_missing_stack_is_reported_with_the_names_that_were_tried(
    deployed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="no stack 'handover' or 'handover-dev'"):
        find_stack()

    deployed.add("handover")
    monkeypatch.setenv("HANDOVER_STACK", "ours")
    with pytest.raises(CommandError, match="no stack 'ours'"):
        find_stack()


def test_the_names_are_those_that_make_deploy_gives() -> None:
    stages = tomllib.loads((ROOT / "samconfig.toml").read_text())

    made = {stages[stage]["deploy"]["parameters"]["stack_name"] for stage in ("default", "prod")}

    assert made == set(DEFAULT_STACKS)
    assert "export HANDOVER_STACK=handover-dev" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("is_configured", [True, False])
def test_a_command_on_the_embedded_aws_says_so_if_another_aws_is_configured(
    deployed: set[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    is_configured: bool,
) -> None:
    deployed.add(running(tmp_path).name)
    monkeypatch.setattr(local, "status", lambda: running(tmp_path))
    if is_configured:
        monkeypatch.setenv("AWS_PROFILE", "ours")

    assert Session(Screen()).stack.is_embedded

    assert ("on the embedded AWS" in capsys.readouterr().err) is is_configured


def test_local_up_says_what_to_do_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"ApiUrl": "https://a.execute-api.us-east-1.amazonaws.com"}
    stack = local.LocalStack(Emulator(1, 4566, tmp_path), outputs, {}, False, None)
    monkeypatch.setattr(local, "up", lambda _port, _persist: stack)
    monkeypatch.chdir(ROOT)

    main(["local", "up"])

    output = capsys.readouterr().err
    assert "handover seed events/directory --tenant lumina" in output
    assert "handover login ines.okello@lumina.example   (the password is Handover-1)" in output
    assert "handover upload events/uploads/pulse-sample.csv --profile single-strict" in output
