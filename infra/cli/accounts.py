"""Accounts at the command line: one of them, its history, an edit of it, and all as a CSV file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TextIO

from handover.profiles import WORKFLOW_ROLE
from handover.reading.guards import guard
from handover.rules import pending_seat

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.naming import addresses_in
from infra.cli.records import pages
from infra.cli.screen import Screen, Unit
from infra.cli.showing import moment, show_json

# What stands in a path as it is; any other id goes into the query.
PLAIN_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
EXPORT_ROWS = 1000
FACTS = ("account_id", "name", "customer_id", "opco", "status")
DETAILS = ("name", "mobile", "phone")


def account(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover account`."""
    return show_account(Api(find_stack()), arguments, screen)


def show_account(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """An account, who is assigned to it, and their phones."""
    found = _one(api, arguments.account, arguments.at)
    if arguments.json:
        show_json(found)
        return ExitCode.ALL_GOOD
    facts = [(name, found[name]) for name in FACTS]
    facts.append(("portals", ", ".join(found["portals"])))
    if found.get("at"):
        facts.append(("as of", moment(found["at"])))
    for name, value in facts:
        if value:
            screen.say(f"{name:<13}{value}")
    rows = [
        (
            role,
            seat["email"],
            "(no user yet)" if seat["is_pending"] else seat["name"],
            seat["mobile"] or seat["phone"],
        )
        for role, seats in found["people"].items()
        for seat in seats
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


def history(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover history`."""
    return show_history(Api(find_stack()), arguments, screen)


def show_history(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """What has become of an account."""
    if PLAIN_ID.fullmatch(arguments.account):
        path = ("accounts", arguments.account, "history")
        entries = list(pages(api, path, "history", None))
    else:
        entries = list(pages(api, ("history",), "history", None, account_id=arguments.account))
    if arguments.json:
        show_json(entries)
        return ExitCode.ALL_GOOD
    if not entries:
        screen.say(f"Nothing has changed on {arguments.account} yet")
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


def edit(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover edit`."""
    return edit_account(Api(find_stack()), arguments, screen)


def edit_account(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """An edit, and what became of it."""
    wishes: dict[str, list[str]] = {}
    for role, names in arguments.set:
        if role in wishes:
            raise CommandError(f"--set {role}: given twice; wanted addresses separated by commas")
        # A workflow's name may hold a comma.
        is_workflow = role == WORKFLOW_ROLE and names
        wishes[role] = [names] if is_workflow else addresses_in(names, f"--set {role}")
    body = {"profile": arguments.profile, "assign": wishes, "dry_run": arguments.dry_run}
    if PLAIN_ID.fullmatch(arguments.account):
        told = api.patch("accounts", arguments.account, body=body)
    else:
        told = api.patch("accounts", body=body, id=arguments.account)
    if arguments.json:
        show_json(told)
        return ExitCode.ALL_GOOD
    begin = "would be " if arguments.dry_run else ""
    screen.say(f"{arguments.account} {begin}{told['outcome']}")
    for change in told["changes"]:
        before, after = (", ".join(change[when]) or "nobody" for when in ("before", "after"))
        screen.say(f"  {change['role']}: {before} -> {after}")
    return ExitCode.ALL_GOOD


def export(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover export`."""
    return export_accounts(Api(find_stack()), arguments, screen)


def export_accounts(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """A CSV file of accounts, to stdout or to a file."""
    query = {name: getattr(arguments, name) for name in ("status", "portal", "holder", "role")}
    found = pages(api, ("accounts",), "accounts", None, EXPORT_ROWS, **query)
    # Which roles there are is known at the end only, and a million accounts fit no memory.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as draft:
        roles, many = _kept(found, draft, screen)
        draft.seek(0)
        accounts = (json.loads(line) for line in draft)
        if not arguments.output:
            sys.stdout.flush()
            plain = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
            write_csv(plain, roles, accounts)
            plain.detach()
            return ExitCode.ALL_GOOD
        _write_file(Path(arguments.output), roles, accounts)
    screen.note(f"{many:,} accounts written to {arguments.output}")
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
        raise CommandError(f"{target} is a folder; wanted the name of a file")
    draft = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        # With a BOM, by which spreadsheets know UTF-8.
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            write_csv(file, roles, accounts)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_csv(file: TextIO, roles: list[str], accounts: Iterable[Mapping[str, Any]]) -> None:
    """Accounts as CSV: their facts, then for each role who holds it, their names and phones.

    Several are separated by commas, as files have them. Who is waited for stands as
    `pending:<address>`, which a file may say too. Cells are guarded as in a report.
    """
    lines = csv.writer(file, lineterminator="\r\n")
    header = [*FACTS, "portals"]
    for role in roles:
        header += [role] if role == WORKFLOW_ROLE else [role, *(f"{role} {it}" for it in DETAILS)]
    lines.writerow([guard(label) for label in header])
    for account in accounts:
        lines.writerow([guard(cell) for cell in _cells(account, roles)])


def _cells(account: Mapping[str, Any], roles: list[str]) -> Iterator[str]:
    yield from (account[name] for name in FACTS)
    yield ";".join(account["portals"])
    for role in roles:
        if role == WORKFLOW_ROLE:
            yield ",".join(account["assigned"].get(role, ()))
            continue
        people = account["people"].get(role, ())
        yield ",".join(
            pending_seat(seat["email"]) if seat["is_pending"] else seat["email"] for seat in people
        )
        for detail in DETAILS:
            yield ", ".join(seat[detail] for seat in people if seat[detail])
