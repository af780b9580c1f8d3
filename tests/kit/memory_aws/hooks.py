"""Hooks by which a simulation disturbs calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol


@dataclass(frozen=True, slots=True)
class Twist:
    """What one call does out of the ordinary.

    `stale` shows eventually consistent reads as they were before the latest change of each item.
    `repeat` executes the call twice and answers with the second answer: the SDK's own retry after
    a lost answer. `member_errors` maps places in a batch to what happens to the member there: left
    unprocessed by BatchGetItem and BatchWriteItem (the code is not used), an error of that code
    in a BatchExecuteStatement, a cancellation reason in a transaction, a failed entry in
    SendMessageBatch and PutEvents.
    """

    stale: bool = False
    repeat: bool = False
    member_errors: Mapping[int, str] = field(default_factory=dict)


PLAIN: Final = Twist()


class Hook(Protocol):
    """Sees every call, in order; either method may raise, or run other handlers to their end.

    What `before` raises happens instead of the call; what `after` raises happens after its
    effect. Raise `ServiceError` for an answer of the service, botocore's own exceptions for a
    lost connection, a BaseException of your own for a killed process.
    """

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any], /
    ) -> Twist | None:
        """Called before the effect; None means nothing special."""

    def after(
        self,
        number: int,
        service: str,
        operation: str,
        params: dict[str, Any],
        answer: dict[str, Any],
        /,
    ) -> None:
        """Called after the effect, before the caller sees the answer."""
