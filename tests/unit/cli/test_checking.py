"""`handover check` needs no AWS and reports what an upload would report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets

from infra.cli.failures import ExitCode
from infra.cli.main import main
from tests.workbooks.builders import by_openpyxl

UPLOADS = Path(__file__).resolve().parents[3] / "events" / "uploads"
PROFILE = ["--profile", "single-strict"]


def _file(folder: Path, content: bytes) -> str:
    path = folder / "file.csv"
    path.write_bytes(content)
    return str(path)


def test_the_sample_has_lines_that_are_bad_without_a_directory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", str(UPLOADS / "pulse-sample.csv"), *PROFILE]) == ExitCode.WITH_ERRORS

    output = capsys.readouterr().out
    assert "58  lines, utf-8, commas" in output
    assert "2  duplicates of other lines" in output
    for line, code in ((16, "DUPLICATE_CONFLICT"), (24, "FIELD_COUNT"), (32, "ACCOUNT_BLANK")):
        assert f"  {line}  {code}" in output


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"account ID;account Manager\n1;a@x.example\n", ExitCode.ALL_GOOD),
        ("account ID,account Manager\n1,é@x.example\n".encode("utf-16"), ExitCode.ALL_GOOD),
        (by_openpyxl([("account ID", "account Manager"), (1, "a@x.example")]), ExitCode.ALL_GOOD),
        (
            by_openpyxl([("account ID", "account Manager"), (1, "=A1")], "formula"),
            ExitCode.WITH_ERRORS,
        ),
        (by_openpyxl([()]), ExitCode.REFUSED),
        (b"account ID,account Manager\n1,a@x.example\n1,a@x.example\n", ExitCode.ALL_GOOD),
        (b'account ID,account Manager\n1,a@x.example\n,\n" ",\n', ExitCode.ALL_GOOD),
        (b"account ID,account Manager\n,a@x.example\n", ExitCode.WITH_ERRORS),
        (b"account ID,account Manager\n1,a@x.example\n1,b@x.example\n", ExitCode.WITH_ERRORS),
        (b"", ExitCode.REFUSED),
        (b"account ID,account Manager\n,\n", ExitCode.REFUSED),
        (b"account ID\n1\n", ExitCode.REFUSED),
        (b'account ID,account Manager\n1,"a\n', ExitCode.REFUSED),
        (b"PK\x03\x04 a spreadsheet", ExitCode.REFUSED),
    ],
)
def test_the_exit_codes_are_those_of_an_upload(
    content: bytes, code: ExitCode, tmp_path: Path
) -> None:
    assert main(["check", _file(tmp_path, content), *PROFILE]) == code


def test_a_column_that_will_be_ignored_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"account ID,account Manager,City\n1,a@x.example,Kisumu\n"

    assert main(["check", _file(tmp_path, content), *PROFILE]) == ExitCode.ALL_GOOD

    output = " ".join(capsys.readouterr().out.split())
    assert "1 column was ignored, because the profile has no such column: 'City'." in output


def test_a_refusal_is_reported_with_its_code_and_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", _file(tmp_path, b"account ID,town\n1,Kisumu\n"), *PROFILE])

    output = capsys.readouterr().out
    assert output.startswith("file.csv would be refused\n  MISSING_COLUMN: line 1: ")


def test_a_column_of_another_name_can_be_mapped(tmp_path: Path) -> None:
    file = _file(tmp_path, b"account ID,owner\n1,a@x.example\n")

    assert main(["check", file, *PROFILE, "--map", "owner=account Manager"]) == ExitCode.ALL_GOOD
    assert main(["check", file, *PROFILE, "--map", "owner=nothing"]) == ExitCode.USAGE


def test_repeats_are_found_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # More lines than one chunk has; each account comes twice, the second time far below.
    monkeypatch.setattr("infra.cli.checking.CHUNK_LINES", 1_000)
    ids = [*range(1_200), *range(1_200)]
    lines = "".join(f"{number},a@x.example\n" for number in ids)
    file = _file(tmp_path, b"account ID,account Manager\n" + lines.encode())

    assert main(["check", file, *PROFILE]) == ExitCode.ALL_GOOD


def test_many_bad_lines_are_counted_and_the_first_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, b"account ID,account Manager\n" + b",a@x.example\n" * 1000)

    assert main(["check", file, *PROFILE]) == ExitCode.WITH_ERRORS

    output = capsys.readouterr().out
    assert "1,000  ACCOUNT_BLANK" in output
    assert "... and 980 more" in output


def test_a_profile_is_read_from_a_json_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = profile_json(presets()["single-strict"]) | {"name": "own", "blank": "error"}
    profile = tmp_path / "own.json"
    profile.write_text(json.dumps(own))
    file = _file(tmp_path, b"account ID,account Manager\n1,\n")

    assert main(["check", file, "--profile", str(profile)]) == ExitCode.WITH_ERRORS
    assert "BLANK_NOT_ALLOWED" in capsys.readouterr().out

    profile.write_text(json.dumps(own | {"blank": "?"}))
    assert main(["check", file, "--profile", str(profile)]) == ExitCode.USAGE
    assert main(["check", file, "--profile", "no-such"]) == ExitCode.USAGE
    output = capsys.readouterr().err
    assert "own.json: blank: found '?'" in output
    assert "there is no preset 'no-such', expected one of" in output


def test_roles_of_the_tenant_are_read_from_the_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, b"account ID,CSM___tid,CSM,Region\n1,a@x.example,Ana,EMEA\n,,,EMEA\n")

    assert main(["check", file, "--profile", "role-team"]) == ExitCode.WITH_ERRORS
    assert "ACCOUNT_BLANK" in capsys.readouterr().out


def test_a_label_may_be_mapped_to_a_role_of_the_tenant(tmp_path: Path) -> None:
    file = _file(tmp_path, b"Acct,Owner\n1,a@x.example\n")
    mapped = ["--map", "Acct=account ID", "--map", "Owner=Sales Manager___tid"]

    assert main(["check", file, "--profile", "role-team", *mapped]) == ExitCode.ALL_GOOD
