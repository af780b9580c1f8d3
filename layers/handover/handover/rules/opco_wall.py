"""The wall between operating companies: whom it keeps from which accounts."""

from __future__ import annotations

from handover.model import Account, Rejection, User
from handover.rules.addresses import is_same_text
from handover.rules.decision import LookupContext
from handover.rules.instructions import AssignmentRequest, Instruction


def crosses_wall(user: User, account: Account, lookup: LookupContext) -> bool:
    """True when the tenant's opco wall separates user and account, whatever the profile says."""
    return lookup.has_opco_wall and are_apart(user, account)


def are_apart(user: User, account: Account) -> bool:
    """True when both have an opco and the two differ, whatever their Unicode form."""
    return bool(user.opco and account.opco) and not is_same_text(user.opco, account.opco)


def other_opco(
    asked: Instruction, request: AssignmentRequest, user: User, account: Account
) -> Rejection:
    """The rejection of a user of another operating company than the account's."""
    return Rejection(
        asked.line,
        request.label,
        "OTHER_OPCO",
        f"line {asked.line}, {request.label}: {user.email} belongs to {user.opco or 'no opco'}, "
        f"the account to {account.opco or 'no opco'}, expected a user of the account's opco",
        "Choose a user of the account's own operating company.",
    )
