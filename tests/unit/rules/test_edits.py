"""An edit of one account is decided by the rules for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from handover.errors import InvalidRequestError
from handover.model import Rejection
from handover.profiles.presets import presets
from handover.profiles.profile import NamedBy
from handover.rules.edits import edit_of, spoken_of
from handover.rules.instructions import AssignmentRequest, Instruction

from tests.unit.rules.scenery import ROLE, variant

FLOW = presets()["multi-with-workflow"]
TWO = variant(list_separator=",", roles={ROLE: {"max_users": 2}})


@pytest.mark.parametrize(
    ("role", "names", "expected"),
    [
        (ROLE, ["ana@x", " ANA@X ", "bo@x"], ("ana@x", "bo@x")),
        (ROLE, [], ()),
        (ROLE, ["None"], ()),
        (ROLE, ["ana@x", "none"], ("ana@x", "none")),
    ],
)
def test_an_edit_asks_for_the_users_that_it_names_each_once(
    role: str, names: Sequence[str], expected: tuple[str, ...]
) -> None:
    assert edit_of("0042", {role: names}, TWO) == Instruction(
        1, "0042", "account_id", (AssignmentRequest(role, role, expected),)
    )


def test_an_edit_may_name_a_workflow_and_users_as_the_columns_of_the_profile_do() -> None:
    columns = {column.role: column for column in FLOW.columns if column.role}
    wishes = {"workflow": [" Standard "], ROLE: ["ana@x"]}

    found = edit_of("0042", wishes, FLOW)

    assert isinstance(found, Instruction)
    assert [(one.role, one.names, one.is_workflow) for one in found.requests] == [
        ("workflow", ("Standard",), True),
        (ROLE, ("ana@x",), False),
    ]
    assert found.requests[1].by == columns[ROLE].by
    assert NamedBy.EMAIL in found.requests[1].by


@pytest.mark.parametrize(
    ("wishes", "rejection"),
    [
        (
            {ROLE: ["ana@x", "a\x07b"]},
            Rejection(
                1,
                ROLE,
                "INVALID_CHARACTER",
                f"line 1, {ROLE}: the cell holds the control character U+0007, expected plain text",
                "Type the value again.",
            ),
        ),
        (
            {ROLE: ["ana@x", "bo@x", "cy@x"]},
            Rejection(
                1,
                ROLE,
                "TOO_MANY_USERS",
                f"line 1, {ROLE}: 3 users, expected at most 2",
                "Keep 2 of them.",
            ),
        ),
        (
            {ROLE: ["", " "]},
            Rejection(
                1,
                ROLE,
                "BLANK_NOT_ALLOWED",
                f"line 1, {ROLE}: found no name, expected one; an empty list means nobody",
                "Name who is to hold the role, or send an empty list for nobody.",
            ),
        ),
    ],
)
def test_an_edit_that_cannot_be_understood_is_rejected(
    wishes: Mapping[str, Sequence[str]], rejection: Rejection
) -> None:
    assert edit_of("0042", wishes, TWO) == rejection


@pytest.mark.parametrize("names", [["One", "Two", "One"], ["One", "one"]])
def test_an_edit_names_one_workflow_at_most(names: list[str]) -> None:
    found = edit_of("0042", {"workflow": names}, FLOW)

    assert isinstance(found, Rejection)
    assert found.error == "line 1, workflow: 2 workflows, expected at most 1"


def test_a_role_that_the_profile_does_not_assign_is_refused_with_those_that_it_does() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        edit_of("0042", {"owner": ["ana@x"]}, FLOW)
    with pytest.raises(InvalidRequestError) as without:
        edit_of("0042", {"owner": ["ana@x"]}, presets()["directory-users"])

    assert refused.value.field == without.value.field == "assign.owner"
    assert str(refused.value) == (
        "the profile multi-with-workflow does not assign 'owner': expected "
        "'account_manager' or 'workflow'"
    )
    assert str(without.value) == (
        "the profile directory-users does not assign 'owner': expected none, it assigns no role"
    )


def test_the_rejection_of_an_edit_mentions_no_line() -> None:
    rejection = Rejection(1, ROLE, "USER_NOT_FOUND", "line 1, x: no", "line 1, x: see line 1, y")

    assert spoken_of(rejection) == Rejection(1, ROLE, "USER_NOT_FOUND", "x: no", "x: see line 1, y")
