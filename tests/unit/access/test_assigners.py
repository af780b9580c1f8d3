"""Who may assign a role: the rules of the profile come before those of the tenant."""

from __future__ import annotations

import pytest
from handover.access.assigners import barred_role_of
from handover.model import User
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from msgspec.structs import replace

MANAGER, VIEWER = "account_manager", "viewer"
OF_PROFILE = Role(MANAGER, 1, frozenset({"Sales"}))
OF_TENANT = Role(MANAGER, 1, frozenset({"HR", "Admin"}))
VIEWER_OF_TENANT = Role(VIEWER, None, frozenset({"HR"}))
PROFILE = replace(
    presets()["manager-and-viewers"], roles={MANAGER: OF_PROFILE, VIEWER: Role(VIEWER, None)}
)


@pytest.mark.parametrize(
    ("has", "asked", "barred"),
    [
        (["Sales", "HR"], [MANAGER, VIEWER], None),
        (["Sales", "Admin"], [MANAGER], None),
        (["Sales", "Admin"], [MANAGER, VIEWER], VIEWER_OF_TENANT),
        (["Sales"], [VIEWER, MANAGER], OF_TENANT),
        (["HR"], [MANAGER], OF_PROFILE),
        ([], [MANAGER, VIEWER], OF_PROFILE),
        ([], [], None),
        ([], ["CSM"], None),
    ],
)
def test_somebody_must_be_admitted_by_both_rules_of_each_role_they_assign(
    has: list[str], asked: list[str], barred: Role | None
) -> None:
    user = User("ana@x.example", "Ana", frozenset(has))

    assert barred_role_of([OF_TENANT, VIEWER_OF_TENANT], PROFILE, asked, user) == barred
