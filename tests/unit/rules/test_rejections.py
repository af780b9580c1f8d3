"""Every reason to reject a line, with its code, its place and a remedy."""

from __future__ import annotations

import pytest
from handover.model import Account, Rejection, User
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from handover.rules.instructions import Instruction
from handover.rules.nearness import nearest
from handover.rules.planner import plan
from msgspec.structs import replace

from tests.unit.rules.scenery import (
    AMINA,
    BARAKA,
    CLEO,
    DIDIER,
    EDEM,
    HEADER,
    STRICT,
    account,
    context,
    lookup,
    understand,
    variant,
)

# Written out, so that a changed limit is seen.
MAX_QUESTIONS = 200

LIST = variant(list_separator=";")
TWO = variant(list_separator=";", roles={"account_manager": {"max_users": 2}})
BLANKS_ARE_ERRORS = variant(blank="error", clear_words=[])
ONLY_ACTIVE = variant(inactive_accounts="error")


def rejection(
    *cells: str,
    of: Account | None = None,
    profile: Profile = STRICT,
    fault: Rejection | None = None,
) -> Rejection | None:
    understood = understand(*cells, profile=profile, fault=fault)
    if isinstance(understood, Rejection):
        return understood
    return plan(understood, of, lookup(), profile, context()).rejection


@pytest.mark.parametrize(
    ("cells", "of", "profile", "code", "column"),
    [
        (("", AMINA.email), None, STRICT, "ACCOUNT_BLANK", HEADER[0]),
        (("  ", ""), None, STRICT, "ACCOUNT_BLANK", HEADER[0]),
        (("00\n42", AMINA.email), None, STRICT, "INVALID_CHARACTER", HEADER[0]),
        (("0042", "amina\t@x.example"), account(), STRICT, "INVALID_CHARACTER", HEADER[1]),
        (("#DIGITS!", AMINA.email), None, STRICT, "CELL_UNREADABLE", HEADER[0]),
        (("0042", "#FORMULA!"), account(), STRICT, "CELL_UNREADABLE", HEADER[1]),
        (("0042", AMINA.email), None, STRICT, "ACCOUNT_NOT_FOUND", HEADER[0]),
        (("0042", "None"), None, STRICT, "ACCOUNT_NOT_FOUND", HEADER[0]),
        (
            ("0042", AMINA.email),
            account(is_active=False),
            ONLY_ACTIVE,
            "ACCOUNT_INACTIVE",
            HEADER[0],
        ),
        (("0042", "nobody@x.example"), account(), STRICT, "USER_NOT_FOUND", HEADER[1]),
        (("0042", "Amina"), account(), STRICT, "USER_NOT_FOUND", HEADER[1]),
        (("0042", CLEO.email), account(), STRICT, "USER_ROLE", HEADER[1]),
        (("0042", EDEM.email), account(), STRICT, "USER_INACTIVE", HEADER[1]),
        (("0042", DIDIER.email), account(), STRICT, "OTHER_OPCO", HEADER[1]),
        (
            ("0042", f"{AMINA.email};{BARAKA.email}"),
            account(),
            LIST,
            "TOO_MANY_USERS",
            HEADER[1],
        ),
        (
            ("0042", f"{AMINA.email};{BARAKA.email};{DIDIER.email}"),
            account(),
            TWO,
            "TOO_MANY_USERS",
            HEADER[1],
        ),
        (("0042", ""), account(), BLANKS_ARE_ERRORS, "BLANK_NOT_ALLOWED", HEADER[1]),
    ],
)
def test_a_line_is_rejected_with_its_code_at_its_place(
    cells: tuple[str, ...], of: Account | None, profile: Profile, code: str, column: str
) -> None:
    found = rejection(*cells, of=of, profile=profile)

    assert found is not None
    assert (found.code, found.line, found.column) == (code, 7, column)
    assert found.hint


@pytest.mark.parametrize("code", ["FIELD_COUNT", "FIELD_TOO_LONG", "INVALID_CHARACTER"])
def test_a_malformed_line_is_never_interpreted(code: str) -> None:
    fault = Rejection(7, "", code, "as reading says")

    assert rejection("only one cell", fault=fault) is fault


