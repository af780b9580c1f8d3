"""The columns of a file without a mapping: remembered, certain, or left for a refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from handover.profiles.remembering import fingerprint_of

from infra.cli.api import Api
from infra.cli.columns import beginning_of, found_mapping
from infra.cli.failures import CommandError, ExitCode
from infra.cli.main import main
from infra.cli.screen import Screen
from tests.unit.cli.commands import run
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]

LABELS = ("Kunde", "Betreut von")
MAPPING = {"Kunde": "account ID", "Betreut von": "account Manager"}
FILE = b"Kunde,Betreut von\nK1,a@x.example\n"


def _answer(profile: str, remembered: dict[str, str], roles: tuple[str, ...] = ()) -> Any:
    stored = profile_json(presets()[profile])
    columns = [{"label": role, "role": role} for role in roles]
    return {"definition": stored, "columns": columns, "remembered": remembered}


def _file(folder: Path, content: bytes = FILE) -> Path:
    path = folder / "file.csv"
    path.write_bytes(content)
    return path


def test_a_remembered_mapping_is_sent_and_shown(
    server: Server, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/profiles/single-strict", _answer("single-strict", MAPPING))

    found = found_mapping(api, _file(tmp_path), "single-strict", Screen())

    assert found == MAPPING
    assert server.requests[0].path.endswith(f"?fingerprint={fingerprint_of(LABELS)}")
    text = " ".join(capsys.readouterr().err.split())
    assert "'Kunde' is mapped to 'account ID', remembered from the last such file" in text


def test_a_header_that_fits_is_sent_without_a_mapping(
    server: Server, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/profiles/manager-and-viewers", _answer("manager-and-viewers", {}))
    file = _file(tmp_path, b"customer ID,email,Watchers\nC1,a@x.example,b@x.example\n")

    assert found_mapping(api, file, "manager-and-viewers", Screen()) == {}
    assert capsys.readouterr().err == ""


def test_certain_columns_are_mapped_if_a_required_one_is_missing(
    server: Server, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/profiles/single-strict", _answer("single-strict", {}))
    file = _file(tmp_path, b"Kundennummer;Owner\nK1;a@x.example\n")

    found = found_mapping(api, file, "single-strict", Screen())

    assert found == {"Kundennummer": "account ID", "Owner": "account Manager"}
    text = " ".join(capsys.readouterr().err.split())
    assert "'Owner' is mapped to 'account Manager', because of its name" in text


def test_a_similar_name_is_never_mapped(server: Server, api: Api, tmp_path: Path) -> None:
    server.says("/profiles/single-strict", _answer("single-strict", {}))
    file = _file(tmp_path, b"account ID,acount manger\nK1,a@x.example\n")

    assert found_mapping(api, file, "single-strict", Screen()) == {}


def test_the_roles_of_the_tenant_are_known(server: Server, api: Api, tmp_path: Path) -> None:
    answer = _answer("role-team", {}, roles=("Account Manager", "CSM"))
    server.says("/profiles/role-team", answer)
    file = _file(tmp_path, b"Client No,CSM e-mail\nK1,a@x.example\n")

    found = found_mapping(api, file, "role-team", Screen())

    assert found == {"Client No": "account ID", "CSM e-mail": "CSM___tid"}


def test_an_unknown_profile_is_left_to_the_answer_of_the_api(
    server: Server, api: Api, tmp_path: Path
) -> None:
    server.says("/profiles/nothing", {"title": "there is no such profile"}, status=404)

    assert found_mapping(api, _file(tmp_path), "nothing", Screen()) == {}


def test_the_api_is_not_called_for_a_file_that_would_be_refused(
    server: Server, api: Api, tmp_path: Path
) -> None:
    assert found_mapping(api, _file(tmp_path, b"PK\x03\x04"), "single-strict", Screen()) == {}
    assert server.requests == []


def test_only_the_beginning_of_a_large_file_is_read(tmp_path: Path) -> None:
    beginning = beginning_of(_file(tmp_path, FILE + b"K2,b@x.example\n" * 100_000))

    assert beginning is not None
    assert beginning.labels == LABELS
    assert beginning.rows[0] == ("K1", "a@x.example")
    assert len(beginning.rows) == 20


def test_a_check_maps_certain_columns_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, b"Customer No,KAM\nK1,a@x.example\n")

    assert main(["check", str(file), "--profile", "single-strict"]) == ExitCode.ALL_GOOD

    text = " ".join(capsys.readouterr().err.split())
    assert "'KAM' is mapped to 'account Manager', because of its name" in text


def test_a_check_names_the_option_for_a_similar_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, b"account ID,acount manger\nK1,a@x.example\n")

    assert main(["check", str(file), "--profile", "single-strict"]) == ExitCode.REFUSED

    text = " ".join(capsys.readouterr().out.split())
    assert "--map 'acount manger=account Manager'" in text


def test_a_check_uses_remembered_mappings_when_signed_in(
    server: Server, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/profiles/single-strict", _answer("single-strict", MAPPING))

    code = run(api, "check", str(_file(tmp_path)), "--profile", "single-strict")

    assert code == ExitCode.ALL_GOOD
    assert "remembered from the last such file" in " ".join(capsys.readouterr().err.split())


def test_an_upload_sends_the_remembered_mapping_unless_another_is_given(
    server: Server, api: Api, tmp_path: Path
) -> None:
    server.says("/profiles/single-strict", _answer("single-strict", MAPPING))
    fields = {"key": "in/lumina/t.csv"}
    upload = {"url": f"{server.url}/bucket", "fields": fields}
    server.says("/imports", {"import_ticket": "t-1", "upload": upload}, status=201)
    server.answers["/bucket"] = [(403, {}, b"")]
    words = ["upload", str(_file(tmp_path)), "--profile", "single-strict"]

    for more in ([], ["--map", "Kunde=account Manager"]):
        with pytest.raises(CommandError, match="did not take the file"):
            run(api, *words, *more)

    announced = [json.loads(one.body) for one in server.requests if one.path == "/imports"]
    assert [one["mapping"] for one in announced] == [MAPPING, {"Kunde": "account Manager"}]
