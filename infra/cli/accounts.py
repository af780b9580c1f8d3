"""Accounts at the command line: one account, its history, an edit, and all as a CSV file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated, Any, TextIO

from handover.profiles.profile import WORKFLOW_ROLE
from handover.reading.guards import guard
from handover.rules.pending import pending_assignee
from typer import Context, Option, Typer

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.imports import pages
from infra.cli.naming import addresses_in
from infra.cli.options import (
    AccountId,
    AsJson,
    DryRun,
    Output,
    Pair,
    Panel,
    ProfileName,
    Status,
    examples,
    named,
)
from infra.cli.screen import Screen, Unit
from infra.cli.session import session_of
from infra.cli.showing import counted, moment, show_json

# Characters that need no escaping in a path; any other id goes into the query.
PLAIN_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
EXPORT_ROWS = 1000
FIELDS = ("account_id", "name", "customer_id", "opco", "status")
DETAILS = ("name", "mobile", "phone")


app = Typer()


@app.command(
    rich_help_panel=Panel.ACCOUNTS,
    epilog=examples("account KE100100", "account KE100100 --at 2026-11-22"),
)
def account(
    ctx: Context,
    account_id: AccountId,
    at: Annotated[
        str | None,
        Option("--at", metavar="DATE", help="as it was at the end of that day, or at that instant"),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Show an account, its assigned users, and their phone numbers."""
    session = session_of(ctx)
    found, screen = _one(session.api, account_id, at), session.screen
    if as_json:
        show_json(found)
        return ExitCode.ALL_GOOD
    fields = [(name, found[name]) for name in FIELDS]
    fields.append(("portals", ", ".join(found["portals"])))
    if found.get("at"):
        fields.append(("as of", moment(found["at"])))
    for name, value in fields:
        if value:
            screen.say(f"{name:<13}{value}")
    rows = [
        (
            role,
            assignee["email"],
            "(no user yet)" if assignee["is_pending"] else assignee["name"],
            assignee["mobile"] or assignee["phone"],
        )
        for role, roles in found["people"].items()
        for assignee in roles
    ]
    rows += [(WORKFLOW_ROLE, name, "", "") for name in found["assigned"].get(WORKFLOW_ROLE, ())]
    if rows:
        screen.say()
        screen.table(("role", "who", "name", "phone"), rows)
    else:
        screen.say("Nobody is assigned")
    return ExitCode.ALL_GOOD


def _one(api: Api, account_id: str, at: str | None) -> Any:
    if PLAIN_ID.fullmatch(account_id):
        return api.get("accounts", account_id, at=at)
    return api.get("accounts", id=account_id, at=at)["accounts"][0]


@app.command(rich_help_panel=Panel.ACCOUNTS, epilog=examples("history KE100100"))
def history(ctx: Context, account_id: AccountId, as_json: AsJson = False) -> ExitCode:
    """List who has held an account, and why."""
    session = session_of(ctx)
    screen = session.screen
    if PLAIN_ID.fullmatch(account_id):
        path = ("accounts", account_id, "history")
        entries = list(pages(session.api, path, "history", None))
    else:
        entries = list(pages(session.api, ("history",), "history", None, account_id=account_id))
    if as_json:
        show_json(entries)
        return ExitCode.ALL_GOOD
    if not entries:
        screen.say(f"Nothing has changed on {account_id} yet")
        return ExitCode.ALL_GOOD
    rows = [
        (
            moment(entry["at"]),
            change["role"],
            ", ".join(change["before"]) or "nobody",
            ", ".join(change["after"]) or "nobody",
            entry["actor"],
            f"{entry['line']:,}",
            entry["import_id"],
        )
        for entry in entries
        for change in entry["changes"]
    ]
    screen.table(("at", "role", "before", "after", "by", "line", "import"), rows, numbers=(5,))
    return ExitCode.ALL_GOOD


