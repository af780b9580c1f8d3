"""A preview at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cli.api import Api
from infra.cli.failures import ExitCode
from tests.unit.cli.commands import run
from tests.unit.cli.test_assignments import ended
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]

MATCHES = [
    {"header": "Kunde", "column": "account ID", "how": "near", "samples": ["K1", "K2"]},
    {"header": "Ort", "column": None, "how": "none", "samples": []},
]


def profile(name: str, *, fits: bool) -> dict[str, Any]:
    return {
        "profile": name,
        "title": "One manager",
        "does": "Sets who holds account_manager.",
        "fits": fits,
        "missing": [] if fits else ["account ID"],
        "columns": MATCHES,
        "blanks": "An empty cell is an error.",
    }


def says(server: Server, *profiles: dict[str, Any], state: str = "done") -> None:
    form = {"url": f"{server.url}/s3", "fields": {"key": "in/x"}}
    server.says("/imports", {"import_ticket": "t1", "upload": form, "expires_at": ""})
    server.answers["/s3"] = [(201, {}, b"")]
    server.says("/imports/t1", ended() | {"state": state, "mode": "preview", "import_id": "i1"})
    preview = {
        "import_id": "i1",
        "filename": "a.csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "lines": 2,
        "header": ["Kunde", "Ort"],
        "rows": [],
        "profiles": profiles,
    }
    server.says("/imports/i1/preview", preview)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Kunde;Ort\r\nK1;\r\n")
    return str(path)


def test_a_preview_of_a_file_that_fits_says_how_to_try_it(
    server: Server, api: Api, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says(server, profile("single-strict", fits=True), profile("own", fits=True))

    assert run(api, "preview", file) is ExitCode.ALL_GOOD

    out = capsys.readouterr().out
    assert "a.csv: 2 lines, utf-8, columns separated by ;" in out
    assert "It fits the profile single-strict" in out
    assert "perhaps; map it if so" in out
    assert "It also fits: own" in out
    assert "handover upload a.csv --profile single-strict --dry-run" in out
    (request, *_) = server.requests
    assert json.loads(request.body) == {"profile": "", "filename": "a.csv", "mode": "preview"}


def test_a_preview_of_a_file_that_fits_no_profile_says_what_it_lacks(
    server: Server, api: Api, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says(server, profile("single-strict", fits=False))

    assert run(api, "preview", file, "--profile", "single-strict") is ExitCode.WITH_ERRORS

    out = capsys.readouterr().out
    assert "It does not fit the profile single-strict" in out
    assert "It lacks account ID" in out
    assert "--dry-run" not in out


def test_a_preview_can_be_printed_as_json(
    server: Server, api: Api, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says(server, profile("single-strict", fits=True))

    run(api, "preview", file, "--json")

    assert json.loads(capsys.readouterr().out)["header"] == ["Kunde", "Ort"]


def test_a_file_that_is_refused_says_why(
    server: Server, api: Api, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    says(server, state="refused")

    assert run(api, "preview", file) is ExitCode.REFUSED

    assert "was refused" in capsys.readouterr().out