def test_the_two_error_texts_that_users_rely_on_stay_the_same() -> None:
    no_account = rejection("0042", AMINA.email)
    no_user = rejection("0042", "nobody@x.example", of=account())

    assert no_account is not None
    assert no_account.error == "The customer was not found"
    assert no_account.hint == "Check and update your customer external ID in your file."
    assert no_user is not None
    assert no_user.error == "User not found, check the email"
    assert "'nobody@x.example'" in no_user.hint


@pytest.mark.parametrize(
    ("cells", "of", "profile", "said"),
    [
        (("0042", CLEO.email), account(), STRICT, ["line 7", HEADER[1], CLEO.email, "Sales"]),
        (("0042", EDEM.email), account(), STRICT, ["line 7", HEADER[1], EDEM.email, "active"]),
        (("0042", DIDIER.email), account(), STRICT, ["line 7", HEADER[1], "Togo", "Kenya"]),
        (("", ""), None, STRICT, ["line 7", HEADER[0], "empty", "expected"]),
        (("0042", "a\x07"), account(), STRICT, ["line 7", HEADER[1], "U+0007", "expected"]),
        (("0042", "a;b"), account(), LIST, ["line 7", HEADER[1], "2 users", "at most 1"]),
        (("0042", ""), account(), BLANKS_ARE_ERRORS, ["line 7", HEADER[1], "empty", "expected"]),
        (
            ("0042", ""),
            account(is_active=False),
            ONLY_ACTIVE,
            ["line 7", HEADER[0], "0042", "expected"],
        ),
    ],
)
def test_a_message_says_line_column_what_was_found_and_what_was_expected(
    cells: tuple[str, ...], of: Account | None, profile: Profile, said: list[str]
) -> None:
    found = rejection(*cells, of=of, profile=profile)

    assert found is not None
    assert [text for text in said if text not in found.error] == []


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("amnia@x.example", "did you mean amina@x.example?"),
        ("AMIN@x.example", "did you mean amina@x.example?"),
        ("amina@x.exampel", "did you mean amina@x.example?"),
        ("zzz@x.example", "Correct the address, or have the user created first."),
        ("amina@\u200bx.example", "cannot be seen (ZERO WIDTH SPACE)"),
        ("amina@x.example, baraka@x.example", "expected the address of one user in this cell"),
    ],
)
def test_the_hint_for_an_unknown_address_suggests_the_right_one(typed: str, hint: str) -> None:
    found = rejection("0042", typed, of=account())

    assert found is not None
    assert (found.code, repr(typed) in found.hint) == ("USER_NOT_FOUND", True)
    assert hint in found.hint


def test_an_address_with_a_look_alike_letter_is_another_address() -> None:
    cyrillic = "\u0430mina@x.example"

    found = rejection("0042", cyrillic, of=account())

    assert found is not None
    assert found.code == "USER_NOT_FOUND"


def test_the_first_bad_user_of_a_cell_is_named() -> None:
    many = variant(list_separator=",", roles={"account_manager": {"max_users": None}})

    found = rejection(
        "0042", f"{AMINA.email}, nobody@x.example, ghost@x.example", profile=many, of=account()
    )

    assert found is not None
    assert "'nobody@x.example'" in found.hint
    assert "ghost" not in found.hint


def test_an_inactive_account_may_be_assigned_if_the_profile_allows_it() -> None:
    assert rejection("0042", AMINA.email, of=account(is_active=False)) is None


NOWHERE = User("nuru@x.example", "Nuru", frozenset({"Sales"}), "")


