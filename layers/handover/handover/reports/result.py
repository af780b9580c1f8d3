"""What became of one line, as the worker hands it to the reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from handover.model import Line, Outcome, Rejection
from handover.reports.summary import Counts


@dataclass(frozen=True, slots=True)
class SeatChange:
    """Who held a role before and after the line; () means no one."""

    role: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineResult:
    """A line with its one outcome.

    `changes` name the roles the line speaks of, in column order. `rejection` is set exactly when
    the outcome is `rejected`. `message` says in a person's words what the outcome alone does not,
    such as "an identical line stands at line 4" or "superseded by a later import".
    """

    line: Line
    outcome: Outcome
    changes: tuple[SeatChange, ...] = ()
    rejection: Rejection | None = None
    message: str = ""


def tally(results: Iterable[LineResult]) -> Counts:
    """The counts of these results: `lines` is how many there are, the others sum to it."""
    found = Counter(result.outcome for result in results)
    return Counts(
        lines=found.total(),
        updated=found[Outcome.UPDATED],
        cleared=found[Outcome.CLEARED],
        unchanged=found[Outcome.UNCHANGED],
        pending=found[Outcome.PENDING],
        rejected=found[Outcome.REJECTED],
        duplicate=found[Outcome.DUPLICATE],
        superseded=found[Outcome.SUPERSEDED],
        not_processed=found[Outcome.NOT_PROCESSED],
    )
