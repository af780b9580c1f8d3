"""Long explorations continue where they ended, as long as the code is the same."""

from __future__ import annotations

from tests.simulation.engine.progress import Progress

FIGURES = {"runs": 7, "first_faults_done": 32, "first_faults": 64, "code": "aaaa"}


def test_an_exploration_of_the_same_code_continues() -> None:
    progress = Progress({"plain/fifo": FIGURES})

    assert progress.begin("plain/fifo", "aaaa") == 32


def test_an_exploration_of_other_code_begins_again_and_keeps_the_old_figures() -> None:
    known = {"plain/fifo": FIGURES}

    assert Progress(known).begin("plain/fifo", "bbbb") == 0

    assert known == {"plain/fifo, code aaaa": FIGURES}
