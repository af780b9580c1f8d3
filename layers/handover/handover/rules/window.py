"""How many calls are in flight at a time: more while they succeed, half as many when one is busy.

As TCP does: from a few calls one more with each success up to the size at which a service was
last busy, then one more with each full window. So a table that has room is used at once, and a
busy one is left alone.

https://datatracker.ietf.org/doc/html/rfc5681#section-3.1
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MIN_IN_FLIGHT, MAX_IN_FLIGHT = 1, 16
# What a fresh partition takes without a thought, and four times what one call at a time would do.
FIRST_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True)
class Window:
    """`size` calls may be in flight; `round` counts how often the window was halved.

    `most` is the size up to which each success adds one; beyond it, `succeeded` counts up to a
    full window.
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
        """The window after a call that a service was too busy for; `begun_in` is its round.

        Calls that were in flight together halve it once.
        """
        if begun_in < self.round:
            return self
        half = max(MIN_IN_FLIGHT, self.size // 2)
        return Window(half, half, 0, self.round + 1)
