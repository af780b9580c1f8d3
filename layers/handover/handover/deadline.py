"""Waiting for a busy service, for as long as the invocation has time left.

How long one call may take is decided here too: a person who waits for an answer must learn in
time that a service hangs.
"""

from __future__ import annotations

import random
import time
from contextvars import ContextVar
from dataclasses import dataclass

from handover.errors import RetryLaterError

FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0
# What must be left after a wait to finish the call waited for and to report the outcome.
RESERVE_SECONDS = 3.0
# How long a busy service is waited for outside of an invocation, as by an operator's command.
OUTSIDE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long the SDK waits for a connection and for bytes, and how often it tries a call itself.

    Calls that stay without an answer are tried again by `handover.sdk`, as the deadline allows.
    """

    connect_seconds: int
    read_seconds: int
    tries: int

    @property
    def longest_seconds(self) -> int:
        """How long a call may stay without an answer, without the SDK's own short waits."""
        return self.tries * (self.connect_seconds + self.read_seconds)


# Short, so that a hanging connection costs one try and not the invocation.
OF_MESSAGES = CallLimits(connect_seconds=2, read_seconds=10, tries=3)
# Three tries of those last longer than the 29 seconds of a request. DynamoDB answers in
# milliseconds, and a page of a large query in less than a second.
OF_REQUESTS = CallLimits(connect_seconds=1, read_seconds=4, tries=1)


@dataclass(frozen=True, slots=True)
class Deadline:
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
        was_busy.set(True)
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**tries)
        seconds = longest * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret
        if self.left - seconds < RESERVE_SECONDS:
            raise RetryLaterError(
                "a service stays busy and the time of this invocation is used up", is_busy=True
            )
        time.sleep(seconds)


# True once something had to be waited for in this context: whoever has several calls in flight
# (`handover.flight`) then has fewer.
was_busy: ContextVar[bool] = ContextVar("was_busy", default=False)
# For calls that are not worth waiting for.
NO_DEADLINE = Deadline(0.0)

_of_this_run: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
_limits: ContextVar[CallLimits] = ContextVar("limits", default=OF_MESSAGES)


def begin(deadline: Deadline | None, limits: CallLimits = OF_MESSAGES) -> None:
    """From here on this is how long every call may wait; None = no invocation is under way.

    `limits` are those of each try of a call.
    """
    _of_this_run.set(deadline)
    _limits.set(limits)


def call_limits() -> CallLimits:
    """How long a call of the invocation that is under way may take."""
    return _limits.get()


def current() -> Deadline:
    """How long the invocation that is under way may go on."""
    return _of_this_run.get() or Deadline(time.time() + OUTSIDE_SECONDS)