@app.command(
    rich_help_panel=Panel.ACCOUNTS,
    epilog=examples(
        "edit KE100100 --profile single-strict --set account_manager=ana@lumina.example",
        "edit KE100100 --profile single-strict --set account_manager= --dry-run",
    ),
)
def edit(
    ctx: Context,
    account_id: AccountId,
    profile: ProfileName,
    wishes: Annotated[
        list[Pair],
        Option(
            "--set",
            parser=named,
            metavar="ROLE=EMAIL[,EMAIL]",
            help="who must hold a role, nobody after a bare '='; may be repeated",
        ),
    ],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Change who is assigned to one account, by the rules of a profile."""
    session = session_of(ctx)
    body = {"profile": profile, "assign": assigned_by(wishes), "dry_run": dry_run}
    answer = (
        session.api.patch("accounts", account_id, body=body)
        if PLAIN_ID.fullmatch(account_id)
        else session.api.patch("accounts", body=body, id=account_id)
    )
    if as_json:
        show_json(answer)
        return ExitCode.ALL_GOOD
    begin = "would be " if dry_run else ""
    session.screen.say(f"{account_id} {begin}{answer['outcome']}")
    for change in answer["changes"]:
        before, after = (", ".join(change[when]) or "nobody" for when in ("before", "after"))
        session.screen.say(f"  {change['role']}: {before} -> {after}")
    return ExitCode.ALL_GOOD


def assigned_by(wishes: Sequence[Pair]) -> dict[str, list[str]]:
    """Who must hold each role. Raises CommandError for a role that is given twice."""
    found: dict[str, list[str]] = {}
    for wish in wishes:
        if wish.name in found:
            raise CommandError(f"--set {wish.name}: found it twice, expected addresses with commas")
        # A workflow's name may contain a comma.
        is_workflow = wish.name == WORKFLOW_ROLE and wish.value
        found[wish.name] = (
            [wish.value] if is_workflow else addresses_in(wish.value, f"--set {wish.name}")
        )
    return found


@app.command(
    rich_help_panel=Panel.ACCOUNTS,
    epilog=examples("export -o accounts.csv --status active", "export --holder ana@lumina.example"),
)
def export(
    ctx: Context,
    output: Output = None,
    status: Annotated[
        Status | None, Option("--status", metavar="active|inactive", help="only these accounts")
    ] = None,
    portal: Annotated[
        str | None, Option("--portal", metavar="NAME", help="only accounts of this portal")
    ] = None,
    holder: Annotated[
        str | None,
        Option("--holder", metavar="NAME", help="only accounts of this user, by name or address"),
    ] = None,
    role: Annotated[
        str | None, Option("--role", metavar="ROLE", help="only accounts held in this role")
    ] = None,
    beginning: Annotated[
        str | None, Option("--beginning", metavar="TEXT", help="only accounts whose id begins so")
    ] = None,
) -> ExitCode:
    """Write all accounts with their assigned users, as CSV."""
    session = session_of(ctx)
    screen = session.screen
    query = {
        "status": status,
        "portal": portal,
        "holder": holder,
        "role": role,
        "beginning": beginning,
        "export": "true",
    }
    found = pages(session.api, ("accounts",), "accounts", None, EXPORT_ROWS, **query)
    # The set of roles is known only at the end, and a million accounts do not fit into memory.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as draft:
        roles, many = _kept(found, draft, screen)
        draft.seek(0)
        accounts = (json.loads(line) for line in draft)
        if not output:
            sys.stdout.flush()
            plain = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
            write_csv(plain, roles, accounts)
            plain.detach()
            return ExitCode.ALL_GOOD
        _write_file(Path(output), roles, accounts)
    screen.note(f"{counted(many, 'account')} written to {output}")
    return ExitCode.ALL_GOOD


def _kept(found: Iterator[dict[str, Any]], draft: IO[str], screen: Screen) -> tuple[list[str], int]:
    roles: set[str] = set()
    many = 0
    with screen.bar("reading accounts", None, Unit.LINES) as bar:
        for many, account in enumerate(found, start=1):
            roles |= account["assigned"].keys()
            draft.write(json.dumps(account) + "\n")
            if many % EXPORT_ROWS == 0:
                bar.to(many, None, "reading accounts")
    return sorted(roles), many


def _write_file(target: Path, roles: list[str], accounts: Iterable[Mapping[str, Any]]) -> None:
    if target.is_dir():
        raise CommandError(f"{target} is a folder, expected the name of a file")
    draft = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        # With a BOM, by which spreadsheets recognise UTF-8.
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            write_csv(file, roles, accounts)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_csv(file: TextIO, roles: list[str], accounts: Iterable[Mapping[str, Any]]) -> None:
    """Accounts as CSV: their fields, then for each role the holders, their names and phones.

    Several are separated by commas, as in files. A pending user is written as `pending:<address>`,
    which a file may contain too. Cells are guarded as in a report.
    """
    lines = csv.writer(file, lineterminator="\r\n")
    header = [*FIELDS, "portals"]
    for role in roles:
        header += [role] if role == WORKFLOW_ROLE else [role, *(f"{role} {it}" for it in DETAILS)]
    lines.writerow([guard(label) for label in header])
    for account in accounts:
        lines.writerow([guard(cell) for cell in _cells(account, roles)])


def _cells(account: Mapping[str, Any], roles: list[str]) -> Iterator[str]:
    yield from (account[name] for name in FIELDS)
    yield ";".join(account["portals"])
    for role in roles:
        if role == WORKFLOW_ROLE:
            yield ",".join(account["assigned"].get(role, ()))
            continue
        people = account["people"].get(role, ())
        yield ",".join(
            pending_assignee(assignee["email"]) if assignee["is_pending"] else assignee["email"]
            for assignee in people
        )
        for detail in DETAILS:
            yield ", ".join(assignee[detail] for assignee in people if assignee[detail])
