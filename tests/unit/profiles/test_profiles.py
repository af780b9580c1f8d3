"""Profiles: data that is checked field by field, and found again in any reasonable header."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from handover.errors import InvalidRequestError, RefusedError
from handover.model import Duplicates
from handover.profiles.binding import bind, check_mapping, known_labels
from handover.profiles.checks import check_profile, check_spellings
from handover.profiles.columns import Binding
from handover.profiles.parsing import parse_profile, profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import (
    Blank,
    Column,
    Holds,
    InactiveAccounts,
    NamedBy,
    Profile,
    Role,
    UnknownUser,
)
from handover.profiles.template import template_csv
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

STRICT = presets()["single-strict"]
HEADER = ("account ID", "account Manager")


def found(*labels: str, profile: Profile = STRICT, **mapping: str) -> Binding:
    return bind(labels, profile, mapping=mapping, line=1)


def refusal(*labels: str, profile: Profile = STRICT) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        found(*labels, profile=profile)
    return refused.value


# The preset


def test_the_preset_single_strict_exists_under_its_own_name() -> None:
    assert STRICT.name == "single-strict"
    assert [column.label for column in STRICT.columns] == [
        "account ID",
        "account Manager",
        "Current account manager",
    ]
    assert STRICT.roles == {"account_manager": Role("account_manager", 1)}
    assert STRICT.required_user_roles == {"Sales"}
    assert STRICT.uploader_roles == {"Admin", "Back Office Management"}
    assert STRICT.has_opco_wall


def test_every_preset_is_named_after_its_file_and_reads_its_own_template() -> None:
    for name, profile in presets().items():
        labels = template_csv(profile).decode("utf-8-sig").removesuffix("\r\n").split(",")

        assert profile.name == name
        binding = found(*labels, profile=profile)
        assert len(binding.roles) + len(binding.conditions) == len(labels) - 1


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_passes_the_checks_of_a_profile_that_a_tenant_stores(name: str) -> None:
    """Its labels and aliases among them: each names one column."""
    check_profile(presets()[name])


def test_a_template_starts_with_a_byte_order_mark_for_spreadsheets() -> None:
    assert template_csv(STRICT) == (
        b"\xef\xbb\xbfaccount ID,account Manager,Current account manager\r\n"
    )


@pytest.mark.parametrize(
    ("cell", "is_clearing"),
    [
        ("", True),
        ("   ", True),
        ("None", True),
        (" nOnE ", True),
        ("Nonesuch", False),
        ("N/A", False),
        ("0", False),
    ],
)
def test_a_blank_cell_and_the_word_none_clear(cell: str, is_clearing: bool) -> None:
    assert STRICT.is_clearing(cell) is is_clearing


def test_an_empty_cell_is_blank_even_if_a_clearing_word_is_empty() -> None:
    profile = replace(STRICT, blank=Blank.KEEP, clear_words=frozenset({""}))

    assert profile.is_blank(" ")
    assert not profile.is_clearing(" ")


@pytest.mark.parametrize(
    ("cell", "is_blank"),
    [
        (" ; ; ", True),
        (";", True),
        ("a;", False),
        (";a", False),
        # Somebody may have chosen it as a word.
        (";;", False),
        (",", False),
    ],
)
def test_a_list_of_nobody_is_blank(cell: str, is_blank: bool) -> None:
    profile = replace(STRICT, list_separator=";", clear_words=frozenset({";;"}))

    assert profile.is_blank(cell) is is_blank
    assert not replace(profile, list_separator=None).is_blank(cell)


def test_the_columns_of_each_role_have_its_name_in_all_their_labels() -> None:
    team = presets()["role-team"].with_roles(
        [Role("CSM", 1, frozenset({"Admin"})), Role("workflow", 1, frozenset({"Admin"}))]
    )

    assert [(one.role, one.label, one.aliases) for one in team.columns[1:]] == [
        ("CSM", "CSM___tid", ()),
        ("CSM", "CSM", ()),
        ("CSM", "Current CSM", ("current CSM___tid",)),
    ]
    assert team.roles == {"CSM": Role("CSM", 1, frozenset({"Admin"}))}
    assert STRICT.with_roles([Role("CSM", 1)]) is STRICT


def test_a_role_called_current_keeps_its_label() -> None:
    team = presets()["role-team"].with_roles([Role("CSM", 1), Role("current csm", 1)])

    assert [(one.holds.value, one.label) for one in team.columns if one.role == "CSM"] == [
        ("users", "CSM___tid"),
        ("users", "CSM"),
    ]
    assert [one.label for one in team.columns if one.role == "current csm"] == [
        "current csm___tid",
        "current csm",
        "Current current csm",
    ]


@pytest.mark.parametrize(
    ("guards", "assigners"),
    [
        ([], {"account_manager": {"Sales"}, "viewer": set()}),
        ([Role("viewer", 1, frozenset({"HR"}))], {"account_manager": {"Sales"}, "viewer": {"HR"}}),
        ([Role("account_manager", 5)], {"account_manager": {"Sales"}, "viewer": set()}),
        (
            [Role("account_manager", 5, frozenset({"HR"})), Role("CSM", 1, frozenset({"HR"}))],
            {"account_manager": {"HR"}, "viewer": set()},
        ),
        ([Role("CSM", 1, frozenset({"HR"}))], {"account_manager": {"Sales"}, "viewer": set()}),
    ],
)
def test_a_tenants_rule_of_who_assigns_a_role_replaces_that_of_the_profile(
    guards: list[Role], assigners: dict[str, set[str]]
) -> None:
    viewers = presets()["manager-and-viewers"]
    manager = replace(viewers.roles["account_manager"], assigned_by=frozenset({"Sales"}))
    profile = replace(viewers, roles=dict(viewers.roles) | {"account_manager": manager})

    guarded = profile.guarded_by(guards)

    assert {name: set(role.assigned_by) for name, role in guarded.roles.items()} == assigners
    assert [role.max_users for role in guarded.roles.values()] == [1, None]


@pytest.mark.parametrize(
    ("assigners", "roles", "admits"),
    [
        (set(), set(), True),
        ({"HR"}, {"Sales"}, False),
        ({"HR"}, set(), False),
        ({"HR", "Sales"}, {"Sales", "Admin"}, True),
    ],
)
def test_a_role_is_assigned_by_those_who_have_one_of_its_user_roles(
    assigners: set[str], roles: set[str], admits: bool
) -> None:
    assert Role("CSM", 1, frozenset(assigners)).admits_assigner(frozenset(roles)) is admits


def test_any_of_the_uploader_roles_admits() -> None:
    assert STRICT.admits(frozenset({"Sales", "Back Office Management"}), is_on=True)
    assert not STRICT.admits(frozenset({"Sales", "admin"}), is_on=True)
    assert not STRICT.admits(frozenset(), is_on=True)


@pytest.mark.parametrize("uploaders", [[], ["Sales"], ["Admin", "Sales"]])
def test_a_profile_that_is_not_on_admits_only_admins(uploaders: list[str]) -> None:
    profile = profile_from(profile_json(STRICT) | {"uploader_roles": uploaders})

    assert profile.admits(frozenset({"Admin"}), is_on=False)
    assert not profile.admits(frozenset({"Sales", "Back Office Management"}), is_on=False)
    assert not profile.admits(frozenset(), is_on=False)


@pytest.mark.parametrize("name", ["directory-users", "directory-accounts"])
@pytest.mark.parametrize("uploaders", [[], ["HR"]])
@pytest.mark.parametrize("is_on", [True, False])
def test_a_profile_about_the_directory_admits_only_admins(
    name: str, uploaders: list[str], is_on: bool
) -> None:
    profile = profile_from(profile_json(presets()[name]) | {"uploader_roles": uploaders})

    assert profile.admits(frozenset({"Admin"}), is_on=is_on)
    assert not profile.admits(frozenset({"HR"}), is_on=is_on)
    assert not profile.admits(frozenset(), is_on=is_on)


def test_a_profile_without_uploader_roles_admits_anybody() -> None:
    anybody = profile_from(profile_json(STRICT) | {"uploader_roles": []})

    assert anybody.admits(frozenset(), is_on=True)


# JSON


def at(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Sets the value at a path like `columns[1].by`; ABSENT removes it."""

    def change(data: dict[str, Any]) -> None:
        *way, last = path.replace("[", ".").replace("]", "").split(".")
        place: Any = data
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        key = int(last) if last.isdigit() else last
        if value is ABSENT:
            del place[key]
        else:
            place[key] = value

    return change