@pytest.mark.parametrize(
    ("user", "opco", "profile_has_wall", "tenant_has_wall", "code"),
    [
        (DIDIER, "Kenya", False, True, "OTHER_OPCO"),
        (DIDIER, "Kenya", True, True, "OTHER_OPCO"),
        (DIDIER, "Kenya", True, False, "OTHER_OPCO"),
        (DIDIER, "Kenya", False, False, None),
        (DIDIER, "Togo", False, True, None),
        (DIDIER, "", False, True, None),
        (DIDIER, "", True, True, "OTHER_OPCO"),
        (NOWHERE, "Kenya", False, True, None),
        (NOWHERE, "Kenya", True, True, "OTHER_OPCO"),
        (NOWHERE, "", True, True, None),
    ],
)
def test_the_wall_of_the_tenant_applies_in_every_profile_and_that_of_a_profile_in_addition(
    user: User, opco: str, code: str | None, *, profile_has_wall: bool, tenant_has_wall: bool
) -> None:
    profile = variant(opco_wall=profile_has_wall)
    known = replace(lookup(), users={user.email: user}, has_opco_wall=tenant_has_wall)
    understood = understand("0042", user.email, profile=profile)
    assert isinstance(understood, Instruction)

    found = plan(understood, account(opco=opco), known, profile, context()).rejection

    assert (found.code if found is not None else None) == code


@pytest.mark.parametrize("has_wall", [True, False])
def test_an_opco_is_the_same_in_every_unicode_form(*, has_wall: bool) -> None:
    """The two forms look the same."""
    user = User("nuru@x.example", "Nuru", frozenset({"Sales"}), "Co\u0302te d'Ivoire")
    profile = variant(opco_wall=has_wall)
    understood = understand("0042", user.email, profile=profile)
    assert isinstance(understood, Instruction)
    known = replace(lookup(), users={user.email: user})

    found = plan(understood, account(opco="C\u00f4te d'Ivoire"), known, profile, context())

    assert found.rejection is None


def test_a_present_holder_is_judged_like_a_new_one() -> None:
    held = account(DIDIER.email)

    found = rejection("0042", DIDIER.email, of=held, profile=variant(opco_wall=False))

    assert found is not None
    assert found.code == "OTHER_OPCO"
    assert rejection("0042", "None", of=held, profile=variant(opco_wall=False)) is None


def test_without_required_roles_any_active_user_is_accepted() -> None:
    anybody = variant(required_user_roles=[])

    assert rejection("0042", CLEO.email, of=account(), profile=anybody) is None


def test_a_clear_word_of_another_profile_is_read_as_a_user() -> None:
    found = rejection("0042", "None", of=account(), profile=variant(clear_words=["-"]))

    assert found is not None
    assert found.code == "USER_NOT_FOUND"


def test_a_blank_cell_keeps_the_holders_if_the_profile_says_so() -> None:
    understood = understand("0042", "", profile=variant(blank="keep"))

    assert isinstance(understood, Instruction)
    assert understood.requests == ()


def test_a_user_named_twice_in_a_cell_counts_once() -> None:
    understood = understand("0042", f"{AMINA.email}; {AMINA.email.upper()} ;", profile=LIST)

    assert isinstance(understood, Instruction)
    assert understood.requests[0].names == (AMINA.email,)


def test_no_rule_depends_on_the_name_of_a_profile() -> None:
    renamed = variant(
        name="another", **{k: v for k, v in profile_json(STRICT).items() if k != "name"}
    )

    assert rejection("0042", CLEO.email, of=account(), profile=renamed) == rejection(
        "0042", CLEO.email, of=account()
    )


# Nearness


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("bob@x.example", "bob@x.example"),
        ("bbo@x.example", "bob@x.example"),
        ("bobb@x.exmple", "bob@x.example"),
        ("bobbb@x.exmple", None),
        ("", None),
    ],
)
def test_at_most_two_slips_are_a_typo(typed: str, near: str | None) -> None:
    assert nearest(("ann@y.example", "bob@x.example"))(typed) == near


def test_the_number_of_addresses_searched_for_is_bounded() -> None:
    near = nearest(("bob@x.example",))

    for number in range(MAX_QUESTIONS):
        near(f"nobody-{number}@y.example")

    assert near("bob@x.exampl") is None
    assert near("nobody-0@y.example") is None


def test_an_answer_found_once_is_given_again_beyond_the_bound() -> None:
    near = nearest(("bob@x.example",))
    near("bob@x.exampl")
    for number in range(MAX_QUESTIONS):
        near(f"nobody-{number}@y.example")

    assert near("bob@x.exampl") == "bob@x.example"


