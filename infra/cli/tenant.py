"""What Admins configure at the command line: settings, roles, and the tenant's own profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from handover.errors import InvalidRequestError
from handover.profiles.profile import WORKFLOW_ROLE
from handover.profiles.settings import Settings, settings_from, settings_json
from typer import Argument, Context, Option, Typer

from infra.cli.failures import CommandError, ExitCode
from infra.cli.imports import pages
from infra.cli.lists import ListCommand
from infra.cli.options import AsJson, Map, Pair, Panel, examples, mapping_of, named
from infra.cli.session import session_of
from infra.cli.showing import listed, show_json

app = Typer()
roles_app = Typer(invoke_without_command=True)
profiles_app = Typer(invoke_without_command=True)

RoleName = Annotated[str, Argument(metavar="ROLE", help="a role of the tenant's accounts")]


@app.command(
    rich_help_panel=Panel.TENANT,
    epilog=examples("settings", "settings --set profiles=single-strict,role-team"),
)
def settings(
    ctx: Context,
    changes: Annotated[
        list[Pair] | None,
        Option("--set", parser=named, metavar="NAME=VALUE", help="change one; may be repeated"),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Show the tenant's settings, or change some."""
    session = session_of(ctx)
    settings_now = (
        session.api.patch("settings", body=changes_of(mapping_of(changes)))
        if changes
        else session.api.get("settings")
    )
    if as_json:
        show_json(settings_now)
        return ExitCode.ALL_GOOD
    width = max(map(len, settings_now))
    for name, value in settings_now.items():
        session.screen.say(f"{name:<{width}}  {_spoken(value)}")
    return ExitCode.ALL_GOOD


def changes_of(words: Mapping[str, str]) -> dict[str, object]:
    """The API's changes for `name=value` pairs; raises CommandError for an unknown setting."""
    usual = settings_json(Settings())
    changes: dict[str, object] = {}
    for name, word in words.items():
        value: object = word
        if isinstance(usual.get(name), bool):
            known = {"true": True, "yes": True, "false": False, "no": False}
            value = known.get(word.casefold(), word)
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


@roles_app.callback(epilog=examples("roles", "roles --json"))
def roles(ctx: Context, as_json: AsJson = False) -> ExitCode:
    """List the roles that the tenant's accounts have."""
    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    session = session_of(ctx)
    found = list(pages(session.api, ("roles",), "roles", None))
    rows = [
        (
            role["role"],
            str(role["max_users"] or "many"),
            "; ".join(role["assigned_by"]) or "whoever may upload",
        )
        for role in found
    ]
    headings = ("role", "users", "assigned by")
    return listed(session.screen, found, headings, rows, as_json=as_json)


@roles_app.command(
    "set",
    cls=ListCommand,
    epilog=examples("roles set csm --max-users 1 --assigned-by Admin 'Back Office Management'"),
)
def set_role(
    ctx: Context,
    role: RoleName,
    max_users: Annotated[
        int | None,
        Option("--max-users", metavar="N", min=0, help="by default any number"),
    ] = None,
    assigned_by: Annotated[
        list[str] | None,
        Option("--assigned-by", metavar="ROLE...", help="user roles; by default any"),
    ] = None,
) -> ExitCode:
    """Define or redefine a role: how many users may hold it, and who assigns it."""
    session = session_of(ctx)
    allowed = [one for one in assigned_by or () if one]
    body = {"max_users": max_users, "assigned_by": allowed}
    answer = session.api.put("roles", role, body=body)
    session.screen.say(f"{answer['role']} is a role of the tenant's accounts")
    return ExitCode.ALL_GOOD


@roles_app.command("remove", epilog=examples("roles remove csm"))
def remove_role(ctx: Context, role: RoleName) -> ExitCode:
    """Remove a role; whoever holds it keeps it."""
    session = session_of(ctx)
    session.api.delete("roles", role)
    session.screen.say(
        "Whoever may use a profile may assign workflows now"
        if role == WORKFLOW_ROLE
        else f"{role} can no longer be assigned; whoever holds it keeps it"
    )
    return ExitCode.ALL_GOOD


@profiles_app.callback(epilog=examples("profiles", "profiles --json"))
def profiles(ctx: Context, as_json: AsJson = False) -> ExitCode:
    """List the profiles that files can follow, and which are on."""
    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    session = session_of(ctx)
    found = session.api.get("profiles")
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
    headings = ("profile", "version", "of", "use", "title")
    return listed(session.screen, found, headings, rows, as_json=as_json)


@profiles_app.command(
    epilog=examples("profiles save kunden --from single-strict --map 'Kunde=account ID'")
)
def save(
    ctx: Context,
    name: Annotated[str, Argument(metavar="NAME", help="the new profile's name")],
    source: Annotated[str, Option("--from", metavar="P", help="the profile to start from")],
    title: Annotated[str, Option("--title", metavar="TEXT", help="what it is for")] = "",
    mapping: Map = None,
) -> ExitCode:
    """Save a mapping as a profile of the tenant's own."""
    session = session_of(ctx)
    body = {"name": name, "title": title, "mapping": mapping_of(mapping or ())}
    profile = session.api.post("profiles", source, "copies", body=body)
    labels = ", ".join(repr(column["label"]) for column in profile["columns"])
    session.screen.say(f"{profile['name']} is a profile now, for files with the columns {labels}")
    return ExitCode.ALL_GOOD
