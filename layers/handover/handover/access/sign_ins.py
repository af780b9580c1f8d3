"""Keeps sign-ins consistent with users, after edits and after changes made by files."""

from __future__ import annotations

from msgspec.structs import replace

from handover.access.acts import done_outside, entry_of
from handover.audit import Act, Actor, Outcome
from handover.aws import sign_ins
from handover.aws.sign_ins import Settled
from handover.errors import RetryLaterError
from handover.model import User
from handover.runtime import Resources, logger, metrics

# How often a user is read again after concurrent changes.
TRIES = 4


def set_sign_in(
    resources: Resources,
    actor: Actor,
    user: User,
    *,
    invites: bool,
    noted_as: tuple[str, str] | None = None,
) -> None:
    """As `sync_sign_in`, with an audit entry that stays open until the sign-in is set.

    `noted_as` is the name and the time of the entry, for a change that may be repeated; without it
    the entry gets a new name and the present time.

    The entry says what the directory asks for, not what the user pool had: no Admin learns from it
    that an address signs in for another tenant.
    """
    act = Act.SIGN_IN_ALLOWED if user.is_active else Act.SIGN_IN_BARRED
    entry = entry_of(actor, act, f"user {user.email}", outcome=Outcome.OPEN)
    if noted_as is not None:
        name, at = noted_as
        entry = replace(entry, name=name, at=at)
    resources.tables.audit.add(entry)
    with done_outside(resources, entry):
        sync_sign_in(resources, actor.tenant, user, invites=invites)


def sync_sign_in(resources: Resources, tenant: str, user: User, *, invites: bool) -> None:
    """Updates the sign-in of a user to their present state; `user` is how they were read or stored.

    Two callers may do this at once, one of them with an outdated user: each reads the user again
    afterwards, so that the last one leaves the sign-in as the directory says. With `invites`,
    sign-ins are not removed, and that of a deleted user is disabled.

    An active user may end without a sign-in when the address belongs to another tenant. No answer
    may depend on this, so only the log reports it, to operators.
    """
    for _ in range(TRIES):
        expected = replace(user, is_deleted=False) if invites else user
        settled = sign_ins.settle(
            resources.user_pool,
            tenant,
            expected,
            invites=invites,
            is_reserved=invites and _is_reserved(resources, tenant, user),
        )
        now = resources.tables.directory.user(tenant, user.email)
        if now is None or _asks_for(now) == _asks_for(user):
            if invites:
                note_invitation(tenant, settled)
            return
        user = now
    raise RetryLaterError("the user is being changed by others")


def note_invitation(tenant: str, settled: Settled) -> None:
    """Counts and logs, for operators only, that nobody was invited."""
    if settled is Settled.NO_MAILS:
        metrics.add_metric("InvitationsNotSent", "Count", 1)
    if settled is not Settled.DONE:
        metrics.add_metric("InvitationsNotMade", "Count", 1)
        logger.info("no invitation", extra={"tenant": tenant, "reason": settled.value})


def _is_reserved(resources: Resources, tenant: str, user: User) -> bool:
    """True when the domain of the address is verified for another tenant."""
    return resources.tables.domains.tenant_of(user.email) not in (None, tenant)


def _asks_for(user: User) -> tuple[object, ...]:
    """The properties of a user that the sign-in depends on."""
    return user.is_active, user.is_deleted, user.roles
