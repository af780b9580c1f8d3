"""Changes to many accounts without a file: undo an import, reassign accounts; pending users."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, Context, Option, Typer

from infra.cli.failures import CommandError, ExitCode
from infra.cli.imports import pages
from infra.cli.naming import addresses_in
from infra.cli.options import (
    DEFAULT_ERRORS,
    AsJson,
    DryRun,
    Errors,
    ImportId,
    NoWait,
    Panel,
    ProfileName,
    Watching,
    examples,
)
from infra.cli.session import session_of
from infra.cli.showing import listed, moment
from infra.cli.uploading import show_outcome

app = Typer()


@app.command(
    rich_help_panel=Panel.FILES, epilog=examples("undo 4f0c…", "undo 4f0c… --dry-run --errors 50")
)
def undo(
    ctx: Context,
    import_id: ImportId,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """Undo what an import has changed, where nothing has changed since."""
    session = session_of(ctx)
    answer = session.api.post("imports", import_id, "undo", body={"mode": _mode(dry_run)})
    return show_outcome(session, answer["import_ticket"], Watching(not no_wait, as_json, errors))


@app.command(
    rich_help_panel=Panel.ACCOUNTS,
    epilog=examples(
        "assign KE100100 KE100107 --profile single-strict --to ana@lumina.example",
        "assign --from ana@lumina.example --to ben@lumina.example --profile single-strict",
    ),
)
def assign(
    ctx: Context,
    profile: ProfileName,
    to: Annotated[
        str, Option("--to", metavar="EMAIL[,EMAIL]", help="the new holders; '' = nobody")
    ],
    accounts: Annotated[
        list[str] | None, Argument(metavar="ACCOUNT", help="these accounts")
    ] = None,
    held_by: Annotated[
        str | None,
        Option("--from", metavar="EMAIL", help="all accounts that this user holds in the role"),
    ] = None,
    role: Annotated[
        str, Option("--role", metavar="ROLE", help="by default the profile's first role")
    ] = "",
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """Reassign accounts without a file: the named ones, or all that a user holds."""
    if bool(accounts) == bool(held_by):
        raise CommandError("name the accounts, or use --from with the address of their holder")
    body: dict[str, object] = {
        "profile": profile,
        "to": addresses_in(to, "--to") or None,
        "role": role,
        "mode": _mode(dry_run),
    }
    which = {"account_ids": accounts} if accounts else {"held_by": held_by}
    session = session_of(ctx)
    answer = session.api.post("assignments", body=body | which)
    return show_outcome(session, answer["import_ticket"], Watching(not no_wait, as_json, errors))


@app.command(rich_help_panel=Panel.ACCOUNTS, epilog=examples("pending", "pending --json"))
def pending(ctx: Context, as_json: AsJson = False) -> ExitCode:
    """List the accounts that wait for users who do not exist yet."""
    session = session_of(ctx)
    found: list[dict[str, Any]] = list(pages(session.api, ("pending",), "pending", None))
    rows = [
        (
            one["address"],
            one["role"],
            one["account_id"],
            moment(one["since"]),
            one["import_id"] or "",
        )
        for one in found
    ]
    headings = ("address", "role", "account", "since", "import")
    return listed(
        session.screen, found, headings, rows, as_json=as_json, none="No account waits for a user"
    )


def _mode(is_dry: bool) -> str:
    return "dry_run" if is_dry else "run"
