"""The lines of an import, and its summary, at the command line."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.cli.api import Api
from tests.unit.cli.commands import run
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]

UNKNOWN = {"user": "", "name": "Dunning", "is_pending": False}
NEW = {"user": "new@x.example", "name": "", "is_pending": True}
ANA = {"user": "ana@x.example", "name": "Ana", "is_pending": False}


def a_line(number: int, **more: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "line": number,
        "outcome": "updated",
        "fields": {},
        "account": "K1",
        "roles": {},
        "code": "",
        "message": "",
        "hint": "",
        "column": "",
        "suggestion": "",
        "is_cut": False,
    }
    return line | more


def test_lines_say_what_changed_and_what_to_do(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = a_line(
        2,
        roles={
            "owner": {"before": [ANA], "after": [NEW]},
            "workflow": {"before": [], "after": [UNKNOWN]},
        },
    )
    wrong = a_line(
        3,
        outcome="rejected",
        code="USER_NOT_FOUND",
        message="User not found",
        hint="Did you mean Ana?",
        column="Owner",
        suggestion="ana@x.example",
    )
    server.says("/imports/4f0c/lines", {"lines": [changed, wrong], "cursor": None, "matching": 2})

    options = ("--outcome", "rejected", "--q", "K", "--manager", "Ana", "--opco", "Kenya")
    run(api, "lines", "4f0c", *options, "--limit", "2")

    out = capsys.readouterr().out
    assert "owner: ana@x.example -> new@x.example (pending)" in out
    assert "workflow: nobody -> Dunning" in out
    assert "Suggested for Owner: ana@x.example" in out
    (request,) = server.requests
    assert parse_qs(urlsplit(request.path).query) == {
        "outcome": ["rejected"],
        "q": ["K"],
        "manager": ["Ana"],
        "opco": ["Kenya"],
        "limit": ["2"],
    }


def test_lines_are_listed_over_pages_even_when_one_is_empty(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [
        {"lines": [], "cursor": "a", "matching": None},
        {"lines": [a_line(9)], "cursor": None, "matching": None},
    ]
    server.answers["/imports/4f0c/lines"] = [
        (200, {"content-type": "application/json"}, json.dumps(page).encode()) for page in pages
    ]

    run(api, "lines", "4f0c", "--json", "--limit", "0")

    assert [line["line"] for line in json.loads(capsys.readouterr().out)] == [9]


def test_no_lines_are_reported_in_words(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/imports/4f0c/lines", {"lines": [], "cursor": None, "matching": 0})

    run(api, "lines", "4f0c")

    assert capsys.readouterr().out == "There are no such lines\n"


SUMMARY = {
    "counts": dict.fromkeys(
        ("updated", "cleared", "unchanged", "pending", "duplicate", "superseded", "not_processed"),
        0,
    )
    | {"lines": 1234, "rejected": 1234},
    "codes": [{"code": "USER_ROLE", "count": 1234, "message": "Wrong role.", "hint": "Choose."}],
    "managers": [{**ANA, "gains": 5, "loses": 7, "held": 1000}],
    "opcos": [{"opco": "Kenya", "lines": 1200}, {"opco": "Togo", "lines": 34}],
    "stages": [{"stage": "working", "seconds": 3.25}],
}


def test_the_summary_is_five_tables(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/imports/4f0c/summary", SUMMARY)

    run(api, "summary", "4f0c")

    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "rejected 1,234" in rows
    assert "USER_ROLE 1,234 Wrong role." in rows
    assert "ana@x.example Ana 5 7 1,000+" in rows
    assert "Kenya 1,200" in rows
    assert "working 3.2" in rows


def test_the_summary_is_json_for_scripts(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/imports/4f0c/summary", SUMMARY)

    run(api, "summary", "4f0c", "--json")

    assert json.loads(capsys.readouterr().out) == SUMMARY
