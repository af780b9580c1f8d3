"""How far an import has come: its stage, its lines, its pace, and the time left. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from handover.model import State
from handover.reports.counts import Counts


class Stage(StrEnum):
    """The stages of an import, in their order; WAITING: for an Admin's approval."""

    UPLOADING = "uploading"
    READING = "reading"
    WAITING = "waiting"
    WORKING = "working"
    FINISHING = "finishing"
    DONE = "done"


_STAGES = {
    State.AWAITING_UPLOAD: Stage.UPLOADING,
    State.VALIDATING: Stage.READING,
    State.AWAITING_APPROVAL: Stage.WAITING,
    State.PROCESSING: Stage.WORKING,
    State.FINALIZING: Stage.FINISHING,
}


class Progress(Struct, frozen=True):
    """How far an import has come.

    `lines_total` is None until the file has been read to its end. `lines_a_second` is the pace
    since the lines could first be processed; None before a line is settled, and for imports that
    did not record that time. `seconds_left` is an estimate while lines are processed, 0 once the
    import has ended, and None when it is unknown.
    """

    stage: Stage
    lines_settled: int
    lines_total: int | None
    lines_a_second: float | None
    seconds_left: int | None


def progress_of(
    state: State, counts: Counts, *, is_read: bool, working_at: datetime | None, until: datetime
) -> Progress:
    """The progress of an import in this state.

    `is_read` says whether its lines are counted, `working_at` when they could first be processed,
    and `until` when they were all settled, or the present time while they are not.
    """
    stage = _STAGES.get(state, Stage.DONE)
    total = counts.lines if is_read else None
    pace = _pace(counts.settled, working_at, until)
    return Progress(stage, counts.settled, total, pace, _left(stage, counts, pace))


def _pace(settled: int, since: datetime | None, until: datetime) -> float | None:
    seconds = (until - since).total_seconds() if since is not None else 0.0
    return round(settled / seconds, 1) if settled and seconds > 0 else None


def _left(stage: Stage, counts: Counts, pace: float | None) -> int | None:
    if stage is Stage.DONE:
        return 0
    if stage is not Stage.WORKING or not pace:
        return None
    return math.ceil(max(0, counts.lines - counts.settled) / pace)


def stage_seconds(
    *,
    announced_at: str | None,
    received_at: str | None,
    validated_at: str | None,
    working_at: str | None,
    finished_at: str | None,
    ended_at: str | None,
) -> list[tuple[Stage, float]]:
    """How long each stage of an import took, in order; times are RFC 3339, None if not recorded.

    A stage without a recorded time is left out, and so is WAITING for an import that did not wait.
    """
    bounds = (
        (Stage.UPLOADING, announced_at, received_at),
        (Stage.READING, received_at, validated_at),
        (Stage.WAITING, validated_at, working_at),
        (Stage.WORKING, working_at, finished_at),
        (Stage.FINISHING, finished_at, ended_at),
    )
    return [
        (stage, max(0.0, round(_between(begin, end), 3)))
        for stage, begin, end in bounds
        if begin and end and not (stage is Stage.WAITING and begin == end)
    ]


def _between(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
