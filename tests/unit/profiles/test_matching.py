"""Matching: columns are found, proposed or left out, and never matched wrongly."""

from __future__ import annotations

from collections import Counter

import pytest
from handover.errors import RefusedError
from handover.profiles.binding import bind
from handover.profiles.copies import mapped_copy
from handover.profiles.ignored import ignored_columns
from handover.profiles.matching.assignment import How, Match, mapping_for, match_columns
from handover.profiles.matching.meaning import meaning_of, words_of
from handover.profiles.matching.samples import Look, appearance_of
from handover.profiles.matching.words import VOCABULARY, Concept
from handover.profiles.presets import presets
from handover.profiles.profile import Column, Holds, NamedBy, Profile, Role
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.profiles.header_rows import ROLES, header_rows, score_of

STRICT = presets()["single-strict"]
TEAM = presets()["role-team"].with_roles(Role(role, 1) for role in ROLES)
PROFILES = [TEAM, *(profile for profile in presets().values() if profile.name != "role-team")]
FLOW, VIEWERS, USERS, ACCOUNTS = (
    presets()[name]
    for name in (
        "multi-with-workflow",
        "manager-and-viewers",
        "directory-users",
        "directory-accounts",
    )
)
LABELS = sorted({label for row in header_rows("development.txt") for label in row.labels})
OWN_LABELS = sorted(
    {
        name
        for profile in PROFILES
        for column in profile.columns
        for name in (column.label, *column.aliases)
    }
)


def found(*labels: str, profile: Profile = STRICT, rows: tuple[str, ...] = ()) -> list[Match]:
    return list(match_columns(labels, [rows] if rows else [], profile, remembered={}))


def how(*labels: str, profile: Profile = STRICT, rows: tuple[str, ...] = ()) -> list[How]:
    return [match.how for match in found(*labels, profile=profile, rows=rows)]


def test_columns_of_held_out_exports_are_found_without_an_error() -> None:
    rows = header_rows("held_out.txt")

    score = score_of(rows)

    print(f"{len(rows)} held-out header rows, {score}")
    assert len(rows) >= 200
    assert score.wrongly_sure == []
    assert score.sure_percent >= 80
    assert score.found_percent >= 95


def test_columns_of_the_development_exports_are_found_without_an_error() -> None:
    rows = header_rows("development.txt")

    score = score_of(rows)

    print(f"{len(rows)} header rows of the development, {score}")
    assert len(rows) >= 100
    assert score.wrongly_sure == []
    assert score.missed == []
    assert score.sure_percent >= 95


def test_a_label_of_the_profile_is_exact_and_another_name_is_an_alias() -> None:
    first, second = found(" Account  ID", "account_manager")

    assert first == Match(" Account  ID", "account ID", How.EXACT)
    assert second == Match("account_manager", "account Manager", How.ALIAS)


def test_a_misspelled_label_is_only_a_proposal() -> None:
    matches = found("account ID", "acount mangaer")

    assert matches[1] == Match("acount mangaer", "account Manager", How.NEAR)
    assert mapping_for(matches, STRICT) == {}


def test_an_unneeded_column_is_not_mapped() -> None:
    assert found("account ID", "account Manager", "Billing city")[2].how is How.NONE


def test_the_mapping_of_a_person_goes_first() -> None:
    matches = match_columns(
        ("Ref", "Customer No", "Rep"), [], STRICT, remembered={" ref ": "account ID"}
    )

    assert matches[0] == Match("Ref", "account ID", How.REMEMBERED)
    assert matches[1].how is How.NONE
    assert mapping_for(matches, STRICT) == {"Ref": "account ID", "Rep": "account Manager"}


@pytest.mark.parametrize(
    "remembered",
    [
        pytest.param({"Ref": "account number"}, id="a column that the profile has no more"),
        pytest.param({"Ref": "account ID"}, id="a column that another label has come to name"),
    ],
)
def test_a_mapping_that_the_profile_no_longer_allows_is_forgotten(
    remembered: dict[str, str],
) -> None:
    labels = ("Ref", "account_id", "account Manager")

    matches = match_columns(labels, [], STRICT, remembered=remembered)

    assert [match.how for match in matches] == [How.NONE, How.ALIAS, How.EXACT]