ABSENT = object()


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("name", "", "name"),
        ("name", "Upper", "name"),
        ("name", "a b", "name"),
        ("name", "-a", "name"),
        ("name", "a" * 64, "name"),
        ("name", 7, "name"),
        ("name", ABSENT, "name"),
        ("version", 0, "version"),
        ("version", True, "version"),
        ("version", "1", "version"),
        ("version", ABSENT, "version"),
        ("title", "  ", "title"),
        ("title", ABSENT, "title"),
        ("columns", {}, "columns"),
        ("columns", [], "columns"),
        ("columns", ABSENT, "columns"),
        ("columns[0]", "account ID", "columns[0]"),
        ("columns[0].holds", "accounts", "columns[0].holds"),
        ("columns[0].holds", ABSENT, "columns[0].holds"),
        ("columns[0].label", "", "columns[0].label"),
        ("columns[0].label", ABSENT, "columns[0].label"),
        ("columns[0].aliases", "id", "columns[0].aliases"),
        ("columns[0].aliases", [1], "columns[0].aliases"),
        ("columns[0].required", "yes", "columns[0].required"),
        ("columns[1].holds", "account", "columns"),
        ("columns[1].role", "viewer", "columns[1].role"),
        ("columns[1].role", ABSENT, "columns[1].role"),
        ("columns[1].by", ["shoe size"], "columns[1].by"),
        ("columns[1].by", [], "columns[1].by"),
        ("columns[1].by", ABSENT, "columns[1].by"),
        ("columns[1].colour", "red", "columns[1].colour"),
        ("roles", ABSENT, "roles"),
        ("roles", [], "roles"),
        ("roles.workflow", {"max_users": 1}, "roles"),
        ("roles.account_manager", 1, "roles.account_manager"),
        ("roles.account_manager.max_users", 0, "roles.account_manager.max_users"),
        ("roles.account_manager.max_users", True, "roles.account_manager.max_users"),
        ("roles.account_manager.max_users", "1", "roles.account_manager.max_users"),
        ("blank", "wipe", "blank"),
        ("blank", ABSENT, "blank"),
        ("clear_words", "None", "clear_words"),
        ("clear_words", [None], "clear_words"),
        ("list_separator", "-", "list_separator"),
        ("list_separator", ["x"], "list_separator"),
        ("unknown_user", "ignore", "unknown_user"),
        ("required_user_roles", ABSENT, "required_user_roles"),
        ("required_user_roles", [["Sales"]], "required_user_roles"),
        ("opco_wall", 1, "opco_wall"),
        ("opco_wall", ABSENT, "opco_wall"),
        ("inactive_accounts", None, "inactive_accounts"),
        ("duplicates", "random", "duplicates"),
        ("uploader_roles", None, "uploader_roles"),
        ("fallback_encoding", "latin-1", "fallback_encoding"),
        ("colour", "red", "colour"),
    ],
)
def test_an_error_in_a_profile_names_its_field(path: str, value: object, field: str) -> None:
    data = profile_json(STRICT)
    at(path, value)(data)

    with pytest.raises(InvalidRequestError) as wrong:
        profile_from(data)

    assert wrong.value.field == field


