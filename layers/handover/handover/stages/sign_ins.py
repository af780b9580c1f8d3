"""Sign-ins kept in line with users, for whoever edits one and for what follows from files."""

from __future__ import annotations

from dataclasses import replace

from handover.aws import sign_ins
from handover.errors import RetryLaterError
from handover.model import User
from handover.runtime import Wiring

# So often a user is read again who is changed by others meanwhile.
TRIES = 4


def keep_in_line(wiring: Wiring, tenant: str, user: User, *, invites: bool) -> bool:
    """Settles the sign-in of a user as they are now; `user` is how they were read or stored.

    Two may do this at once, one of them with what is over already: each looks again afterwards,
    so that the last of them leaves the sign-in as the directory says. Who invites does not remove
    sign-ins, and bars that of a deleted user. False when the address signs in for another tenant.
    """
    for _ in range(TRIES):
        wanted = replace(user, is_deleted=False) if invites else user
        if not sign_ins.settle(wiring.user_pool, tenant, wanted, invites=invites):
            return False
        now = wiring.tables.directory.user(tenant, user.email)
        if now is None or _asks_for(now) == _asks_for(user):
            return True
        user = now
    raise RetryLaterError("the user is being changed by others")


def _asks_for(user: User) -> tuple[object, ...]:
    """What of a user a sign-in follows."""
    return user.is_active, user.is_deleted, user.roles
