"""How many lines of an import had which outcome. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from handover.model import LineResult, Outcome


class Counts(Struct, frozen=True):
    """How many data lines an import has, and how many had each outcome."""

    lines: int = 0
    updated: int = 0
    cleared: int = 0
    unchanged: int = 0
    pending: int = 0
    rejected: int = 0
    duplicate: int = 0
    superseded: int = 0
    not_processed: int = 0

    @property
    def settled(self) -> int:
        """The lines that have an outcome; equal to `lines` once the import has ended."""
        return self.good + self.with_errors

    @property
    def good(self) -> int:
        """The lines that nobody must correct; `superseded` ones yielded to a later change."""
        return (
            self.updated
            + self.cleared
            + self.unchanged
            + self.pending
            + self.duplicate
            + self.superseded
        )

    @property
    def with_errors(self) -> int:
        """The lines that a person must correct: exactly those of errors.csv."""
        return self.rejected + self.not_processed

    @property
    def unapplied(self) -> int:
        """The lines that did not do what their author asked, because of an error or a change."""
        return self.with_errors + self.superseded


def tally(results: Iterable[LineResult]) -> Counts:
    """The counts of these results: `lines` is their number, and the other counts add up to it."""
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
