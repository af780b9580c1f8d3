"""The profile that a person chooses by name, and whether they may use it.

`why_not` answers that question everywhere: for a ticket, an uploaded file, a single edit, a
reassignment, an undo, and for reading the results of another person's file.
"""

from __future__ import annotations

from handover.access.people import Person
from handover.errors import ForbiddenError, InvalidRequestError
from handover.model import ADMIN, User
from handover.profiles.fields import About
from handover.profiles.parsing import NAME_PATTERN
from handover.profiles.profile import Profile
from handover.profiles.settings import Settings
from handover.runtime import Resources


def profile_named(resources: Resources, person: Person, name: str) -> Profile:
    """The profile of that name; raises InvalidRequestError, which lists the known names."""
    directory = resources.tables.directory
    found = directory.profile(person.tenant, name) if NAME_PATTERN.fullmatch(name) else None
    if found is None:
        known = ", ".join(sorted(directory.profiles(person.tenant)))
        raise InvalidRequestError("profile", f"there is no profile of that name, expected: {known}")
    return found


def profile_for(resources: Resources, person: Person, name: str) -> Profile:
    """The profile of that name, for somebody who may use it.

    Raises InvalidRequestError when there is none, and ForbiddenError for people who may not use it.
    """
    profile = profile_named(resources, person, name)
    if reason := why_not(resources, person.tenant, person.user, profile):
        raise ForbiddenError(reason)
    return profile


def usable_profiles(resources: Resources, tenant: str, user: User) -> dict[str, Profile]:
    """The profiles that the active user may use, by name."""
    directory = resources.tables.directory
    on = directory.settings(tenant).profiles
    return {
        name: profile
        for name, profile in sorted(directory.profiles(tenant).items())
        if profile.admits(user.roles, is_on=name in on)
    }


def why_not(resources: Resources, tenant: str, user: User, profile: Profile) -> str:
    """Why the active user may not use the profile, "" when they may."""
    return why_not_under(resources.tables.directory.settings(tenant), user, profile)


def why_not_under(settings: Settings, user: User, profile: Profile) -> str:
    """As `why_not`, for a caller that has already read the tenant's settings."""
    is_on = profile.name in settings.profiles
    if profile.admits(user.roles, is_on=is_on):
        return ""
    if profile.about is not About.ASSIGNMENTS:
        return f"only the user role {ADMIN} may upload files about {profile.about.value}"
    if not is_on:
        return (
            f"the profile {profile.name} is not switched on, so only the user role {ADMIN} may use "
            "it; an Admin can switch it on by naming it in the setting profiles"
        )
    return _for_roles(profile)


def why_not_still(user: User, profile: Profile) -> str:
    """Why a file that Handover wrote for the user is not admitted, "" when it is.

    That the profile is on was checked when the user asked for the file. Only the user's own roles
    and state can have changed since.
    """
    if ADMIN in user.roles or profile.admits(user.roles, is_on=True):
        return ""
    return _for_roles(profile)


def _for_roles(profile: Profile) -> str:
    expected = " or ".join(sorted(profile.uploader_roles))
    return f"the profile {profile.name} is for the user role {expected}"