@pytest.mark.parametrize("data", [[], "x", None, 3])
def test_a_profile_is_an_object(data: object) -> None:
    with pytest.raises(InvalidRequestError, match="expected an object"):
        profile_from(data)


def test_text_that_is_not_json_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(InvalidRequestError, match="not JSON"):
        parse_profile("{")


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(str.strip)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    roles = {
        role: Role(
            role, draw(st.none() | st.integers(1, 9)), draw(st.frozensets(words, max_size=2))
        )
        for role in draw(st.lists(words, max_size=3, unique=True))
    }
    columns = [
        Column(
            Holds.USERS,
            draw(words),
            tuple(draw(st.lists(words, max_size=2))),
            role,
            (NamedBy.EMAIL,),
            draw(st.booleans()),
        )
        for role in roles
    ]
    account = Column(Holds.ACCOUNT, draw(words), tuple(draw(st.lists(words, max_size=2))))
    columns.insert(draw(st.integers(0, len(columns))), account)
    clear_words = draw(st.frozensets(words, max_size=2))
    required_user_roles = draw(st.frozensets(words, max_size=2))
    has_opco_wall = draw(st.booleans())
    knows_all = bool(required_user_roles) or has_opco_wall
    return Profile(
        name=draw(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)),
        version=draw(st.integers(1, 10**6)),
        title=draw(words),
        columns=tuple(columns),
        roles=roles,
        blank=draw(st.sampled_from(Blank)),
        clear_words=frozenset(word.strip().casefold() for word in clear_words),
        list_separator=draw(st.sampled_from([None, ",", ";", "|", " "])),
        unknown_user=UnknownUser.ERROR if knows_all else draw(st.sampled_from(UnknownUser)),
        required_user_roles=required_user_roles,
        has_opco_wall=has_opco_wall,
        inactive_accounts=draw(st.sampled_from(InactiveAccounts)),
        duplicates=draw(st.sampled_from(Duplicates)),
        uploader_roles=draw(st.frozensets(words, max_size=2)),
        fallback_encoding=draw(st.sampled_from([None, "windows-1252"])),
    )


