"""Calls in flight: as many as the window allows, none outlives the group, every answer is used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from handover import flight
from handover.deadline import was_busy
from handover.errors import RetryLaterError
from handover.flight import MAX_AHEAD, Pace, answers_in_order, make_each
from handover.rules.window import MAX_IN_FLIGHT, Window

from tests.kit.crew import OneByOne


def last(in_flight: int) -> int:
    return in_flight - 1


@pytest.fixture(autouse=True)
def crew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "make_crew", partial(OneByOne, last))


def answering(number: int) -> int:
    return number


def calls_of(count: int) -> list[Callable[[], int]]:
    return [partial(answering, number) for number in range(count)]


def failing(failure: Exception) -> int:
    raise failure


def test_every_answer_keeps_its_place_in_whatever_order_calls_end() -> None:
    taken: list[tuple[int, int]] = []

    make_each(calls_of(40), lambda *answer: taken.append(answer))

    assert taken != sorted(taken)
    assert sorted(taken) == [(place, place) for place in range(40)]


@pytest.mark.parametrize("count", [0, 1])
def test_one_call_needs_no_thread(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(flight, "make_crew")
    taken: list[int] = []

    make_each(calls_of(count), lambda _place, answer: taken.append(answer))

    assert taken == list(range(count))


def test_there_are_never_more_in_flight_than_the_window_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def first(in_flight: int) -> int:
        seen.append(in_flight)
        return 0

    monkeypatch.setattr(flight, "make_crew", partial(OneByOne, first))

    make_each(calls_of(60), lambda _place, _answer: None)

    assert seen[:3] == [4, 5, 6]
    assert max(seen) == MAX_IN_FLIGHT


def test_a_call_that_had_to_wait_halves_the_window() -> None:
    pace = Pace(Window(16))
    was_busy.set(False)

    def waiting() -> int:
        was_busy.set(True)
        return 1

    make_each([waiting, *calls_of(1)], lambda _place, _answer: None, pace)

    # The other call may end before it, at the window's maximum, or after it, and add one.
    assert pace.window.size in (8, 9)
    assert not was_busy.get()


def test_after_a_failure_no_call_begins_and_those_in_flight_are_awaited() -> None:
    taken: list[int] = []
    late = RetryLaterError("the time is used up")
    calls: list[Callable[[], int]] = [*calls_of(3), partial(failing, late), *calls_of(20)]

    with pytest.raises(RetryLaterError) as raised:
        make_each(calls, lambda place, _answer: taken.append(place))

    assert raised.value is late
    assert sorted(taken) == [0, 1, 2]


@pytest.mark.parametrize(
    "others",
    [
        [RetryLaterError("late"), RetryLaterError("busy", is_busy=True)],
        [ValueError("broken")],
    ],
    ids=["late and busy", "broken"],
)
def test_a_failure_whose_request_may_still_arrive_is_raised_before_others(
    others: list[Exception],
) -> None:
    worst = RetryLaterError("no answer", is_under_way=True)

    with pytest.raises(RetryLaterError) as raised:
        make_each([partial(failing, one) for one in (worst, *others)], lambda _place, _answer: None)

    assert raised.value is worst


def test_a_defect_is_raised_before_an_outage_and_the_first_before_the_second() -> None:
    failures = RetryLaterError("late", is_busy=True), ValueError("broken"), ValueError("second")

    with pytest.raises(ValueError, match=r"^broken$"):
        make_each([partial(failing, one) for one in failures], lambda _place, _answer: None)


def test_a_failure_while_an_answer_is_processed_is_raised_after_the_others_are_processed() -> None:
    taken: list[int] = []

    def take(place: int, _answer: int) -> None:
        taken.append(place)
        if place == 3:
            raise RetryLaterError("late")

    with pytest.raises(RetryLaterError):
        make_each(calls_of(30), take)

    assert sorted(taken) == [0, 1, 2, 3]


def test_a_call_in_flight_makes_its_own_calls_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    inner: list[int] = []

    def outer() -> int:
        monkeypatch.delattr(flight, "make_crew")
        make_each(calls_of(3), lambda place, _answer: inner.append(place))
        return 0

    make_each([outer, *calls_of(1)], lambda _place, _answer: None)

    assert inner == [0, 1, 2]


def test_answers_come_in_the_order_of_their_calls_and_few_are_made_ahead() -> None:
    made: list[int] = []

    def noting(number: int) -> int:
        made.append(number)
        return number

    answers = answers_in_order(partial(noting, number) for number in range(3 * MAX_AHEAD))

    assert [next(answers) for _ in range(MAX_AHEAD)] == list(range(MAX_AHEAD))
    assert made != sorted(made)
    assert len(made) == MAX_AHEAD
    assert list(answers) == list(range(MAX_AHEAD, 3 * MAX_AHEAD))


def test_calls_in_threads_are_in_flight_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "make_crew", flight.Threads)
    together = threading.Barrier(4, timeout=10)
    taken: list[int] = []

    make_each([together.wait] * 4, lambda place, _answer: taken.append(place))

    assert sorted(taken) == [0, 1, 2, 3]


def test_an_exception_that_ends_a_thread_is_raised_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "make_crew", flight.Threads)

    with pytest.raises(SystemExit):
        make_each([partial(answering, 1), partial(_leave)], lambda _place, _answer: None)


def _leave() -> int:
    raise SystemExit
