"""Workflows, sources and requests at the command line, against a server that records requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.cli.api import Api
from infra.cli.failures import ExitCode
from tests.unit.cli.commands import run
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]

CRM: dict[str, Any] = {
    "source": "crm",
    "profile": "single-strict",
    "principal": "AROAX",
    "mapping": {"Kunde": "account ID"},
    "writes_directory": True,
}
REQUEST: dict[str, Any] = {
    "request_id": "r-1",
    "account_id": "KE1",
    "subject": "Wrong invoice",
    "contact": "Neema",
    "created_by": "ana@x.example",
    "created_at": "2026-11-22T10:00:00.000Z",
}


def test_u11_workflows_are_listed_shown_added_and_removed(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/workflows", {"workflows": [{"name": "Gentle"}], "cursor": None})
    server.says("/workflows/Hard%2C%20fast", {"name": "Hard, fast"})

    assert run(api, "workflows") == ExitCode.ALL_GOOD
    run(api, "workflows", "show", "Hard, fast")
    run(api, "workflows", "add", "Hard, fast")
    run(api, "workflows", "remove", "Hard, fast")

    assert [request.method for request in server.requests] == ["GET", "GET", "PUT", "DELETE"]
    output = capsys.readouterr().out
    assert "Gentle" in output
    assert "Hard, fast is a workflow now" in output


def test_u11_a_source_is_registered_with_all_its_options(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/sources/crm", CRM)
    words = ("--profile", "single-strict", "--principal", "AROAX", "--map", "Kunde=account ID")

    run(api, "sources", "put", "crm", *words, "--writes-directory")
    run(api, "sources", "put", "crm", *words)

    bodies = [json.loads(request.body) for request in server.requests]
    kept = {name: value for name, value in CRM.items() if name != "source"}
    assert bodies == [kept, kept | {"writes_directory": False}]
    assert "Kunde = account ID" in capsys.readouterr().out


def test_u11_sources_are_listed_shown_and_removed(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/sources", {"sources": [CRM], "cursor": None})
    server.says("/sources/crm", CRM)

    run(api, "sources")
    run(api, "sources", "show", "crm", "--json")
    run(api, "sources", "remove", "crm")

    assert [request.method for request in server.requests] == ["GET", "GET", "DELETE"]
    output = capsys.readouterr().out
    assert "AROAX" in output
    assert '"writes_directory": true' in output


def test_u11_requests_are_created_and_notes_are_added(server: Server, api: Api) -> None:
    server.says("/requests", REQUEST, status=201)
    server.says("/requests/r-1/notes", {"text": "Called"}, status=201)

    words = ("--subject", "Wrong invoice", "--description", "See 4711", "--contact", "Neema")
    run(api, "requests", "add", "KE1", *words)
    run(api, "requests", "note", "r-1", "Called")

    assert [json.loads(request.body) for request in server.requests] == [
        {
            "account_id": "KE1",
            "subject": "Wrong invoice",
            "description": "See 4711",
            "contact": "Neema",
        },
        {"text": "Called"},
    ]


def test_u11_requests_are_listed_and_shown_with_all_their_notes(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    note = {"text": "Called", "created_by": "ben@x.example", "created_at": "2026-11-23T10:00:00Z"}
    shown = REQUEST | {"description": "See 4711"}
    server.says("/requests", {"requests": [REQUEST], "cursor": None})
    server.says(
        "/requests/r-1",
        shown | {"notes": [note], "cursor": "c"},
        shown | {"notes": [note], "cursor": "c"},
        shown | {"notes": [note | {"text": "Wrote"}], "cursor": None},
    )

    run(api, "requests", "--account", "KE1")
    run(api, "requests", "show", "r-1")

    assert server.requests[0].path == "/requests?limit=100&account_id=KE1"
    output = capsys.readouterr().out
    for text in ("Wrong invoice", "See 4711", "Called", "Wrote", "ben@x.example"):
        assert text in output
