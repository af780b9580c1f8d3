"""Requests at the command line: what customers' contacts ask for."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.imports import pages
from infra.cli.options import AccountId, AsJson, examples
from infra.cli.session import session_of
from infra.cli.showing import listed, moment, show_json

RequestId = Annotated[str, Argument(metavar="ID", help="the request's id")]

app = Typer(invoke_without_command=True)


@app.callback(epilog=examples("requests", "requests --account KE100100"))
def requests(
    ctx: Context,
    account: Annotated[
        str | None,
        Option("--account", metavar="ACCOUNT", help="only of this account"),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """List the requests of my accounts, or of one account."""
    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    session = session_of(ctx)
    found = list(pages(session.api, ("requests",), "requests", None, account_id=account))
    rows = [
        (
            moment(request["created_at"]),
            request["account_id"],
            request["subject"],
            request["contact"],
            request["created_by"],
            request["request_id"],
        )
        for request in found
    ]
    headings = ("created", "account", "subject", "contact", "by", "request")
    return listed(session.screen, found, headings, rows, as_json=as_json)


@app.command(epilog=examples("requests show 01J…"))
def show(ctx: Context, request_id: RequestId, as_json: AsJson = False) -> ExitCode:
    """Show a request and its notes, oldest first."""
    session = session_of(ctx)
    found = session.api.get("requests", request_id)
    notes = list(pages(session.api, ("requests", request_id), "notes", None))
    if as_json:
        show_json(found | {"notes": notes, "cursor": None})
        return ExitCode.ALL_GOOD
    for name in ("subject", "account_id", "contact", "created_by"):
        if found[name]:
            session.screen.say(f"{name:<12}{found[name]}")
    session.screen.say(f"{'created_at':<12}{moment(found['created_at'])}")
    session.screen.say()
    session.screen.say(found["description"])
    for note in notes:
        session.screen.say()
        session.screen.say(f"{moment(note['created_at'])}  {note['created_by']}", style="bold")
        session.screen.say(note["text"])
    return ExitCode.ALL_GOOD


@app.command(
    epilog=examples("requests add KE100100 --subject 'Wrong invoice' --description 'See 4711'")
)
def add(
    ctx: Context,
    account_id: AccountId,
    subject: Annotated[str, Option("--subject", metavar="TEXT", help="a short title")],
    description: Annotated[str, Option("--description", metavar="TEXT", help="the full text")],
    contact: Annotated[
        str, Option("--contact", metavar="TEXT", help="who asked, in free text")
    ] = "",
) -> ExitCode:
    """Create a request on behalf of a contact of an account."""
    session = session_of(ctx)
    body = {
        "account_id": account_id,
        "subject": subject,
        "description": description,
        "contact": contact,
    }
    made = session.api.post("requests", body=body)
    session.screen.say(f"The request {made['request_id']} is created")
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("requests note 01J… 'Called them back'"))
def note(
    ctx: Context,
    request_id: RequestId,
    text: Annotated[str, Argument(metavar="TEXT", help="the note's text")],
) -> ExitCode:
    """Add a note to a request."""
    session = session_of(ctx)
    session.api.post("requests", request_id, "notes", body={"text": text})
    session.screen.say("The note is added")
    return ExitCode.ALL_GOOD
