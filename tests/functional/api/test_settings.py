"""What Admins set up: settings, roles, workflows and sources, visible only to their tenant."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from handover.aws import clients
from handover.deadline import Deadline
from handover.http.bodies import settings, subscriptions
from handover.model import User
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.settings import Settings
from handover.store.directory import Source

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import ADMIN, GONE, OFFICE, SALES, Api, LambdaContext

USUAL = {
    "clear_guard_percent": 20,
    "clear_guard_lines": 10,
    "change_guard_percent": 100,
    "portfolio_guard_percent": 100,
    "tenant_guard_percent": 100,
    "change_guard_lines": 10,
    "uploader_may_approve": False,
    "default_account_manager": "",
    "allow_account_manager_to_create_requests": False,
    "profiles": [],
    "opco_wall": "always",
}
CRM = {"profile": "single-strict", "principal": "AROAEXAMPLE"}


def test_settings_have_their_usual_values_until_an_admin_changes_them(
    api: Api, stranger: Api
) -> None:
    assert api.by(SALES).get("/settings").body == USUAL

    answer = api.request("PATCH", "/settings", {"clear_guard_percent": 5})

    settings.SettingsBody.model_validate(answer.body)
    assert (answer.status, answer.body) == (200, USUAL | {"clear_guard_percent": 5})
    assert api.get("/settings").body == answer.body
    assert stranger.get("/settings").body == USUAL


def test_r24_an_admin_sets_the_default_account_manager(api: Api) -> None:
    answer = api.request("PATCH", "/settings", {"default_account_manager": f" {SALES.upper()} "})

    assert answer.body == USUAL | {"default_account_manager": SALES}
    stored = api.stack.tables.directory.settings(api.tenant)
    assert stored == Settings(default_account_manager=SALES)


def test_r25_no_default_account_manager_is_a_valid_state(api: Api) -> None:
    api.request("PATCH", "/settings", {"default_account_manager": SALES})

    answer = api.request("PATCH", "/settings", {"default_account_manager": ""})

    assert answer.body == USUAL


def test_r27_there_is_at_most_one_default_account_manager(api: Api) -> None:
    api.request("PATCH", "/settings", {"default_account_manager": SALES})

    api.request("PATCH", "/settings", {"default_account_manager": OFFICE})

    assert api.get("/settings").body["default_account_manager"] == OFFICE


@pytest.mark.parametrize("email", [OFFICE, SALES])
@pytest.mark.parametrize("value", [SALES, ""])
def test_r26_only_an_admin_changes_the_default_account_manager(
    api: Api, email: str, value: str
) -> None:
    answer = api.by(email).request("PATCH", "/settings", {"default_account_manager": value})

    assert_problem(answer, 403)
    assert api.get("/settings").body == USUAL


def test_r95_an_admin_allows_account_managers_to_create_requests(api: Api) -> None:
    name = "allow_account_manager_to_create_requests"

    assert api.request("PATCH", "/settings", {name: True}).body == USUAL | {name: True}
    assert_problem(api.by(SALES).request("PATCH", "/settings", {name: False}), 403)
    assert api.request("PATCH", "/settings", {name: False}).body == USUAL


@pytest.mark.parametrize(
    "changes",
    [
        {"clear_guard_percent": 100, "clear_guard_lines": 20_000_000},
        {"clear_guard_percent": 0, "clear_guard_lines": 0},
    ],
)
def test_the_lowest_and_the_highest_value_of_a_setting_are_accepted(
    api: Api, changes: dict[str, int]
) -> None:
    assert api.request("PATCH", "/settings", changes).body == USUAL | changes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clear_guard_percent", 101),
        ("clear_guard_percent", "5"),
        ("clear_guard_lines", -1),
        ("clear_guard_lines", None),
        ("default_account_manager", GONE),
        ("default_account_manager", "nobody@lumina.example"),
        ("default_account_manager", None),
        ("default_account_manager", "x" * 5000),
        ("allow_account_manager_to_create_requests", 1),
        ("allow_account_manager_to_create_requests", "yes"),
        ("profiles", "single-strict"),
        ("profiles", ["Single Strict"]),
        ("profiles", None),
        ("allow_everything", True),
    ],
)
def test_an_invalid_setting_is_refused_with_its_field_and_nothing_changes(
    api: Api, field: str, value: object
) -> None:
    answer = api.request("PATCH", "/settings", {"clear_guard_lines": 7} | {field: value})

    assert_problem(answer, 400)
    assert answer.body["field"] == field
    assert api.get("/settings").body == USUAL


def test_an_admin_switches_profiles_on_and_everybody_sees_which_are_on(api: Api) -> None:
    expected = ["single-strict", "role-team", "single-strict"]

    answer = api.request("PATCH", "/settings", {"profiles": expected})

    assert answer.body == USUAL | {"profiles": ["single-strict", "role-team"]}
    listed = api.by(SALES).get("/profiles").body
    assert {profile["name"] for profile in listed if profile["is_on"]} == {
        "single-strict",
        "role-team",
    }
    assert api.by(SALES).get("/profiles/role-team").body["is_on"] is True
    assert api.by(SALES).get("/profiles/directory-single").body["is_on"] is False


def test_a_list_of_profiles_replaces_the_one_before(api: Api) -> None:
    api.request("PATCH", "/settings", {"profiles": ["single-strict"]})
    api.request("PATCH", "/settings", {"clear_guard_lines": 3})
    assert api.get("/settings").body["profiles"] == ["single-strict"]

    assert api.request("PATCH", "/settings", {"profiles": []}).body["profiles"] == []


def test_an_unknown_profile_cannot_be_switched_on(api: Api, stranger: Api) -> None:
    own = profile_json(presets()["single-strict"]) | {"name": "nightly"}
    stranger.stack.tables.directory.put_profile(stranger.tenant, profile_from(own))

    answer = api.request("PATCH", "/settings", {"profiles": ["single-strict", "nightly"]})

    assert_problem(answer, 400)
    assert answer.body["field"] == "profiles"
    assert "'nightly'" in answer.body["detail"]
    assert "role-team" in answer.body["detail"]
    assert api.get("/settings").body == USUAL
    theirs = stranger.request("PATCH", "/settings", {"profiles": ["nightly"]})
    assert theirs.body["profiles"] == ["nightly"]


def test_only_an_admin_switches_profiles_on(api: Api) -> None:
    expected = {"profiles": ["multi-with-workflow"]}

    assert_problem(api.by(OFFICE).request("PATCH", "/settings", expected), 403)
    assert api.get("/settings").body == USUAL


def test_two_admins_change_different_settings_at_once(api: Api) -> None:
    setup = api.stack.tables.setup
    tries: list[Settings] = []

    def change(before: Settings) -> Settings:
        if not tries:
            api.request("PATCH", "/settings", {"clear_guard_percent": 7})
        tries.append(before)
        return Settings(before.clear_guard_percent, clear_guard_lines=3)

    setup.change_settings(api.tenant, change)

    assert len(tries) == 2
    assert api.get("/settings").body == USUAL | {"clear_guard_percent": 7, "clear_guard_lines": 3}


def test_r45_a_tenant_defines_its_own_roles(api: Api, stranger: Api) -> None:
    for role, most in (("Success Manager", 1), ("AE", None)):
        answer = api.request("PUT", f"/roles/{role}", {"max_users": most})
        assert answer.status == 200
        settings.RoleBody.model_validate(answer.body)

    page = api.by(SALES).get("/roles")

    settings.Roles.model_validate(page.body)
    assert page.body == {
        "roles": [
            {"role": "AE", "max_users": None, "assigned_by": []},
            {"role": "Success Manager", "max_users": 1, "assigned_by": []},
        ],
        "cursor": None,
    }
    assert stranger.get("/roles").body["roles"] == []
    assert_problem(stranger.get("/roles/AE"), 404)
    labels = [column["label"] for column in api.get("/profiles/role-team").body["columns"]]
    assert "Success Manager___tid" in labels


def test_r45_a_role_is_changed_and_removed(api: Api) -> None:
    api.request("PUT", "/roles/Success%20Manager", {"max_users": 1})
    api.request("PUT", "/roles/Success%20Manager", {"max_users": 3})
    assert api.get("/roles/Success%20Manager").body["max_users"] == 3

    answer = api.request("DELETE", "/roles/Success%20Manager")

    assert (answer.status, answer.text) == (204, "")
    assert_problem(api.get("/roles/Success%20Manager"), 404)
    assert_problem(api.request("DELETE", "/roles/Success%20Manager"), 404)


def test_r54_the_users_who_may_assign_a_role_belong_to_the_role_in_every_profile(api: Api) -> None:
    rules = {"max_users": 1, "assigned_by": ["Sales", "Admin"]}
    answer = api.request("PUT", "/roles/account_manager", rules)

    assert answer.body["assigned_by"] == ["Admin", "Sales"]
    directory = api.stack.tables.directory
    for name in ("single-strict", "role-team"):
        profile = directory.profile(api.tenant, name)
        assert profile is not None
        assert profile.roles["account_manager"].assigned_by == {"Admin", "Sales"}
        assert directory.profiles(api.tenant)[name] == profile


def test_the_users_who_may_assign_workflows_are_set_as_for_any_other_role(api: Api) -> None:
    answer = api.request("PUT", "/roles/workflow", {"assigned_by": ["Sales"]})

    role = {"role": "workflow", "max_users": 1, "assigned_by": ["Sales"]}
    assert (answer.status, answer.body) == (200, role)
    assert api.get("/roles/workflow").body == role
    assert role in api.get("/roles").body["roles"]
    assert api.request("DELETE", "/roles/workflow").status == 204


@pytest.mark.parametrize(
    ("role", "body", "field"),
    [
        ("AE", {"max_users": 0}, "max_users"),
        ("AE", {"max_users": "1"}, "max_users"),
        ("AE", {"most": 1}, "most"),
        ("AE", {"assigned_by": "Admin"}, "assigned_by"),
        ("AE", {"assigned_by": [""]}, "assigned_by"),
        ("AE", {"assigned_by": [str(number) for number in range(51)]}, "assigned_by"),
        ("%20AE", {}, "role"),
        ("A%0AE", {}, "role"),
        ("A%23E", {}, "role"),
        ("A%2FE", {}, "role"),
        ("A%3FE", {}, "role"),
        ("A%2541E", {}, "role"),
        ("%7Brole%7D", {}, "role"),
        ("workflow", {"max_users": 2}, "max_users"),
        ("Workflow", {}, "role"),
        ("Account%20ID", {}, "role"),
        ("x" * 101, {}, "role"),
        ("%CF%89" * 96, {}, "role"),
        ("Account_Manager", {}, "role"),
    ],
)
def test_an_invalid_role_is_refused_with_its_field(
    api: Api, role: str, body: object, field: str
) -> None:
    answer = api.request("PUT", f"/roles/{role}", body)

    assert_problem(answer, 400)
    assert answer.body["field"] == field
    assert api.get("/roles").body["roles"] == []


@pytest.mark.parametrize("path", ["/roles/A", f"/roles/{'x' * 100}"])
def test_the_shortest_and_the_longest_name_and_fifty_assigners_are_accepted(
    api: Api, path: str
) -> None:
    assigners = [*sorted(str(number) for number in range(49)), "X" * 100]

    answer = api.request("PUT", path, {"max_users": 1, "assigned_by": assigners})

    assert answer.status == 200, answer.text
    assert api.get(path).body["assigned_by"] == assigners


@pytest.mark.parametrize("path", ["/roles/AE", "/workflows/Onboarding", "/sources/crm"])
def test_an_outage_during_a_removal_is_not_answered_with_not_found(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body: object = CRM if path == "/sources/crm" else {}
    assert api.request("PUT", path, body).status == 200
    clients: Any = BaseClient
    make = clients._make_api_call

    def refuse(self: Any, operation: str, params: Any) -> Any:
        if operation == "TransactWriteItems":
            raise ClientError({"Error": {"Code": "InternalServerError"}}, operation)
        return make(self, operation, params)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", refuse)
        patch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 4_000)
        answer = api.request("DELETE", path)

    assert_problem(answer, 503)
    assert api.get(path).status == 200
    assert api.request("DELETE", path).status == 204
    assert_problem(api.request("DELETE", path), 404)


def test_roles_whose_columns_could_not_be_distinguished_are_refused(api: Api) -> None:
    api.request("PUT", "/roles/AE", {})

    answer = api.request("PUT", "/roles/ae", {})

    assert_problem(answer, 400)
    assert "role-team" in answer.body["detail"]


def test_workflows_are_defined_listed_and_removed(api: Api, stranger: Api) -> None:
    for name in ("50% deposit", "Alpha", "Zügig"):
        assert api.request("PUT", f"/workflows/{name}").body == {"name": name}

    first = api.by(SALES).get("/workflows", limit="2")
    rest = api.by(SALES).get("/workflows", limit="2", cursor=first.body["cursor"])

    settings.Workflows.model_validate(first.body)
    assert [one["name"] for one in first.body["workflows"]] == ["50% deposit", "Alpha"]
    assert rest.body == {"workflows": [{"name": "Zügig"}], "cursor": None}
    assert api.get("/workflows/Z%C3%BCgig").body == {"name": "Zügig"}
    assert_problem(api.get("/workflows/z%C3%BCgig"), 404)
    assert_problem(stranger.request("DELETE", "/workflows/Alpha"), 404)
    assert api.request("DELETE", "/workflows/Alpha").status == 204
    assert_problem(api.request("DELETE", "/workflows/Alpha"), 404)
    for name in ("%20", "a%2Fb", "a%253Fb"):
        assert_problem(api.request("PUT", f"/workflows/{name}"), 400)


def test_r46_a_crm_is_a_source_of_files(api: Api, stranger: Api) -> None:
    answer = api.request("PUT", "/sources/crm", CRM)

    settings.SourceBody.model_validate(answer.body)
    usual = {"mapping": {}, "writes_directory": False, "on_error": ""}
    assert answer.body == CRM | {"source": "crm"} | usual
    assert api.get("/sources/crm").body == answer.body
    assert api.get("/sources").body == {"sources": [answer.body], "cursor": None}
    assert_problem(stranger.get("/sources/crm"), 404)
    assert api.request("DELETE", "/sources/crm").status == 204
    assert_problem(api.request("DELETE", "/sources/crm"), 404)


def test_r51_a_source_maps_its_own_labels(api: Api) -> None:
    mapping = {"Owner Email": "account Manager"}
    api.request("PUT", "/sources/crm", CRM | {"mapping": mapping})

    stored = api.stack.tables.directory.source(api.tenant, "crm")

    assert stored == Source("crm", "single-strict", "AROAEXAMPLE", mapping)


def test_a_source_chooses_what_lines_in_error_do_to_the_others(api: Api) -> None:
    answer = api.request("PUT", "/sources/crm", CRM | {"on_error": "stop_above:5"})
    refused = api.request("PUT", "/sources/crm", CRM | {"on_error": "never"})

    assert answer.body["on_error"] == "stop_above: 5 %"
    assert api.get("/sources/crm").body == answer.body
    assert_problem(refused, 400)
    assert refused.body["field"] == "on_error"


def test_a_source_writes_the_directory_only_if_an_admin_allows_it(api: Api) -> None:
    directory = api.stack.tables.directory
    answer = api.request("PUT", "/sources/crm", CRM | {"writes_directory": True})

    given = directory.source(api.tenant, "crm")
    api.request("PUT", "/sources/crm", CRM)
    taken = directory.source(api.tenant, "crm")

    assert answer.body["writes_directory"] is True
    assert given is not None
    assert given.writes_directory
    assert taken is not None
    assert not taken.writes_directory


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("crm", {"writes_directory": "yes"}, "writes_directory"),
        ("crm", {"profile": "directory-users"}, "writes_directory"),
        ("crm", {"profile": "directory-accounts", "writes_directory": False}, "writes_directory"),
        ("crm", {"profile": "nobodys"}, "profile"),
        ("crm", {"principal": ""}, "principal"),
        ("crm", {"principal": "two words"}, "principal"),
        ("crm", {"mapping": {"Owner": "owner"}}, "mapping"),
        ("crm", {"mapping": {"x" * 70_000: "account ID"}}, "mapping"),
        ("crm", {"mapping": {"𐐷" * 60_000: "account ID"}}, "mapping"),
        ("crm", {"password": "x"}, "password"),
        ("user", {}, "source"),
        ("handover", {}, "source"),
        ("a%2Fb", {}, "source"),
        ("..", {}, "source"),
    ],
)
def test_an_invalid_source_is_refused_with_its_field(
    api: Api, name: str, change: dict[str, object], field: str
) -> None:
    answer = api.request("PUT", f"/sources/{name}", CRM | change)

    assert_problem(answer, 400)
    assert answer.body["field"] == field
    assert api.get("/sources").body["sources"] == []


@pytest.mark.parametrize("path", ["/roles", "/workflows", "/sources"])
@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"cursor": "nonsense!"}])
def test_page_parameters_are_those_of_every_listing(
    api: Api, path: str, query: dict[str, str]
) -> None:
    answer = api.get(path, **query)

    assert_problem(answer, 400)
    assert answer.body["field"] in query


def test_an_admin_who_is_now_inactive_changes_nothing(api: Api, deadline: Deadline) -> None:
    gone = User(ADMIN, "Ines", frozenset({"Admin"}), is_active=False)
    api.stack.tables.directory.put_users(api.tenant, [gone], deadline)

    assert_problem(api.request("PATCH", "/settings", {"clear_guard_lines": 1}), 403)


def test_a_tenant_has_at_most_100_subscriptions(api: Api) -> None:
    clients.sns().create_topic(Name=f"handover-notifications-{api.tenant}")
    addresses = [f"a{number}@lumina.example" for number in range(101)]

    statuses = [api.post("/subscriptions", {"endpoint": one}).status for one in addresses]

    assert statuses == [202] * 100 + [409]
    assert len(api.get("/subscriptions").body["subscriptions"]) == 100


def test_admins_subscribe_addresses_once_the_tenant_has_a_topic(api: Api, stranger: Api) -> None:
    body = {"endpoint": " finance@lumina.example "}
    assert_problem(api.post("/subscriptions", body), 409)
    assert api.get("/subscriptions").body == {"subscriptions": []}
    clients.sns().create_topic(Name=f"handover-notifications-{api.tenant}")

    made = [api.post("/subscriptions", body), api.post("/subscriptions", body)]
    listed = api.get("/subscriptions").body

    assert [one.status for one in made] == [202, 202]
    pending = {"endpoint": "finance@lumina.example", "protocol": "email", "is_confirmed": False}
    assert [one.body for one in made] == [pending, pending | {"is_confirmed": True}]
    other = api.post("/subscriptions", {"endpoint": "other@lumina.example"})
    assert other.body["is_confirmed"] is False
    subscriptions.Subscriptions.model_validate(listed)
    assert [one["endpoint"] for one in listed["subscriptions"]] == ["finance@lumina.example"]
    assert stranger.get("/subscriptions").body == {"subscriptions": []}
    for endpoint in ("http://lumina.example", "arn:aws:sqs:us-east-1:1:q", "x", "https://"):
        assert_problem(api.post("/subscriptions", {"endpoint": endpoint}), 400)
    assert_problem(api.by(SALES).get("/subscriptions"), 403)
