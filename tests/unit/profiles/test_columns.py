"""What a header says of its lines, once it is bound to a profile."""

from __future__ import annotations

import pytest
from handover.profiles.binding import bind
from handover.profiles.columns import Binding, RoleColumn
from handover.profiles.made import handing_over, removing, restoring
from handover.profiles.presets import presets
from handover.profiles.profile import Column, Holds, NamedBy, Profile
from msgspec.structs import replace

STRICT = presets()["single-strict"]
VIEWERS = presets()["manager-and-viewers"]
MANAGER = "account_manager"
# The second column of a role has the holders where the first is blank.
SECOND = Column(Holds.USERS, "second manager", role=MANAGER, by=(NamedBy.LOGIN,))
TWICE = replace(STRICT, columns=(*STRICT.columns, SECOND))


def bound(profile: Profile, *labels: str) -> Binding:
    """The binding of a header with these labels, of all that the profile has without any."""
    header = labels or tuple(column.label for column in profile.columns)
    return bind(header, profile, mapping={}, line=1)


@pytest.mark.parametrize(
    ("profile", "labels", "places"),
    [
        pytest.param(VIEWERS, ("defaultViewers", "email", "customer ID"), [1, 0], id="users"),
        pytest.param(VIEWERS, (), [1, 2], id="users beside conditions"),
        pytest.param(TWICE, (), [1, 3], id="the second column of a role"),
        pytest.param(restoring(STRICT, ["workflow"]), (), [1], id="workflows"),
        pytest.param(presets()["directory-accounts"], (), [], id="fields"),
        pytest.param(removing([MANAGER]), (), [], id="users to remove"),
    ],
)
def test_a_cell_can_clear_only_in_a_column_of_holders(
    profile: Profile, labels: tuple[str, ...], places: list[int]
) -> None:
    assert bound(profile, *labels).clearing == places


@pytest.mark.parametrize(
    ("profile", "labels", "ways"),
    [
        (VIEWERS, ("customer ID", "email"), {NamedBy.EMAIL}),
        (TWICE, (), {NamedBy.EMAIL, NamedBy.LOGIN}),
        (
            presets()["directory-single"],
            ("account ID", "account manager"),
            {NamedBy.EMAIL, NamedBy.LOGIN},
        ),
        (presets()["directory-accounts"], ("account_id", "name"), set()),
    ],
)
def test_a_file_names_users_in_the_ways_of_all_its_columns(
    profile: Profile, labels: tuple[str, ...], ways: set[NamedBy]
) -> None:
    assert bound(profile, *labels).ways == ways


def test_a_condition_may_name_its_user_in_another_way() -> None:
    condition = replace(STRICT.columns[2], by=(NamedBy.NAME,))

    assert bound(replace(STRICT, columns=(*STRICT.columns[:2], condition))).ways == {
        NamedBy.EMAIL,
        NamedBy.NAME,
    }


@pytest.mark.parametrize(
    ("profile", "is_relative"),
    [
        (restoring(STRICT, [MANAGER]), True),
        (handing_over(STRICT, MANAGER), True),
        (removing([MANAGER]), False),
        # Its conditions stop a line, but do not decide what the line does.
        (STRICT, False),
    ],
)
def test_lines_depend_on_older_imports_if_they_name_who_holds_the_role_now(
    profile: Profile, is_relative: bool
) -> None:
    assert bound(profile).is_relative is is_relative


def test_the_columns_of_a_role_are_one_that_knows_the_others() -> None:
    columns = (
        *TWICE.columns,
        Column(Holds.EXPECTED, "manager now", role=MANAGER),
        Column(Holds.REPLACED, "manager before", role=MANAGER),
    )

    binding = bound(
        replace(TWICE, columns=columns),
        "second  manager",
        "manager now",
        "account ID",
        "account_manager",
        "manager before",
    )

    by_email, by_login = (NamedBy.EMAIL,), (NamedBy.LOGIN,)
    second = RoleColumn(0, "second manager", MANAGER, Holds.USERS, by_login, 1, 4)
    first = RoleColumn(3, "account_manager", MANAGER, Holds.USERS, by_email, 1, 4, (second,))
    assert binding == Binding(2, "account ID", (first,))
    assert binding.role_of(MANAGER) == first
    assert binding.role_of("viewer") is None


def test_conditions_are_apart_from_the_columns_of_roles() -> None:
    binding = bound(VIEWERS, "Current viewers", "customer ID", "defaultViewers", "email")

    by = (NamedBy.EMAIL,)
    assert binding.roles == (
        RoleColumn(3, "email", MANAGER, Holds.USERS, by),
        RoleColumn(2, "defaultViewers", "viewer", Holds.USERS, by),
    )
    assert binding.conditions == (RoleColumn(0, "Current viewers", "viewer", Holds.CURRENT, by),)
