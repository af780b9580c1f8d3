"""Profiles of a tenant's own: stored, versioned, copied with a mapping, removed."""

from __future__ import annotations

from typing import Any

import pytest
from handover.deadline import Deadline
from handover.http.bodies import profiles
from handover.profiles.binding import bind
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Profile, Role
from handover.profiles.remembering import RememberedMapping, fingerprint_of
from handover.store.directory import Source
from handover.store.settings import Setup

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import OFFICE, SALES, Answer, Api

STRICT = profile_json(presets()["single-strict"])


def put(api: Api, name: str = "nightly", **changes: Any) -> Answer:
    return api.request("PUT", f"/profiles/{name}", STRICT | {"name": name} | changes)


def test_a_profile_is_stored_and_comes_back_as_it_is_defined(api: Api, stranger: Api) -> None:
    answer = put(api, title="Each night")

    assert answer.status == 200
    profiles.ProfileDetail.model_validate(answer.body)
    assert answer.body["definition"] == STRICT | {"name": "nightly", "title": "Each night"}
    assert (answer.body["is_own"], answer.body["version"]) == (True, 1)
    assert api.by(SALES).get("/profiles/nightly").body == answer.body
    stored = api.stack.tables.directory.profile(api.tenant, "nightly")
    assert stored == profile_from(answer.body["definition"])
    assert_problem(stranger.get("/profiles/nightly"), 404)


def test_a_new_profile_needs_neither_name_nor_version(api: Api) -> None:
    body = {field: value for field, value in STRICT.items() if field not in ("name", "version")}

    answer = api.request("PUT", "/profiles/nightly", body)

    assert (answer.body["name"], answer.body["version"]) == ("nightly", 1)


def test_each_change_is_the_next_version(api: Api) -> None:
    put(api)

    second = put(api, blank="keep")
    again = put(api, version=2, blank="keep")
    third = put(api, version=2, blank="error")

    assert [answer.body["version"] for answer in (second, again, third)] == [2, 2, 3]


def test_two_admins_do_not_overwrite_each_other(api: Api) -> None:
    put(api)
    put(api, blank="keep")

    answer = put(api, blank="error")

    assert_problem(answer, 409)
    assert api.get("/profiles/nightly").body["definition"]["blank"] == "keep"


def test_of_two_admins_who_store_at_once_the_second_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(api)
    kind = type(api.stack.tables.setup)
    read = kind.own_profile

    def read_and_be_overtaken(self: Setup, tenant: str, name: str) -> Profile | None:
        monkeypatch.setattr(kind, "own_profile", read)
        before = read(self, tenant, name)
        other = profile_from(STRICT | {"name": name, "blank": "keep", "version": 2})
        assert self.replace_profile(tenant, before, other)
        return before

    monkeypatch.setattr(kind, "own_profile", read_and_be_overtaken)

    assert_problem(put(api, blank="error"), 409)
    assert api.get("/profiles/nightly").body["definition"]["blank"] == "keep"


def test_a_profile_that_was_removed_meanwhile_is_not_restored(api: Api) -> None:
    put(api)
    put(api, blank="keep")
    api.request("DELETE", "/profiles/nightly")

    assert_problem(put(api, version=2), 409)
    assert_problem(api.get("/profiles/nightly"), 404)


def test_a_tenants_own_profile_replaces_the_preset_until_it_is_removed(api: Api) -> None:
    answer = put(api, "single-strict", blank="keep")

    assert (answer.body["is_own"], answer.body["version"]) == (True, 2)
    assert api.get("/profiles/single-strict").body["definition"]["blank"] == "keep"
    assert api.request("DELETE", "/profiles/single-strict").status == 204
    assert api.get("/profiles/single-strict").body["is_own"] is False
    assert_problem(api.request("DELETE", "/profiles/single-strict"), 409)


def test_a_new_profile_under_a_removed_name_is_not_on(api: Api) -> None:
    put(api)
    api.switch_on("nightly", "role-team")

    api.request("DELETE", "/profiles/nightly")

    assert api.get("/settings").body["profiles"] == ["role-team"]
    assert put(api).body["is_on"] is False


def test_a_preset_that_applies_again_is_not_on(api: Api) -> None:
    """It may admit other users than the profile that was switched on."""
    put(api, "single-strict", blank="keep")
    api.switch_on("single-strict")

    api.request("DELETE", "/profiles/single-strict")

    assert api.get("/profiles/single-strict").body["is_on"] is False


