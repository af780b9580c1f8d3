"""Pending assignees: roles reserved for addresses without a user so far."""

from __future__ import annotations

from collections.abc import Sequence

from handover.model import RoleChange
from handover.profiles.fields import is_field
from handover.profiles.profile import WORKFLOW_ROLE

# No address begins like this: `is_address` allows no colon.
PREFIX = "pending:"


def pending_assignee(address: str) -> str:
    """The assignee stored on an account for a normal `address` without a user so far."""
    return PREFIX + address


def is_pending(assignee: str) -> bool:
    """True for an assignee that waits for its user."""
    return assignee.startswith(PREFIX)


def address_in(assignee: str) -> str:
    """The address of an assignee, pending or not."""
    return assignee.removeprefix(PREFIX)


def is_as_left(now: tuple[str, ...], left: tuple[str, ...]) -> bool:
    """True when the holders `now` are those who were `left` in the role.

    A user who was pending then and exists now counts as the same holder.
    """
    before = {assignee if assignee in left else pending_assignee(assignee) for assignee in now}
    return before == {*left} and len(before) == len(now)


def leaves_pending(changes: Sequence[RoleChange]) -> bool:
    """True when an assignee is pending after these changes."""
    return any(
        is_pending(assignee)
        for change in changes
        if change.role != WORKFLOW_ROLE and not is_field(change.role)
        for assignee in change.after
    )
