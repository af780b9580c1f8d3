"""The profile that somebody chooses by its name."""

from __future__ import annotations

from handover.errors import ForbiddenError, InvalidRequestError
from handover.profiles import Profile
from handover.profiles.parsing import NAME_PATTERN
from handover.runtime import Wiring
from handover.stages.people import Person


def profile_named(wiring: Wiring, person: Person, name: str) -> Profile:
    """The profile of that name; raises InvalidRequestError, which tells the names there are."""
    directory = wiring.tables.directory
    found = directory.profile(person.tenant, name) if NAME_PATTERN.fullmatch(name) else None
    if found is None:
        known = ", ".join(sorted(directory.profiles(person.tenant)))
        raise InvalidRequestError("profile", f"there is no profile of that name; wanted: {known}")
    return found


def profile_for(wiring: Wiring, person: Person, name: str) -> Profile:
    """The profile of that name, for somebody who may use it.

    Raises InvalidRequestError when there is none, and ForbiddenError for all others.
    """
    profile = profile_named(wiring, person, name)
    if not profile.admits_uploader(person.user.roles):
        wanted = " or ".join(sorted(profile.uploader_roles))
        raise ForbiddenError(f"{profile.name} files are uploaded by the user role {wanted}")
    return profile
