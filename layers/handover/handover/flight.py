"""Calls in flight: several at a time, as many as the services take without being busy.

In production each call has a thread, since botocore waits in it; the window (`rules.window`) says
how many there may be. Nothing outlives `make_each`: when a call fails no other begins, and those in
flight are waited for, so that a worker that frees its chunk has no request under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from handover.deadline import was_busy
from handover.errors import RetryLaterError
from handover.rules.window import MAX_IN_FLIGHT, Window

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Answer = TypeVar("Answer")
Call = Callable[[], Answer]


@dataclass(slots=True)
class Pace:
    """How many calls may be in flight, kept from one group of calls to the next."""

    window: Window = field(default_factory=Window)


@dataclass(frozen=True, slots=True)
class Landed(Generic[Answer]):
    """A call that has ended: its place in its group, the round it began in, and what came of it.

    `answer` holds one answer, none where the call has failed.
    """

    place: int
    begun_in: int
    was_busy: bool
    answer: tuple[Answer, ...]
    failure: BaseException | None = None


class Crew(Protocol):
    """Makes calls side by side."""

    def begin(self, call: Callable[[], Landed[Any]]) -> None:
        """Has the call in flight from now on."""

    def next_landed(self) -> Landed[Any]:
        """One of the calls in flight, which has ended; waits for it."""


class Threads:
    """A crew of threads, which the process keeps."""

    def __init__(self) -> None:
        self._landed: SimpleQueue[Landed[Any]] = SimpleQueue()

    def begin(self, call: Callable[[], Landed[Any]]) -> None:
        """Has a thread make the call."""
        _threads().submit(self._make, call)

    def next_landed(self) -> Landed[Any]:
        """The call that ends next."""
        return self._landed.get()

    def _make(self, call: Callable[[], Landed[Any]]) -> None:
        try:
            landed = call()
        except BaseException as failure:  # noqa: BLE001 - raised again where the calls were asked for
            landed = Landed(-1, 0, False, (), failure)
        self._landed.put(landed)


# Who makes calls; a test whose AWS is in the process puts its own crew here.
make_crew: Callable[[], Crew] = Threads
_is_in_flight: ContextVar[bool] = ContextVar("is_in_flight", default=False)


def make_each(
    calls: Iterable[Call[Answer]],
    take: Callable[[int, Answer], None],
    pace: Pace | None = None,
) -> None:
    """Makes the calls, several at a time; `take` is given place and answer of each as it ends.

    Calls begin in their order and end in any. `take` runs in the caller's thread. After a failure
    no other call begins, and the answers of those in flight are still taken. Then the failure is
    raised: of several the one that says most about what may be under way. A call that itself makes
    several makes them one by one.
    """
    rest = iter(calls)
    first, second = next(rest, None), next(rest, None)
    if first is None:
        return
    if second is None or _is_in_flight.get():
        take(0, first())
        for place, call in enumerate(() if second is None else chain((second,), rest), 1):
            take(place, call())
        return
    _Flight(pace or Pace(), take).make(enumerate(chain((first, second), rest)))


class _Flight(Generic[Answer]):
    """One group of calls on its way."""

    def __init__(self, pace: Pace, take: Callable[[int, Answer], None]) -> None:
        self._pace, self._take = pace, take
        self._crew = make_crew()
        self._failures: list[BaseException] = []

    def make(self, calls: Iterable[tuple[int, Call[Answer]]]) -> None:
        waiting, in_flight = iter(calls), 0
        while True:
            while not self._failures and in_flight < self._pace.window.size:
                following = next(waiting, None)
                if following is None:
                    break
                self._begin(*following)
                in_flight += 1
            if not in_flight:
                break
            self._land()
            in_flight -= 1
        if self._failures:
            raise max(self._failures, key=_weight)

    def _begin(self, place: int, call: Call[Answer]) -> None:
        context, begun_in = copy_context(), self._pace.window.round
        self._crew.begin(lambda: context.run(_made, place, begun_in, call))

    def _land(self) -> None:
        landed: Landed[Answer] = self._crew.next_landed()
        window = self._pace.window
        self._pace.window = (
            window.after_busy(landed.begun_in)
            if landed.was_busy or is_busy(landed.failure)
            else window.after_success()
        )
        if landed.failure is not None:
            self._failures.append(landed.failure)
            return
        try:
            for answer in landed.answer:
                self._take(landed.place, answer)
        except Exception as failure:  # noqa: BLE001 - raised again, after what is in flight has ended
            self._failures.append(failure)


def is_busy(failure: BaseException | None) -> bool:
    """True of a failure that says a service was busy."""
    return isinstance(failure, RetryLaterError) and failure.is_busy


def _made(place: int, begun_in: int, call: Call[Answer]) -> Landed[Answer]:
    """Makes the call in a context of its own."""
    _is_in_flight.set(True)
    was_busy.set(False)
    try:
        answer = call()
    except Exception as failure:  # noqa: BLE001 - raised again where the calls were asked for
        return Landed(place, begun_in, was_busy.get(), (), failure)
    return Landed(place, begun_in, was_busy.get(), (answer,))


def _weight(failure: BaseException) -> tuple[bool, bool]:
    """A fault comes before what only waits, and before that what may still arrive."""
    if not isinstance(failure, RetryLaterError):
        return True, True
    return False, failure.is_under_way


@cache
def _threads() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="in-flight")
