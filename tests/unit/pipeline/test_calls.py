"""The way of a small file, as calls that wait for each other: it must not grow again.

`python -m tests.bench --topic calls` shows every step. Whoever needs one call more finds one that
can go out together with another, or says here why the file has to wait for it.
"""

from __future__ import annotations

from tests.bench.calls import way_of

MAX_STEPS = {"validate": 8, "assign": 11, "finalize": 7}
MAX_CALLS = {"validate": 20, "assign": 11, "finalize": 11}


def test_a_file_of_one_line_waits_for_no_more_calls_than_recorded() -> None:
    way = way_of(1)

    steps = {stage: recorder.steps for stage, recorder in way.stages.items()}
    assert {stage for stage, most in MAX_STEPS.items() if steps[stage] > most} == set()
    calls = {stage: len(recorder.calls) for stage, recorder in way.stages.items()}
    assert {stage for stage, most in MAX_CALLS.items() if calls[stage] > most} == set()
