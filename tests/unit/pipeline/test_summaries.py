"""What is published about an import, by what is stored on it: each row changes one import."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from handover.model import FileWarning, Mode, Refusal, State
from handover.pipeline.summaries import summary_of, summary_of_end, summary_of_ticket
from handover.reports.counts import Counts
from handover.reports.summary import Approval, ImportSummary, ReportObject
from handover.store.import_items import ImportItem
from handover.store.tickets import TicketItem
from msgspec.structs import asdict, replace

from tests.kit.pipeline import Pipeline

ID = "1" * 32
RECEIVED = datetime(2026, 11, 22, 10, tzinfo=UTC)
RESULTS = ReportObject("reportsbucket", f"lumina/{ID}/results.csv")
REPORT = ReportObject("reportsbucket", f"lumina/{ID}/errors.csv")
CHECKED = {"mode": "dry_run", "is_check": True}
REPLAYED = (
    "posted with the form of this upload{}. They were ignored: each file needs an upload of its "
    "own."
)


def item(**changes: Any) -> ImportItem:
    """An import of ten lines that has ended, with these attributes changed."""
    found = ImportItem(
        ID,
        tenant="lumina",
        profile="single-strict",
        source="user",
        uploader="ines@x.example",
        filename="a.csv",
        received_at="2026-11-22T10:00:00.000Z",
        finished_at="2026-11-22T10:02:00.000Z",
        bucket="UploadsBucket",
        key="in/lumina/1.csv",
        version_id="v1",
        precedence="1",
        state="done",
        lines=10,
        updated=4,
        cleared=2,
        unchanged=4,
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


ENDED = ImportSummary(
    import_id=ID,
    tenant="lumina",
    profile="single-strict",
    source="user",
    uploader="ines@x.example",
    filename="a.csv",
    mode=Mode.RUN,
    state=State.DONE,
    received_at=RECEIVED,
    finished_at=datetime(2026, 11, 22, 10, 2, tzinfo=UTC),
    counts=Counts(lines=10, updated=4, cleared=2, unchanged=4),
    accounts_updated=6,
    results=RESULTS,
)
ROWS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an import without errors": ({}, {}),
    "an import with an error": (
        {"state": "error", "unchanged": 3, "rejected": 1},
        {
            "state": State.ERROR,
            "counts": Counts(lines=10, updated=4, cleared=2, unchanged=3, rejected=1),
            "report": REPORT,
        },
    ),
    "accounts that wait for a user are changed": (
        {"unchanged": 1, "pending_users": 3},
        {
            "counts": Counts(lines=10, updated=4, cleared=2, unchanged=1, pending=3),
            "accounts_updated": 9,
        },
    ),
    "an import that goes on has no results and no end": (
        {"state": "finalizing"},
        {"state": State.FINALIZING, "finished_at": None, "results": None},
    ),
    "a preview has no results": ({"mode": "preview"}, {"mode": Mode.PREVIEW, "results": None}),
    "a file that was refused at a line": (
        {"state": "refused", "refusal": {"code": "X", "message": "why", "line": 3}},
        {"state": State.REFUSED, "refusal": Refusal("X", "why", 3), "results": None},
    ),
    "a file that was refused as a whole": (
        {"state": "refused", "refusal": {"code": "X", "message": "why"}},
        {"state": State.REFUSED, "refusal": Refusal("X", "why"), "results": None},
    ),
    "a file of a system": (
        {"uploader": "", "source": "crm", "proven_by": "AROA1"},
        {"uploader": "AROA1", "source": "crm"},
    ),
    "a file that nobody proved": ({"uploader": ""}, {"uploader": ""}),
    "how the file was read": (
        {"encoding": "utf-8", "delimiter": ";"},
        {"encoding": "utf-8", "delimiter": ";"},
    ),
    "an import that an Admin approved": (
        {
            "approval": {"reason": "clears", "would_clear": 2, "lines": 10},
            "approved_by": "joyce",
            "approve_reason": "agreed",
        },
        {
            "approval": Approval("clears", 2, 10),
            "approved_by": "joyce",
            "approve_reason": "agreed",
        },
    ),
    "an import that changed many": (
        {"approval": {"reason": "many", "would_clear": 2, "lines": 10, "would_change": 6}},
        {"approval": Approval("many", 2, 10, 6)},
    ),
    "an import that was cancelled": (
        {"state": "cancelled", "cancelled_by": "joyce", "cancel_reason": "wrong"},
        {"state": State.CANCELLED, "cancelled_by": "joyce", "cancel_reason": "wrong"},
    ),
    "an undo": ({"undo_of": "2", "job": "undo"}, {"undo_of": "2", "job": "undo"}),
    "a check that may be applied": (
        CHECKED,
        {"mode": Mode.DRY_RUN, "applied_by": f"20261122T100200000Z-{ID[:16]}"},
    ),
    "a check that goes on": (
        {**CHECKED, "state": "processing"},
        {
            "mode": Mode.DRY_RUN,
            "state": State.PROCESSING,
            "finished_at": None,
            "results": None,
        },
    ),
    "a check that was cancelled": (
        {**CHECKED, "state": "cancelled", "cancelled_by": "joyce"},
        {"mode": Mode.DRY_RUN, "state": State.CANCELLED, "cancelled_by": "joyce"},
    ),
    "a check that may not be applied": (
        {
            **CHECKED,
            "state": "error",
            "unchanged": 3,
            "rejected": 1,
            "on_error": "all_or_nothing",
        },
        {
            "mode": Mode.DRY_RUN,
            "state": State.ERROR,
            "counts": Counts(lines=10, updated=4, cleared=2, unchanged=3, rejected=1),
            "report": REPORT,
            "on_error": "all_or_nothing",
            "stopped": "1 of 10 lines cannot be applied (all_or_nothing)",
        },
    ),
    "a run that fails is not stopped": (
        {"state": "error", "unchanged": 3, "rejected": 1, "on_error": "all_or_nothing"},
        {
            "state": State.ERROR,
            "counts": Counts(lines=10, updated=4, cleared=2, unchanged=3, rejected=1),
            "report": REPORT,
            "on_error": "all_or_nothing",
        },
    ),
    "warnings": (
        {"warnings": '[["COLUMN_IGNORED", "x"]]'},
        {"warnings": (FileWarning("COLUMN_IGNORED", "x"),)},
    ),
    "replays before the end": (
        {"replays": 5, "replays_notified": 1, "replayed_at": "10:05"},
        {"warnings": (FileWarning("TICKET_REPLAYED", f"1 more file was {REPLAYED.format('')}"),)},
    ),
    "replays of a job's file": ({"replays_notified": 2, "job": "undo"}, {"job": "undo"}),
    "replays of a file that applies a check": ({"replays_notified": 2, "follows": "2"}, {}),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_an_end_reports_is_what_is_stored(name: str, pipeline: Pipeline) -> None:
    changed, expected = ROWS[name]

    found = summary_of_end(pipeline.resources, item(**changed))

    assert asdict(found) == asdict(replace(ENDED, **expected))


def test_replays_after_the_end_are_shown_with_the_time_of_the_last(pipeline: Pipeline) -> None:
    changed = {"replays": 1200, "replays_notified": 1, "replayed_at": "10:05"}

    (warning,) = summary_of(pipeline.resources, item(**changed)).warnings

    assert warning == FileWarning(
        "TICKET_REPLAYED",
        f"1,200 more files were {REPLAYED.format(', the last one at 10:05')}",
    )


def ticket(**changes: Any) -> TicketItem:
    made = TicketItem(
        "ticket#1",
        tenant="lumina",
        uploader="ines@x.example",
        profile="single-strict",
        filename="a.csv",
        mode="dry_run",
        issued_at="2026-11-22T10:00:00.000Z",
        expires_at="2026-11-22T10:05:00.000Z",
        expires=1,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


ANNOUNCED = ImportSummary(
    import_id="1",
    tenant="lumina",
    profile="single-strict",
    source="user",
    uploader="ines@x.example",
    filename="a.csv",
    mode=Mode.DRY_RUN,
    state=State.AWAITING_UPLOAD,
    received_at=RECEIVED,
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {}),
        ({"cancelled_by": "joyce"}, {"state": State.CANCELLED}),
        (
            {"source": "handover", "job": "undo", "undo_of": "2", "on_error": "all_or_nothing"},
            {"source": "handover", "job": "undo", "undo_of": "2", "on_error": "all_or_nothing"},
        ),
    ],
    ids=["announced", "cancelled", "a job"],
)
def test_a_file_that_has_not_come_is_shown_by_its_ticket(
    changed: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert summary_of_ticket("1", ticket(**changed)) == replace(ANNOUNCED, **expected)
