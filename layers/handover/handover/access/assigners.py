"""Who may assign a role: one rule for files, single edits, reassignment and undo.

A tenant's role definition applies in every profile with a role of its name, including presets.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from handover.access.people import Person
from handover.errors import ForbiddenError
from handover.model import User
from handover.profiles.profile import Profile, Role
from handover.runtime import Resources


def barred_role(
    resources: Resources, tenant: str, profile: Profile, roles: Collection[str], user: User
) -> Role | None:
    """The first of `roles` that the user may not assign with the profile; None = may assign all."""
    return barred_role_of(list(resources.tables.directory.roles(tenant)), profile, roles, user)


def barred_role_of(
    defined: Sequence[Role], profile: Profile, roles: Collection[str], user: User
) -> Role | None:
    """As `barred_role`, for a caller that has already read the tenant's `defined` roles."""
    for definition in (*profile.roles.values(), *defined):
        if definition.role in roles and not definition.admits_assigner(user.roles):
            return definition
    return None


def check_assigner(
    resources: Resources, person: Person, profile: Profile, roles: Collection[str]
) -> None:
    """Raises ForbiddenError when the person may not assign one of the roles."""
    barred = barred_role(resources, person.tenant, profile, roles, person.user)
    if barred is not None:
        expected = " or ".join(sorted(barred.assigned_by))
        raise ForbiddenError(f"only the user role {expected} may assign {barred.role}")
