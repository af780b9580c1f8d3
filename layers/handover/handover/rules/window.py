"""How many calls are in flight at a time: more while they succeed, half as many when one is busy.

It works like TCP's congestion control: each success adds one call, up to the size at which the
service was last busy; above that, each full window adds one. So a table that has room is used at
once, and a busy one gets fewer calls.

https://datatracker.ietf.org/doc/html/rfc5681#section-3.1
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

MIN_IN_FLIGHT, MAX_IN_FLIGHT = 1, 16
# A new partition takes this many calls easily; they are four times as fast as single calls.
FIRST_IN_FLIGHT = 4


class Window(Struct, frozen=True):
    """`size` calls may be in flight; `round` counts how often the window was halved.

    Up to the size `most` each success adds one; above it, `succeeded` counts the successes until
    they fill the window.
    """

    size: int = FIRST_IN_FLIGHT
    most: int = MAX_IN_FLIGHT
    succeeded: int = 0
    round: int = 0

    def after_success(self) -> Window:
        """The window after a call that was answered without any wait."""
        if self.size >= MAX_IN_FLIGHT:
            return self
        if self.size < self.most or self.succeeded + 1 >= self.size:
            return replace(self, size=self.size + 1, succeeded=0)
        return replace(self, succeeded=self.succeeded + 1)

    def after_busy(self, begun_in: int) -> Window:
        """The window after a busy answer to a call; `begun_in` is the round in which it began.

        Several busy answers to calls of one round halve the window only once.
        """
        if begun_in < self.round:
            return self
        half = max(MIN_IN_FLIGHT, self.size // 2)
        return Window(half, half, 0, self.round + 1)
