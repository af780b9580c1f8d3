"""The conditions of a line: who must hold a role now, so that the line applies."""

from __future__ import annotations

from msgspec.structs import replace

from handover.model import Account, Outcome, Rejection
from handover.profiles.profile import Profile, UnknownUser
from handover.rules.addresses import is_address, normal_address
from handover.rules.decision import Decision, LookupContext, Targets, rejected
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.named_users import user_named, user_not_found
from handover.rules.pending import address_in, pending_assignee
from handover.rules.reasons import unmet
from handover.rules.workflows import workflow_of


def decision_if_unmet(
    asked: Instruction,
    account: Account,
    targets: Targets,
    lookup: LookupContext,
    profile: Profile,
) -> Decision | None:
    """The decision for a line whose conditions the account does not meet; None if it does."""
    required = _required(asked, account, lookup, profile)
    if isinstance(required, Rejection):
        return rejected(required)
    # A role that already is as the line asks needs no condition: the line may come a second time.
    done_already = {
        request.role
        for request, users in targets
        if account.assigned.get(request.role, ()) == users
    }
    failed = unmet(account, [one for one in required if one[0].role not in done_already])
    return Decision(Outcome.SUPERSEDED, message="; ".join(failed)) if failed else None


def _required(
    asked: Instruction, account: Account, lookup: LookupContext, profile: Profile
) -> Targets | Rejection:
    """The holders that the line's conditions require, or why a name in a condition is unknown.

    A condition may name everybody in the directory and every present holder of the role, also users
    who may no longer get the role.
    """
    required: Targets = []
    for request in asked.conditions:
        held = account.assigned.get(request.role, ())
        if request.is_workflow:
            # A workflow may have been removed since the account follows it.
            names = {*lookup.workflows, *held}
            users = workflow_of(asked, request, replace(lookup, workflows=frozenset(names)))
        else:
            users = _holders(asked, request, held, lookup, profile)
        if isinstance(users, Rejection):
            return users
        required.append((request, users))
    return required


def _holders(
    asked: Instruction,
    request: AssignmentRequest,
    held: tuple[str, ...],
    lookup: LookupContext,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    found: list[str] = []
    for name in request.names:
        address = normal_address(address_in(name))
        user = user_named(asked, request, name, address, lookup)
        if isinstance(user, Rejection):
            return user
        awaited = pending_assignee(address)
        may_wait = profile.unknown_user is UnknownUser.PENDING and is_address(address)
        if user is not None:
            found.append(user.email)
        elif address in held:
            found.append(address)
        elif awaited in held or may_wait:
            found.append(awaited)
        else:
            return user_not_found(asked, request, name, lookup, profile)
    return tuple(sorted(set(found)))