def test_the_first_of_two_equally_good_columns_is_proposed() -> None:
    assert how("Customer No", "Client No", "account Manager") == [How.NEAR, How.NONE, How.EXACT]


@pytest.mark.parametrize(
    "labels", [("Account", "Company ID"), ("Company ID", "Account")], ids=["bare", "of a company"]
)
def test_an_account_and_the_id_of_a_company_are_equally_good(labels: tuple[str, str]) -> None:
    assert how(*labels, profile=ACCOUNTS) == [How.NEAR, How.NONE]


def test_a_label_that_means_two_roles_alike_is_only_a_proposal() -> None:
    sales = presets()["role-team"].with_roles([Role("Sales Rep", 1), Role("Sales Owner", 1)])

    assert how("account ID", "Rep", profile=sales) == [How.EXACT, How.NEAR]
    assert how("account ID", "Sales owner", profile=sales) == [How.EXACT, How.EXACT]


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (("Acme account no", "Account-ID"), ("K-1", "Acme Ltd")),
        (("Account-ID", "Acme account no"), ("Acme Ltd", "K-1")),
    ],
)
def test_the_first_of_two_equally_weak_columns_is_proposed(
    labels: tuple[str, ...], rows: tuple[str, ...]
) -> None:
    assert how(*labels, rows=rows) == [How.NEAR, How.NONE]


@pytest.mark.parametrize("name", ["Customer name", "account customer company name"])
def test_a_customer_beside_its_name_is_the_id(name: str) -> None:
    assert how("Customer", name) == [How.ALIAS, How.NONE]
    assert how("Customer", "Town") == [How.NEAR, How.NONE]


@pytest.mark.parametrize(
    ("label", "expected"), [("Acme customer no", How.NEAR), ("Acme east customer no", How.NONE)]
)
def test_an_id_with_more_than_one_unknown_word_is_not_proposed(label: str, expected: How) -> None:
    assert how(label, "KAM")[0] is expected


def test_a_column_that_is_taken_makes_no_other_less_certain() -> None:
    """Its label means the column of the address too."""
    labels = ("Account ID", "Account Manager", "Key account manager")

    matches = found(*labels, profile=TEAM)

    assert matches[1:] == [
        Match("Account Manager", "Account Manager", How.EXACT),
        Match("Key account manager", "Account Manager___tid", How.ALIAS),
    ]


def test_a_repeated_label_is_never_certain() -> None:
    assert how("Customer No", "KAM", "KAM") == [How.ALIAS, How.NEAR, How.NONE]


def test_an_address_goes_before_a_name() -> None:
    labels = ("Account ID", "Owner", "Owner e-mail")

    matches = found(*labels, rows=("A-1", "Ana Sousa", "ana@acme.com"))

    assert [match.column for match in matches] == ["account ID", None, "account Manager"]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("ana@acme.com", How.ALIAS),
        ("ana@acme.com; bo@acme.com", How.ALIAS),
        ("", How.ALIAS),
        ("Ana Sousa", How.NEAR),
        ("JR", How.NEAR),
    ],
)
def test_an_owner_column_without_names_of_users_is_only_a_proposal(
    sample: str, expected: How
) -> None:
    assert how("Account ID", "Owner", rows=("A-1", sample))[1] is expected


@pytest.mark.parametrize(
    ("sample", "expected"),
    [("C-100", How.ALIAS), ("Acme Ltd", How.NONE), ("a@acme.com", How.NONE), ("", How.NEAR)],
)
def test_a_customer_column_is_the_id_if_its_values_are_ids(sample: str, expected: How) -> None:
    assert how("Customer", "KAM", rows=(sample, "ana@acme.com"))[0] is expected


def test_a_customer_beside_a_name_is_the_id() -> None:
    assert how("Customer", "Customer name", "KAM")[0] is How.ALIAS


