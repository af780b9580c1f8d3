"""What a line of a directory file says, by what the profile makes of blanks, words and lengths."""

from __future__ import annotations

import pytest
from handover.model import Line, Operation, Rejection
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.profiles.profile import Blank, Profile
from handover.rules.directory_lines import account_record_of, user_record_of
from handover.rules.instructions import AssignmentRequest, Instruction
from msgspec.structs import replace

USERS, ACCOUNTS = presets()["directory-users"], presets()["directory-accounts"]


def of_user(phone: str, profile: Profile = USERS) -> Instruction | Rejection:
    """What a line says about a user with this phone."""
    binding = bind(("email", "phone"), profile, mapping={}, line=1)
    return user_record_of(Line(2, ("Ana@Acme.com", phone)), binding, profile)


def only_request(found: Instruction | Rejection) -> AssignmentRequest:
    """The only field that the line asks for."""
    assert isinstance(found, Instruction)
    assert found.record_id == "ana@acme.com"
    [request] = found.requests
    return request


def test_a_blank_cell_clears_keeps_or_is_refused_as_the_profile_says() -> None:
    kept = of_user(" ", replace(USERS, blank=Blank.KEEP))
    refused = of_user(" ", replace(USERS, blank=Blank.ERROR))

    cleared = only_request(of_user(" "))
    assert (cleared.operation, cleared.names) == (Operation.RECORD, ())
    assert isinstance(kept, Instruction)
    assert kept.requests == ()
    assert isinstance(refused, Rejection)
    assert (refused.code, refused.column) == ("BLANK_NOT_ALLOWED", "phone")
    assert refused.error == "line 2, phone: the cell is empty, expected a value"


def test_a_clear_word_clears_a_field() -> None:
    cleared = only_request(of_user("None", replace(USERS, clear_words=frozenset({"none"}))))

    assert cleared.names == ()
    assert cleared.cleared_by == "the word 'None'"


@pytest.mark.parametrize(("length", "is_refused"), [(200, False), (201, True)])
def test_a_text_about_a_user_has_at_most_200_characters(length: int, is_refused: bool) -> None:
    found = of_user("7" * length)

    if is_refused:
        assert isinstance(found, Rejection)
        assert found.code == "FIELD_TOO_LONG"
        assert "201 characters" in found.error
    else:
        assert only_request(found).names == ("7" * 200,)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (("", "Acme"), "ACCOUNT_BLANK"),
        (("KE\x07", "Acme"), "INVALID_CHARACTER"),
        (("KE1", "Ac\x07me"), "INVALID_CHARACTER"),
        (("A" * 513, "Acme"), "FIELD_TOO_LONG"),
        (("KE1", "é" * 1025), "FIELD_TOO_LONG"),
    ],
)
def test_an_id_or_name_that_cannot_be_stored_is_refused(cells: tuple[str, str], code: str) -> None:
    binding = bind(("account_id", "name"), ACCOUNTS, mapping={}, line=1)

    found = account_record_of(Line(2, cells), binding, ACCOUNTS)

    assert isinstance(found, Rejection)
    assert found.code == code


def test_portals_are_named_once_each_and_a_first_manager_is_asked_for_only_if_named() -> None:
    labels = ("account_id", "portals", "account_manager")
    binding = bind(labels, ACCOUNTS, mapping={}, line=1)

    both = account_record_of(Line(2, ("KE1", "b; a;b", "ana@acme.com")), binding, ACCOUNTS)
    without = account_record_of(Line(2, ("KE1", "b", "")), binding, ACCOUNTS)
    two = account_record_of(Line(2, ("KE1", "b", "ana@acme.com; bo@acme.com")), binding, ACCOUNTS)

    assert isinstance(both, Instruction)
    assert isinstance(without, Instruction)
    assert isinstance(two, Rejection)
    assert [one.names for one in both.requests] == [("b", "a"), ("ana@acme.com",)]
    assert [one.role for one in without.requests] == ["#portals"]
    assert two.code == "TOO_MANY_USERS"


def test_a_control_character_in_a_first_manager_is_refused() -> None:
    binding = bind(("account_id", "account_manager"), ACCOUNTS, mapping={}, line=1)

    found = account_record_of(Line(2, ("KE1", "ana@\x07acme.com")), binding, ACCOUNTS)

    assert isinstance(found, Rejection)
    assert (found.code, found.column) == ("INVALID_CHARACTER", "account_manager")


