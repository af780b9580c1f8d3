"""Calls in flight without threads: one ends at a time, in an order that the test chooses."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handover.flight import Landed


def _first(_in_flight: int) -> int:
    return 0


@dataclass(slots=True)
class OneByOne:
    """A crew that makes a call when it ends; `choose` picks the next of those in flight."""

    choose: Callable[[int], int] = _first
    _in_flight: list[Callable[[], Landed[Any]]] = field(default_factory=list)

    def begin(self, call: Callable[[], Landed[Any]]) -> None:
        """Puts the call in flight."""
        self._in_flight.append(call)

    def next_landed(self) -> Landed[Any]:
        """The call that ends next and takes effect now."""
        return self._in_flight.pop(self.choose(len(self._in_flight)))()


def in_drawn_order() -> OneByOne:
    """A crew whose calls end in a random order."""
    return OneByOne(random.randrange)