def test_a_profile_that_a_source_uses_cannot_be_removed(api: Api) -> None:
    put(api)
    api.stack.tables.setup.put_source(api.tenant, Source("erp", "nightly", "AROAEXAMPLE"))

    answer = api.request("DELETE", "/profiles/nightly")

    assert_problem(answer, 409)
    assert "erp" in answer.body["detail"]
    api.request("DELETE", "/sources/erp")
    assert api.request("DELETE", "/profiles/nightly").status == 204
    assert_problem(api.request("DELETE", "/profiles/nightly"), 404)


def test_a_source_that_uses_a_profile_in_place_of_a_preset_continues_with_the_preset(
    api: Api,
) -> None:
    put(api, "single-strict", blank="keep")
    api.stack.tables.setup.put_source(api.tenant, Source("erp", "single-strict", "AROAEXAMPLE"))

    assert api.request("DELETE", "/profiles/single-strict").status == 204


ACCOUNT, MANAGER, _ = STRICT["columns"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"blank": "maybe"}, "blank"),
        ({"version": "1"}, "version"),
        ({"surprise": 1}, "surprise"),
        ({"title": "x" * 300}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"columns": None}, "columns"),
        ({"columns": [ACCOUNT]}, "columns"),
        ({"columns": [ACCOUNT, MANAGER | {"by": ["shoe size"]}]}, "columns[1].by"),
        ({"columns": [ACCOUNT, MANAGER | {"role": "other"}]}, "columns[1].role"),
        ({"columns": [ACCOUNT, MANAGER | {"label": "Account ID"}]}, "columns[1]"),
        ({"columns": [ACCOUNT, MANAGER | {"aliases": ["ACCOUNT_ID"]}]}, "columns[1]"),
        ({"columns": [ACCOUNT, MANAGER | {"aliases": ["x" * 300]}]}, "columns[1]"),
        ({"columns": [ACCOUNT | {"required": False}, MANAGER]}, "columns[0].required"),
        ({"columns": [ACCOUNT, *[MANAGER] * 200]}, "columns"),
        ({"clear_words": ["x" * 200_000]}, "body"),
        ({"roles": {"account_manager": {"max_users": 0}}}, "roles.account_manager.max_users"),
    ],
)
def test_an_invalid_profile_is_refused_with_the_field(
    api: Api, changes: dict[str, Any], field: str
) -> None:
    answer = put(api, **changes)

    assert_problem(answer, 400)
    assert answer.body["field"] == field
    assert_problem(api.get("/profiles/nightly"), 404)


def roles(*names: str) -> dict[str, Any]:
    """A profile with a column for each of the roles."""
    columns = [
        MANAGER | {"label": f"column {place}", "aliases": [], "role": name}
        for place, name in enumerate(names)
    ]
    return {"columns": [ACCOUNT, *columns], "roles": {name: {} for name in names}}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lead #2", "no / \\ ? #"),
        ("x" * 1000, "expected 1 to 100 characters"),
        (" lead", "outer spaces"),
        ("a\nb", "control characters"),
        ("{role}", "without { }"),
        ("\u03c9" * 96, "expected at most 190"),
        ("Account_Manager", "known as 'account_manager'"),
        ("csm", "known as 'CSM'"),
    ],
)
def test_a_role_of_a_profile_needs_a_valid_role_name(api: Api, name: str, message: str) -> None:
    api.request("PUT", "/roles/CSM", {})

    answer = put(api, **roles("account_manager", name))

    assert_problem(answer, 400)
    assert answer.body["field"] == f"roles.{name[:100]}"
    assert message in answer.body["detail"]


def test_two_roles_of_a_profile_differ_in_more_than_case(api: Api) -> None:
    answer = put(api, **roles("lead", "Lead"))

    assert_problem(answer, 400)
    assert "'lead' is known as 'Lead'" in answer.body["detail"]


def test_existing_roles_can_stay_in_their_profile(api: Api) -> None:
    for profile, role in (("nightly", "lead"), ("weekly", "Lead")):
        stored = profile_from(STRICT | {"name": profile} | roles(role))
        api.stack.tables.directory.put_profile(api.tenant, stored)

    assert put(api, **roles("lead"), title="Another").status == 200


def test_the_column_that_names_the_user_or_account_is_required(api: Api) -> None:
    users = profile_json(presets()["directory-users"])
    email, *others = users["columns"]
    columns = [email | {"required": False}, *others]

    answer = put(api, **users | {"name": "nightly", "columns": columns})

    assert_problem(answer, 400)
    assert answer.body["field"] == "columns[0].required"
    assert "the column that holds the user" in answer.body["detail"]


