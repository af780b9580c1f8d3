"""Why somebody may not use a profile, in the words that they read."""

from __future__ import annotations

import pytest
from handover.access.profiles import why_not_still, why_not_under
from handover.model import User
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from handover.profiles.settings import Settings

STRICT = presets()["single-strict"]
OPEN = presets()["multi-with-workflow"]
USERS = presets()["directory-users"]
NOT_ON = (
    "the profile {0} is not switched on, so only the user role Admin may use it; an Admin can "
    "switch it on by naming it in the setting profiles"
)
FOR_ROLES = "the profile single-strict is for the user role Admin or Back Office Management"


def user(*roles: str) -> User:
    return User("ana@x.example", "Ana", frozenset(roles))


@pytest.mark.parametrize(
    ("profile", "roles", "on", "reason"),
    [
        (STRICT, ["Admin"], [], ""),
        (STRICT, ["Back Office Management"], ["single-strict"], ""),
        (STRICT, ["Back Office Management"], ["role-team"], NOT_ON.format("single-strict")),
        (STRICT, ["Sales"], ["single-strict"], FOR_ROLES),
        (OPEN, ["Sales"], ["multi-with-workflow"], ""),
        (OPEN, ["Sales"], [], NOT_ON.format("multi-with-workflow")),
        (USERS, ["Admin"], [], ""),
        (
            USERS,
            ["HR"],
            ["directory-users"],
            "only the user role Admin may upload files about users",
        ),
    ],
)
def test_somebody_who_may_not_use_a_profile_reads_why(
    profile: Profile, roles: list[str], on: list[str], reason: str
) -> None:
    settings = Settings(profiles=tuple(on))

    assert why_not_under(settings, user(*roles), profile) == reason


@pytest.mark.parametrize(
    ("profile", "roles", "reason"),
    [
        (STRICT, ["Sales"], FOR_ROLES),
        (STRICT, ["Back Office Management"], ""),
        (STRICT, ["Admin"], ""),
        (OPEN, [], ""),
        (USERS, ["Admin"], ""),
    ],
)
def test_a_file_that_handover_wrote_is_admitted_by_the_present_roles(
    profile: Profile, roles: list[str], reason: str
) -> None:
    assert why_not_still(user(*roles), profile) == reason
