"""The users of a tenant at the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Context, Option, Typer

from infra.cli.confirming import confirm
from infra.cli.failures import ExitCode
from infra.cli.imports import pages
from infra.cli.lists import ListCommand
from infra.cli.options import (
    DEFAULT_ERRORS,
    AsJson,
    Email,
    Errors,
    NoWait,
    Status,
    Watching,
    Yes,
    examples,
)
from infra.cli.session import Session, session_of
from infra.cli.showing import listed
from infra.cli.uploading import show_outcome

# The options of `users add` and `users edit`, by the API's names.
FIELDS = ("name", "roles", "opco", "status", "employee_id", "phone", "mobile", "login_name")

# The API does not reveal whether an address signs in for another tenant.
NO_MAIL = "If no mail comes within a day, ask your operator: the address may be in use elsewhere"

Name = Annotated[str, Option("--name", metavar="NAME")]
Roles = Annotated[
    list[str],
    Option("--roles", metavar="ROLE...", help="all user roles; none after a bare --roles"),
]
UserStatus = Annotated[
    Status | None, Option("--status", metavar="active|inactive", help="whether the user is active")
]
Opco = Annotated[str | None, Option("--opco", metavar="TEXT", help="operating company")]
EmployeeId = Annotated[str | None, Option("--employee-id", metavar="TEXT")]
Phone = Annotated[str | None, Option("--phone", metavar="TEXT")]
Mobile = Annotated[str | None, Option("--mobile", metavar="TEXT")]
LoginName = Annotated[
    str | None, Option("--login-name", metavar="TEXT", help="their name in some files")
]

app = Typer(invoke_without_command=True)


@app.callback(epilog=examples("users", "users --name ana --json"))
def users(
    ctx: Context,
    name: Annotated[
        str | None, Option("--name", metavar="NAME", help="only users whose name begins with this")
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """List the users, who can be assigned and can sign in."""
    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    session = session_of(ctx)
    found = list(pages(session.api, ("users",), "users", None, name=name))
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
    return listed(session.screen, found, headings, rows, as_json=as_json)


@app.command(
    cls=ListCommand,
    epilog=examples("users add ana@lumina.example --name 'Ana Mwangi' --roles Sales Admin"),
)
def add(
    ctx: Context,
    email: Email,
    name: Name,
    roles: Roles,
    status: UserStatus = None,
    opco: Opco = None,
    employee_id: EmployeeId = None,
    phone: Phone = None,
    mobile: Mobile = None,
    login_name: LoginName = None,
) -> ExitCode:
    """Create a user and invite them to sign in."""
    session = session_of(ctx)
    screen = session.screen
    said = _said(
        name=name,
        roles=roles,
        opco=opco,
        status=status,
        employee_id=employee_id,
        phone=phone,
        mobile=mobile,
        login_name=login_name,
    )
    user = session.api.post("users", body={"email": email, **said})
    if user["status"] == "active":
        screen.say(f"{user['email']} is a user now, and is being invited to sign in by e-mail")
        screen.note(NO_MAIL)
    else:
        screen.say(f"{user['email']} is a user now, and is not active")
    return ExitCode.ALL_GOOD


@app.command(
    cls=ListCommand,
    epilog=examples(
        "users edit ana@lumina.example --mobile '+254 700 000 001'",
        "users edit ana@lumina.example --status inactive",
    ),
)
def edit(
    ctx: Context,
    email: Email,
    name: Annotated[str | None, Option("--name", metavar="NAME")] = None,
    roles: Annotated[
        list[str] | None,
        Option("--roles", metavar="ROLE...", help="all user roles; none after a bare --roles"),
    ] = None,
    status: UserStatus = None,
    opco: Opco = None,
    employee_id: EmployeeId = None,
    phone: Phone = None,
    mobile: Mobile = None,
    login_name: LoginName = None,
) -> ExitCode:
    """Change fields of a user; fields that are not given stay as they are."""
    session = session_of(ctx)
    said = _said(
        name=name,
        roles=roles,
        opco=opco,
        status=status,
        employee_id=employee_id,
        phone=phone,
        mobile=mobile,
        login_name=login_name,
    )
    known = session.api.get("users", email)
    body = {field: known[field] for field in FIELDS} | said
    user = session.api.put("users", known["email"], body=body)
    session.screen.say(f"{user['email']} is stored")
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("users invite ana@lumina.example"))
def invite(ctx: Context, email: Email) -> ExitCode:
    """Send a user an invitation, or another one."""
    session = session_of(ctx)
    user = session.api.post("users", email, "invitation")
    session.screen.say(f"{user['email']} is being invited to sign in by e-mail")
    session.screen.note(NO_MAIL)
    return ExitCode.ALL_GOOD


@app.command(
    epilog=examples(
        "users delete ana@lumina.example ben@lumina.example --yes",
        "users delete ana@lumina.example --no-wait",
    )
)
def delete(
    ctx: Context,
    emails: Annotated[list[str], Argument(metavar="EMAIL", help="the users' addresses")],
    yes: Yes = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """Delete users, and remove them from all accounts by an import."""
    session = session_of(ctx)
    if not yes:
        question = f"Delete {', '.join(emails)}, and remove them from all their accounts?"
        confirm(question, "nothing was deleted")
    ticket = _deletion(session, emails)["import_ticket"]
    return show_outcome(session, ticket, Watching(not no_wait, as_json, errors))


def _deletion(session: Session, emails: list[str]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = (
        session.api.delete("users", emails[0])
        if len(emails) == 1
        else session.api.post("users", "delete", body={"emails": emails})
    )
    return answer


def _said(**fields: str | list[str] | None) -> dict[str, object]:
    """The fields given on the command line; a bare --roles removes all roles."""
    said: dict[str, object] = {name: it for name, it in fields.items() if it is not None}
    if fields["roles"] is not None:
        said["roles"] = [role for role in fields["roles"] if role]
    return said
