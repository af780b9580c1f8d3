"""A few calls that do not need each other's answers, made at the same time: their waits overlap.

A call to AWS takes some ten milliseconds, in which a function has nothing else to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from handover.flight import make_at_once

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


@overload
def together(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def together(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /
) -> tuple[A, B, C]: ...
@overload
def together(
    first: Callable[[], A],
    second: Callable[[], B],
    third: Callable[[], C],
    fourth: Callable[[], D],
    /,
) -> tuple[A, B, C, D]: ...
@overload
def together(*calls: Callable[[], Any]) -> tuple[Any, ...]: ...
def together(*calls: Callable[[], Any]) -> tuple[Any, ...]:
    """The answers of all calls, in their order.

    No call may need what another one does, and no two may use one mutable value. All have ended
    when this returns or raises, so nothing is under way that the caller does not know of. Raises
    what `flight.make_each` would.
    """
    answers: list[Any] = [None] * len(calls)
    make_at_once(calls, answers.__setitem__)
    return tuple(answers)
