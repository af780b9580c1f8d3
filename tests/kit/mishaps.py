"""Mishaps of the calls of a function, as hooks of the AWS in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.kit.memory_aws import MemoryAws, Twist

# The beginnings of the names of operations that only read.
READING = ("Get", "Head", "List", "Query", "Scan", "BatchGet", "Describe", "AdminGet", "AdminList")


class KilledError(BaseException):
    """The process was stopped; as a BaseException, it is not caught by accident."""


@dataclass
class Mishap:
    """Counts the calls of the chosen operations and disturbs some of them.

    `kill_before` and `kill_after` are numbers of calls, from 1. `twists` are used up one a call.
    `on_answer` may change every answer.
    """

    operation: str = ""
    kill_before: int = 0
    kill_after: int = 0
    twists: list[Twist] = field(default_factory=list)
    seen: int = 0
    before_call: Callable[[], None] | None = None
    on_answer: Callable[[dict[str, Any]], None] | None = None

    def before(
        self,
        number: int,  # noqa: ARG002 - as every hook is called
        service: str,  # noqa: ARG002
        operation: str,
        params: dict[str, Any],  # noqa: ARG002
    ) -> Twist | None:
        """Counts; stops the process or returns a twist as planned."""
        if self.operation not in ("", operation):
            return None
        self.seen += 1
        if self.before_call is not None:
            self.before_call()
        if self.seen == self.kill_before:
            raise KilledError
        return self.twists.pop(0) if self.twists else None

    def after(
        self,
        number: int,  # noqa: ARG002
        service: str,  # noqa: ARG002
        operation: str,
        params: dict[str, Any],  # noqa: ARG002
        answer: dict[str, Any],
    ) -> None:
        """Changes the answer, or stops the process, as planned."""
        if self.operation not in ("", operation):
            return
        if self.seen == self.kill_after:
            raise KilledError
        if self.on_answer is not None:
            self.on_answer(answer)


@contextmanager
def incident(memory: MemoryAws, mishap: Mishap) -> Iterator[Mishap]:
    """Runs the block with the mishap; a stopped process just ends."""
    memory.hook = mishap
    try:
        yield mishap
    except KilledError:
        pass
    finally:
        memory.hook = None


@dataclass
class Writes(Mishap):
    """Records the numbers of the calls that may change something, from 1."""

    numbers: list[int] = field(default_factory=list)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Counts; records the call unless it only reads."""
        twist = super().before(number, service, operation, params)
        if not operation.startswith(READING):
            self.numbers.append(self.seen)
        return twist


def killed_at_every_call(memory: MemoryAws, run: Callable[[], object]) -> Iterator[int]:
    """Stops `run` before its first call and after each write; the number of the call comes back.

    To be stopped after a read, or before a call, leaves the same as after the write before it.
    Each time all is as it was at first, then what the stopped run has left.
    """
    start = memory.snapshot()
    writes = Writes()
    with incident(memory, writes):
        run()
    assert writes.seen
    for call in (0, *writes.numbers):
        memory.restore(start)
        with incident(memory, Mishap(kill_after=call) if call else Mishap(kill_before=1)):
            run()
        yield call


def between_all_calls(
    memory: MemoryAws, run: Callable[[], object], another: Callable[[], object]
) -> Iterator[int]:
    """Runs `another` before each call of `run` in turn; the number of the call comes back.

    Each time all is as it was at first.
    """
    start = memory.snapshot()
    with incident(memory, Mishap()) as whole:
        run()
    for call in range(1, whole.seen + 1):
        memory.restore(start)
        mishap = Mishap()

        def at_its_turn(mishap: Mishap = mishap, call: int = call) -> None:
            if mishap.seen == call:
                mishap.before_call = None
                memory.hook = None
                another()

        mishap.before_call = at_its_turn
        with incident(memory, mishap):
            run()
        yield call
