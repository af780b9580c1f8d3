"""The published form of an import is the contract with every reader of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from handover.model import FileWarning, Line, LineResult, Mode, Outcome, Refusal, State
from handover.reports.counts import Counts, tally
from handover.reports.summary import (
    Approval,
    ImportSummary,
    ReportObject,
    check_counts,
    summary,
    summary_json,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

ENDED = ImportSummary(
    import_id="0123456789abcdef0123456789abcdef",
    tenant="lumina",
    profile="single-strict",
    source="user",
    uploader="ines@lumina.example",
    filename="march.csv",
    mode=Mode.RUN,
    state=State.ERROR,
    received_at=datetime(2025, 3, 4, 8, 0, 0, 123_456, tzinfo=UTC),
    finished_at=datetime(2025, 3, 4, 10, 0, 9, tzinfo=timezone(timedelta(hours=2))),
    counts=Counts(lines=10, updated=5, cleared=1, unchanged=1, rejected=2, duplicate=1),
    accounts_updated=6,
    report=ReportObject("reports", "lumina/0123/errors.csv"),
    results=ReportObject("reports", "lumina/0123/results.csv"),
)

CONTRACT_KEYS = [
    "import_id",
    "tenant",
    "profile",
    "source",
    "uploader",
    "filename",
    "mode",
    "state",
    "received_at",
    "finished_at",
    "counts",
    "accounts_updated",
    "refusal",
    "report",
    "results",
    "warnings",
]


def test_the_keys_and_their_order_are_those_of_the_contract() -> None:
    document = summary(ENDED)

    assert list(document) == CONTRACT_KEYS
    assert document["counts"] == {
        "lines": 10,
        "updated": 5,
        "cleared": 1,
        "unchanged": 1,
        "pending": 0,
        "rejected": 2,
        "duplicate": 1,
        "superseded": 0,
        "not_processed": 0,
    }


def test_counts_are_lines_and_every_outcome() -> None:
    assert list(Counts.__struct_fields__) == ["lines", *Outcome]


def test_the_values_are_those_of_the_contract() -> None:
    document = summary(ENDED)

    assert (document["mode"], document["state"], document["accounts_updated"]) == (
        "run",
        "error",
        6,
    )
    assert document["report"] == {"bucket": "reports", "key": "lumina/0123/errors.csv"}
    assert document["results"] == {"bucket": "reports", "key": "lumina/0123/results.csv"}
    assert document["refusal"] is None


def test_times_are_utc_with_milliseconds() -> None:
    document = summary(ENDED)

    assert document["received_at"] == "2025-03-04T08:00:00.123Z"
    assert document["finished_at"] == "2025-03-04T08:00:09.000Z"


def test_a_time_without_a_zone_is_a_defect() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        summary(replace(ENDED, received_at=datetime(2025, 3, 4)))  # noqa: DTZ001


def test_an_open_import_has_no_end_no_report_and_no_results() -> None:
    document = summary(
        replace(ENDED, state=State.PROCESSING, finished_at=None, report=None, results=None)
    )

    assert (document["finished_at"], document["report"], document["results"]) == (None, None, None)


@pytest.mark.parametrize(
    ("refusal", "document"),
    [
        (Refusal("EMPTY_FILE", "nothing"), {"code": "EMPTY_FILE", "message": "nothing"}),
        (
            Refusal("UNCLOSED_QUOTE", "opens", 7),
            {"code": "UNCLOSED_QUOTE", "message": "opens", "line": 7},
        ),
    ],
)
def test_a_refusal_has_a_line_only_if_it_concerns_one(
    refusal: Refusal, document: dict[str, object]
) -> None:
    refused = replace(ENDED, state=State.REFUSED, refusal=refusal)

    assert summary(refused)["refusal"] == document


def test_further_keys_follow_those_of_the_contract() -> None:
    approval = Approval("CLEARS_MANY", would_clear=30, lines=60)
    waiting = replace(
        ENDED,
        state=State.AWAITING_APPROVAL,
        encoding="utf-8",
        delimiter=";",
        approval=approval,
        undo_of="fedc",
    )

    document = summary(waiting)

    assert list(document) == [*CONTRACT_KEYS, "encoding", "delimiter", "approval", "undo_of"]
    reason = {"reason": "CLEARS_MANY", "would_clear": 30, "lines": 60, "would_change": 0}
    assert document["approval"] == reason
    assert "approval" not in summary(replace(waiting, state=State.DONE))


def test_what_was_decided_and_why_comes_last_and_only_if_there_is_any() -> None:
    texts = {
        "on_error": "all_or_nothing",
        "stopped": "a line is in error",
        "applied_by": "ticket-1",
        "approved_by": "ana@x.example",
        "approve_reason": "agreed",
        "cancelled_by": "bo@x.example",
        "cancel_reason": "wrong file",
    }

    document = summary(replace(ENDED, **texts))

    assert list(document) == [*CONTRACT_KEYS, *texts]
    assert {name: document[name] for name in texts} == texts


def test_warnings_are_published_with_code_and_message() -> None:
    warned = replace(ENDED, warnings=(FileWarning("COLUMN_IGNORED", "line 1: 'x'"),))

    assert summary(warned)["warnings"] == [{"code": "COLUMN_IGNORED", "message": "line 1: 'x'"}]


def test_lines_with_errors_need_a_person_and_superseded_ones_are_not_applied_either() -> None:
    every = Counts(255, 1, 2, 4, 8, 16, 32, 64, 128)

    assert (every.good, every.with_errors) == (1 + 2 + 4 + 8 + 32 + 64, 16 + 128)
    assert (every.settled, every.unapplied) == (255, 16 + 128 + 64)


def test_the_summary_file_is_the_same_bytes_each_time_and_reads_back() -> None:
    hostile = replace(ENDED, filename="b\ud800\n\u202efdp.csv")

    assert summary_json(hostile) == summary_json(replace(hostile))
    assert json.loads(summary_json(hostile)) == summary(hostile)


def test_an_ended_import_counts_every_line() -> None:
    check_counts(ENDED)
    check_counts(replace(ENDED, state=State.PROCESSING, counts=Counts(lines=3)))

    for counts in (Counts(lines=3, updated=2), Counts(lines=3, updated=2, rejected=2)):
        with pytest.raises(ValueError, match="3 lines"):
            check_counts(replace(ENDED, counts=counts))


@given(st.lists(st.sampled_from(Outcome)))
def test_a_tally_counts_every_line_once(outcomes: list[Outcome]) -> None:
    counts = tally(LineResult(Line(2, ()), outcome) for outcome in outcomes)

    assert counts.lines == counts.settled == len(outcomes)
    assert {o.value: outcomes.count(o) for o in Outcome} | {"lines": len(outcomes)} == asdict(
        counts
    )


def test_a_tally_of_nothing_is_zero() -> None:
    assert tally([]) == Counts()