def test_the_name_in_a_profile_must_match_its_address(api: Api) -> None:
    answer = api.request("PUT", "/profiles/nightly", STRICT)

    assert_problem(answer, 400)
    assert answer.body["field"] == "name"


@pytest.mark.parametrize("name", ["Nightly", "a" * 64, "n%C3%A4chtlich", "1st"])
def test_a_profile_needs_a_plain_name(api: Api, name: str) -> None:
    body = {field: value for field, value in STRICT.items() if field != "name"}

    answer = api.request("PUT", f"/profiles/{name}", body)

    assert_problem(answer, 400)
    assert answer.body["field"] == "name"


def test_r51_a_mapping_is_saved_as_a_profile(api: Api, stranger: Api) -> None:
    mapping = {"Kunde Nr.": "account ID", "Betreuer": "account Manager"}
    body = {"name": "kunden", "title": "Kundenliste", "mapping": mapping}

    answer = api.post("/profiles/single-strict/copies", body)

    assert answer.status == 201
    profiles.ProfileDetail.model_validate(answer.body)
    columns = answer.body["columns"]
    labels = ["Kunde Nr.", "Betreuer", "Current account manager"]
    assert [column["label"] for column in columns] == labels
    assert "account ID" in columns[0]["aliases"]
    assert (answer.body["title"], answer.body["version"]) == ("Kundenliste", 1)
    assert api.get("/profiles/kunden/template").text == f"\ufeff{','.join(labels)}\r\n"
    assert_problem(stranger.get("/profiles/kunden"), 404)
    stored = api.stack.tables.directory.profile(api.tenant, "kunden")
    assert stored is not None
    for header in (["Betreuer", "kunde nr."], ["account Manager", "Account ID"]):
        assert bind(header, stored, mapping={}, line=1).key == 1


def test_a_mapping_that_swaps_two_labels_is_saved_so(api: Api) -> None:
    mapping = {"account ID": "account Manager", "account Manager": "account ID"}

    answer = api.post("/profiles/single-strict/copies", {"name": "swapped", "mapping": mapping})

    labels = [(column["label"], column["holds"]) for column in answer.body["columns"]]
    assert labels[:2] == [("account Manager", "account"), ("account ID", "users")]


def test_a_copy_that_maps_one_of_the_tenants_roles_lists_all_roles(api: Api) -> None:
    deadline = Deadline(4e9)
    api.stack.tables.directory.put_roles(api.tenant, [Role("CSM", 1)], deadline)

    one = api.post("/profiles/role-team/copies", {"name": "crm", "mapping": {"Owner": "CSM___tid"}})
    other = api.post(
        "/profiles/role-team/copies", {"name": "keys", "mapping": {"Key": "account ID"}}
    )

    assert [column["label"] for column in one.body["columns"]][:2] == ["account ID", "Owner"]
    assert one.body["definition"]["tenant_roles"] is False
    assert other.body["columns"][0]["label"] == "Key"
    assert other.body["definition"]["tenant_roles"] is True


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "Bad Name"}, 400, "name"),
        ({"name": "single-strict"}, 409, ""),
        ({"name": "nightly"}, 409, ""),
        ({"name": "new", "mapping": {"x": "shoe size"}}, 400, "mapping"),
        ({"name": "new", "mapping": {"account Manager": "account ID"}}, 400, "mapping"),
        ({"name": "new", "mapping": {"": "account ID"}}, 400, "columns[0]"),
        ({"name": "new", "title": "x" * 201}, 400, "title"),
        ({"name": "new", "owner": "x"}, 400, "owner"),
        ({"mapping": {}}, 400, "name"),
    ],
)
def test_an_invalid_copy_is_refused(
    api: Api, body: dict[str, Any], status: int, field: str
) -> None:
    put(api)
    put(api, "plain", columns=[ACCOUNT, MANAGER | {"aliases": []}])

    answer = api.post("/profiles/plain/copies", body)

    assert_problem(answer, status)
    assert answer.body.get("field", "") == field
    assert_problem(api.get("/profiles/new"), 404)


LABELS = ("Kunde", "Betreuer")
KUNDE = {"Kunde": "account ID", "Betreuer": "account Manager"}


def remember(api: Api, tenant: str, profile: str = "single-strict") -> str:
    """Remembers a mapping for a header; the header's fingerprint."""
    new = RememberedMapping(fingerprint_of(LABELS), profile, KUNDE)
    known, version = api.stack.tables.mappings.of(tenant)
    assert api.stack.tables.mappings.replace(tenant, [*known, new], version)
    return new.fingerprint


