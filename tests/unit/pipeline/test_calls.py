"""The calls of a small file that wait for each other: their number must not grow.

`python -m tests.bench --topic calls` shows every step. A change that needs one more call must send
two calls together, or say here why the file must wait.
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