@given(profiles())
def test_a_profile_written_as_json_is_read_back_the_same(profile: Profile) -> None:
    text = json.dumps(profile_json(profile))

    assert parse_profile(text) == profile


@pytest.mark.parametrize(
    ("label", "of"), [("Account  id", "columns[0]"), ("ACCOUNTID", "columns[0]")]
)
def test_a_label_names_one_column_even_after_those_of_the_tenants_roles(
    label: str, of: str
) -> None:
    team = presets()["role-team"]
    other = Column(Holds.USERS, "other", (label,), "deputy", (NamedBy.EMAIL,))
    profile = replace(team, columns=(*team.columns, other), roles={"deputy": Role("deputy", 1)})

    with pytest.raises(InvalidRequestError) as wrong:
        check_profile(profile)

    assert wrong.value.field == "columns[4]"
    assert str(wrong.value) == (
        f"columns[4]: {label!r} is a label of {of} already, the column 'account ID'"
    )


def test_two_new_roles_differ_in_more_than_case() -> None:
    profile = replace(STRICT, roles={name: Role(name, 1) for name in ("Buyer", "CSM", "csm")})

    check_spellings(profile, ["CSM", "csm"])
    with pytest.raises(InvalidRequestError, match="'csm' is known as 'CSM'") as wrong:
        check_spellings(profile, ["CSM"])
    assert wrong.value.field == "roles.csm"


@pytest.mark.parametrize("columns", [STRICT.columns[:1], STRICT.columns[::2]])
def test_a_profile_has_a_column_that_says_what_to_assign(columns: tuple[Column, ...]) -> None:
    with pytest.raises(InvalidRequestError) as wrong:
        check_profile(replace(STRICT, columns=columns))

    assert wrong.value.field == "columns"
    assert str(wrong.value) == "columns: expected one that says what to assign"


# Binding (R6, R7)


