"""What two lines have in common: when one is a repeat of the other."""

from __future__ import annotations

import pytest
from handover.model import Line, Rejection
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.rules.understanding import canonical, canonical_login
from msgspec.structs import replace

TEAM = presets()["role-team"].with_roles([Role("owner", None)])
HEADER = ("account ID", "owner___tid", "owner")
BINDING = bind(HEADER, TEAM, mapping={}, line=1)


@pytest.mark.parametrize(("name", "is_same"), [("ana@x.example", True), ("ana", False)])
def test_an_address_means_the_same_user_in_every_column_and_a_name_does_not(
    name: str, is_same: bool
) -> None:
    first = canonical(Line(2, ("K1", name, "")), BINDING, TEAM)
    second = canonical(Line(3, ("K1", "", name)), BINDING, TEAM)

    assert first is not None
    assert (first == second) is is_same


@pytest.mark.parametrize(
    ("cells", "is_same"),
    [
        (("ana@x.example", "Standard", "bo@x.example", "Old"), True),
        (("ANA@X.example", "Standard", " BO@x.example ", "Old"), True),
        (("ana@x.example", "Standard", "bo@x.example", ""), False),
        (("ana@x.example", "Standard", "", "Old"), False),
        (("ana@x.example", "Standard", "ana@x.example", "Old"), False),
        (("ana@x.example", "standard", "bo@x.example", "Old"), False),
        (("bo@x.example", "Standard", "ana@x.example", "Old"), False),
        (("", "Standard", "bo@x.example", "Old"), False),
    ],
)
def test_lines_are_equal_if_holders_workflows_and_conditions_are(
    cells: tuple[str, ...], *, is_same: bool
) -> None:
    profile = presets()["multi-with-workflow"]
    binding = bind([column.label for column in profile.columns], profile, mapping={}, line=1)
    first = ("K1", "ana@x.example", "Standard", "bo@x.example", "Old")

    one, other = (
        canonical(Line(number, line), binding, profile)
        for number, line in enumerate((first, ("K1", *cells)), start=2)
    )

    assert one is not None
    assert (one == other) is is_same


def test_a_workflow_is_the_same_in_every_unicode_form_and_a_list_in_every_order() -> None:
    profile = replace(presets()["multi-with-workflow"], list_separator=",")
    binding = bind([column.label for column in profile.columns[:3]], profile, mapping={}, line=1)

    one, other = (
        canonical(Line(2, ("K1", users, workflow)), binding, profile)
        for users, workflow in (("ana@x,bo@x", "Caf\u00e9"), ("BO@x, ana@x", "Cafe\u0301"))
    )

    assert one is not None
    assert one == other


def test_fields_are_equal_only_as_they_are_written() -> None:
    users = presets()["directory-users"]
    binding = bind(("email", "name"), users, mapping={}, line=1)

    one, same, other = (
        canonical(Line(2, cells), binding, users)
        for cells in (("a@x.example", "Ana"), ("A@x.example", " Ana"), ("a@x.example", "ana"))
    )

    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("cells", "meaning"),
    [
        (("a@x.example", " ANA ", "active"), ("ana", ("a@x.example",))),
        (("a@x.example", "Ana", ""), ("ana", ("a@x.example",))),
        (("a@x.example", "", "active"), None),
        (("a@x.example", "Ana", "deleted"), None),
        (("no address", "Ana", "active"), None),
    ],
)
def test_a_line_about_a_user_asks_for_a_login_name_unless_it_deletes_the_user(
    cells: tuple[str, ...], meaning: object
) -> None:
    users = presets()["directory-users"]
    binding = bind(("email", "login_name", "status"), users, mapping={}, line=1)

    assert canonical_login(Line(2, cells), binding, users) == meaning


def test_a_line_that_is_invalid_is_never_a_repeat_of_another() -> None:
    fault = Rejection(3, "", "FIELD_COUNT", "two cells", "add one")

    assert canonical(Line(2, ("", "ana@x.example", "")), BINDING, TEAM) is None
    assert canonical(Line(3, ("K1", "ana@x.example"), fault), BINDING, TEAM) is None
