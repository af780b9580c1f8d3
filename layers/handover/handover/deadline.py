"""Waiting for a busy service, for as long as the invocation has time left.

This module also limits how long one call may take: a person who waits for an answer must learn in
time that a service hangs.
"""

from __future__ import annotations

import random
import time
from contextvars import ContextVar

from msgspec import Struct

from handover.errors import RetryLaterError

FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 5.0
# The time that must remain after a wait: for the call itself and to report the outcome.
RESERVE_SECONDS = 3.0
# How long to wait for a busy service outside of an invocation, as in an operator's command.
OUTSIDE_SECONDS = 30.0


class CallLimits(Struct, frozen=True):
    """How long the SDK waits for a connection and for bytes, and how often it tries a call itself.

    `handover.sdk` tries a call without an answer again, as long as the deadline allows.
    """

    connect_seconds: int
    read_seconds: int
    tries: int

    @property
    def longest_seconds(self) -> int:
        """How long a call may get no answer; the SDK's own short waits are not counted."""
        return self.tries * (self.connect_seconds + self.read_seconds)


# Short, so that a hanging connection costs one try and not the invocation.
OF_MESSAGES = CallLimits(connect_seconds=2, read_seconds=10, tries=3)
# Three tries with the limits above last longer than the 29 seconds of a request. DynamoDB answers
# in milliseconds, and a page of a large query in less than a second.
OF_REQUESTS = CallLimits(connect_seconds=1, read_seconds=4, tries=1)


class Deadline(Struct, frozen=True):
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


# True once a call in this context had to wait for a busy service: `handover.flight` then keeps
# fewer calls in flight.
was_busy: ContextVar[bool] = ContextVar("was_busy", default=False)
# For calls that must not wait for a busy service: the time is up at once.
NO_DEADLINE = Deadline(0.0)

_of_this_run: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
_limits: ContextVar[CallLimits] = ContextVar("limits", default=OF_MESSAGES)


def begin(deadline: Deadline | None, limits: CallLimits = OF_MESSAGES) -> None:
    """Sets how long every call may wait from here on; None = no invocation is under way.

    `limits` apply to each try of a call.
    """
    _of_this_run.set(deadline)
    _limits.set(limits)


def call_limits() -> CallLimits:
    """How long a call of the invocation that is under way may take."""
    return _limits.get()


def current() -> Deadline:
    """How long the invocation that is under way may go on."""
    return _of_this_run.get() or Deadline(time.time() + OUTSIDE_SECONDS)
