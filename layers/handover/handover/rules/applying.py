"""Applying a preview: a line has the effect that its dry run has shown, or says what changed since.

The dry run keeps the version of each account that it looked at, with what the account held. An
account of another version, or a decision that comes out otherwise, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from handover.model import Account, Outcome, RoleChange
from handover.profiles import ACTIVE, INACTIVE, OPCO, STATUS, is_field
from handover.profiles.fields import FIELD
from handover.rules.planner import Decision

NOT_PREVIEWED = "the preview did not decide this line; preview the file again"
NO_ACCOUNT = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a dry run has decided about a line, and of which state of the account.

    `version` is NO_ACCOUNT where there was none. `held` is all that the account held, by role;
    facts of the directory are among it, and what is empty is not. `code` is that of a rejection.
    """

    version: int
    outcome: Outcome
    changes: tuple[RoleChange, ...] = ()
    code: str = ""
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def preview_of(planned: Decision, account: Account | None) -> Preview:
    """What a dry run keeps of the decision that it made about this state of the account."""
    return Preview(
        account.version if account is not None else NO_ACCOUNT,
        planned.outcome,
        planned.changes,
        planned.rejection.code if planned.rejection is not None else "",
        held_by(account),
    )


def held_by(account: Account | None) -> dict[str, tuple[str, ...]]:
    """All that an account holds by role, with what the directory says of it."""
    if account is None:
        return {}
    held = dict(account.assigned)
    if STATUS not in held:
        # A record of a directory file has its facts among its roles already.
        held |= {
            "#name": (account.name,) if account.name else (),
            "#customer_id": (account.customer_id,) if account.customer_id else (),
            OPCO: (account.opco,) if account.opco else (),
            STATUS: (ACTIVE if account.is_active else INACTIVE,),
            "#portals": account.portals,
        }
    return {role: users for role, users in held.items() if users}


def is_as_previewed(preview: Preview | None, account: Account | None) -> bool:
    """True while the account has the version that the dry run has looked at."""
    version = account.version if account is not None else NO_ACCOUNT
    return preview is not None and preview.version == version


def changed_since(preview: Preview | None, account: Account | None) -> Decision:
    """The plan of a line whose account has another version: it is left alone and says why."""
    if preview is None:
        return Decision(Outcome.NOT_PROCESSED, message=NOT_PREVIEWED)
    if account is None:
        return _left_alone("the account is gone")
    if preview.version == NO_ACCOUNT:
        return _left_alone("the account was made")
    return _left_alone(_differences(preview.held, held_by(account)) + _by_whom(account))


def only_previewed(planned: Decision, preview: Preview) -> Decision:
    """`planned` if it comes out as the dry run has shown; otherwise nothing is changed.

    A line that is rejected by now says why itself.
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
    return "; ".join(differing) or "it was decided again and holds the same"


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
