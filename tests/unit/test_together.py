"""Calls that go out together: all are waited for, whatever becomes of one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import pytest
from handover import together as module
from handover.errors import RefusedError, RetryLaterError
from handover.together import at_once, in_turn, together

Runner = Callable[[Sequence[module.Call]], list[Any]]
WORD: ContextVar[str] = ContextVar("word", default="")


@pytest.fixture(params=[at_once, in_turn], ids=["at once", "in turn"])
def runner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setattr(module, "_run", request.param)
    chosen: Runner = request.param
    return chosen


def failing(error: Exception) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


def test_the_answers_come_in_the_order_of_the_calls(runner: Runner) -> None:
    assert together(lambda: 1, lambda: "two", lambda: None) == (1, "two", None)


def test_all_calls_end_before_the_first_failure_is_raised(runner: Runner) -> None:
    ended: list[str] = []

    with pytest.raises(RefusedError, match="first"):
        together(
            lambda: ended.append("before"),
            failing(RefusedError("A", "first")),
            failing(RefusedError("B", "second")),
            lambda: ended.append("after"),
        )

    assert sorted(ended) == ["after", "before"]


def test_a_request_that_may_still_arrive_is_raised_before_all_others(runner: Runner) -> None:
    with pytest.raises(RetryLaterError) as raised:
        together(
            failing(RefusedError("A", "first")),
            failing(RetryLaterError("late", is_busy=True)),
            failing(RetryLaterError("lost", is_under_way=True)),
        )

    assert raised.value.is_under_way


def test_calls_meet_each_other_and_know_the_deadline_of_their_caller() -> None:
    both = threading.Barrier(2, timeout=10)
    WORD.set("known")

    def call() -> str:
        both.wait()
        return WORD.get()

    assert at_once([call, call]) == ["known", "known"]


def test_calls_that_make_calls_together_wait_for_nobodys_threads() -> None:
    def two() -> tuple[int, int]:
        return together(lambda: 1, lambda: 2)

    assert at_once([two] * 20) == [(1, 2)] * 20


def test_a_process_that_is_killed_makes_no_further_call() -> None:
    made: list[int] = []

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_turn([killed, lambda: made.append(1)])

    assert made == []
