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
    """Base of the tree; an entry point catches it to turn any of them into an answer."""


class RefusedError(HandoverError):
    """The whole file is refused; `refusal` says why, in words for the uploader."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.refusal = Refusal(code, message, line)


class RetryLaterError(HandoverError):
    """The work could not be done now, through no fault of the data.

    `is_busy`: a service was busy, or another run works on the same thing, and nothing else is
    wrong. `is_under_way`: a request got no answer and may still arrive, so nobody may take over
    until it must have arrived.
    """

    def __init__(self, message: str, *, is_busy: bool = False, is_under_way: bool = False) -> None:
        super().__init__(message)
        self.is_busy = is_busy
        self.is_under_way = is_under_way


class WriteRefusedError(RetryLaterError):
    """A table that is not busy refused a write: waiting alone changes nothing.

    A message still comes again, until its deliveries are used up. A stream record is parked, so
    that no other record waits for it.
    """


class InvalidRequestError(HandoverError):
    """A request holds an invalid value; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFoundError(HandoverError):
    """The caller's tenant has no such thing; a thing of another tenant looks like a missing one.

    `field` names the value that should have led to it; "" when that is the address.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ForbiddenError(HandoverError):
    """The caller is known, but none of the caller's roles allows the action."""


class ConflictError(HandoverError):
    """The thing exists, but its state rules the action out."""
