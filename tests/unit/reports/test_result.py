"""Tallies of line results."""

from __future__ import annotations

from dataclasses import asdict

from handover.model import Line, Outcome
from handover.reports import Counts, LineResult, tally
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.sampled_from(Outcome)))
def test_a_tally_counts_every_line_once(outcomes: list[Outcome]) -> None:
    counts = tally(LineResult(Line(2, ()), outcome) for outcome in outcomes)

    assert counts.lines == counts.settled == len(outcomes)
    assert {o.value: outcomes.count(o) for o in Outcome} | {"lines": len(outcomes)} == asdict(
        counts
    )


def test_a_tally_of_nothing_is_zero() -> None:
    assert tally([]) == Counts()
