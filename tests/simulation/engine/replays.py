"""Invocations that were seen before: their calls are made again, their code is not run again.

A function is code between AWS calls. Its next step depends only on the event, the clock and the
answers so far: it keeps nothing from one invocation to the next, and its random generator is seeded
for each. So its steps are kept as a tree of calls, in which the answer and the time select the
branch after a call. Another invocation goes down that tree: every call is made, numbered, disturbed
and checked as ever, with the parameters it had before. At a new answer the code really runs: it
gets the recent answers again, which must lead it to the same calls, and continues from there.
"""

from __future__ import annotations

import hashlib
import marshal
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from handover.pipeline import sweep
from handover.rules import resending

from tests.kit.memory_aws import MemoryAws
from tests.simulation.engine.clock import Clock

# Some four hundred megabytes; then everything is forgotten.
MAX_CALLS: Final = 80_000
_VERSION: Final = 2  # marshal's last version without references, so equal values give equal bytes
_Way = tuple[float, bytes]


class UnlikeBeforeError(BaseException):
    """A function made another call than before, from the same event, time and answers."""


@dataclass(slots=True)
class _Made:
    """A call, its time, and what came after each of its answers."""

    client: Any
    operation: str
    params: bytes
    at: float
    then: dict[Any, _Made | _Ended] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Ended:
    """The end of an invocation: what it returned or raised, and the failures that it reported."""

    at: float
    returned: bytes
    raised: Exception | None
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Received:
    """The latest answer to a call, and its time."""

    made: _Made
    answer: Any
    error: Exception | None
    at: float


@dataclass(slots=True)
class _Run:
    """An invocation whose code runs: the answers to give it again, and where it is recorded."""

    given: deque[_Received]
    notes: dict[Any, _Made | _Ended]
    way: Any
    is_noted: bool
    # The failures that it reported, without those of others during its calls.
    failures: list[str] = field(default_factory=list)
    reported: int = 0


@contextmanager
def sown(seed: str) -> Iterator[None]:
    """Seeds the random generator for one invocation."""
    chance = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(chance)


