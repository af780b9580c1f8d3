"""Arguments, exit codes, and failures shown without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.cli.failures import ExitCode
from infra.cli.location import Stack
from infra.cli.main import main
from infra.cli.options import mapped, mapping_of

UPLOADS = Path(__file__).resolve().parents[3] / "events" / "uploads"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["local"],
        ["local", "up", "--port", "99999"],
        ["local", "up", "--port", "x"],
        ["upload", "a.csv"],
        ["upload", "a.csv", "--profile", "p", "--map", "no equals sign"],
        ["upload", "a.csv", "--profile", "p", "--map", "=account ID"],
        ["seed", "somewhere"],
        ["imports", "--limit", "few"],
        ["report"],
        ["edit", "KE1", "--profile", "p"],
        ["edit", "KE1", "--profile", "p", "--set", "no equals sign"],
        ["export", "--status", "open"],
        ["undo"],
        ["apply"],
        ["fix", "0" * 32],
        ["fix", "0" * 32, "--set", "no cell"],
        ["assign", "KE1", "--to", "a@b.example"],
        ["assign", "KE1", "--profile", "p"],
        ["migrate"],
        ["migrate", "keys", "--rate", "0"],
    ],
)
def test_wrong_usage_exits_3(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == ExitCode.USAGE
    assert "usage: handover" in capsys.readouterr().err


def test_the_label_of_a_mapping_may_contain_equals_signs() -> None:
    pairs = [mapped("a=b = account ID"), mapped("x=y")]

    assert mapping_of(pairs) == {"a=b": "account ID", "x": "y"}


def test_one_run_does_not_affect_the_next(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Spalte,account Manager\n1,a@x.example\n")
    words = ["check", str(file), "--profile", "single-strict"]

    assert main([*words, "--map", "Spalte=account ID"]) == ExitCode.ALL_GOOD
    assert main(words) == ExitCode.REFUSED


@pytest.mark.parametrize(
    "words",
    [
        ["imports"],
        ["outputs"],
        ["token"],
        ["login", "a@b.example"],
        ["report", "0" * 32],
        ["history", "KE1"],
        ["account", "KE1"],
        ["export"],
        ["undo", "0" * 32],
        ["apply", "0" * 32],
        ["fix", "0" * 32, "--set", "2:a=b"],
        ["pending"],
        ["users"],
        ["users", "delete", "a@b.example", "--yes"],
        ["settings"],
        ["roles"],
        ["profiles"],
        ["local", "env"],
    ],
)
def test_without_a_stack_a_command_says_how_to_get_one(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == ExitCode.USAGE

    output = capsys.readouterr().err
    assert "handover local up" in output
    assert "Traceback" not in output


def test_one_output_is_printed_without_decoration_for_a_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"ApiUrl": "https://api.example/", "UploadsBucket": "uploads"}
    monkeypatch.setattr("infra.cli.session.find_stack", lambda: Stack("handover", None, outputs))

    assert main(["outputs", "UploadsBucket"]) == ExitCode.ALL_GOOD
    assert capsys.readouterr().out == "uploads\n"
    assert main(["outputs", "Uploads"]) == ExitCode.USAGE
    assert "ApiUrl, UploadsBucket" in capsys.readouterr().err


def test_an_address_where_nothing_answers_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert main(["outputs"]) == ExitCode.USAGE

    assert "http://127.0.0.1:9" in capsys.readouterr().err


def test_the_status_of_a_stack_that_is_down_can_be_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["local", "status"]) == ExitCode.USAGE
    assert main(["local", "down"]) == ExitCode.ALL_GOOD

    assert capsys.readouterr().out == "The embedded AWS is not up\nThe embedded AWS was not up\n"


@pytest.mark.parametrize("command", ["upload", "check"])
def test_a_missing_file_is_reported_before_any_call(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.csv"

    assert main([command, str(missing), "--profile", "single-strict"]) == ExitCode.USAGE
    assert main([command, str(tmp_path), "--profile", "single-strict"]) == ExitCode.USAGE

    output = capsys.readouterr().err
    assert f"there is no file {missing}" in output
    assert f"{tmp_path} is a folder" in output


def test_seeding_from_a_missing_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["seed", str(tmp_path / "no"), "--tenant", "t"]) == ExitCode.REFUSED
    assert main(["seed", str(tmp_path), "--tenant", "t"]) == ExitCode.REFUSED
    assert main(["seed", str(tmp_path), "--tenant", "No Tenant"]) == ExitCode.USAGE

    assert "there is no folder" in capsys.readouterr().err
