"""A clock that only the simulation moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Clock:
    """Seconds since the epoch, in `now`; `ahead` by so many is the clock of who runs meanwhile."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.ahead = 0.0

    def __call__(self) -> float:
        return self.now

    def read(self) -> float:
        """The time as the process that runs now reads it."""
        return self.now + self.ahead

    def pass_time(self, seconds: float) -> None:
        """Moves the clock, as sleeping does."""
        self.now += seconds

    @contextmanager
    def going_ahead(self, seconds: float) -> Iterator[None]:
        """Whoever runs meanwhile has a clock that is ahead of AWS's, and of everybody else's."""
        before, self.ahead = self.ahead, seconds
        try:
            yield
        finally:
            self.ahead = before


@contextmanager
def telling_the_time(clock: Clock) -> Iterator[None]:
    """Makes the whole process live by `clock`."""
    module: Any = time
    real = module.time, module.sleep, module.monotonic
    module.time, module.sleep, module.monotonic = clock.read, clock.pass_time, clock.read
    try:
        yield
    finally:
        module.time, module.sleep, module.monotonic = real
