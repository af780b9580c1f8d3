"""The window of calls in flight: it grows with success, and halves once for a busy service."""

from __future__ import annotations

import pytest
from handover.rules.window import Window
from hypothesis import given
from hypothesis import strategies as st

# Written out, so that a changed limit is seen.
FIRST_IN_FLIGHT = 4
MAX_IN_FLIGHT = 16
MIN_IN_FLIGHT = 1


def after_successes(window: Window, count: int) -> Window:
    for _ in range(count):
        window = window.after_success()
    return window


@pytest.mark.parametrize(("successes", "size"), [(0, 4), (1, 5), (12, 16), (100, MAX_IN_FLIGHT)])
def test_each_success_adds_one_until_a_service_is_busy(successes: int, size: int) -> None:
    assert after_successes(Window(), successes).size == size


@pytest.mark.parametrize(("size", "half"), [(16, 8), (5, 2), (2, 1), (1, MIN_IN_FLIGHT)])
def test_a_busy_service_halves_the_window(size: int, half: int) -> None:
    assert Window(size).after_busy(0) == Window(half, half, 0, 1)


def test_calls_that_were_in_flight_together_halve_the_window_once() -> None:
    halved = Window(16).after_busy(0)

    assert halved.after_busy(0) == halved
    assert halved.after_busy(halved.round).size == 4


def test_after_a_busy_service_each_full_window_adds_one() -> None:
    halved = Window(16).after_busy(0)

    assert after_successes(halved, 7).size == 8
    assert after_successes(halved, 8).size == 9
    assert after_successes(halved, 8 + 9).size == 10


@given(st.lists(st.booleans(), max_size=200))
def test_the_window_never_leaves_its_bounds(happened: list[bool]) -> None:
    window = Window()
    assert window.size == FIRST_IN_FLIGHT
    for is_busy in happened:
        window = window.after_busy(window.round) if is_busy else window.after_success()
        assert MIN_IN_FLIGHT <= window.size <= MAX_IN_FLIGHT