def rejected(label: str, code: str, error: str, hint: str) -> Rejection:
    return Rejection(2, label, code, f"line 2, {label}: {error}", hint)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (
            "",
            rejected(
                "account_id",
                "ACCOUNT_BLANK",
                "the cell is empty, expected the id of an account",
                "Fill in the id, or delete the line.",
            ),
        ),
        (
            "KE\u200b\u00a01",
            rejected(
                "account_id",
                "INVALID_CHARACTER",
                "'KE\\u200b\\xa01' holds characters that cannot be seen (ZERO WIDTH SPACE, "
                "NO-BREAK SPACE), expected an id that can be typed",
                "Type the id again.",
            ),
        ),
        (
            "\u00e9" * 256 + "x",
            rejected(
                "account_id",
                "FIELD_TOO_LONG",
                "the value takes 513 bytes, expected at most 512",
                "Shorten the value.",
            ),
        ),
        ("\u00e9" * 256, None),
        ("A" * 512, None),
        (" KE 1 ", None),
    ],
)
def test_an_id_is_refused_with_what_is_wrong_with_it(cell: str, expected: Rejection | None) -> None:
    binding = bind(("account_id", "name"), ACCOUNTS, mapping={}, line=1)

    found = account_record_of(Line(2, (cell, "Acme")), binding, ACCOUNTS)

    if expected is None:
        assert isinstance(found, Instruction)
        assert (found.record_id, found.key_label) == (cell.strip(), "account_id")
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("cell", "found", "more"),
    [
        ("", "the cell is empty", ""),
        ("ana", "'ana' is no e-mail address", ""),
        (
            "ana\u200b@x.example",
            "'ana\\u200b@x.example' is no e-mail address",
            " It holds characters that cannot be seen (ZERO WIDTH SPACE).",
        ),
    ],
)
def test_a_user_is_named_by_an_address(cell: str, found: str, more: str) -> None:
    binding = bind(("email", "phone"), USERS, mapping={}, line=1)

    assert user_record_of(Line(2, (cell, "")), binding, USERS) == rejected(
        "email",
        "ADDRESS_INVALID",
        f"{found}, expected one like ana@example.com",
        f"Correct the address, or delete the line.{more}",
    )


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("status", " Active ", ("active",)),
        (
            "status",
            "gone",
            rejected(
                "status",
                "STATUS_UNKNOWN",
                "'gone' is no status, expected active, inactive, deleted",
                "Correct the status; an empty cell means active.",
            ),
        ),
        ("name", " Dr; Ana ", ("Dr; Ana",)),
        (
            "name",
            "a" * 201,
            rejected(
                "name",
                "FIELD_TOO_LONG",
                "the value has 201 characters; expected at most 200",
                "Shorten the value.",
            ),
        ),
        ("roles", "Sales; Admin;; Sales ", ("Admin", "Sales")),
        ("roles", " ; ", ()),
        ("roles", "a;" * 1024, ("a",)),
        (
            "roles",
            "a;" * 1024 + "b",
            rejected(
                "roles",
                "FIELD_TOO_LONG",
                "the value takes 2,049 bytes, expected at most 2,048",
                "Shorten the value.",
            ),
        ),
    ],
)
def test_a_field_of_a_user_is_a_status_a_text_or_a_list_in_order(
    column: str, cell: str, expected: tuple[str, ...] | Rejection
) -> None:
    binding = bind(("email", column), USERS, mapping={}, line=1)

    found = user_record_of(Line(2, ("ana@x.example", cell)), binding, USERS)

    if isinstance(expected, Rejection):
        assert found == expected
    else:
        assert isinstance(found, Instruction)
        assert [one.names for one in found.requests] == [expected]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("", None),
        (" ; ", None),
        ("None", None),
        ("ana@x; ANA@x", ("ana@x",)),
    ],
)
def test_a_first_manager_is_one_user_or_nobody(cell: str, names: tuple[str, ...] | None) -> None:
    profile = replace(ACCOUNTS, clear_words=frozenset({"none"}))
    binding = bind(("account_id", "account_manager"), profile, mapping={}, line=1)

    found = account_record_of(Line(2, ("KE1", cell)), binding, profile)

    assert isinstance(found, Instruction)
    assert [one.names for one in found.requests] == ([names] if names else [])


def test_without_a_separator_a_cell_of_a_list_is_one_value() -> None:
    profile = replace(ACCOUNTS, list_separator=None)
    binding = bind(("account_id", "portals", "account_manager"), profile, mapping={}, line=1)

    found = account_record_of(Line(2, ("KE1", "b; a", "ana@x; bo@x")), binding, profile)

    assert isinstance(found, Instruction)
    assert [one.names for one in found.requests] == [("b; a",), ("ana@x; bo@x",)]


def test_a_line_with_a_fault_is_answered_with_it() -> None:
    fault = rejected("", "FIELD_COUNT", "two cells", "add one")

    for read, profile, key in (
        (account_record_of, ACCOUNTS, "account_id"),
        (user_record_of, USERS, "email"),
    ):
        binding = bind((key, "name"), profile, mapping={}, line=1)
        assert read(Line(2, ("x",), fault), binding, profile) is fault