def test_without_users_no_address_is_similar() -> None:
    assert nearest(())("bob@x.example") is None


def test_u3_addresses_on_separate_lines_of_a_cell_are_a_list() -> None:
    for cell in (
        f"{AMINA.email},\n{BARAKA.email}",
        f"{AMINA.email}\r\n{BARAKA.email}",
        f"{AMINA.email}\n\n, {BARAKA.email}\r",
    ):
        many = variant(list_separator=",", roles={"account_manager": {"max_users": None}})
        found = understand("0042", cell, profile=many)

        assert isinstance(found, Instruction), cell
        assert found.requests[0].names == (AMINA.email, BARAKA.email), cell


def test_a_line_end_in_the_name_of_a_workflow_is_a_control_character() -> None:
    found = understand(
        "C-1",
        AMINA.email,
        "Gentle\nreminder",
        profile=presets()["multi-with-workflow"],
        header=("External Id", "Account manager email", "Workflow name"),
    )

    assert isinstance(found, Rejection)
    assert (found.column, found.code) == ("Workflow name", "INVALID_CHARACTER")


def test_a_suggestion_keeps_the_other_names_of_the_cell() -> None:
    many = variant(list_separator=",", roles={"account_manager": {"max_users": None}})

    found = rejection("0042", f"{BARAKA.email}, amnia@x.example", of=account(), profile=many)

    assert found is not None
    assert found.suggestion == f"{BARAKA.email}, {AMINA.email}"


def test_u3_a_line_end_in_a_cell_for_one_user_is_a_control_character() -> None:
    found = rejection("0042", f"{AMINA.email}\n{BARAKA.email}", of=account())

    assert found is not None
    assert found.code == "INVALID_CHARACTER"


def test_u7_a_workflow_is_found_in_every_unicode_form() -> None:
    columns = [
        {"holds": "account", "label": "account ID", "aliases": []},
        {"holds": "workflow", "label": "Workflow", "aliases": []},
    ]
    profile = variant(columns=columns, roles={})
    composed, decomposed = "Relance d\u00e9but", "Relance de\u0301but"

    for known, written in ((composed, decomposed), (decomposed, composed)):
        understood = understand("0042", written, profile=profile, header=("account ID", "Workflow"))
        assert isinstance(understood, Instruction)
        fields_of_it = replace(lookup(), workflows=frozenset({known}))

        planned = plan(understood, account(), fields_of_it, profile, context())

        assert planned.write is not None
        assert planned.write.assigned["workflow"] == (known,)


def test_u10_a_hint_names_the_kinds_of_name_that_the_profile_accepts() -> None:
    column = {"holds": "users", "label": HEADER[1], "aliases": [], "role": "account_manager"}
    key = {"holds": "account", "label": HEADER[0], "aliases": []}
    by_name = variant(columns=[key, column | {"by": ["name"]}])
    one_of_lists = variant(list_separator=";", roles={"account_manager": {"max_users": 1}})

    for profile, cell, words in (
        (by_name, "Amina Unknown", "expected the name of one user in this cell"),
        (by_name, "Zz", "Correct the name, or have the user created first"),
        (one_of_lists, "zz,yy", "expected the address of one user in this cell"),
    ):
        found = rejection("0042", cell, of=account(), profile=profile)

        assert found is not None
        assert words in found.hint


def test_a_suggestion_for_a_list_replaces_the_unknown_name_alone() -> None:
    both = variant(list_separator=";", roles={"account_manager": {"max_users": 3}})

    found = rejection("0042", f"{BARAKA.email};amnia@x.example", of=account(), profile=both)

    assert found is not None
    assert found.suggestion == f"{BARAKA.email}; {AMINA.email}"


def test_a_workflow_on_two_lines_of_a_cell_is_no_list() -> None:
    """Its name may contain the separator of lists."""
    teams = presets()["multi-with-workflow"]
    header = ("External Id", "Account manager email", "Workflow name")

    found = understand("0042", AMINA.email, "Gold\nSilver", profile=teams, header=header)

    assert isinstance(found, Rejection)
    assert (found.code, found.column) == ("INVALID_CHARACTER", "Workflow name")
