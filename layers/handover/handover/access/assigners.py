"""Who may assign a role: one rule for files, single edits, handing over and undo.

A role of the tenant holds wherever a profile has a role of its name, presets included.
"""

from __future__ import annotations

from collections.abc import Collection

from handover.access.people import Person
from handover.errors import ForbiddenError
from handover.model import User
from handover.profiles import Profile, Seat
from handover.runtime import Wiring


def barred_seat(
    wiring: Wiring, tenant: str, profile: Profile, roles: Collection[str], user: User
) -> Seat | None:
    """The first of `roles` that the user may not assign with the profile; None = may all."""
    for seat in (*profile.seats.values(), *wiring.tables.directory.roles(tenant)):
        if seat.role in roles and not seat.admits_assigner(user.roles):
            return seat
    return None


def check_assigner(
    wiring: Wiring, person: Person, profile: Profile, roles: Collection[str]
) -> None:
    """Raises ForbiddenError when the person may not assign one of the roles."""
    barred = barred_seat(wiring, person.tenant, profile, roles, person.user)
    if barred is not None:
        wanted = " or ".join(sorted(barred.assigned_by))
        raise ForbiddenError(f"{barred.role} is assigned by the user role {wanted}")
