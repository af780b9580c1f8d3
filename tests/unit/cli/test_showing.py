"""How an import is shown to a script and to a person."""

from __future__ import annotations

import io
from typing import Any

import pytest
import urllib3

from infra.cli.failures import ExitCode
from infra.cli.screen import Screen
from infra.cli.showing import error_row, exit_code, report_lines, settled_of, show_import


def _import(state: str, **more: Any) -> dict[str, Any]:
    counts = dict.fromkeys(
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
    fields: dict[str, Any] = {
        "import_id": "0" * 32,
        "filename": "a.csv",
        "mode": "run",
        "state": state,
        "counts": counts | more.pop("counts", {}),
        "accounts_updated": 0,
        "refusal": None,
    }
    return fields | more


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (_import("done", counts={"lines": 2, "updated": 2}), ExitCode.ALL_GOOD),
        (_import("error", counts={"lines": 2, "updated": 1, "rejected": 1}), ExitCode.WITH_ERRORS),
        (_import("error", counts={"lines": 1, "not_processed": 1}), ExitCode.WITH_ERRORS),
        (_import("awaiting_approval", counts={"lines": 9}), ExitCode.WITH_ERRORS),
        (_import("refused"), ExitCode.REFUSED),
        (_import("cancelled", counts={"lines": 1, "not_processed": 1}), ExitCode.REFUSED),
        (_import("awaiting_upload"), ExitCode.ALL_GOOD),
        (_import("processing", counts={"lines": 9}), ExitCode.ALL_GOOD),
    ],
)
def test_every_state_has_its_exit_code(shown: dict[str, Any], code: ExitCode) -> None:
    assert exit_code(shown) is code


def test_all_lines_with_an_outcome_count_as_settled() -> None:
    assert settled_of(_import("processing", counts={"lines": 9, "updated": 2, "rejected": 3})) == 5


def test_a_refusal_is_shown_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = {"code": "MISSING_COLUMN", "message": "line 1: the header has no column 'x'"}

    show_import(Screen(), _import("refused", refusal=refusal))

    assert capsys.readouterr().out == (
        "a.csv was refused; nothing was written\n"
        "  MISSING_COLUMN: line 1: the header has no column 'x'\n"
    )


def test_zero_counts_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"lines": 1200, "updated": 1199, "rejected": 1}

    show_import(Screen(), _import("error", counts=counts, accounts_updated=1199))

    assert capsys.readouterr().out == (
        "a.csv is done, with lines in error\n"
        "  1,200  lines\n"
        "  1,199  updated\n"
        "      1  rejected\n"
        "  1,199  accounts changed\n"
    )


def test_an_import_that_waits_says_who_decides_and_how(
    capsys: pytest.CaptureFixture[str],
) -> None:
    approval = {"reason": "CLEARS_MANY", "would_clear": 14, "lines": 28}

    show_import(Screen(), _import("awaiting_approval", approval=approval, counts={"lines": 28}))

    output = capsys.readouterr().out
    assert "14 of its 28 lines would leave an account with nobody" in output
    assert f"handover approve {'0' * 32}" in output
    assert "accounts changed" not in output


def test_an_import_that_is_still_being_cancelled_is_not_called_cancelled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_import(Screen(), _import("processing", cancelled_by="ana@x.example"))

    assert capsys.readouterr().out.startswith("a.csv is being cancelled\n")


def test_an_import_is_shown_with_its_address_in_the_console(
    capsys: pytest.CaptureFixture[str],
) -> None:
    link = "https://handover.example/console/imports/1"

    show_import(Screen(), _import("processing"), link)

    assert f"In the console: {link}\n" in capsys.readouterr().out


def test_a_dry_run_says_that_nothing_was_changed(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"lines": 1, "updated": 1}

    show_import(Screen(), _import("done", mode="dry_run", counts=counts, accounts_updated=1))

    output = capsys.readouterr().out
    assert "nothing was changed" in output
    assert "1  account that would change" in output


def _answer(body: bytes) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(io.BytesIO(body), preload_content=False, status=200)


def test_a_report_is_read_record_by_record_whatever_its_cells_contain() -> None:
    body = 'id;note;line;code;error;hint\r\n7;"a\r\nb";3;X;"no; wrong";try é\r\n'.encode(
        "utf-8-sig"
    )

    records = list(report_lines(_answer(body), ";"))

    assert records == [["7", "a\r\nb", "3", "X", "no; wrong", "try é"]]
    assert error_row(records[0]) == ("3", "X", "no; wrong\ntry é\nThe line: 7, a b")


def test_an_error_that_names_its_place_is_shown_without_the_line() -> None:
    assert error_row(("7", "", "3", "X", "no", "line 3, id: 7")) == ("3", "X", "no\nline 3, id: 7")


def test_only_the_shown_part_of_a_report_is_fetched() -> None:
    body = io.BytesIO(b"line,code,error,hint\r\n" + b"1,X,no,\r\n" * 1_000_000)
    answer = urllib3.HTTPResponse(body, preload_content=False, status=200)

    records = report_lines(answer, ",")

    assert next(records) == ["1", "X", "no", ""]
    assert body.tell() < 1_000_000


def test_the_warnings_of_an_import_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    warnings = [{"code": "COLUMN_IGNORED", "message": "line 1: the column 'City' was ignored"}]

    show_import(Screen(), _import("done", warnings=warnings))

    assert "Please note: line 1: the column 'City' was ignored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("profile", "number", "words"),
    [
        ("single-strict", 1, "1  account changed"),
        ("single-strict", 2, "2  accounts changed"),
        ("one-of-a-tenant", 2, "2  accounts changed"),
        ("directory-accounts", 2, "2  accounts changed"),
        ("directory-users", 1, "1  user changed"),
        ("directory-users", 2, "2  users changed"),
    ],
)
def test_u8_changes_are_counted_as_accounts_or_users_as_the_file_is_about(
    capsys: pytest.CaptureFixture[str], profile: str, number: int, words: str
) -> None:
    counts = {"lines": number, "updated": number}

    show_import(Screen(), _import("done", counts=counts, accounts_updated=number, profile=profile))

    output = capsys.readouterr().out.splitlines()
    assert output[-1].strip() == words
    assert output[1].strip() == ("1  line" if number == 1 else "2  lines")


def test_progress_shows_settled_lines_and_the_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = {
        "stage": "working",
        "lines_settled": 1200,
        "lines_total": 5000,
        "lines_a_second": 310.4,
        "seconds_left": 13,
    }

    show_import(Screen(), _import("processing", progress=progress))

    assert "1,200 of 5,000 lines done, 310 a second, about 13 seconds left" in (
        capsys.readouterr().out
    )


def test_without_a_pace_no_time_left_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    progress = {
        "stage": "working",
        "lines_settled": 0,
        "lines_total": 1,
        "lines_a_second": None,
        "seconds_left": None,
    }

    show_import(Screen(), _import("processing", progress=progress))

    assert "  0 of 1 line done\n" in capsys.readouterr().out