class Replays:
    """Runs functions, or replays them. `failures` receives the failures that they report."""

    def __init__(self, memory: MemoryAws, clock: Clock, failures: list[str]) -> None:
        self._memory, self._clock, self._failures = memory, clock, failures
        self._begun: dict[Any, _Made | _Ended] = {}
        self._run: _Run | None = None
        self._calls = 0
        self.replayed = self.invoked = 0

    def forget(self) -> None:
        """Forgets everything, after a change of the code under test."""
        self._begun.clear()
        self._calls = 0

    def invoke(
        self, name: str, handler: Callable[[Any, Any], Any], event: Any, context: Any
    ) -> Any:
        """Returns or raises what the handler does."""
        self.invoked += 1
        if self._calls > MAX_CALLS:
            self.forget()
        clock = self._clock
        outer, self._run = self._run, None
        begun = clock.now
        # The only change that the simulation makes to the product while it runs.
        deadline = resending.RESEND_AFTER_SECONDS, sweep.LOST_SECONDS
        # The request's id identifies the event.
        way: Any = (name, context.aws_request_id, begun, clock.ahead, deadline)
        notes, received = self._begun, deque[_Received]()
        try:
            after = notes.get(way)
            while isinstance(after, _Made):
                notes, way = after.then, self._again(after, received)
                after = notes.get(way)
            if after is not None:
                self.replayed += 1
                return self._end_again(after)
            clock.now = begun
            self._run = _Run(received, notes, way, is_noted=way is not None)
            return self._really(self._run, handler, event, context)
        finally:
            self._run = outer

    def call(self, client: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer for the code of a function."""
        run = self._run
        if run is None:
            return self._memory.call(client, operation, params)
        if run.given:
            return self._give(run.given.popleft(), operation, params)
        made = self._note(run, client, operation, params)
        run.failures += self._failures[run.reported :]
        self._run = None
        try:
            answer = self._memory.call(client, operation, params)
        except Exception as error:
            # Every error is recorded, and passed on to the caller.
            self._go_on(run, made, _bytes_of(error))
            raise
        except BaseException:
            run.is_noted = False
            raise
        finally:
            self._run = run
            run.reported = len(self._failures)
        self._go_on(run, made, _shown(answer))
        return answer

    # Again

    def _again(self, made: _Made, received: deque[_Received]) -> _Way | None:
        """Repeats an earlier call; the branch that follows its answer, None for a new answer."""
        clock = self._clock
        clock.now = made.at
        answer, error = None, None
        try:
            answer = self._memory.call(made.client, made.operation, _made_again(made.params))
            shown = _shown(answer)
        except (BotoCoreError, ClientError) as raised:
            # The function's own code must judge it.
            error, shown = raised, _bytes_of(raised)
        received.append(_Received(made, answer, error, clock.now))
        return None if shown is None else (clock.now, shown)

    def _end_again(self, ended: _Ended) -> Any:
        self._clock.now = ended.at
        self._failures += ended.failures
        if ended.raised is not None:
            raise ended.raised.with_traceback(None)
        return _made_again(ended.returned)

    # Really

    def _really(
        self, run: _Run, handler: Callable[[Any, Any], Any], event: Any, context: Any
    ) -> Any:
        run.reported = len(self._failures)
        try:
            with sown(context.aws_request_id):
                returned = handler(event, context)
        except Exception as error:
            # Any failure is the function's end; the caller judges it.
            self._end(run, b"", error)
            raise
        self._end(run, _bytes(returned), None)
        return returned

    def _end(self, run: _Run, returned: bytes | None, raised: Exception | None) -> None:
        run.failures += self._failures[run.reported :]
        if run.is_noted and not run.given and returned is not None:
            ended = _Ended(self._clock.now, returned, raised, tuple(run.failures))
            run.notes[run.way] = ended

    def _give(self, received: _Received, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        made = received.made
        if (operation, _bytes(params)) != (made.operation, made.params):
            raise UnlikeBeforeError(f"{operation} {params}, before {made.operation}")
        self._clock.now = received.at
        if received.error is not None:
            raise received.error
        answer: dict[str, Any] = received.answer
        return answer

    def _note(self, run: _Run, client: Any, operation: str, params: dict[str, Any]) -> _Made | None:
        noted = _bytes(params) if run.is_noted else None
        if noted is None:
            run.is_noted = False
            return None
        self._calls += 1
        made = run.notes[run.way] = _Made(client, operation, noted, self._clock.now)
        return made

    def _go_on(self, run: _Run, made: _Made | None, shown: bytes | None) -> None:
        if made is None or shown is None:
            run.is_noted = False
            return
        run.notes, run.way = made.then, (self._clock.now, shown)


def _bytes(content: Any) -> bytes | None:
    """The content as bytes, to be rebuilt; None when marshal cannot."""
    try:
        return marshal.dumps(content, _VERSION)
    except ValueError:
        return None


def _made_again(content: bytes) -> Any:
    """The value that `_bytes` was given; a new copy each time, because the caller may change it."""
    return marshal.loads(content)  # noqa: S302 - our own bytes, of this process


def _shown(answer: Any) -> bytes | None:
    """What distinguishes an answer from others; None when nothing does."""
    text = _bytes(answer)
    if text is None:
        text = _bytes(_plain(answer))
    return None if text is None else hashlib.blake2b(text, digest_size=16).digest()


def _bytes_of(error: Exception) -> bytes | None:
    """What distinguishes an error from others."""
    more = error.response if isinstance(error, ClientError) else str(error)
    return _shown([type(error).__name__, more])


def _plain(content: Any) -> Any:
    """The value in a form that marshal accepts: times as text, bodies as bytes."""
    if isinstance(content, dict):
        return {name: _plain(inner) for name, inner in content.items()}
    if isinstance(content, list):
        return [_plain(inner) for inner in content]
    if isinstance(content, datetime):
        return content.isoformat()
    if isinstance(content, StreamingBody):
        body: Any = content
        return body._raw_stream.getvalue()
    return content
