"""A clock that only the simulation moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Clock:
    """Seconds since the epoch, in `now`."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Moves the clock, as sleeping does."""
        self.now += seconds


@contextmanager
def telling_the_time(clock: Clock) -> Iterator[None]:
    """Makes the whole process live by `clock`."""
    module: Any = time
    real = module.time, module.sleep, module.monotonic
    module.time, module.sleep, module.monotonic = clock, clock.pass_time, clock
    try:
        yield
    finally:
        module.time, module.sleep, module.monotonic = real
