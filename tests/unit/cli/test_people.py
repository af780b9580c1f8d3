"""Users, settings, roles and profiles at the command line; a server records the requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from tests.unit.cli.commands import run
from tests.unit.cli.test_assignments import ended
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]

ANA: dict[str, Any] = {
    "email": "ana@x.example",
    "name": "Ana",
    "roles": ["Sales"],
    "opco": "Kenya",
    "status": "active",
    "employee_id": "17",
    "phone": "020",
    "mobile": "070",
    "login_name": "ana",
    "tags": ["Default Account Manager"],
}


def test_r23_users_are_listed_with_the_tag_of_the_default_account_manager(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/users", {"users": [ANA], "cursor": "c"}, {"users": [], "cursor": None})

    assert run(api, "users", "--name", "an a") == ExitCode.ALL_GOOD

    output = capsys.readouterr().out
    assert "ana@x.example" in output
    assert "Default Account Manager" in output
    assert [request.path for request in server.requests] == [
        "/users?limit=100&name=an+a",
        "/users?limit=100&cursor=c&name=an+a",
    ]


def test_r93_a_user_is_added(server: Server, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    server.says("/users", ANA, status=201)

    run(api, "users", "add", "ana@x.example", "--name", "Ana", "--roles", "Sales", "Back Office")

    assert json.loads(server.requests[0].body) == {
        "email": "ana@x.example",
        "name": "Ana",
        "roles": ["Sales", "Back Office"],
    }
    assert "invited" in capsys.readouterr().out


def test_a_user_is_invited_again(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/users/ana%40x.example/invitation", ANA)

    run(api, "users", "invite", "ana@x.example")

    assert server.requests[0].method == "POST"
    assert "invited" in capsys.readouterr().out


def test_r96_fields_of_a_user_that_are_not_given_stay(server: Server, api: Api) -> None:
    server.says("/users/ana%40x.example", ANA)

    run(api, "users", "edit", "ana@x.example", "--mobile", "071", "--roles")

    assert [request.method for request in server.requests] == ["GET", "PUT"]
    kept = {name: value for name, value in ANA.items() if name not in ("email", "tags")}
    assert json.loads(server.requests[1].body) == kept | {"mobile": "071", "roles": []}


def test_r97_nobody_is_deleted_without_a_confirmation(
    server: Server, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="--yes"):
        run(api, "users", "delete", "ana@x.example")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    with pytest.raises(CommandError, match="nothing was deleted"):
        run(api, "users", "delete", "ana@x.example")

    assert server.requests == []


class Terminal:
    """A terminal with a user."""

    def isatty(self) -> bool:
        return True


def test_r97_one_user_or_several_are_deleted_after_a_confirmation(
    server: Server,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.says("/users/ana%40x.example", {"import_ticket": "T-1"}, status=202)
    server.says("/users/delete", {"import_ticket": "T-2"}, status=202)
    server.says("/imports/T-1", ended("validating"), ended(lines=1, cleared=1))
    server.says("/imports/T-2", ended("error", lines=2, cleared=1, rejected=1))
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _question: " Yes ")

    assert run(api, "users", "delete", "ana@x.example") == ExitCode.ALL_GOOD
    output = capsys.readouterr().out
    code = run(api, "users", "delete", "ana@x.example", "bo@x.example", "--yes")

    deletions = [request for request in server.requests if request.method != "GET"]
    assert [request.method for request in deletions] == ["DELETE", "POST"]
    assert json.loads(deletions[1].body) == {"emails": ["ana@x.example", "bo@x.example"]}
    assert "is done" in output
    assert code == ExitCode.WITH_ERRORS


def test_u5_a_deletion_is_not_watched_with_no_wait(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/users/ana%40x.example", {"import_ticket": "T-1"}, status=202)
    server.says("/imports/T-1", ended("validating"))

    assert run(api, "users", "delete", "ana@x.example", "--yes", "--no-wait") == 0

    assert f"Follow it with: handover imports {'0' * 32}" in capsys.readouterr().out


def test_settings_are_shown_and_set(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/settings", {"clear_guard_lines": 7, "default_account_manager": ""})

    run(api, "settings")
    run(
        api,
        "settings",
        "--set",
        "clear_guard_lines=7",
        "--set",
        "default_account_manager=",
        "--set",
        "allow_account_manager_to_create_requests=true",
        "--set",
        "opco_wall=by_profile",
    )

    assert [request.method for request in server.requests] == ["GET", "PATCH"]
    assert json.loads(server.requests[1].body) == {
        "clear_guard_lines": 7,
        "default_account_manager": "",
        "allow_account_manager_to_create_requests": True,
        "opco_wall": "by_profile",
    }
    assert "clear_guard_lines" in capsys.readouterr().out


def test_removing_the_role_of_workflows_says_what_that_means(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    server.says("/roles/workflow", {})

    run(api, "roles", "remove", "workflow")

    assert [(request.method, request.path) for request in server.requests] == [
        ("DELETE", "/roles/workflow")
    ]
    assert "may assign workflows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "names", "spoken"),
    [
        ("single-strict, role-team", ["single-strict", "role-team"], "single-strict, role-team"),
        ("", [], "none"),
    ],
)
def test_a_setting_that_is_a_list_is_written_with_commas(
    server: Server,
    api: Api,
    capsys: pytest.CaptureFixture[str],
    word: str,
    names: list[str],
    spoken: str,
) -> None:
    server.says("/settings", {"profiles": names})

    run(api, "settings", "--set", f"profiles={word}")

    assert json.loads(server.requests[0].body) == {"profiles": names}
    assert capsys.readouterr().out.split(maxsplit=1)[1].strip() == spoken


@pytest.mark.parametrize(
    ("word", "value"),
    [("Yes", True), ("yes", True), ("TRUE", True), ("No", False), ("False", False)],
)
def test_u8_yes_and_no_are_accepted_in_any_case(
    server: Server, api: Api, word: str, value: bool
) -> None:
    server.says("/settings", {"allow_account_manager_to_create_requests": value})

    run(api, "settings", "--set", f"allow_account_manager_to_create_requests={word}")

    sent = json.loads(server.requests[0].body)
    assert sent == {"allow_account_manager_to_create_requests": value}


@pytest.mark.parametrize(
    "wrong",
    [
        "clear_guard_lines=few",
        "clear_guard_percent=101",
        "allow_account_manager_to_create_requests=perhaps",
        "opco_wall=never",
        "shoe_size=42",
        "profiles=Single Strict",
    ],
)
def test_an_invalid_setting_is_reported_before_anything_is_sent(
    server: Server, api: Api, wrong: str
) -> None:
    with pytest.raises(CommandError, match=wrong.partition("=")[0]):
        run(api, "settings", "--set", wrong)

    assert server.requests == []


def test_r45_roles_are_listed_defined_and_removed(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    role = {"role": "Success Manager", "max_users": None, "assigned_by": ["Admin"]}
    server.says("/roles", {"roles": [role], "cursor": None})
    server.says("/roles/Success%20Manager", role)

    run(api, "roles")
    run(api, "roles", "set", "Success Manager", "--max-users", "1", "--assigned-by", "Admin")
    run(api, "roles", "remove", "Success Manager")

    assert [request.method for request in server.requests] == ["GET", "PUT", "DELETE"]
    assert json.loads(server.requests[1].body) == {"max_users": 1, "assigned_by": ["Admin"]}
    assert "many" in capsys.readouterr().out


def test_a_mapping_is_saved_as_a_profile(
    server: Server, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {"name": "kunden", "columns": [{"label": "Kunde"}, {"label": "Betreuer"}]}
    server.says("/profiles/single-strict/copies", made, status=201)

    run(
        api,
        "profiles",
        "save",
        "kunden",
        "--from",
        "single-strict",
        "--map",
        "Kunde=account ID",
    )

    assert json.loads(server.requests[0].body) == {
        "name": "kunden",
        "title": "",
        "mapping": {"Kunde": "account ID"},
    }
    assert "'Kunde', 'Betreuer'" in capsys.readouterr().out


def test_profiles_are_listed(server: Server, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    profiles = [{"name": "mine", "version": 3, "is_own": True, "is_on": False, "title": "Mine"}]
    server.says("/profiles", profiles)

    run(api, "profiles")
    run(api, "profiles", "--json")

    said = capsys.readouterr().out
    assert "own" in said
    assert "for Admins" in said
    assert '"is_own": true' in said
