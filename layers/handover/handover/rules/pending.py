"""Seats that are kept for addresses of which no user is known yet."""

from __future__ import annotations

from collections.abc import Sequence

from handover.model import SeatChange
from handover.profiles import WORKFLOW_ROLE, is_fact

# No address begins so: `is_address` admits no colon.
PREFIX = "pending:"


def pending_seat(address: str) -> str:
    """What an account holds in the place of the user whose normal `address` is not known yet."""
    return PREFIX + address


def is_pending(seat: str) -> bool:
    """True for a seat that waits for its user."""
    return seat.startswith(PREFIX)


def address_in(seat: str) -> str:
    """The address in a seat, pending or not."""
    return seat.removeprefix(PREFIX)


def is_as_left(now: tuple[str, ...], left: tuple[str, ...]) -> bool:
    """True when who holds a role `now` is who was `left` in it, come meanwhile or not.

    A user who has come for a pending address still is who was asked for.
    """
    if now == left:
        return True
    before = {seat if seat in left else pending_seat(seat) for seat in now}
    return before == {*left} and len(before) == len(now)


def leaves_pending(changes: Sequence[SeatChange]) -> bool:
    """True when a seat waits for its user after these changes."""
    return any(
        is_pending(seat)
        for change in changes
        if change.role != WORKFLOW_ROLE and not is_fact(change.role)
        for seat in change.after
    )
