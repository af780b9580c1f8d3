"""The notice of every kind of import, whole as people and machines read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handover.model import FileWarning, JobKind, Mode, Refusal, State
from handover.reports.counts import Counts
from handover.reports.notice import notice
from handover.reports.summary import Approval, ImportSummary, ReportObject
from msgspec.structs import replace

from tests.kit.recorded import assert_as_recorded

DONE = ImportSummary(
    import_id="0123456789abcdef0123456789abcdef",
    tenant="lumina",
    profile="single-strict",
    source="user",
    uploader="ines@lumina.example",
    filename='März "final".csv',
    mode=Mode.RUN,
    state=State.DONE,
    received_at=datetime(2026, 3, 4, 8, tzinfo=UTC),
    finished_at=datetime(2026, 3, 4, 9, 30, 15, 250_000, tzinfo=UTC),
    counts=Counts(lines=1200, updated=1099, unchanged=100, cleared=1),
    accounts_updated=1100,
    encoding="utf-8",
    delimiter=";",
    results=ReportObject("handover-reports", "lumina/0123/results.csv"),
)
EVERY = Counts(1200, 1, 2, 3, 4, 5, 6, 7, 1172)
ONE = Counts(lines=1, rejected=1)
REPORT = ReportObject("handover-reports", "lumina/0123/errors.csv")
CLEARS = Approval("CLEARS_MANY", would_clear=30, lines=60)
CHANGES = Approval("CHANGES_MANY", would_clear=2, lines=60, would_change=45)
WARNINGS = tuple(FileWarning(f"CODE_{n}", f"line {n}: something\nodd") for n in range(1, 9))

# What is other than in an import that ended well.
IMPORTS: Mapping[str, Mapping[str, Any]] = {
    "done": {},
    "done, dry run": {"mode": Mode.DRY_RUN},
    "done, applied dry run": {"mode": Mode.DRY_RUN, "applied_by": "ticket-1"},
    "done, one line": {"counts": Counts(lines=1, updated=1), "accounts_updated": 1},
    "done, no line": {"counts": Counts(), "accounts_updated": 0},
    "error": {"state": State.ERROR, "counts": EVERY, "report": REPORT},
    "error, dry run": {
        "state": State.ERROR,
        "counts": EVERY,
        "report": REPORT,
        "mode": Mode.DRY_RUN,
    },
    "error, one line": {
        "state": State.ERROR,
        "counts": ONE,
        "accounts_updated": 0,
        "report": REPORT,
    },
    "stopped": {
        "state": State.ERROR,
        "counts": EVERY,
        "accounts_updated": 0,
        "report": REPORT,
        "on_error": "stop_above: 5 %",
        "stopped": "1,191 of 1,200 lines are in error, more than 5 %",
    },
    "refused": {
        "state": State.REFUSED,
        "counts": Counts(),
        "accounts_updated": 0,
        "refusal": Refusal("MISSING_COLUMN", "line 1: there is no column 'account Manager'", 1),
        "results": None,
    },
    "refused, no line": {
        "state": State.REFUSED,
        "counts": Counts(),
        "refusal": Refusal("NOT_CSV", "the file is a picture"),
        "filename": "",
        "uploader": "",
    },
    "awaiting approval, clears": {
        "state": State.AWAITING_APPROVAL,
        "finished_at": None,
        "counts": Counts(),
        "approval": CLEARS,
    },
    "awaiting approval, changes": {
        "state": State.AWAITING_APPROVAL,
        "finished_at": None,
        "counts": Counts(),
        "approval": CHANGES,
    },
    "awaiting approval, not counted": {
        "state": State.AWAITING_APPROVAL,
        "finished_at": None,
        "counts": Counts(),
        "approval": Approval("could not be counted in time", would_clear=0, lines=1),
    },
    "approved": {
        "approval": CHANGES,
        "approved_by": "ada@lumina.example",
        "approve_reason": "agreed with sales",
    },
    "approved without a reason": {"approval": CLEARS, "approved_by": "ada@lumina.example"},
    "cancelled": {
        "state": State.CANCELLED,
        "counts": EVERY,
        "report": REPORT,
        "cancelled_by": "ada@lumina.example",
        "cancel_reason": "wrong file",
    },
    "cancelled without a reason": {
        "state": State.CANCELLED,
        "counts": Counts(lines=3, not_processed=3),
        "cancelled_by": "ada@lumina.example",
    },
    "with warnings": {"warnings": WARNINGS},
    "undo": {"job": JobKind.UNDO, "undo_of": "f" * 32, "filename": "undo.csv"},
    "of the next holder": {"job": JobKind.OWNER, "filename": "owner.csv"},
    "resolution": {"job": JobKind.RESOLUTION, "filename": "resolution.csv"},
    "removal": {"job": JobKind.REMOVAL, "filename": "removal.csv"},
    "error, undo": {
        "state": State.ERROR,
        "counts": EVERY,
        "report": REPORT,
        "job": JobKind.UNDO,
        "undo_of": "f" * 32,
    },
    "refused, of the next holder": {
        "state": State.REFUSED,
        "counts": Counts(),
        "refusal": Refusal("MISSING_COLUMN", "there is no column 'account Manager'", 7),
        "job": JobKind.OWNER,
    },
    "refused without a reason": {"state": State.REFUSED, "counts": Counts()},
    "done, dry run of the next holder": {"mode": Mode.DRY_RUN, "job": JobKind.OWNER},
    "cancelled, dry run": {
        "state": State.CANCELLED,
        "mode": Mode.DRY_RUN,
        "cancelled_by": "ada@lumina.example",
        "approved_by": "bo@lumina.example",
        "approve_reason": "agreed with sales",
    },
    "error, only rejected": {
        "state": State.ERROR,
        "counts": Counts(lines=2345, updated=1111, rejected=1234),
        "report": REPORT,
    },
    "error, only not processed": {
        "state": State.ERROR,
        "counts": Counts(lines=2, not_processed=2),
        "accounts_updated": 0,
        "report": REPORT,
    },
    **{
        f"error, all or nothing, {accounts} changed, {mode}, {'a' if report else 'no'} report": {
            "state": State.ERROR,
            "counts": Counts(lines=9, updated=3, rejected=6),
            "accounts_updated": accounts,
            "mode": mode,
            "on_error": "all_or_nothing",
            "report": report,
        }
        for accounts, mode, report in (
            (3, Mode.RUN, REPORT),
            (3, Mode.RUN, None),
            (3, Mode.DRY_RUN, REPORT),
            (0, Mode.RUN, REPORT),
        )
    },
    "stopped without a report": {
        "state": State.ERROR,
        "counts": Counts(lines=1, rejected=1),
        "accounts_updated": 0,
        "on_error": "all_or_nothing",
        "stopped": "1 of 1 line is in error",
    },
    "awaiting approval, of many lines": {
        "state": State.AWAITING_APPROVAL,
        "counts": Counts(),
        "approval": Approval("CHANGES_MANY", 1_234, 56_789, would_change=4_321),
    },
    "awaiting approval, clears many lines": {
        "state": State.AWAITING_APPROVAL,
        "counts": Counts(),
        "approval": Approval("CLEARS_MANY", 1_234, 56_789),
    },
    "awaiting approval, one line": {
        "state": State.AWAITING_APPROVAL,
        "counts": Counts(),
        "approval": Approval("CLEARS_MANY", 1, 1),
    },
    "about users": {"profile": "directory-users"},
    "about accounts": {"profile": "directory-accounts"},
    "of a source": {"source": "erp", "uploader": "AROAERPEXAMPLE", "profile": "role-team"},
}


def notices() -> list[str]:
    """The subject, the text and the JSON of each."""
    lines: list[str] = []
    for name, changed in IMPORTS.items():
        for console in ("", "https://handover.example/"):
            sent = notice(replace(DONE, **changed), console)
            lines += [f"== {name}{', with a link' if console else ''}", sent.subject]
            lines += sent.text.splitlines()
        lines.append(sent.json)
    return lines


def test_the_notice_of_every_kind_of_import_is_as_recorded() -> None:
    assert_as_recorded(Path(__file__).with_name("notices.txt"), "\n".join(notices()) + "\n")
