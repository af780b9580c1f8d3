"""Calls that do not need each other's answers, made at the same time: their waits overlap.

A call to AWS takes some ten milliseconds, in which a function has nothing else to do. These are few
calls of different kinds; `flight` makes many of one kind, as many at a time as a service takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar, overload

from handover.errors import RetryLaterError

if TYPE_CHECKING:
    from concurrent.futures import Future

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

Call = Callable[[], Any]


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
def together(*calls: Call) -> tuple[Any, ...]: ...
def together(*calls: Call) -> tuple[Any, ...]:
    """The answers of all calls, in their order.

    No call may need what another one does, and no two may use one mutable value. All have ended
    when this returns or raises, so nothing is under way that the caller does not know of. Raises
    what the first of them raised, in their order; but if one of them got no answer from a service,
    so that its request may still arrive, raises that.
    """
    results = _run(calls)
    errors = [one for one in results if isinstance(one, _Failed)]
    if errors:
        raise min(errors, key=lambda one: not one.is_under_way).error
    return tuple(results)


class _Failed:
    """What a call raised instead of answering."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.is_under_way = isinstance(error, RetryLaterError) and error.is_under_way


def outcome(call: Call) -> Any:
    """What the call answers, or its failure, which `together` raises later."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - raised by `together`, once the others have ended
        return _Failed(error)


def in_turn(calls: Sequence[Call]) -> list[Any]:
    """The outcomes of the calls, one made after the other."""
    return [outcome(call) for call in calls]


def at_once(calls: Sequence[Call]) -> list[Any]:
    """The outcomes of the calls: the last made in this thread, each other one in its own.

    The threads are new each time, so calls that make calls together wait for nobody's threads.
    """
    from concurrent.futures import ThreadPoolExecutor

    *others, last = calls
    with ThreadPoolExecutor(len(others) or 1, thread_name_prefix="together") as threads:
        started: list[Future[Any]] = [
            threads.submit(copy_context().run, outcome, call) for call in others
        ]
        own = outcome(last)
        return [*(future.result() for future in started), own]


# The AWS in memory, which knows one thread, replaces it.
_run: Callable[[Sequence[Call]], list[Any]] = at_once
