"""The simulation finds every deliberate defect."""

from __future__ import annotations

import pytest

from tests.faults.mutants import MUTANTS
from tests.faults.mutants.judge import judge_all

# Most are found by faults only: ordinary tests would never see them.
LEAST_HIDDEN = 20


def test_there_is_a_mutant_for_each_mechanism() -> None:
    assert len(MUTANTS) >= 25
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.timeout(1200)
def test_every_mutant_is_found() -> None:
    verdicts = judge_all()

    hidden = [one.mutant for one in verdicts if not one.is_seen_without_faults]
    print(f"\n{len(verdicts)} mutants, {len(hidden)} not seen without faults")
    assert [one.mutant for one in verdicts if not one.plan] == []
    assert len(hidden) >= LEAST_HIDDEN
