"""The fidelity of the memory AWS for whole runs: uploads to notices, as on the emulators.

`python -m tests.simulation fidelity` does a hundred and more.
"""

from __future__ import annotations

import pytest

from tests.simulation.engine.whole_runs import fidelity

RUNS = {"ministack": 6, "moto": 3}


@pytest.mark.parametrize("name", RUNS)
def test_whole_runs_end_as_they_do_on_the_emulator(name: str) -> None:
    result = fidelity(name, RUNS[name], "tests")

    print(f"\n{name}: {result}")
    assert result.wrong == []
    assert result.runs == RUNS[name]
    assert result.seen["items"] > 40 * result.runs