def test_an_unknown_label_is_proposed_because_of_its_values() -> None:
    labels = ("Our mark", "Looked after by")

    matches = found(*labels, rows=("A-1", "ana@acme.com"))

    assert [match.column for match in matches] == ["account ID", "account Manager"]
    assert [match.how for match in matches] == [How.NEAR, How.NEAR]


def test_an_e_mail_column_of_no_role_is_only_a_proposal() -> None:
    viewers = presets()["manager-and-viewers"]

    assert how("Customer ID", "E-mail", profile=viewers)[1] is How.NEAR
    assert how("Customer ID", "Customer e-mail", profile=viewers)[1] is How.NONE


def test_an_owner_column_is_only_a_proposal_if_there_are_several_roles() -> None:
    assert how("Account ID", "Account owner", profile=TEAM)[1] is How.NEAR


@pytest.mark.parametrize(
    ("label", "alone", "of_several"),
    [
        ("Customer success manager e-mail", How.ALIAS, How.ALIAS),
        ("Manager e-mail", How.ALIAS, How.NEAR),
        ("Sales rep e-mail", How.ALIAS, How.NONE),
    ],
)
def test_a_manager_column_of_another_name_means_the_only_role(
    label: str, alone: How, of_several: How
) -> None:
    roles = [Role("Customer Success Manager", 1), Role("Account Manager", 1)]
    team = presets()["role-team"]

    assert how("Account ID", label, profile=team.with_roles(roles[:1]))[1] is alone
    assert how("Account ID", label, profile=team.with_roles(roles))[1] is of_several


def test_a_plain_manager_column_goes_before_one_of_another_kind() -> None:
    assert how("Account ID", "Sales rep e-mail", "Manager e-mail")[1:] == [How.NONE, How.ALIAS]


def test_a_role_of_the_tenant_is_found_by_its_words() -> None:
    profile = presets()["role-team"].with_roles([Role("Technical Lead", 1), Role("Buyer", 1)])

    matches = found("Account ID", "TECHNICAL_LEAD_EMAIL", "Team", profile=profile)

    assert [match.column for match in matches] == ["account ID", "Technical Lead___tid", None]


@pytest.mark.parametrize("role", ["Acme Viewer", "Acme Follower", "Acme Manager"])
def test_a_role_with_a_word_of_the_tenant_is_found_by_its_words(role: str) -> None:
    profile = presets()["role-team"].with_roles([Role(role, 1), Role("Buyer", 1)])

    matches = found("Account ID", f"{role} e-mail", "Other viewer", profile=profile)

    assert [(match.column, match.how) for match in matches[1:]] == [
        (f"{role}___tid", How.ALIAS),
        (None, How.NONE),
    ]


def test_a_holder_column_is_not_certain_if_the_profile_also_has_the_present_holder() -> None:
    before = Column(Holds.EXPECTED, "current holder", role="account_manager")
    profile = replace(STRICT, columns=(*STRICT.columns, before))

    assert how("Account ID", "New owner e-mail", profile=profile)[1] is How.NEAR


def test_the_labels_of_a_tenants_own_profile_are_understood() -> None:
    labels = {"Kunde Nr": "account ID", "Zuständig": "account Manager"}
    profile = mapped_copy(STRICT, labels, [], name="own", title="Own")

    matches = found("Klantnummer", "Responsible", profile=profile)

    assert [match.column for match in matches] == ["Kunde Nr", "Zuständig"]


def test_columns_of_each_role_are_not_mapped_until_the_roles_are_known() -> None:
    profile = presets()["role-team"]

    assert how("Account ID", "{role}", profile=profile) == [How.EXACT, How.NONE]


def test_samples_are_the_first_values_that_are_not_blank() -> None:
    rows = [["A-1"], [" "], [], ["A-2", "x"], ["A-3"], ["A-4"]]

    matches = match_columns(("account ID", "account Manager"), rows, STRICT, remembered={})

    assert matches[0].samples == ("A-1", "A-2", "A-3")
    assert matches[1].samples == ("x",)


