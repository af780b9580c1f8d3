"""Imports in lists, and templates, at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.cli.api import Api
from infra.cli.failures import ExitCode
from infra.cli.main import main
from tests.unit.cli.commands import run
from tests.unit.cli.test_assignments import ended
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]


def test_f4_the_list_of_imports_says_how_many_accounts_each_has_updated(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ended(lines=5, updated=4, rejected=1) | {"accounts_updated": 1234, "filename": "a.csv"}
    server.says("/imports", {"imports": [one], "cursor": None})

    run(api, "imports")

    head, row = capsys.readouterr().out.splitlines()
    place = head.index("accounts updated")
    assert row[place : place + len("accounts updated")].strip() == "1,234"


def test_u11_the_template_of_a_preset_needs_no_sign_in(tmp_path: Path) -> None:
    target = tmp_path / "managers.csv"

    assert main(["template", "single-strict", "-o", str(target)]) == ExitCode.ALL_GOOD

    text = target.read_text(encoding="utf-8-sig")
    assert text == "account ID,account Manager,Current account manager\n"


@pytest.mark.parametrize("name", ["role-team", "one-of-the-tenant"])
def test_the_template_of_a_tenants_own_profile_needs_a_sign_in(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["template", name]) == ExitCode.USAGE

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "handover l" in captured.err


def test_a_signed_in_user_gets_the_template_of_the_tenant(
    server: Server, api: Api, tmp_path: Path
) -> None:
    target = tmp_path / "managers.csv"
    server.answers["/profiles/single-strict/template"] = [(200, {}, b"Kunde,Betreuer\r\n")]

    run(api, "template", "single-strict", "-o", str(target))

    assert target.read_bytes() == b"Kunde,Betreuer\r\n"


@pytest.mark.parametrize(("name", "query"), [("errors.xlsx", "?format=xlsx"), ("errors.csv", "")])
def test_the_report_is_fetched_in_the_format_of_the_file_name(
    server: Server, api: Api, tmp_path: Path, name: str, query: str
) -> None:
    target = tmp_path / name
    server.answers["/imports/i1/report"] = [(200, {}, b"what there is")]

    run(api, "report", "i1", "-o", str(target))

    assert server.requests[-1].path == f"/imports/i1/report{query}"
    assert target.read_bytes() == b"what there is"
