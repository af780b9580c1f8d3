"""The workflows of a tenant at the command line."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context, Typer

from infra.cli.failures import ExitCode
from infra.cli.imports import pages
from infra.cli.options import AsJson, examples
from infra.cli.session import session_of
from infra.cli.showing import listed, show_json

Name = Annotated[str, Argument(metavar="NAME", help="the workflow's exact name")]

app = Typer(invoke_without_command=True)


@app.callback(epilog=examples("workflows", "workflows --json"))
def workflows(ctx: Context, as_json: AsJson = False) -> ExitCode:
    """List the workflows that accounts can be given."""
    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    session = session_of(ctx)
    found = list(pages(session.api, ("workflows",), "workflows", None))
    rows = [(workflow["name"],) for workflow in found]
    return listed(session.screen, found, ("workflow",), rows, as_json=as_json)


@app.command(epilog=examples("workflows show 'Gentle reminders'"))
def show(ctx: Context, name: Name, as_json: AsJson = False) -> ExitCode:
    """Show whether there is a workflow of that name."""
    session = session_of(ctx)
    found = session.api.get("workflows", name)
    if as_json:
        show_json(found)
    else:
        session.screen.say(found["name"])
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("workflows add 'Gentle reminders'"))
def add(ctx: Context, name: Name) -> ExitCode:
    """Define a workflow; lines can name it from then on."""
    session = session_of(ctx)
    made = session.api.put("workflows", name, body={})
    session.screen.say(f"{made['name']} is a workflow now")
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("workflows remove 'Gentle reminders'"))
def remove(ctx: Context, name: Name) -> ExitCode:
    """Remove a workflow; accounts that have it keep it."""
    session = session_of(ctx)
    session.api.delete("workflows", name)
    session.screen.say(f"{name} can no longer be assigned; accounts that have it keep it")
    return ExitCode.ALL_GOOD
