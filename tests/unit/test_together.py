"""Calls that go out together: all are awaited, whatever the result of one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial

import pytest
from handover import flight
from handover.errors import RefusedError, RetryLaterError
from handover.flight import make_each
from handover.together import together

from tests.kit.crew import OneByOne

WORD: ContextVar[str] = ContextVar("word", default="")


def last(in_flight: int) -> int:
    return in_flight - 1


@pytest.fixture(params=[flight.Threads, OneByOne, partial(OneByOne, last)])
def crew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "make_crew", request.param)


def failing(error: Exception) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


@pytest.mark.usefixtures("crew")
def test_the_answers_come_in_the_order_of_the_calls() -> None:
    assert together(lambda: 1, lambda: "two", lambda: None) == (1, "two", None)


@pytest.mark.usefixtures("crew")
def test_all_calls_end_before_a_failure_is_raised() -> None:
    ended: list[str] = []

    with pytest.raises(RefusedError, match="first"):
        together(
            lambda: ended.append("before"),
            failing(RefusedError("A", "first")),
            failing(RefusedError("B", "second")),
            *[lambda: ended.append("after")] * 20,
        )

    assert sorted(ended) == ["after"] * 20 + ["before"]


@pytest.mark.usefixtures("crew")
def test_a_request_that_may_still_arrive_is_raised_before_all_others() -> None:
    with pytest.raises(RetryLaterError) as raised:
        together(
            failing(RefusedError("A", "first")),
            failing(RetryLaterError("late", is_busy=True)),
            failing(RetryLaterError("lost", is_under_way=True)),
        )

    assert raised.value.is_under_way


def test_calls_run_at_the_same_time_under_the_deadline_of_their_caller() -> None:
    both = threading.Barrier(2, timeout=10)
    WORD.set("known")

    def call() -> str:
        both.wait()
        return WORD.get()

    assert together(call, call) == ("known", "known")


def test_nested_groups_of_calls_do_not_wait_for_each_others_threads() -> None:
    """More groups than calls of one kind may be in flight; each call waits until all have begun."""
    all_begun = threading.Barrier(40, timeout=10)

    def two() -> tuple[int, int]:
        all_begun.wait()
        return together(lambda: 1, lambda: 2)

    assert together(*[two] * 40) == ((1, 2),) * 40


def test_many_calls_of_one_of_several_kinds_are_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def first(in_flight: int) -> int:
        seen.append(in_flight)
        return 0

    monkeypatch.setattr(flight, "make_crew", partial(OneByOne, first))

    def many() -> None:
        make_each([lambda: 1] * 20, lambda _place, _answer: None)

    together(many, lambda: 2)

    assert max(seen) > 4


def test_a_killed_process_makes_no_further_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "make_crew", OneByOne)
    made: list[int] = []

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        together(killed, lambda: made.append(1))

    assert made == []