@pytest.mark.parametrize(
    "labels",
    [
        ("account ID", "account Manager"),
        ("ACCOUNT id", "Account MANAGER"),
        ("  account   ID ", "account\tManager"),
        ("account_id", "account_manager"),
        ("AccountID", "ACCOUNTMANAGER"),
        ("\ufeffaccount ID", "account\u200b Manager"),
    ],
)
def test_columns_are_found_by_label_or_alias_in_any_case_and_spacing(
    labels: tuple[str, str],
) -> None:
    binding = found(*labels)

    assert (binding.key, binding.key_label) == (0, " ".join(labels[0].split()))
    assert [(assignee.index, assignee.label, assignee.role) for assignee in binding.roles] == [
        (1, " ".join(labels[1].split()), "account_manager")
    ]


def test_columns_may_be_in_any_order_and_other_columns_are_discarded() -> None:
    binding = found("region", "account Manager", "", "note", "account ID", "note")

    assert (binding.key, [assignee.index for assignee in binding.roles]) == (4, [1])


@pytest.mark.parametrize(
    ("labels", "column", "near"),
    [
        (("account ID", "account Manger"), "account Manager", "account Manger"),
        (("acount ID", "account Manager"), "account ID", "acount ID"),
        (("Account_Identifier", "account Manager"), "account ID", "Account_Identifier"),
        (("account ID", "Owner e-mail"), "account Manager", "Owner e-mail"),
        (("account ID", "Town"), "account Manager", None),
        (("account ID",), "account Manager", None),
    ],
)
def test_a_missing_column_is_named_with_what_was_found_and_the_nearest_label(
    labels: tuple[str, ...], column: str, near: str | None
) -> None:
    refused = refusal(*labels).refusal

    assert (refused.code, refused.line) == ("MISSING_COLUMN", 1)
    assert repr(column) in refused.message
    assert all(repr(label) in refused.message for label in labels)
    assert (f"Is it {near!r}?" in refused.message) if near else ("Is it" not in refused.message)
    option = f"--map '{near or 'Your column'}={column}'"
    assert f"ename it or map it: {option}. Found: " in refused.message


def test_all_missing_columns_are_named_at_once() -> None:
    message = refusal("acct", "account Manger").refusal.message

    assert "no column 'account ID' and no column 'account Manager'" in message
    assert "Is it 'acct' or 'account Manger'?" in message


def test_the_first_missing_column_is_the_example_of_a_mapping() -> None:
    message = refusal("Town", "Region").refusal.message

    assert "map it: --map 'Your column=account ID'. Found: " in message


def test_the_options_to_type_are_quoted_for_a_shell() -> None:
    message = refusal("Client's no", "account  Manger").refusal.message

    assert (
        """--map 'Client'"'"'s no=account ID' --map 'account Manger=account Manager'.""" in message
    )


@pytest.mark.parametrize(("spaces", "is_typed"), [(3, True), (4, False)])
def test_a_label_of_100_characters_can_still_be_typed(spaces: int, *, is_typed: bool) -> None:
    label = f"account{' ' * spaces}Manger{' of the' * 12}"

    assert ("map it: --map 'account Manger of" in refusal("account ID", label).refusal.message) is (
        is_typed
    )


@pytest.mark.parametrize("label", ["account\x07 Manger", "account Manger" + " of the" * 20])
def test_a_label_that_nobody_can_type_must_be_renamed(label: str) -> None:
    message = refusal("account ID", label).refusal.message

    assert "Rename it or map it. Found: " in message


def test_the_columns_of_a_report_are_not_mistaken_for_others() -> None:
    message = refusal("Town", "account Manager", "line", "code", "error", "hint").refusal.message

    assert "If it has another name here" in message


@pytest.mark.parametrize(("columns", "end"), [(20, "'column 19'."), (21, "'column 19' ....")])
def test_a_wide_header_is_shortened_in_the_message(columns: int, end: str) -> None:
    message = refusal(*(f"column {number}" for number in range(columns))).refusal.message

    assert message.endswith(end)