@given(
    st.sampled_from(PROFILES),
    st.lists(st.one_of(st.sampled_from([*LABELS, *OWN_LABELS]), st.text(max_size=12)), max_size=9),
    st.data(),
)
def test_no_column_is_mapped_twice_and_certain_columns_can_be_bound(
    profile: Profile, labels: list[str], data: st.DataObject
) -> None:
    own = [column.label for column in profile.columns]
    remembered = data.draw(
        st.dictionaries(st.sampled_from(labels or [""]), st.sampled_from(own), max_size=3)
    )

    matches = match_columns(labels, [], profile, remembered=remembered)

    assert [match.header for match in matches] == labels
    assert all((match.column is None) == (match.how is How.NONE) for match in matches)
    taken = Counter(match.column for match in matches if match.column is not None)
    assert set(taken.values()) <= {1}
    assert taken.keys() <= set(own)
    assert matches == match_columns(labels, [], profile, remembered=remembered)
    mapping = mapping_for(matches, profile)
    if _refusal(labels, profile, {}) != "DUPLICATE_COLUMN":
        assert _refusal(labels, profile, mapping) != "DUPLICATE_COLUMN"
    if _refusal(labels, profile, {}) == "":
        assert {match.header for match in matches if match.how is How.NEAR}.isdisjoint(mapping)


def _refusal(labels: list[str], profile: Profile, mapping: dict[str, str]) -> str:
    try:
        bind(labels, profile, mapping=mapping, line=1)
    except RefusedError as refused:
        return refused.refusal.code
    return ""


def test_certain_columns_include_those_that_binding_finds() -> None:
    labels = ("Kundennummer", "KAM e-mail", "Ort")

    mapping = mapping_for(found(*labels), STRICT)

    assert mapping == {"Kundennummer": "account ID", "KAM e-mail": "account Manager"}
    assert bind(labels, STRICT, mapping=mapping, line=1).key == 0


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("accountManagerEMail", ("account", "manager", "email")),
        ("ACCOUNT_ID__c", ("account", "id", "c")),
        ("N° de client", ("number", "de", "client")),
        ("Zuständiger (E-Mail)", ("zustandiger", "email")),
        ("CRMAccountID", ("crm", "account", "id")),
        ("Cust #", ("cust", "number")),
        # Signs that nobody sees, such as those that join letters.
        ("cus\u200dtomer\u00ad", ("customer",)),
        ("", ()),
    ],
)
def test_a_label_is_split_into_words(label: str, words: tuple[str, ...]) -> None:
    assert words_of(label) == words


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("Straße", "strasse"),
        ("Købt", "kobt"),
        ("Kærlig", "kaerlig"),
        ("Małe", "male"),
        ("Đuro", "duro"),
        ("Cœur", "coeur"),
    ],
)
def test_letters_that_keyboards_lack_are_read_as_people_type_them(label: str, word: str) -> None:
    assert words_of(label) == (word,)


@pytest.mark.parametrize(
    ("label", "concepts"),
    [
        ("Kundennummer", {Concept.CUSTOMER, Concept.NUMBER}),
        ("OWNEREMAIL", {Concept.OWNER, Concept.EMAIL}),
        # The shortest part that is no ending.
        ("repemail", {Concept.REP, Concept.EMAIL}),
        ("primarycontactid", {Concept.OTHER, Concept.ID}),
        ("Key Account", {Concept.OTHER}),
        ("key account manager", {Concept.ACCOUNT_MANAGER}),
        ("KUNNR", {Concept.CUSTOMER, Concept.ID}),
        # "statuscode" and "mail", not three words: a word has as few parts as possible.
        ("statuscodemail", {Concept.STATUS, Concept.EMAIL}),
        # Of as many parts, the last is as long as possible: not a mobile phone's number.
        ("mobiltelefonnummer", {Concept.MOBILE, Concept.PHONE}),
        # The longest word that is taken apart.
        ("customer" * 5, {Concept.CUSTOMER}),
    ],
)
def test_compounds_and_phrases_are_understood(label: str, concepts: set[Concept]) -> None:
    assert meaning_of(label).concepts == concepts
    assert not meaning_of(label).unknown


