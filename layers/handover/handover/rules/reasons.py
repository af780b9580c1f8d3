"""Why a line came out as it did, in words: since when, by which import, by which cell.

A reason follows from the account and the line alone, so it costs no read and no write. A reason
that follows from a stored change stays the same when the line is decided again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from handover.model import Account, RoleChange
from handover.profiles.fields import is_field
from handover.profiles.profile import WORKFLOW_ROLE
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.pending import address_in, is_pending

DECIDED_LATER = "a later import has decided this account already"
CHANGED_SINCE = "the account has changed since"
# No import id begins like this: import ids are hexadecimal.
_EDIT = "edit"
NOTHING_ASKED = "every cell of the line leaves the account as it is"


def reason_of_change(asked: Instruction, changes: Sequence[RoleChange]) -> str:
    """Why these changes differ from the names in the line, in words; "" if they do not."""
    after = {change.role: change.after for change in changes}
    reasons = [
        f"{request.label} is cleared by {request.cleared_by}"
        for request in asked.requests
        if request.cleared_by and after.get(request.role) == ()
    ]
    reasons += _waiting(changes)
    left = [
        request.role
        for request in asked.requests
        if request.expected is not None and request.role not in after
    ]
    if left:
        reasons.append(f"left as it was: {', '.join(left)}")
    return ". ".join(reasons)


def reason_to_leave(account: Account, asked: Instruction, precedence: str) -> str:
    """Since when the account has been as the line asks, and by which import.

    `precedence` is that of the line's own import. If the account has it already, the import has
    only confirmed what was there, so it is not the reason.
    """
    if not asked.requests:
        return NOTHING_ASKED
    roles = [request.role for request in asked.requests]
    return f"already so{since(account, roles, confirmed_by=precedence)}"


def decided_later(account: Account, roles: Collection[str], begin: str = DECIDED_LATER) -> str:
    """Which later import, or edit, has decided these roles, after the words of `begin`."""
    precedence = max(account.precedences[role] for role in roles)
    known = (receipt for receipt in account.receipts if receipt.precedence == precedence)
    receipt = next(known, None)
    name = receipt.import_id if receipt is not None else precedence.rpartition("#")[2]
    return f"{begin}: {_writer(name)} of {precedence.partition('#')[0]}"


def since(account: Account, roles: Collection[str], *, confirmed_by: str = "") -> str:
    """ " since ..." with the time and the import that gave the roles their holders; "" if unknown.

    The account keeps a receipt of the last change. Of an older change it keeps only the precedence
    of its import, which begins with the time of the upload and ends with the beginning of the
    import's id.
    """
    newest = None
    for receipt in account.receipts:
        for change in receipt.changes:
            if change.role in roles and (newest is None or receipt.version > newest.version):
                newest = receipt
    if newest is not None:
        return f" since {newest.at} by {_writer(newest.import_id)}"
    precedences = {account.precedences.get(role, "") for role in roles} - {confirmed_by}
    precedence = max(precedences, default="")
    time, is_known, rest = precedence.partition("#")
    return f" since {time} by {_writer(rest.rpartition('#')[2])}" if is_known else ""


def unmet(
    account: Account, required: Iterable[tuple[AssignmentRequest, tuple[str, ...]]]
) -> list[str]:
    """The conditions that the account does not meet, each with who holds the role instead."""
    return [
        f"{request.label}: found {named(account.assigned.get(request.role, ()))}"
        f"{since(account, [request.role])}, expected {named(expected)}"
        for request, expected in required
        if not _is_met(request, account.assigned.get(request.role, ()), expected)
    ]


def named(users: Collection[str]) -> str:
    """The holders of a role in words."""
    return ", ".join(users) or "nobody"


def _is_met(request: AssignmentRequest, held: tuple[str, ...], expected: tuple[str, ...]) -> bool:
    if request.is_workflow:
        return held == expected
    # A pending address and the user who later has it are the same holder.
    return {address_in(one) for one in held} == {address_in(one) for one in expected}


def _waiting(changes: Iterable[RoleChange]) -> list[str]:
    awaited = dict.fromkeys(
        address_in(user)
        for change in changes
        if change.role != WORKFLOW_ROLE and not is_field(change.role)
        for user in change.after
        if is_pending(user)
    )
    return [f"no user has the address {' or '.join(awaited)} so far"] if awaited else []


def _writer(name: str) -> str:
    return "an edit" if name.startswith(_EDIT) else f"import {name}"
