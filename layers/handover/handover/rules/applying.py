"""Applying a preview: a line does what its dry run showed, or says what has changed since.

The dry run keeps the version and the content of each account that it read. A line is not applied
when its account has another version or the decision comes out differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from handover.model import Account, Outcome, RoleChange
from handover.profiles.fields import ACTIVE, FIELD, INACTIVE, OPCO, STATUS, is_field
from handover.rules.decision import Decision

NOT_PREVIEWED = "the preview did not decide this line; preview the file again"
NO_ACCOUNT = 0


class Preview(Struct, frozen=True):
    """What a dry run has decided about a line, and the state of the account at that time.

    `version` is NO_ACCOUNT if there was no account. `held` is everything that the account held, by
    role: directory fields too, but nothing empty. `code` is the code of a rejection, "" for none.
    """

    version: int
    outcome: Outcome
    changes: tuple[RoleChange, ...] = ()
    code: str = ""
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def preview_of(planned: Decision, account: Account | None) -> Preview:
    """What a dry run keeps of its decision about this state of the account."""
    return Preview(
        account.version if account is not None else NO_ACCOUNT,
        planned.outcome,
        planned.changes,
        planned.rejection.code if planned.rejection is not None else "",
        held_by(account),
    )


def held_by(account: Account | None) -> dict[str, tuple[str, ...]]:
    """Everything that an account holds by role, including its directory fields."""
    if account is None:
        return {}
    held = dict(account.assigned)
    if STATUS not in held:
        # The record of a directory file has its fields among its roles already.
        held |= {
            "#name": (account.name,) if account.name else (),
            "#customer_id": (account.customer_id,) if account.customer_id else (),
            OPCO: (account.opco,) if account.opco else (),
            STATUS: (ACTIVE if account.is_active else INACTIVE,),
            "#portals": account.portals,
        }
    return {role: users for role, users in held.items() if users}


def is_as_previewed(preview: Preview | None, account: Account | None) -> bool:
    """True while the account has the version that the dry run has read."""
    version = account.version if account is not None else NO_ACCOUNT
    return preview is not None and preview.version == version


def changed_since(preview: Preview | None, account: Account | None) -> Decision:
    """The decision for a line whose account has another version: not applied, with the reason."""
    if preview is None:
        return Decision(Outcome.NOT_PROCESSED, message=NOT_PREVIEWED)
    if account is None:
        return _left_alone("the account is gone")
    if preview.version == NO_ACCOUNT:
        return _left_alone("the account was created")
    return _left_alone(_differences(preview.held, held_by(account)) + _by_whom(account))


def only_previewed(planned: Decision, preview: Preview) -> Decision:
    """`planned` if it equals what the dry run showed; otherwise nothing is changed.

    A line that would now be rejected gives its own reason.
    """
    is_same = (planned.outcome, planned.changes) == (preview.outcome, preview.changes)
    if is_same or planned.outcome in (Outcome.REJECTED, Outcome.NOT_PROCESSED):
        return planned
    before = _in_words(preview.outcome, preview.changes, preview.code)
    now = _in_words(planned.outcome, planned.changes)
    return Decision(
        Outcome.SUPERSEDED,
        message=f"the preview showed: {before}. It would now be: {now}. Nothing was changed; "
        "preview the file again",
    )


def _left_alone(why: str) -> Decision:
    return Decision(Outcome.SUPERSEDED, message=f"changed since the preview: {why}")


def _differences(before: Mapping[str, tuple[str, ...]], now: Mapping[str, tuple[str, ...]]) -> str:
    differing = [
        f"{role.removeprefix(FIELD)} was {_held(role, before)}, is {_held(role, now)}"
        for role in sorted(before.keys() | now.keys())
        if before.get(role, ()) != now.get(role, ())
    ]
    return "; ".join(differing) or "the account was written again with the same values"


def _by_whom(account: Account) -> str:
    newest = max(account.receipts, key=lambda receipt: receipt.version, default=None)
    if newest is None or newest.version != account.version:
        return ""
    return f" (last by {newest.actor}, {newest.at})"


def _in_words(outcome: Outcome, changes: Iterable[RoleChange], code: str = "") -> str:
    after = ", ".join(
        f"{change.role.removeprefix(FIELD)} {_held(change.role, {change.role: change.after})}"
        for change in changes
    )
    return outcome.value + (f" ({code or after})" if code or after else "")


def _held(role: str, held: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(held.get(role, ())) or ("empty" if is_field(role) else "nobody")
