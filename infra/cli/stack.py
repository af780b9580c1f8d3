"""The stack at the command line: its outputs, signing in, and loading a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option, Typer

from infra.cli import sign_in
from infra.cli.failures import CommandError, ExitCode
from infra.cli.options import AsJson, Email, Panel, Tenant, examples
from infra.cli.session import session_of
from infra.cli.showing import show_json

app = Typer()


@app.command(
    rich_help_panel=Panel.STACK,
    epilog=examples("outputs", "outputs UploadsBucket", "outputs --json"),
)
def outputs(
    ctx: Context,
    name: Annotated[
        str | None, Argument(metavar="NAME", help="print only the value of this output")
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Show the stack's outputs, or the value of one."""
    session = session_of(ctx)
    # People ask for the API's address; on the embedded AWS that is not the output's value.
    found = dict(session.stack.outputs) | {"ApiUrl": session.stack.api_url}
    if name is not None and name not in found:
        raise CommandError(f"found {name!r}, expected an output of the stack: {', '.join(found)}")
    if as_json:
        show_json(found[name] if name else found)
    elif name:
        session.screen.say(found[name])
    else:
        width = max(map(len, found))
        for key, value in found.items():
            session.screen.say(f"{key:<{width}}  {value}")
    return ExitCode.ALL_GOOD


@app.command(
    rich_help_panel=Panel.STACK,
    epilog=examples("seed events/directory --tenant lumina", "seed DIR --tenant lumina --sign-ins"),
)
def seed(
    ctx: Context,
    directory: Annotated[
        str, Argument(metavar="DIR", help="a folder with some of the files named below")
    ],
    tenant: Tenant,
    sign_ins: Annotated[
        bool,
        Option("--sign-ins", help="on AWS also invite the active users to sign in, by e-mail"),
    ] = False,
) -> ExitCode:
    """Load a tenant's directory from files; needs AWS credentials, can be repeated.

    The folder may contain accounts.csv, users.csv, sources.csv, workflows.csv, roles.csv,
    settings.json and profiles/*.json, with the columns that GUIDE.md lists. On the embedded AWS
    every active user gets a sign-in with the password in HANDOVER_PASSWORD, else Handover-1.
    """
    from infra.cli import seed as seeding  # half a second of imports that no other command needs

    session = session_of(ctx)
    return seeding.run(session, Path(directory), tenant, with_invitations=sign_ins)


@app.command(rich_help_panel=Panel.STACK, epilog=examples("login ines.okello@lumina.example"))
def login(ctx: Context, email: Email) -> ExitCode:
    """Sign in; the password comes from HANDOVER_PASSWORD, or you are asked for it.

    HANDOVER_MFA_CODE works the same for the code of an authenticator app, if you have registered
    one.
    """
    session = session_of(ctx)
    signed_in = sign_in.login(session.stack, email)
    session.screen.say(f"{signed_in.email} is signed in")
    return ExitCode.ALL_GOOD


@app.command(rich_help_panel=Panel.STACK, epilog=examples("token"))
def token(ctx: Context) -> ExitCode:
    """Print the JWT of the signed-in user, for curl."""
    print(sign_in.id_token(session_of(ctx).stack))
    return ExitCode.ALL_GOOD
