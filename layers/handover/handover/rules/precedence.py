"""Which import decides a role: a later one before an earlier one, and none of them twice."""

from __future__ import annotations

from handover.model import Account, ChangeReceipt, Operation, Outcome, RoleChange
from handover.profiles.fields import is_field
from handover.rules.decision import Decision, RecordWrite, Targets, WriteContext
from handover.rules.instructions import Instruction
from handover.rules.pending import is_as_left, leaves_pending
from handover.rules.reasons import (
    CHANGED_SINCE,
    decided_later,
    named,
    reason_of_change,
    reason_to_leave,
    since,
)
from handover.rules.sizes import too_large


def account_only(asked: Instruction, account: Account | None, context: WriteContext) -> Decision:
    """What an import has already done to the account; NOT_PROCESSED if it has done nothing.

    For chunks that must end without another write: a cancelled import, a dead letter.
    """
    done = already_done(asked, account, context) if account is not None else None
    return Decision(Outcome.NOT_PROCESSED) if done is None else done


def already_done(asked: Instruction, account: Account, context: WriteContext) -> Decision | None:
    """What this line has already done to the account, whatever the data is now; None for nothing.

    The line's receipt says what it changed. A line that changed nothing may have raised the
    precedence. This is an effect too: older imports yield to it.
    """
    own = [receipt for receipt in account.receipts if receipt.import_id == context.import_id]
    for receipt in own:
        if receipt.line == asked.line:
            return Decision(
                _outcome_of(receipt.changes),
                receipt.changes,
                message=reason_of_change(asked, receipt.changes),
            )
    # If another line of the import has a receipt, it was that line that raised the precedence.
    if not own and any(
        account.precedences.get(request.role) == context.precedence for request in asked.requests
    ):
        return Decision(
            Outcome.UNCHANGED, message=reason_to_leave(account, asked, context.precedence)
        )
    return None


def _outcome_of(changes: tuple[RoleChange, ...]) -> Outcome:
    if leaves_pending(changes):
        return Outcome.PENDING
    if any(change.after or is_field(change.role) for change in changes):
        return Outcome.UPDATED
    return Outcome.CLEARED


def decide(
    asked: Instruction, account: Account, targets: Targets, context: WriteContext
) -> Decision:
    """The decision for a line whose requests give these holders, by the precedence of imports."""
    changes: list[RoleChange] = []
    # Only a line that sets a role takes precedence for it: after a removal or a resolution, an
    # older import may still decide about the other holders. A default holds until somebody is
    # named.
    decided: list[str] = []
    late: list[str] = []
    left: list[str] = []
    for request, users in targets:
        role, before = request.role, account.assigned.get(request.role, ())
        if account.precedences.get(role, "") > context.precedence:
            late.append(role)
            continue
        if (
            request.expected is not None
            and before != users
            and not is_as_left(before, request.expected)
        ):
            found = f"{named(before)}{since(account, [role])}"
            left.append(f"{role} is {found}, expected {named(request.expected)}")
            continue
        if request.instead_of is not None and request.instead_of not in before:
            found = f"{named(before)}{since(account, [role])}"
            left.append(f"{role} is {found}, expected {request.instead_of} in it")
            continue
        operation = request.operation
        if operation is Operation.SET or operation in _DECIDING:
            decided.append(role)
        if before != users:
            changes.append(RoleChange(role, before, users))
    if changes:
        changed = tuple(changes)
        write = _change(asked, account, changes, decided, context)
        return too_large(asked, changed, write) or Decision(
            _outcome_of(changed), changed, write=write, message=reason_of_change(asked, changed)
        )
    if (late or left) and len(late) + len(left) == len(targets):
        why = decided_later(account, late) if late else f"{CHANGED_SINCE}: {'; '.join(left)}"
        return Decision(Outcome.SUPERSEDED, message=why)
    return Decision(
        Outcome.UNCHANGED,
        write=_raise_precedences(account, decided, context),
        message=reason_to_leave(account, asked, context.precedence),
    )


_DECIDING = (Operation.RECORD, Operation.INITIAL)


def _change(
    asked: Instruction,
    account: Account,
    changes: list[RoleChange],
    decided: list[str],
    context: WriteContext,
) -> RecordWrite:
    # Only changed roles take this import's precedence. While an older import is open, unchanged
    # roles take it too; otherwise the older import could overwrite them.
    changed = {change.role for change in changes}
    raised = (
        decided if context.older_open_imports else [role for role in decided if role in changed]
    )
    receipt = ChangeReceipt(
        context.import_id,
        context.precedence,
        asked.line,
        context.actor,
        context.at,
        account.version + 1,
        tuple(changes),
    )
    # A receipt may be dropped once its import is final: no chunk of it is processed again. Older
    # imports that are not open are final. This import and newer ones may be open, so their receipts
    # stay.
    kept = tuple(
        receipt
        for receipt in account.receipts
        if receipt.precedence >= context.precedence
        or receipt.import_id in context.older_open_imports
    )
    return RecordWrite(
        account,
        {**account.assigned, **{change.role: change.after for change in changes}},
        {**account.precedences, **dict.fromkeys(raised, context.precedence)},
        (*kept, receipt),
    )


def _raise_precedences(
    account: Account, decided: list[str], context: WriteContext
) -> RecordWrite | None:
    if not context.older_open_imports:
        return None
    if all(account.precedences.get(role, "") == context.precedence for role in decided):
        return None
    precedences = {**account.precedences, **dict.fromkeys(decided, context.precedence)}
    return RecordWrite(account, account.assigned, precedences, account.receipts)
