"""Which names a tenant may give: those that can be typed, looked up and part of a path."""

from __future__ import annotations

import pytest
from handover.errors import InvalidRequestError
from handover.profiles.names import (
    TENANT_PATTERN,
    check_name,
    check_path,
    check_role,
    check_spelling,
    is_name,
    workflow_role,
)
from handover.profiles.profile import Role

# Written out, so that a changed limit is seen.
MAX_NAME_CHARS = 100
MAX_ROLE_BYTES = 190


@pytest.mark.parametrize("role", ["a", "A B", "é-1", "x" * MAX_NAME_CHARS, "50% ~[x]", "é" * 95])
def test_a_role_may_have_any_printable_name_of_limited_length(role: str) -> None:
    check_role("role", role)


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("", "role: found '', expected 1 to 100 characters without outer spaces"),
        (" a", "role: found ' a', expected 1 to 100 characters without outer spaces"),
        ("a ", "role: found 'a ', expected 1 to 100 characters without outer spaces"),
        ("a\tb", r"role: found 'a\\tb', expected 1 to 100 characters without outer spaces"),
        ("x" * 101, "role: found 'x{100}', expected 1 to 100 characters"),
        ("a/b", "role: found 'a/b', expected no /"),
        ("a\\b", "expected no /"),
        ("a?b", "expected no /"),
        ("a#b", "expected no /"),
        ('a"b', "expected no /"),
        ("a`b", "expected no /"),
        ("a%41", "role: found 'a%41', expected no .* and no %41 or the like"),
        ("{a", "role: '{a' cannot be a role, expected a name without { }"),
        ("a}", "role: 'a}' cannot be a role, expected a name without { }"),
        ("é" * 96, "takes 192 bytes, expected at most 190"),
    ],
)
def test_a_wrong_name_of_a_role_is_refused_with_what_was_expected(role: str, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message) as wrong:
        check_role("role", role)

    assert wrong.value.field == "role"


def test_a_role_takes_at_most_the_bytes_that_a_key_has_left() -> None:
    fitting = "é" * 90 + "x" * 10
    check_role("role", fitting)
    assert len(fitting.encode()) == MAX_ROLE_BYTES

    with pytest.raises(InvalidRequestError, match="takes 191 bytes, expected at most 190"):
        check_role("role", "é" * 91 + "x" * 9)


@pytest.mark.parametrize(
    ("text", "expected"), [("", False), ("x", True), ("x" * 100, True), ("x" * 101, False)]
)
def test_a_text_that_nobody_could_have_stored_is_not_looked_up(text: str, expected: bool) -> None:
    assert is_name(text) is expected


def test_a_name_that_is_in_no_path_may_have_other_signs() -> None:
    check_name("name", 'a/b?"')

    with pytest.raises(InvalidRequestError) as wrong:
        check_path("name", "a/b")

    assert wrong.value.field == "name"


@pytest.mark.parametrize("max_users", [None, 1])
def test_an_account_has_one_workflow(max_users: int | None) -> None:
    asked = Role("workflow", max_users, frozenset({"HR"}))

    assert workflow_role(asked) == Role("workflow", 1, frozenset({"HR"}))


@pytest.mark.parametrize("max_users", [0, 2])
def test_several_workflows_of_an_account_are_refused(max_users: int) -> None:
    with pytest.raises(InvalidRequestError, match=f"found {max_users}, expected 1") as wrong:
        workflow_role(Role("workflow", max_users))

    assert wrong.value.field == "max_users"


@pytest.mark.parametrize(
    ("role", "known"),
    [
        ("CSM", []),
        ("CSM", ["CS", "CSMs"]),
        # It may stay as it is, even beside one that differs only in case.
        ("CSM", ["csm", "CSM"]),
    ],
)
def test_a_role_that_is_known_or_new_is_spelled_right(role: str, known: list[str]) -> None:
    check_spelling("role", role, known)


@pytest.mark.parametrize("role", ["csm  lead", "Csm Lead"])
def test_a_new_role_that_differs_only_in_case_or_spaces_is_refused(role: str) -> None:
    message = "is known as 'CSM Lead', expected the same spelling"
    with pytest.raises(InvalidRequestError, match=message) as wrong:
        check_spelling("roles.x", role, ["cSm lead", "CSM Lead", "Buyer"])

    assert wrong.value.field == "roles.x"


@pytest.mark.parametrize(
    ("tenant", "is_valid"),
    [
        ("a", True),
        ("0-a", True),
        ("x" * 63, True),
        ("x" * 64, False),
        ("-a", False),
        ("", False),
        ("A", False),
        ("a_b", False),
    ],
)
def test_a_tenant_has_a_name_that_a_host_could_have(tenant: str, is_valid: bool) -> None:
    assert (TENANT_PATTERN.fullmatch(tenant) is not None) is is_valid
