"""What Admins keep at the command line: users, settings, roles, and profiles of their own."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from handover.errors import InvalidRequestError
from handover.profiles import WORKFLOW_ROLE, Settings, settings_from, settings_json

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.records import pages
from infra.cli.screen import Screen
from infra.cli.showing import show_json

# What `users add` and `users edit` can say of somebody, as the API calls it.
FIELDS = ("name", "roles", "opco", "status", "employee_id", "phone", "mobile", "login_name")

# The API does not tell whether an address signs in for another tenant.
NO_MAIL = "If no mail comes within a day, ask your operator: the address may be in use elsewhere"


def run(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover users`, `settings`, `roles` and `profiles`, with what is to be done there."""
    return run_on(Api(find_stack()), arguments, screen)


def run_on(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """The same on an API."""
    command = {
        ("users", None): _list_users,
        ("users", "add"): _add_user,
        ("users", "edit"): _edit_user,
        ("users", "invite"): _invite_user,
        ("users", "delete"): _delete_users,
        ("settings", None): _settings,
        ("roles", None): _list_roles,
        ("roles", "set"): _set_role,
        ("roles", "remove"): _remove_role,
        ("profiles", None): _list_profiles,
        ("profiles", "save"): _save_profile,
    }[arguments.command, getattr(arguments, "action", None)]
    return command(api, arguments, screen)


def _list_users(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    found = list(pages(api, ("users",), "users", None, name=arguments.name))
    rows = [
        (
            user["email"],
            user["name"],
            "; ".join(user["roles"]),
            user["opco"],
            user["status"],
            user["mobile"] or user["phone"],
            ", ".join(user["tags"]),
        )
        for user in found
    ]
    headings = ("email", "name", "roles", "opco", "status", "phone", "")
    return _listed(screen, arguments, found, headings, rows)


def _add_user(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    user = api.post("users", body={"email": arguments.email, **_said(arguments)})
    if user["status"] == "active":
        screen.say(f"{user['email']} is a user now, and is being invited to sign in by e-mail")
        screen.note(NO_MAIL)
    else:
        screen.say(f"{user['email']} is a user now, and is not active")
    return ExitCode.ALL_GOOD


def _edit_user(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """Reads the user first: what is not said stays as it is."""
    known = api.get("users", arguments.email)
    body = {name: known[name] for name in FIELDS} | _said(arguments)
    user = api.put("users", known["email"], body=body)
    screen.say(f"{user['email']} is stored")
    return ExitCode.ALL_GOOD


def _invite_user(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    user = api.post("users", arguments.email, "invitation")
    screen.say(f"{user['email']} is being invited to sign in by e-mail")
    screen.note(NO_MAIL)
    return ExitCode.ALL_GOOD


def _said(arguments: Namespace) -> dict[str, Any]:
    """The fields that stand on the command line; a bare --roles takes all of them off."""
    said = {name: getattr(arguments, name) for name in FIELDS}
    return {name: value for name, value in said.items() if value is not None}


def _delete_users(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    emails: list[str] = arguments.emails
    if not arguments.yes:
        _confirm(f"Delete {', '.join(emails)}, and take them off all their accounts?")
    told = (
        api.delete("users", emails[0])
        if len(emails) == 1
        else api.post("users", "delete", body={"emails": emails})
    )
    screen.say(f"Deleting {', '.join(emails)} is an import of its own")
    screen.say(f"Follow it with: handover imports {told['import_ticket']}")
    return ExitCode.ALL_GOOD


def _confirm(question: str) -> None:
    """Raises CommandError for any answer but yes."""
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for a confirmation: say --yes")
    if input(f"{question} [y/N] ").strip().casefold() not in ("y", "yes"):
        raise CommandError("nothing was deleted", ExitCode.REFUSED)


def _settings(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    wanted = dict(arguments.set)
    told = api.patch("settings", body=changes_of(wanted)) if wanted else api.get("settings")
    if arguments.json:
        show_json(told)
        return ExitCode.ALL_GOOD
    width = max(map(len, told))
    for name, value in told.items():
        screen.say(f"{name:<{width}}  {_spoken(value)}")
    return ExitCode.ALL_GOOD


def changes_of(words: Mapping[str, str]) -> dict[str, object]:
    """What the API is sent for `name=value`; raises CommandError for what is no setting."""
    usual = settings_json(Settings())
    changes: dict[str, object] = {}
    for name, word in words.items():
        value: object = word
        if isinstance(usual.get(name), bool):
            value = {"true": True, "yes": True, "false": False, "no": False}.get(word, word)
        elif isinstance(usual.get(name), list):
            value = [part.strip() for part in word.split(",") if part.strip()]
        elif isinstance(usual.get(name), int) and word.isascii() and word.isdigit():
            value = int(word)
        changes[name] = value
    try:
        settings_from(changes)
    except InvalidRequestError as wrong:
        raise CommandError(str(wrong)) from wrong
    return changes


def _spoken(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _list_roles(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    found = list(pages(api, ("roles",), "roles", None))
    rows = [
        (
            role["role"],
            str(role["max_users"] or "many"),
            "; ".join(role["assigned_by"]) or "whoever may upload",
        )
        for role in found
    ]
    return _listed(screen, arguments, found, ("role", "users", "assigned by"), rows)


def _set_role(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    body = {"max_users": arguments.max_users, "assigned_by": arguments.assigned_by}
    role = api.put("roles", arguments.role, body=body)
    screen.say(f"{role['role']} is a role of the tenant's accounts")
    return ExitCode.ALL_GOOD


def _remove_role(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    api.delete("roles", arguments.role)
    screen.say(
        "Whoever may use a profile may assign workflows now"
        if arguments.role == WORKFLOW_ROLE
        else f"{arguments.role} can be assigned no more; who holds it keeps it"
    )
    return ExitCode.ALL_GOOD


def _list_profiles(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    found = api.get("profiles")
    rows = [
        (
            profile["name"],
            str(profile["version"]),
            "own" if profile["is_own"] else "preset",
            "on" if profile["is_on"] else "for Admins",
            profile["title"],
        )
        for profile in found
    ]
    return _listed(screen, arguments, found, ("profile", "version", "of", "use", "title"), rows)


def _save_profile(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    body = {"name": arguments.name, "title": arguments.title, "mapping": dict(arguments.map)}
    profile = api.post("profiles", arguments.source, "copies", body=body)
    labels = ", ".join(repr(column["label"]) for column in profile["columns"])
    screen.say(f"{profile['name']} is a profile now, for files with the columns {labels}")
    return ExitCode.ALL_GOOD


def _listed(
    screen: Screen,
    arguments: Namespace,
    found: Sequence[object],
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> ExitCode:
    if arguments.json:
        show_json(found)
    elif rows:
        screen.table(headings, rows)
    else:
        screen.say("There are none")
    return ExitCode.ALL_GOOD
