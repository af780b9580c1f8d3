"""Calls in flight: several at a time, as many as the services take without being busy.

In production each call has its own thread, because botocore blocks it. The window (`rules.window`)
limits how many calls of one kind are in flight; a few different calls all begin at once
(`together`). No call outlives its group: after a failure no other call begins, and the group waits
for those in flight. So a worker that frees its chunk has no request under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar, copy_context
from functools import cache, partial
from itertools import chain, islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import Struct, field

from handover.deadline import was_busy
from handover.errors import RetryLaterError
from handover.rules.window import MAX_IN_FLIGHT, Window

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Answer = TypeVar("Answer")
Call = Callable[[], Answer]

# Calls that begin together may begin others, each in its own thread. No tree of calls needs as many
# threads as this. A thread is made only when no other is idle.
MAX_THREADS = 1024
# How many answers `answers_in_order` may hold in memory. Two such groups can run at a time, as when
# the files of a report are written, and still have a connection for each of their calls.
MAX_AHEAD = MAX_IN_FLIGHT // 2


class Pace(Struct):
    """How many calls may be in flight, kept from one group of calls to the next."""

    window: Window = field(default_factory=Window)


class Landed(Struct, Generic[Answer], frozen=True):
    """A call that has ended: its place in its group, the round it began in, and its result.

    `answer` holds one answer, or nothing when the call has failed.
    """

    place: int
    begun_in: int
    was_busy: bool
    answer: tuple[Answer, ...]
    failure: BaseException | None = None


class Crew(Protocol):
    """Makes calls side by side."""

    def begin(self, call: Callable[[], Landed[Any]]) -> None:
        """Puts the call in flight."""

    def next_landed(self) -> Landed[Any]:
        """Waits until one of the calls in flight has ended, and returns it."""


class Threads:
    """A crew of threads; the process keeps them for later groups."""

    def __init__(self) -> None:
        self._landed: SimpleQueue[Landed[Any]] = SimpleQueue()

    def begin(self, call: Callable[[], Landed[Any]]) -> None:
        """Makes the call in a thread."""
        _threads().submit(self._make, call)

    def next_landed(self) -> Landed[Any]:
        """Waits for the call that ends next, and returns it."""
        return self._landed.get()

    def _make(self, call: Callable[[], Landed[Any]]) -> None:
        try:
            landed = call()
        except BaseException as failure:  # noqa: BLE001 - raised again for whoever asked for the calls
            landed = Landed(-1, 0, False, (), failure)
        self._landed.put(landed)


# Makes the crew of a group; a test whose AWS is in the process puts its own crew here.
make_crew: Callable[[], Crew] = Threads
_is_in_flight: ContextVar[bool] = ContextVar("is_in_flight", default=False)


def make_each(
    calls: Iterable[Call[Answer]],
    take: Callable[[int, Answer], None],
    pace: Pace | None = None,
) -> None:
    """Makes the calls, several at a time; `take` gets place and answer of each as it ends.

    Calls begin in their order and end in any. `take` runs in the caller's thread. After a failure
    no other call begins, and the answers of those in flight are still taken. Then the failure is
    raised. Of several failures it is the one that says most about requests under way, and among
    equals the one of the first call. A call that itself makes several calls makes them one by one.
    """
    rest = iter(calls)
    first_two = list(islice(rest, 2))
    if len(first_two) < 2 or _is_in_flight.get():
        _one_by_one(chain(first_two, rest), take)
        return
    _Flight(pace or Pace(), take, is_of_many=True).make(chain(first_two, rest))


def make_at_once(calls: Sequence[Call[Answer]], take: Callable[[int, Answer], None]) -> None:
    """As `make_each`, but all calls begin at once: each is made even if another fails.

    For few calls. Each of them may itself make several at a time.
    """
    if len(calls) < 2 or _is_in_flight.get():
        _one_by_one(calls, take)
        return
    _Flight(Pace(Window(len(calls))), take, is_of_many=False).make(calls)


def make_all(calls: Iterable[Call[object]]) -> None:
    """As `make_each`, for calls whose answers do not matter."""
    make_each(calls, lambda _place, _answer: None)


def answers_of(calls: Iterable[Call[Answer]], pace: Pace | None = None) -> list[Answer]:
    """The answers of the calls, in the order of the calls; makes them as `make_each` does."""
    found: dict[int, Answer] = {}
    make_each(calls, found.__setitem__, pace)
    return [found[place] for place in range(len(found))]


def answers_in_order(calls: Iterable[Call[Answer]]) -> Iterator[Answer]:
    """The answers of the calls in their order, lazily; up to MAX_AHEAD are made at a time."""
    rest, pace = iter(calls), Pace()
    while group := list(islice(rest, MAX_AHEAD)):
        yield from answers_of(group, pace)


def begun(sources: Iterable[Iterator[Answer]]) -> list[Iterator[Answer]]:
    """The iterators in their order, each with its first value read; reads several at a time.

    For listings that are read page by page: merging them needs the first page of each.
    """

    def begin(source: Iterator[Answer]) -> Iterator[Answer]:
        return chain(list(islice(source, 1)), source)

    return answers_of(partial(begin, source) for source in sources)


def _one_by_one(calls: Iterable[Call[Answer]], take: Callable[[int, Answer], None]) -> None:
    for place, call in enumerate(calls):
        take(place, call())


class _Flight(Generic[Answer]):
    """One group of calls on its way."""

    def __init__(
        self, pace: Pace, take: Callable[[int, Answer], None], *, is_of_many: bool
    ) -> None:
        self._pace, self._take, self._is_of_many = pace, take, is_of_many
        self._crew = make_crew()
        self._failures: list[tuple[int, BaseException]] = []

    def make(self, calls: Iterable[Call[Answer]]) -> None:
        waiting, in_flight = enumerate(calls), 0
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
            raise max(sorted(self._failures, key=_place), key=_weight)[1]

    def _begin(self, place: int, call: Call[Answer]) -> None:
        context, begun_in = copy_context(), self._pace.window.round
        if self._is_of_many:
            context.run(_is_in_flight.set, True)
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
            self._failures.append((landed.place, landed.failure))
            return
        try:
            for answer in landed.answer:
                self._take(landed.place, answer)
        except Exception as failure:  # noqa: BLE001 - raised again, after what is in flight has ended
            self._failures.append((landed.place, failure))


def is_busy(failure: BaseException | None) -> bool:
    """True for a failure that says that a service was busy."""
    return isinstance(failure, RetryLaterError) and failure.is_busy


def _made(place: int, begun_in: int, call: Call[Answer]) -> Landed[Answer]:
    """Makes the call in a context of its own."""
    was_busy.set(False)
    try:
        answer = call()
    except Exception as failure:  # noqa: BLE001 - raised again for whoever asked for the calls
        return Landed(place, begun_in, was_busy.get(), (), failure)
    return Landed(place, begun_in, was_busy.get(), (answer,))


def _place(failed: tuple[int, BaseException]) -> int:
    return failed[0]


def _weight(failed: tuple[int, BaseException]) -> tuple[bool, bool]:
    """Ranks a failure: a request that may still arrive, above a fault, above a mere wait."""
    failure = failed[1]
    if isinstance(failure, RetryLaterError):
        return failure.is_under_way, False
    return False, True


@cache
def _threads() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="in-flight")
