"""What two lines have in common: when one is a repeat of the other."""

from __future__ import annotations

import pytest
from handover.model import Line, Rejection
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.rules.understanding import canonical

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


def test_a_line_that_is_invalid_is_never_a_repeat_of_another() -> None:
    fault = Rejection(3, "", "FIELD_COUNT", "two cells", "add one")

    assert canonical(Line(2, ("", "ana@x.example", "")), BINDING, TEAM) is None
    assert canonical(Line(3, ("K1", "ana@x.example"), fault), BINDING, TEAM) is None
