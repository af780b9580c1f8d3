"""Requests about the present holders of a role: some leave, arrive or are replaced."""

from __future__ import annotations

from handover.model import Account, Operation, Rejection
from handover.profiles.profile import Profile
from handover.rules.addresses import normal_address
from handover.rules.decision import LookupContext
from handover.rules.instructions import AssignmentRequest, Instruction, too_many_users
from handover.rules.opco_wall import crosses_wall, other_opco
from handover.rules.pending import pending_assignee


def holders_after(
    request: AssignmentRequest, account: Account, lookup: LookupContext
) -> tuple[str, ...]:
    """The holders after users were removed from the role, or pending addresses were resolved."""
    before = account.assigned.get(request.role, ())
    named = {normal_address(name) for name in request.names}
    if request.operation is Operation.REMOVE:
        return tuple([assignee for assignee in before if assignee not in named])
    known = {
        pending_assignee(address): address
        for address in named
        if (user := lookup.users.get(address)) is not None
        and user.is_active
        and not crosses_wall(user, account, lookup)
    }
    after = tuple(sorted({known.get(assignee, assignee) for assignee in before}))
    return after if any(assignee in known for assignee in before) else before


def nobody_resolved(
    asked: Instruction, account: Account, lookup: LookupContext
) -> Rejection | None:
    """The rejection of a line if the opco wall keeps out all the new users that it names.

    Otherwise the admitted users are assigned; users of another opco stay pending.
    """
    come = [
        (request, user)
        for request in asked.requests
        if request.operation is Operation.RESOLVE
        for name in request.names
        if (user := lookup.users.get(normal_address(name))) is not None and user.is_active
    ]
    if not come or not all(crosses_wall(user, account, lookup) for _, user in come):
        return None
    request, user = come[0]
    return other_opco(asked, request, user, account)


def holders_in_place(
    asked: Instruction,
    request: AssignmentRequest,
    users: tuple[str, ...],
    account: Account,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    """The holders of the role after `users` have replaced one of them."""
    before = account.assigned.get(request.role, ())
    if request.instead_of not in before:
        return before
    after = {*before} - {request.instead_of} | {*users}
    definition = profile.roles.get(request.role)
    most = definition.max_users if definition is not None else None
    if most is not None and len(after) > max(most, len(before)):
        return too_many_users(asked.line, request.label, len(after), most)
    return tuple(sorted(after))
