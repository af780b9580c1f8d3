"""Waiting for a busy service, for as long as the invocation has time left."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from handover.errors import RetryLaterError

FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0
# What must be left after a wait to finish the call waited for and to report the outcome.
RESERVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long work may go on; `deadline` is in seconds since the epoch."""

    deadline: float

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self.deadline - time.time()

    def check(self) -> None:
        """Raises RetryLaterError when too little time is left to begin another call."""
        if self.left < RESERVE_SECONDS:
            raise RetryLaterError("the time of this invocation is used up")

    def wait(self, tries: int) -> None:
        """Sleeps before try number `tries` + 1: longer each time, with jitter.

        Raises RetryLaterError when the time left does not allow it.
        """
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**tries)
        seconds = longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret
        if self.left - seconds < RESERVE_SECONDS:
            raise RetryLaterError("a service stays busy and the time of this invocation is used up")
        time.sleep(seconds)