@pytest.mark.parametrize(
    ("label", "concepts"),
    [
        ("Custmer Number", {Concept.CUSTOMER, Concept.NUMBER}),
        ("ownar", {Concept.OWNER}),
        # Ten letters may have two typos.
        ("betrechtar", {Concept.VIEWER}),
        ("Number of the custoner", {Concept.CUSTOMER, Concept.NUMBER}),
    ],
)
def test_a_misspelled_word_is_understood_as_a_guess(label: str, concepts: set[Concept]) -> None:
    meaning = meaning_of(label)

    assert meaning.concepts == concepts
    assert not meaning.unknown
    assert meaning.is_guessed


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("ownr", id="too short for a typo"),
        pytest.param("codee", id="the known word is too short for a typo"),
        pytest.param("obzervres", id="two typos in nine letters"),
        pytest.param("reprezntatve", id="three typos in a long word"),
        pytest.param("own\u0435r", id="a letter of another script"),
        pytest.param("customer" * 4 + "customers", id="a compound of 41 letters"),
        pytest.param("idkunden", id="an ending at the beginning"),
    ],
)
def test_a_word_that_differs_more_stays_unknown(word: str) -> None:
    meaning = meaning_of(word)

    assert not meaning.concepts
    assert meaning.unknown == {word}
    assert not meaning.is_guessed


def test_every_word_of_the_vocabulary_is_in_the_form_in_which_labels_are_compared() -> None:
    for words in VOCABULARY:
        assert words
        assert words_of(" ".join(words)) == words


@pytest.mark.parametrize(
    ("values", "look"),
    [
        (["", " "], Look.EMPTY),
        (["ana@acme.com", "bo@acme.com; cy@acme.com", ""], Look.EMAILS),
        (["00123", "AC-7"], Look.IDS),
        (["Ana Sousa", "Bo Li"], Look.NAMES),
        (["active", "Inactive"], Look.STATUSES),
        (["yes", "maybe later!"], Look.ANYTHING),
        (["x" * 5000 + "@"], Look.ANYTHING),
    ],
)
def test_values_are_recognized_by_their_form(values: list[str], look: Look) -> None:
    assert appearance_of(values) is look


@pytest.mark.parametrize(
    ("cell", "match"),
    [
        ("KE1", ("account ID", How.ALIAS)),
        ("", ("account ID", How.ALIAS)),
        ("Ana Sousa", ("account ID", How.NEAR)),
        ("active", ("account ID", How.NEAR)),
        ("ana@acme.com", (None, How.NONE)),
    ],
)
def test_values_that_are_no_ids_weaken_or_cancel_a_label_of_accounts(
    cell: str, match: tuple[str | None, How]
) -> None:
    [one] = found("Acct nr", rows=(cell,))

    assert (one.column, one.how) == match


def test_ways_to_name_users_decide_between_columns() -> None:
    users = replace(STRICT.columns[1], by=(NamedBy.LOGIN,))
    profile = replace(STRICT, columns=(STRICT.columns[0], users))

    matches = found("Account ID", "AM e-mail", "AM login", profile=profile)

    assert [match.column for match in matches] == ["account ID", None, "account Manager"]


def test_only_the_labels_of_the_profile_make_a_condition_certain() -> None:
    def matched(label: str, *others: str) -> tuple[str | None, How]:
        match = found("Account ID", *others, label)[-1]
        return match.column, match.how

    assert matched("current account manager", "KAM") == ("Current account manager", How.EXACT)
    assert matched("Current_Manager", "KAM") == ("Current account manager", How.ALIAS)
    assert matched("Present KAM", "KAM") == ("Current account manager", How.NEAR)
    # Alone it may be the column with the new holder.
    assert matched("Present KAM") == ("account Manager", How.NEAR)
    assert matched("acount mangaer") == ("account Manager", How.NEAR)


def test_a_misspelled_condition_is_suggested_but_not_for_another_kind_of_manager() -> None:
    def suggested(label: str) -> str | None:
        return dict(ignored_columns(["account ID", "account Manager", label], STRICT, mapping={}))[
            label
        ]

    assert suggested("Curent account manager") == "Current account manager"
    assert suggested("Key account manager") is None


