"""The progress of an import, as people and programs see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from handover.model import State
from handover.reports.counts import Counts
from handover.reports.progress import Progress, Stage, progress_of, stage_seconds

BEGUN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HALF = Counts(lines=100, updated=40, rejected=10)


def progress(state: State, counts: Counts, seconds: float = 0, *, is_read: bool = True) -> Progress:
    until = BEGUN + timedelta(seconds=seconds)
    return progress_of(state, counts, is_read=is_read, working_at=BEGUN, until=until)


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        (State.AWAITING_UPLOAD, "uploading"),
        (State.VALIDATING, "reading"),
        (State.AWAITING_APPROVAL, "waiting"),
        (State.PROCESSING, "working"),
        (State.FINALIZING, "finishing"),
        (State.DONE, "done"),
        (State.ERROR, "done"),
        (State.REFUSED, "done"),
        (State.CANCELLED, "done"),
    ],
)
def test_every_state_belongs_to_a_stage(state: State, stage: str) -> None:
    assert progress(state, HALF).stage == stage


def test_while_lines_are_processed_the_time_left_follows_from_the_pace_so_far() -> None:
    assert progress(State.PROCESSING, HALF, 10) == Progress(Stage.WORKING, 50, 100, 5.0, 10)


def test_before_a_line_is_settled_there_is_no_time_left() -> None:
    begun = progress(State.PROCESSING, Counts(lines=100), 10)

    assert (begun.lines_total, begun.lines_a_second, begun.seconds_left) == (100, None, None)


def test_lines_settled_within_the_same_instant_have_no_pace() -> None:
    assert progress(State.PROCESSING, HALF, 0).lines_a_second is None


def test_an_import_without_stored_times_has_no_pace() -> None:
    old = progress_of(State.PROCESSING, HALF, is_read=True, working_at=None, until=BEGUN)

    assert (old.lines_a_second, old.seconds_left) == (None, None)


def test_a_file_that_nobody_has_read_has_no_number_of_lines() -> None:
    assert progress(State.VALIDATING, Counts(), is_read=False).lines_total is None


def test_an_import_that_has_ended_keeps_its_pace_and_has_no_time_left() -> None:
    ended = progress(State.DONE, Counts(lines=100, updated=100), 20)

    assert (ended.lines_a_second, ended.seconds_left) == (5.0, 0)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param(
            "00:00 00:01 00:03 00:06.5 00:10.1234 01:00",
            [
                ("uploading", 1),
                ("reading", 2),
                ("waiting", 3.5),
                ("working", 3.623),
                ("finishing", 49.877),
            ],
            id="every time is known",
        ),
        pytest.param(
            "00:00 00:01 00:03 00:03 00:05 00:05",
            [("uploading", 1), ("reading", 2), ("working", 2), ("finishing", 0)],
            id="it did not wait",
        ),
        pytest.param("00:00 00:01 - - - 00:05", [("uploading", 1)], id="refused"),
        pytest.param("- 00:01 00:03 - 00:04 00:09", [("reading", 2), ("finishing", 5)], id="older"),
        pytest.param("00:02 00:01 - - - -", [("uploading", 0)], id="clocks that differ"),
        pytest.param("- - - - - -", [], id="none is known"),
    ],
)
def test_each_stage_took_the_time_between_the_recorded_ones(
    times: str, expected: list[tuple[str, float]]
) -> None:
    names = ["announced_at", "received_at", "validated_at", "working_at", "finished_at", "ended_at"]
    found = [None if one == "-" else f"2026-11-22T10:{one}Z" for one in times.split()]

    assert stage_seconds(**dict(zip(names, found, strict=True))) == expected
