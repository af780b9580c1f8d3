"""Accounts at the command line, against a server that records its requests."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from handover.reading.guards import unguard

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from tests.unit.cli.commands import run
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]


def body(account_id: str = "KE1", **more: Any) -> dict[str, Any]:
    """An account as the API returns it."""
    return {
        "account_id": account_id,
        "name": "Acme",
        "customer_id": "C-1",
        "opco": "Kenya",
        "status": "active",
        "portals": ["north", "south"],
        "assigned": {},
        "people": {},
        "version": 3,
        "at": "",
    } | more


def assignee(email: str, name: str = "", *, is_pending: bool = False) -> dict[str, Any]:
    return {"email": email, "name": name, "phone": "", "mobile": "07", "is_pending": is_pending}


def test_an_account_is_shown_with_its_people(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    people = {"csm": [assignee("ana@x.example", "Ana"), assignee("new@x.example", is_pending=True)]}
    server.says("/accounts/KE1", body(people=people, assigned={"workflow": ["Gentle"]}))

    assert run(api, "account", "KE1", "--at", "2026-11-22") == ExitCode.ALL_GOOD

    output = capsys.readouterr().out
    assert server.requests[0].path == "/accounts/KE1?at=2026-11-22"
    for text in ("Acme", "north, south", "ana@x.example", "Ana", "(no user yet)", "Gentle"):
        assert text in output


@pytest.mark.parametrize("account", ["a/b", "a b", "..", "é", "50%"])
def test_an_id_that_no_path_can_hold_goes_into_the_query(
    server: Server, api: Api, account: str
) -> None:
    server.says("/accounts", {"accounts": [body(account)], "cursor": None})
    server.says("/history", {"history": [], "cursor": None})

    run(api, "account", account)
    run(api, "history", account)

    assert [request.path.partition("?")[0] for request in server.requests] == [
        "/accounts",
        "/history",
    ]


def test_an_edit_is_sent_as_typed_and_its_outcome_is_shown(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [{"role": "csm", "before": ["ana@x.example"], "after": []}]
    server.says("/accounts/KE1", {"outcome": "updated", "changes": changes})
    words = ("edit", "KE1", "--profile", "p", "--set", "csm=", "--set", "viewer=b@x, c@x")

    assert run(api, *words, "--set", "workflow=Hard, fast") == ExitCode.ALL_GOOD

    (request,) = server.requests
    assert request.method == "PATCH"
    assert json.loads(request.body) == {
        "profile": "p",
        "assign": {"csm": [], "viewer": ["b@x", "c@x"], "workflow": ["Hard, fast"]},
        "dry_run": False,
    }
    output = capsys.readouterr().out
    assert "KE1 updated" in output
    assert "csm: ana@x.example -> nobody" in output


def test_f1_an_edit_with_only_commas_is_not_sent(server: Server, api: Api) -> None:
    with pytest.raises(CommandError, match="--set csm: found ',', expected addresses"):
        run(api, "edit", "KE1", "--profile", "p", "--set", "csm=,")

    assert not server.requests


def test_an_edit_that_is_rejected_says_why_and_exits_2(server: Server, api: Api) -> None:
    problem = {"title": "Unprocessable", "detail": "User not found", "hint": "did you mean ana?"}
    server.says("/accounts/KE1", problem, status=422)

    with pytest.raises(CommandError, match=r"User not found\. did you mean ana\?") as failed:
        run(api, "edit", "KE1", "--profile", "p", "--set", "csm=anna")

    assert failed.value.code == ExitCode.REFUSED


def test_r36_r66_r102_an_export_has_every_account_with_manager_mobile_and_phone(
    server: Server, api: Api, tmp_path: Path
) -> None:
    ana, ben = assignee("ana@x.example", "Ana"), assignee("ben@x.example", "Ben")
    server.says(
        "/accounts",
        {"accounts": [body("=1+1", assigned={"workflow": ["W"]})], "cursor": "c-2"},
        {
            "accounts": [body("0042", people={"csm": [ana, ben]}, assigned={"csm": ["", ""]})],
            "cursor": None,
        },
    )
    target = tmp_path / "export.csv"

    assert run(api, "export", "-o", str(target), "--status", "active") == ExitCode.ALL_GOOD

    text = target.read_bytes()
    assert text.startswith(
        b"\xef\xbb\xbfaccount_id,name,customer_id,opco,status,portals,csm,csm name"
    )
    assert b"'=1+1" in text
    first, second = csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    assert (unguard(first["account_id"]), first["workflow"], first["csm"]) == ("=1+1", "W", "")
    assert second["csm"] == "ana@x.example,ben@x.example"
    assert (second["csm name"], second["csm mobile"]) == ("Ana, Ben", "07, 07")
    assert second["portals"] == "north;south"
    assert [request.path for request in server.requests] == [
        "/accounts?limit=1000&status=active&export=true",
        "/accounts?limit=1000&cursor=c-2&status=active&export=true",
    ]


def test_an_export_marks_pending_assignees(
    server: Server, api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    people = {"csm": [assignee("ana@x.example", "Ana"), assignee("new@x.example", is_pending=True)]}
    server.says(
        "/accounts",
        {"accounts": [body("1", people=people, assigned={"csm": ["", ""]})], "cursor": None},
    )

    run(api, "export")

    (row,) = csv.DictReader(io.StringIO(capfd.readouterr().out))
    assert row["csm"] == "ana@x.example,pending:new@x.example"
    assert row["csm name"] == "Ana"


def test_an_export_goes_to_stdout_as_utf_8(
    server: Server, api: Api, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    server.says("/accounts", {"accounts": [body("é")], "cursor": None})

    run(api, "export")

    assert "\r\né,Acme".encode() in capfdbinary.readouterr().out


def test_an_export_that_fails_keeps_the_existing_file(
    server: Server, api: Api, tmp_path: Path
) -> None:
    target = tmp_path / "export.csv"
    target.write_text("before")
    server.says("/accounts", {"title": "Forbidden"}, status=403)

    with pytest.raises(CommandError):
        run(api, "export", "-o", str(target))

    assert target.read_text() == "before"
    assert list(tmp_path.glob("export*")) == [target]