def test_of_two_columns_of_the_same_person_that_of_the_address_is_taken() -> None:
    labels = ("Account ID", "Account-Manager", "Account Manager E-mail")

    assert [match.column for match in found(*labels)] == ["account ID", None, "account Manager"]
    assert how(*labels) == [How.EXACT, How.NONE, How.ALIAS]


@pytest.mark.parametrize("label", ["Operating company code", "OpCo name", "Opco id"])
def test_a_code_or_name_of_the_operating_company_is_the_opco(label: str) -> None:
    match = found("account_id", label, profile=presets()["directory-accounts"])[1]

    assert (match.column, match.how) == ("opco", How.ALIAS)


@pytest.mark.parametrize(
    ("label", "expected"), [("Customer viewers", How.ALIAS), ("Acme viewers", How.NEAR)]
)
def test_viewers_with_an_unknown_word_are_only_a_proposal(label: str, expected: How) -> None:
    match = found("customer ID", "email", label, profile=presets()["manager-and-viewers"])[2]

    assert (match.column, match.how) == ("defaultViewers", expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("ana@acme.com", How.ALIAS),
        ("", How.ALIAS),
        ("Ana Sousa", How.NEAR),
        ("asousa7", How.NEAR),
    ],
)
def test_a_column_of_users_without_addresses_is_only_a_proposal(cell: str, expected: How) -> None:
    [match] = found("User e-mail", profile=presets()["directory-users"], rows=(cell,))

    assert (match.column, match.how) == ("email", expected)


def with_account_label(label: str) -> Profile:
    """A tenant's own profile, whose files have another label for the account."""
    return mapped_copy(STRICT, {label: "account ID"}, [], name="own", title="Own")


@pytest.mark.parametrize(
    ("profile", "better", "other"),
    [
        pytest.param(FLOW, "Customer workflow", "Dunning workflow", id="a plain workflow"),
        pytest.param(VIEWERS, "Customer viewers", "Watchers", id="viewers, not followers"),
        pytest.param(
            with_account_label("External customer ID"),
            "External number",
            "Customer number",
            id="the external number of a profile of external ids",
        ),
        pytest.param(STRICT, "account-ID", "Customer no", id="the own words, not other ones"),
        pytest.param(STRICT, "account-ID", "account identifier", id="the own words, not the same"),
        pytest.param(ACCOUNTS, "Account names", "Customer name", id="the account's name"),
        pytest.param(ACCOUNTS, "Account estado", "Customer status", id="the account's status"),
        pytest.param(ACCOUNTS, "Account portal", "Customer portal", id="the account's portal"),
        pytest.param(ACCOUNTS, "Portal name", "Customer portal", id="a portal of nobody else"),
        pytest.param(USERS, "Employee mail", "Work e-mail", id="the user's address"),
    ],
)
def test_of_two_columns_that_fit_the_better_one_is_certain(
    profile: Profile, better: str, other: str
) -> None:
    for labels in ((better, other), (other, better)):
        matches = {match.header: match.how for match in found(*labels, profile=profile)}

        assert matches == {better: How.ALIAS, other: How.NONE}


@pytest.mark.parametrize(
    ("own", "label", "expected"),
    [
        ("Portail", "Portals", How.ALIAS),
        # Many columns have such words.
        ("Plan", "Campaign", How.NONE),
        # Words without a meaning of their own say nothing of what two labels share.
        ("SAP", "Salesforce", How.NONE),
        ("???", "!!", How.NONE),
    ],
)
def test_a_label_of_the_same_meaning_is_that_of_a_tenants_own_profile(
    own: str, label: str, expected: How
) -> None:
    assert how(label, profile=with_account_label(own)) == [expected]


def test_of_addresses_without_a_role_one_that_says_nothing_else_is_proposed() -> None:
    labels = ("account ID", "Contact", "E-mail")

    assert how(*labels, rows=("A-1", "a@x.example", "b@x.example")) == [
        How.EXACT,
        How.NONE,
        How.NEAR,
    ]


