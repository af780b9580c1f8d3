"""Jobs at the command line, against a server that records its requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from tests.unit.cli.commands import run
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]

COUNTS = dict.fromkeys(
    (
        "lines",
        "updated",
        "cleared",
        "unchanged",
        "pending",
        "rejected",
        "duplicate",
        "superseded",
        "not_processed",
    ),
    0,
)
TICKET = "20261122T100000000Z-0123456789abcdef"


def ended(state: str = "done", **counts: int) -> dict[str, Any]:
    """An import as the API returns it."""
    return {
        "import_id": "0" * 32,
        "filename": "undo of a.csv",
        "profile": "undo",
        "mode": "run",
        "state": state,
        "source": "user",
        "uploader": "ana@x.example",
        "received_at": "2026-11-22T10:00:00.000Z",
        "finished_at": "2026-11-22T10:00:01.000Z",
        "counts": COUNTS | counts,
        "accounts_updated": 1,
        "refusal": None,
        "report": None,
        "results": None,
    }


def test_an_undo_is_requested_and_watched_to_its_end(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/imports/abc/undo", {"import_ticket": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended("validating"), ended(lines=1, updated=1))

    assert run(api, "undo", "abc") == ExitCode.ALL_GOOD

    assert json.loads(server.requests[0].body) == {"mode": "run"}
    assert "undo of a.csv is done" in capsys.readouterr().out


def test_a_dry_run_is_requested_and_not_watched_with_no_wait(server: Server, api: Api) -> None:
    server.says("/imports/abc/undo", {"import_ticket": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended("awaiting_upload"))

    run(api, "undo", "abc", "--dry-run", "--no-wait")

    assert json.loads(server.requests[0].body) == {"mode": "dry_run"}
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["K1", "K2", "--to", "b@x.example"], {"to": ["b@x.example"], "account_ids": ["K1", "K2"]}),
        (
            ["--from", "a@x.example", "--to", "b@x.example,c@x.example", "--role", "viewer"],
            {"to": ["b@x.example", "c@x.example"], "held_by": "a@x.example", "role": "viewer"},
        ),
        (["K1", "--to", ""], {"to": None, "account_ids": ["K1"]}),
    ],
)
def test_r30_accounts_are_reassigned_by_id_or_by_holder(
    server: Server, api: Api, words: list[str], expected: dict[str, Any]
) -> None:
    server.says("/assignments", {"import_ticket": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended(lines=1, updated=1))

    assert run(api, "assign", "--profile", "p", *words) == ExitCode.ALL_GOOD

    body = json.loads(server.requests[0].body)
    assert body == {"profile": "p", "role": "", "mode": "run"} | expected


@pytest.mark.parametrize("words", [[], ["K1", "--from", "a@x.example"]])
def test_accounts_are_named_either_by_id_or_by_holder(api: Api, words: list[str]) -> None:
    with pytest.raises(CommandError, match="--from"):
        run(api, "assign", "--profile", "p", "--to", "b@x.example", *words)


@pytest.mark.parametrize("text", [",", " , "])
def test_f1_only_commas_do_not_mean_nobody(server: Server, api: Api, text: str) -> None:
    with pytest.raises(CommandError, match=r"--to: found .*, expected addresses"):
        run(api, "assign", "K1", "--profile", "p", "--to", text)

    assert not server.requests


def test_the_exit_code_reports_lines_with_errors(server: Server, api: Api) -> None:
    server.says("/assignments", {"import_ticket": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended("error", lines=1, rejected=1))

    words = ["assign", "K1", "--profile", "p", "--to", "b@x.example", "--json"]
    assert run(api, *words) == ExitCode.WITH_ERRORS


def test_pending_addresses_are_listed_page_by_page(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {
        "address": "neema@x.example",
        "role": "csm",
        "account_id": "K1",
        "since": None,
        "import_id": None,
    }
    server.says(
        "/pending",
        {"pending": [one], "cursor": "more"},
        {"pending": [one | {"account_id": "K2"}], "cursor": None},
    )

    assert run(api, "pending") == ExitCode.ALL_GOOD

    output = capsys.readouterr().out
    assert "neema@x.example" in output
    assert "K1" in output
    assert "K2" in output


def test_an_empty_list_of_pending_addresses_is_reported_in_words(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/pending", {"pending": [], "cursor": None})

    run(api, "pending")

    assert capsys.readouterr().out == "No account waits for a user\n"