def test_the_remembered_mapping_of_a_header_is_shown_with_the_profile(api: Api) -> None:
    api.switch_on("single-strict")
    fingerprint = remember(api, api.tenant)

    answer = api.by(OFFICE).get("/profiles/single-strict", fingerprint=fingerprint)

    profiles.ProfileDetail.model_validate(answer.body)
    assert answer.body["remembered"] == KUNDE
    assert api.get("/profiles/single-strict").body["remembered"] == {}
    other = api.get("/profiles/single-strict", fingerprint=fingerprint_of(("Kunde",)))
    assert other.body["remembered"] == {}
    assert api.get("/profiles/role-team", fingerprint=fingerprint).body["remembered"] == {}


def test_only_users_who_may_upload_such_files_see_remembered_mappings(api: Api) -> None:
    fingerprint = remember(api, api.tenant)
    assert api.get("/profiles/single-strict", fingerprint=fingerprint).body["remembered"] == KUNDE

    off = api.by(OFFICE).get("/profiles/single-strict", fingerprint=fingerprint)
    api.switch_on("single-strict")
    sales = api.by(SALES).get("/profiles/single-strict", fingerprint=fingerprint)

    assert (off.status, off.body["remembered"]) == (200, {})
    assert (sales.status, sales.body["remembered"]) == (200, {})


def test_the_remembered_mappings_of_another_tenant_are_never_shown(api: Api, stranger: Api) -> None:
    fingerprint = remember(api, api.tenant)

    answer = stranger.get("/profiles/single-strict", fingerprint=fingerprint)

    assert answer.body["remembered"] == {}


@pytest.mark.parametrize("fingerprint", ["x", "A" * 32, "0" * 33])
def test_an_invalid_fingerprint_is_refused(api: Api, fingerprint: str) -> None:
    assert_problem(api.get("/profiles/single-strict", fingerprint=fingerprint), 400)


def test_a_copy_is_checked_like_any_profile_that_is_stored(api: Api) -> None:
    assert api.request("PUT", "/roles/AE", {"max_users": 1}).status == 200
    copy = {"name": "own", "mapping": {"AE": "account ID"}}

    answer = api.post("/profiles/role-team/copies", copy)

    assert_problem(answer, 400)
    assert "'AE'" in answer.body["detail"]
    assert_problem(api.get("/profiles/own"), 404)


def sample(api: Api, text: str, **more: Any) -> Answer:
    return api.post("/profiles/single-strict/sample", {"text": text} | more)


def test_a_sample_is_read_like_a_file_of_the_profile(api: Api) -> None:
    answer = sample(api, "account ID;Manager E-mail\nK1;ana@lumina.example\n;ana@lumina.example\n")

    assert answer.status == 200, answer.text
    profiles.Sample.model_validate(answer.body)
    assert answer.body["comparison"]["fits"] is True
    good, bad = answer.body["lines"]
    names = ["ana@lumina.example"]
    request = {"role": "account_manager", "what": "set", "names": names}
    assert good == {"line": 2, "about": "K1", "asks": [request], "code": "", "message": ""}
    rejected = {"line": 3, "about": "", "asks": [], "code": "ACCOUNT_BLANK"}
    assert (bad.pop("message") != "", bad) == (True, rejected)


def test_a_sample_can_be_read_by_a_draft_of_a_profile(api: Api) -> None:
    text = "Kundennummer,Zuständig\nK1,ana@lumina.example\n"
    key, manager, *_ = STRICT["columns"]
    columns = [key | {"aliases": ["Kundennummer"]}, manager | {"aliases": ["Zuständig"]}]

    drafted = sample(api, text, definition=STRICT | {"columns": columns})

    assert [line["about"] for line in drafted.body["lines"]] == ["K1"]
    unnumbered = {name: one for name, one in STRICT.items() if name not in ("name", "version")}
    again = sample(api, text, definition=unnumbered | {"columns": columns})
    assert again.body == drafted.body
    assert_problem(sample(api, text, definition=STRICT | {"blank": "perhaps"}), 400)


@pytest.mark.parametrize(("text", "code"), [("", "EMPTY_FILE"), ("a,b\n1,2\n", None)])
def test_a_sample_that_cannot_be_read_says_why(api: Api, text: str, code: str | None) -> None:
    answer = sample(api, text)

    assert answer.status == 200, answer.text
    refusal, comparison = answer.body["refusal"], answer.body["comparison"]
    assert (refusal or {}).get("code") == code
    assert refusal is None or refusal.keys() == {"code", "message"}
    assert answer.body["lines"] == []
    assert (comparison is None) == (code is not None)
    assert_problem(sample(api, "x" * 20_001), 400)