def test_the_name_of_an_employee_goes_before_what_may_be_a_login() -> None:
    labels = ("Email", "User name", "Employee name")

    matches = found(*labels, profile=USERS, rows=("a@x.example", "Ana Sousa", "Bo Li"))

    assert [(match.column, match.how) for match in matches] == [
        ("email", How.EXACT),
        ("login_name", How.NEAR),
        ("name", How.ALIAS),
    ]


def test_a_column_without_a_label_is_not_proposed() -> None:
    assert how("account ID", " ", rows=("A-1", "a@x.example")) == [How.EXACT, How.NONE]


_IDS = "id code number ref"


@pytest.mark.parametrize(
    ("profile", "label", "sample", "match"),
    [
        (STRICT, f"external record account customer company {_IDS}", "", ("account ID", How.ALIAS)),
        (
            STRICT,
            "old email name login user names user employee",
            "a@x.example",
            ("account Manager", How.NEAR),
        ),
        (STRICT, "email name login user names", "", (None, How.NONE)),
        (STRICT, "rep owner sales", "", ("account Manager", How.ALIAS)),
        (STRICT, "success manager owner rep", "", ("account Manager", How.ALIAS)),
        (FLOW, "dunning workflow plan", "", ("Workflow name", How.ALIAS)),
        (
            VIEWERS,
            "additional viewers followers email name user employee account customer company",
            "",
            ("defaultViewers", How.ALIAS),
        ),
        (ACCOUNTS, "account customer company name", "", ("name", How.ALIAS)),
        (ACCOUNTS, f"customer {_IDS}", "", ("customer_id", How.ALIAS)),
        (ACCOUNTS, f"opco name {_IDS}", "", ("opco", How.ALIAS)),
        (ACCOUNTS, f"subsidiary name {_IDS}", "", ("opco", How.ALIAS)),
        (ACCOUNTS, "active status of account customer company", "", ("status", How.ALIAS)),
        (ACCOUNTS, "portal name of account customer company", "", ("portals", How.ALIAS)),
        (USERS, f"employee user {_IDS}", "", ("employee_id", How.ALIAS)),
        (USERS, "employee user phone at work", "", (None, How.NONE)),
        (USERS, "employee user work phone", "", ("phone", How.ALIAS)),
        (USERS, "employee user work mobile tel", "", ("mobile", How.ALIAS)),
        (USERS, "employee user work email", "", ("email", How.ALIAS)),
        (USERS, "employee user email login", "", ("email", How.NEAR)),
    ],
)
def test_a_label_may_say_all_that_belongs_to_its_column(
    profile: Profile, label: str, sample: str, match: tuple[str | None, How]
) -> None:
    [one] = found(label, profile=profile, rows=(sample,))

    assert (one.column, one.how) == match


@pytest.mark.parametrize(
    ("profile", "better", "other"),
    [
        (VIEWERS, "Customer viewers", "Viewer login"),
        (STRICT, "Key account manager", "Account-Manager login"),
        (STRICT, "KAM", "Owner login"),
    ],
)
def test_a_label_of_another_form_than_its_values_goes_last(
    profile: Profile, better: str, other: str
) -> None:
    for labels in ((better, other), (other, better)):
        matches = found(*labels, profile=profile, rows=("a@x.example", "b@x.example"))

        assert {match.header: match.how for match in matches} == {
            better: How.ALIAS,
            other: How.NONE,
        }


@pytest.mark.parametrize(
    "labels",
    [("account ID", "E-mail", "Acme owner login"), ("account ID", "Acme owner login", "E-mail")],
    ids=["the first", "the last"],
)
def test_an_owner_goes_before_an_address_of_nobody(labels: tuple[str, ...]) -> None:
    matches = found(*labels, rows=("A-1", "a@x.example", "b@x.example"))

    assert {match.header: match.how for match in matches} == {
        "account ID": How.EXACT,
        "Acme owner login": How.NEAR,
        "E-mail": How.NONE,
    }