def test_a_doubled_column_is_refused_with_both_places() -> None:
    refused = refusal("account ID", "account_manager", "note", "Account Manager").refusal

    assert (refused.code, refused.line) == ("DUPLICATE_COLUMN", 1)
    assert "'account_manager' (column 2) and 'Account Manager' (column 4)" in refused.message


def test_a_mapping_gives_a_column_another_name_in_any_case() -> None:
    binding = bind(
        ("Kundennummer", "ZUSTÄNDIG"),
        STRICT,
        mapping={"kundennummer": "Account ID", "zuständig": "account manager"},
        line=1,
    )

    assert (binding.key, binding.roles[0].index) == (0, 1)
    assert binding.roles[0].label == "ZUSTÄNDIG"


def test_a_mapping_goes_before_the_label() -> None:
    binding = bind(
        ("account ID", "old manager", "account Manager"),
        STRICT,
        mapping={"account Manager": "region", "old manager": "account Manager"},
        line=1,
    )

    assert binding.roles[0].index == 1


def test_a_mapping_to_a_column_that_the_profile_lacks_is_an_error_of_the_request() -> None:
    check_mapping(STRICT, {"Kunde": "ACCOUNT  id"})

    with pytest.raises(InvalidRequestError, match="'Kunde' is mapped to 'customer'") as wrong:
        check_mapping(STRICT, {"Kunde": "customer"})

    assert wrong.value.field == "mapping"


def test_a_mapping_has_at_most_64_kib_of_labels() -> None:
    room = 64 * 1024 - len(json.dumps({"": "account ID"}))
    check_mapping(STRICT, {"x" * room: "account ID"})

    with pytest.raises(InvalidRequestError) as wrong:
        check_mapping(STRICT, {"x" * (room + 1): "account ID"})

    assert wrong.value.field == "mapping"
    assert str(wrong.value) == ("mapping: found 65,537 bytes of labels, expected at most 65,536")


@pytest.mark.parametrize(
    ("holds", "role"),
    [
        ("users", "deputy"),
        ("users", "workflow"),
        ("expected", "deputy"),
        ("replaced", "deputy"),
        ("removed", "deputy"),
        ("resolved", "deputy"),
    ],
)
def test_a_column_of_a_role_that_is_not_defined_is_refused(holds: str, role: str) -> None:
    data = profile_json(STRICT)
    column = data["columns"][1] | {"label": "other", "aliases": [], "holds": holds, "role": role}
    if holds != "users":
        column.pop("by")
    data["columns"].append(column)

    with pytest.raises(InvalidRequestError) as refused:
        profile_from(data)

    assert refused.value.field == "columns[3].role"


def test_a_column_that_is_not_required_may_be_absent() -> None:
    data = profile_json(STRICT)
    data["columns"].append(data["columns"][1] | {"label": "deputy", "aliases": []})
    data["columns"][3] |= {"role": "deputy", "required": False}
    data["roles"]["deputy"] = {"max_users": 1}

    roles = found("account ID", "account Manager", profile=profile_from(data)).roles

    assert [assignee.role for assignee in roles] == ["account_manager"]


def test_a_header_with_only_the_account_is_refused() -> None:
    data = profile_json(STRICT)
    data["columns"][1]["required"] = False

    refused = refusal("account ID", "Town", profile=profile_from(data)).refusal

    assert refused.code == "MISSING_COLUMN"
    assert "none of the columns 'account Manager'. If it has another name" in refused.message
    assert refused.message.endswith("Found: 'account ID', 'Town'.")


def test_known_labels_are_in_the_form_in_which_labels_are_compared() -> None:
    known = known_labels(STRICT, {"Meine  Spalte": "account ID"})

    assert known >= {"account id", "account_id", "account manager", "meine spalte"}
    assert all(label == label.casefold().strip() for label in known)


def test_a_profile_equals_its_like_and_nothing_else() -> None:
    strict = presets()["single-strict"]

    assert strict == replace(strict, is_preset=not strict.is_preset)
    assert (strict == replace(strict, version=2), strict == "single-strict") == (False, False)
