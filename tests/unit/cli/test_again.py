"""Applying and fixing at the command line, against a server that records its requests."""

from __future__ import annotations

import json

import pytest
from typer import BadParameter

from infra.cli.again import lines_of
from infra.cli.api import Api
from infra.cli.failures import ExitCode
from tests.unit.cli.commands import run
from tests.unit.cli.test_assignments import TICKET, ended
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]


def test_a_dry_run_is_applied_and_watched_to_its_end(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/imports/abc/apply", ended("awaiting_upload") | {"import_id": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended("validating"), ended(lines=2, updated=1, superseded=1))

    assert run(api, "apply", "abc") == ExitCode.ALL_GOOD

    assert json.loads(server.requests[0].body) == {"mode": "run"}
    assert "is done" in capsys.readouterr().out


def test_another_profile_and_mapping_are_passed_on(server: Server, api: Api) -> None:
    server.says("/imports/abc/apply", ended("awaiting_upload") | {"import_id": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended("awaiting_upload"))
    words = ["--profile", "own", "--map", "Kunde=account ID", "--dry-run", "--no-wait"]

    run(api, "apply", "abc", *words)

    assert json.loads(server.requests[0].body) == {
        "mode": "dry_run",
        "profile": "own",
        "mapping": {"Kunde": "account ID"},
    }


def test_a_stopped_dry_run_is_applied_with_another_choice(server: Server, api: Api) -> None:
    server.says("/imports/abc/apply", ended("awaiting_upload") | {"import_id": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended("awaiting_upload"))

    run(api, "apply", "abc", "--on-error", "apply_good", "--no-wait")

    assert json.loads(server.requests[0].body) == {"mode": "run", "on_error": "apply_good"}


@pytest.mark.parametrize("wish", ["approve", "cancel"])
def test_a_decision_is_sent_with_its_reason(server: Server, api: Api, wish: str) -> None:
    server.says(f"/imports/abc/{wish}", ended("processing") | {"import_id": "abc"}, status=202)

    assert run(api, wish, "abc", "--reason", "The region moves") == ExitCode.ALL_GOOD

    assert json.loads(server.requests[0].body) == {"reason": "The region moves"}


def test_cells_are_fixed_line_by_line(server: Server, api: Api) -> None:
    path = "/imports/abc/corrections"
    server.says(path, ended("awaiting_upload") | {"import_id": TICKET}, status=202)
    server.says(f"/imports/{TICKET}", ended(lines=2, updated=2))
    cells = ["7:account Manager=ana@x.example", "9:note=", "7:note=a=b:c"]

    assert run(api, "fix", "abc", *(word for cell in cells for word in ("--set", cell))) == 0

    assert json.loads(server.requests[0].body) == {
        "lines": {
            "7": {"account Manager": "ana@x.example", "note": "a=b:c"},
            "9": {"note": ""},
        }
    }


@pytest.mark.parametrize("words", ["", "7", "7:note", "note=a", "x:note=a", "7: =a", ":note=a"])
def test_a_correction_in_another_form_is_wrong_usage(words: str) -> None:
    with pytest.raises(BadParameter, match="expected 'LINE:Column=value'"):
        lines_of([words])


def test_a_cell_has_one_value() -> None:
    with pytest.raises(BadParameter, match="two values for line 7, note"):
        lines_of(["7:note=a", "7: note =b"])
