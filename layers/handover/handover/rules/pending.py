"""Seats that are kept for addresses of which no user is known yet."""

from __future__ import annotations

from collections.abc import Sequence

from handover.model import RoleChange
from handover.profiles import WORKFLOW_ROLE, is_field

# No address begins so: `is_address` admits no colon.
PREFIX = "pending:"


def pending_assignee(address: str) -> str:
    """What an account holds in the place of the user whose normal `address` is not known yet."""
    return PREFIX + address


def is_pending(assignee: str) -> bool:
    """True for a seat that waits for its user."""
    return assignee.startswith(PREFIX)


def address_in(assignee: str) -> str:
    """The address in a seat, pending or not."""
    return assignee.removeprefix(PREFIX)


def is_as_left(now: tuple[str, ...], left: tuple[str, ...]) -> bool:
    """True when who holds a role `now` is who was `left` in it, come meanwhile or not.

    A user who has come for a pending address still is who was asked for.
    """
    if now == left:
        return True
    before = {assignee if assignee in left else pending_assignee(assignee) for assignee in now}
    return before == {*left} and len(before) == len(now)


def leaves_pending(changes: Sequence[RoleChange]) -> bool:
    """True when a seat waits for its user after these changes."""
    return any(
        is_pending(assignee)
        for change in changes
        if change.role != WORKFLOW_ROLE and not is_field(change.role)
        for assignee in change.after
    )
