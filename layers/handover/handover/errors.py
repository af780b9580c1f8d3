"""Every exception Handover raises on purpose, each named for what the caller must do.

    HandoverError
    ├── RefusedError        the whole file is refused: record it, tell the uploader, never retry
    ├── RetryLaterError     an outage or a lack of time: let the queue deliver the message again
    ├── InvalidRequestError the caller of the API or the CLI must change a field      (HTTP 400)
    ├── NotFoundError       there is no such thing for this tenant                    (HTTP 404)
    ├── ForbiddenError      the signed-in user's roles do not allow it                (HTTP 403)
    └── ConflictError       the thing is not in a state that allows it any more       (HTTP 409)

A bad line is none of these: it is data, `handover.model.Rejection`.
"""

from __future__ import annotations

from handover.model import Refusal


class HandoverError(Exception):
    """Base of the tree; catch it at a door to turn any of them into an answer."""


class RefusedError(HandoverError):
    """The whole file is refused; `refusal` says why, in words for the uploader."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.refusal = Refusal(code, message, line)


class RetryLaterError(HandoverError):
    """The work could not be done now, through no fault of the data.

    `is_busy` when a service was busy, or somebody else at work on the same, and nothing else is in
    the way. `is_under_way` when a request had no answer and may still arrive: nobody may take over
    before it certainly has.
    """

    def __init__(self, message: str, *, is_busy: bool = False, is_under_way: bool = False) -> None:
        super().__init__(message)
        self.is_busy = is_busy
        self.is_under_way = is_under_way


class WriteRefusedError(RetryLaterError):
    """A table has refused what was to be written and is not busy: waiting alone changes nothing.

    A message comes again all the same, since only its deliveries are counted. A record of a stream
    is parked, so that no other waits for it.
    """


class InvalidRequestError(HandoverError):
    """A request holds a value that cannot be taken; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFoundError(HandoverError):
    """There is no such thing in the caller's tenant (another tenant's look the same).

    `field` names the value that leads to it, where that is not the address; "" otherwise.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ForbiddenError(HandoverError):
    """The caller is known, but none of the caller's roles allows the action."""


class ConflictError(HandoverError):
    """The thing exists, but its state rules the action out."""
