"""A clock that only the simulation moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Clock:
    """Seconds since the epoch, in `now`; a process that runs meanwhile is `ahead` by some."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.ahead = 0.0

    def __call__(self) -> float:
        return self.now

    def read(self) -> float:
        """The time on the clock of the process that runs now."""
        return self.now + self.ahead

    def pass_time(self, seconds: float) -> None:
        """Moves the clock, as sleeping does."""
        self.now += seconds

    @contextmanager
    def going_ahead(self, seconds: float) -> Iterator[None]:
        """Sets the clock of the process that runs meanwhile ahead of AWS's and of all others."""
        before, self.ahead = self.ahead, seconds
        try:
            yield
        finally:
            self.ahead = before


@contextmanager
def telling_the_time(clock: Clock) -> Iterator[None]:
    """Makes the whole process read its time from `clock`."""
    module: Any = time
    real = module.time, module.sleep, module.monotonic
    module.time, module.sleep, module.monotonic = clock.read, clock.pass_time, clock.read
    try:
        yield
    finally:
        module.time, module.sleep, module.monotonic = real
