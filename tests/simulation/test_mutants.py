"""The simulation finds every deliberate defect; `python -m tests.simulation mutants` judges all."""

from __future__ import annotations

import os
import random

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.judge import judge_each
from tests.simulation.mutants.mutant import Mutant

# Each run judges a sample drawn by a seed: all of them take minutes.
SEED = os.environ.get("SIMULATION_SEED", "first")
JUDGED = int(os.environ.get("MUTANTS_JUDGED", "3"))


def test_every_mechanism_has_a_mutant() -> None:
    assert len(MUTANTS) >= 25
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_still_finds_what_it_changes(mutant: Mutant) -> None:
    with mutant.alive():
        pass


@pytest.mark.all_cores
@pytest.mark.timeout(1200)
def test_the_simulation_finds_the_drawn_mutants() -> None:
    names = random.Random(SEED).sample([mutant.name for mutant in MUTANTS], JUDGED)

    verdicts = judge_each(names)

    assert [one.mutant for one in verdicts if not one.plan] == [], f"seed {SEED}"
