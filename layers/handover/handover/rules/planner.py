"""The one planner: an instruction and its context give an outcome and, perhaps, a write."""

from __future__ import annotations

from handover.model import Account, Operation, Rejection
from handover.profiles.profile import InactiveAccounts, Profile
from handover.rules.conditions import decision_if_unmet
from handover.rules.damage import damage_in
from handover.rules.decision import Decision, LookupContext, Targets, WriteContext, rejected
from handover.rules.instructions import Instruction
from handover.rules.named_users import resolve
from handover.rules.precedence import already_done, decide
from handover.rules.present_holders import holders_after, holders_in_place, nobody_resolved
from handover.rules.workflows import workflow_of


def plan(
    asked: Instruction,
    account: Account | None,
    lookup: LookupContext,
    profile: Profile,
    context: WriteContext,
) -> Decision:
    """The decision for a line, given the account as it is now."""
    if account is None:
        return rejected(_account_not_found(asked, lookup))
    done = already_done(asked, account, context)
    if done is not None:
        return done
    if not account.is_active and profile.inactive_accounts is InactiveAccounts.ERROR:
        return rejected(_account_inactive(asked))
    targets: Targets = []
    resolves = False
    for request in asked.requests:
        if request.operation is not Operation.SET:
            resolves = resolves or request.operation is Operation.RESOLVE
            users: tuple[str, ...] | Rejection = holders_after(request, account, lookup)
        elif request.is_workflow:
            users = workflow_of(asked, request, lookup)
        else:
            users = resolve(asked, request, account, lookup, profile)
        if request.instead_of is not None and not isinstance(users, Rejection):
            users = holders_in_place(asked, request, users, account, profile)
        if isinstance(users, Rejection):
            return rejected(users)
        targets.append((request, users))
    if resolves and (barred := nobody_resolved(asked, account, lookup)) is not None:
        return rejected(barred)
    if asked.conditions:
        stopped = decision_if_unmet(asked, account, targets, lookup, profile)
        if stopped is not None:
            return stopped
    return decide(asked, account, targets, context)


def _account_not_found(asked: Instruction, lookup: LookupContext) -> Rejection:
    likely = lookup.likely.get(asked.record_id)
    more = damage_in(asked.record_id)
    if likely is not None:
        more = f" Did you mean {likely}?{more}"
    return Rejection(
        asked.line,
        asked.key_label,
        "ACCOUNT_NOT_FOUND",
        "The customer was not found",
        f"Check and update your customer external ID in your file.{more}",
        likely or "",
    )


def _account_inactive(asked: Instruction) -> Rejection:
    return Rejection(
        asked.line,
        asked.key_label,
        "ACCOUNT_INACTIVE",
        f"line {asked.line}, {asked.key_label}: the account {asked.record_id} is inactive; "
        "expected an active account",
        "Activate the account first, or delete the line.",
    )
