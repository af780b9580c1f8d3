"""The changes in the cells of results.csv are those that were written, or the row is refused."""

from __future__ import annotations

import pytest
from handover.model import RoleChange
from handover.reports.parsed_changes import changes_from_cells

KNOWN = ("account", "account manager", "viewer", "viewer; EMEA", "workflow")


@pytest.mark.parametrize(
    ("role", "before", "after", "changes"),
    [
        ("viewer", "", "a@x, b@x", [RoleChange("viewer", (), ("a@x", "b@x"))]),
        (
            "account manager; viewer",
            "a@x; ",
            "; b@x, c@x",
            [RoleChange("account manager", ("a@x",), ()), RoleChange("viewer", (), ("b@x", "c@x"))],
        ),
        (
            "account; workflow",
            "a@x; Firm; late, twice",
            "b@x; Soft",
            [
                RoleChange("account", ("a@x",), ("b@x",)),
                RoleChange("workflow", ("Firm; late, twice",), ("Soft",)),
            ],
        ),
        (
            "viewer; EMEA; viewer",
            "; a@x",
            "b@x; ",
            [RoleChange("viewer; EMEA", (), ("b@x",)), RoleChange("viewer", ("a@x",), ())],
        ),
    ],
)
def test_each_role_gets_its_holders_and_a_workflow_its_whole_name(
    role: str, before: str, after: str, changes: list[RoleChange]
) -> None:
    assert changes_from_cells(role, before, after, known=KNOWN) == tuple(changes)


@pytest.mark.parametrize("role", ["", "viewers", "viewer; ", "viewer; owner", "viewer;account"])
def test_a_role_that_the_profile_does_not_have_is_refused(role: str) -> None:
    with pytest.raises(ValueError, match="names a role that the profile does not have") as refused:
        changes_from_cells(role, "a@x", "b@x", known=KNOWN)

    assert repr(role) in str(refused.value)


@pytest.mark.parametrize(
    ("role", "before", "words"),
    [
        ("account; viewer", "a@x; b@x; c@x", "3 holders are given for 2 roles"),
        ("account; viewer", "a@x", "1 holders are given for 2 roles"),
        ("account; workflow", "a@x", "1 holders are given for 2 roles"),
        ("viewer", "a@x; b@x", "2 holders are given for 1 roles"),
    ],
)
def test_holders_of_more_or_fewer_roles_than_are_named_are_refused(
    role: str, before: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        changes_from_cells(role, before, "x; y", known=KNOWN)
