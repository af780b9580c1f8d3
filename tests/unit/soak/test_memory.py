"""A process that keeps growing is reported, one that only warms up is not."""

from __future__ import annotations

import pytest

from tests.soak.memory import MAX_MB_A_MINUTE, MIN_MINUTES, Growth, Watch, swollen


def watched(*sizes_mb: float, seconds_apart: float = 5) -> list[Growth]:
    """The watch's report on one process with these sizes one after another."""
    watch = Watch()
    watch.samples["assign 4", 17] = [
        (place * seconds_apart / 60, size) for place, size in enumerate(sizes_mb)
    ]
    return watch.growths()


def test_a_worker_that_grows_steadily_is_reported() -> None:
    grown = watched(*(150 + place * 0.125 for place in range(120)))

    (message,) = swollen(grown)

    assert message.startswith("assign 4 grew by 1.50 MB a minute, from 153.0 to 164.9 MB")


def test_the_memory_of_the_warm_up_is_not_growth() -> None:
    warming = [100 + place * 2.0 for place in range(24)]

    assert list(swollen(watched(*warming, *[148.0] * 96))) == []


def test_one_block_allocated_in_a_short_run_is_not_growth() -> None:
    grown = watched(150, 150, 150, 150, 150.25, 150.5, 150.5)

    assert grown[0].mb_a_minute > MAX_MB_A_MINUTE
    assert list(swollen(grown)) == []


@pytest.mark.parametrize(
    ("minutes", "mb_a_minute", "is_swollen"),
    [
        (8.0, 0.13, False),
        (8.0, MAX_MB_A_MINUTE, False),
        (8.0, MAX_MB_A_MINUTE + 0.01, True),
        (8.0, -5.0, False),
        (MIN_MINUTES - 0.1, 60.0, False),
        (MIN_MINUTES, 60.0, True),
    ],
)
def test_growth_is_judged_by_its_slope_after_the_warm_up(
    minutes: float, mb_a_minute: float, is_swollen: bool
) -> None:
    grown = Growth("foreman", minutes, 150.0, 150.0 + minutes * mb_a_minute, mb_a_minute)

    assert len(list(swollen([grown]))) == is_swollen


def test_a_process_that_keeps_all_data_may_grow() -> None:
    grown = Growth("emulator", 8.0, 485.1, 1321.5, 103.74)

    assert list(swollen([grown], may_grow={"emulator"})) == []
