"""Imports and their files, portfolios, templates at the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from handover.profiles.presets import presets
from handover.profiles.profile import EACH_ROLE, Profile
from handover.profiles.template import template_csv
from typer import Argument, Context, Option, Typer

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.options import (
    DEFAULT_ERRORS,
    DEFAULT_LIMIT,
    AsJson,
    Email,
    Errors,
    ImportId,
    Output,
    Panel,
    Reason,
    examples,
)
from infra.cli.screen import Screen
from infra.cli.session import Session, session_of
from infra.cli.showing import (
    errors_of,
    is_final,
    listed,
    moment,
    show_first_errors,
    show_import,
    show_json,
    show_next,
)

BLOCK_BYTES = 256 * 1024
PAGE_ROWS = 100
_MODES = {"dry_run": " (dry run)", "preview": " (preview)"}


app = Typer()


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples("imports --limit 100", "imports --state error", "imports 4f0c…"),
)
def imports(
    ctx: Context,
    import_id: Annotated[
        str | None, Argument(metavar="ID", help="the id of one import, or its ticket")
    ] = None,
    as_json: AsJson = False,
    limit: Annotated[
        int, Option("--limit", metavar="N", min=0, help="list at most this many")
    ] = DEFAULT_LIMIT,
    state: Annotated[
        str | None, Option("--state", metavar="STATE", help="list only those in this state")
    ] = None,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """List the imports, or show one of them."""
    session = session_of(ctx)
    if import_id:
        return _one_import(session, import_id, as_json=as_json, errors=errors)
    found = list(pages(session.api, ("imports",), "imports", limit, state=state))
    if as_json:
        show_json(found)
    elif not found:
        session.screen.say("There are no such imports" if state else "There are no imports yet")
    else:
        _list_imports(session.screen, found)
    return ExitCode.ALL_GOOD


def _one_import(session: Session, import_id: str, *, as_json: bool, errors: int) -> ExitCode:
    screen, import_ = session.screen, session.api.get("imports", import_id)
    if as_json:
        show_json(import_)
        return ExitCode.ALL_GOOD
    show_import(screen, import_, session.stack.console_link(import_["import_id"]))
    rows = [
        ("import", import_["import_id"]),
        ("profile", import_["profile"]),
        ("from", _sender(import_)),
        ("received", moment(import_["received_at"])),
        ("finished", moment(import_["finished_at"])),
        ("follows", import_.get("follows")),
        ("approved", _decision(import_, "approved_by", "approve_reason")),
        ("cancelled", _decision(import_, "cancelled_by", "cancel_reason")),
    ]
    for name, value in rows:
        if value:
            screen.say(f"  {name:<10}{value}")
    show_first_errors(screen, session.api, import_, errors)
    return ExitCode.ALL_GOOD


def _decision(import_: dict[str, Any], who: str, why: str) -> str:
    """Who decided and why, "" when nobody did."""
    return ": ".join(text for text in (import_.get(who), import_.get(why)) if text)


def _sender(import_: dict[str, Any]) -> str:
    """The address of a person, or the source with the principal that wrote the file."""
    uploader, source = str(import_["uploader"]), str(import_["source"])
    if not uploader or "@" in uploader:
        return uploader or source
    return f"{source} ({uploader})"


def _list_imports(screen: Screen, found: list[dict[str, Any]]) -> None:
    rows = [
        (
            moment(import_["received_at"]),
            import_["state"] + _MODES.get(import_["mode"], ""),
            f"{import_['counts']['lines']:,}",
            f"{errors_of(import_):,}",
            f"{import_['accounts_updated']:,}",
            import_["filename"],
            _sender(import_),
            import_["import_id"],
        )
        for import_ in found
    ]
    headings = (
        "received",
        "state",
        "lines",
        "errors",
        "accounts updated",
        "file",
        "from",
        "import",
    )
    screen.table(headings, rows, numbers=(2, 3, 4))


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples("approve 4f0c… --reason 'The region moves to Ben on 1 December'"),
)
def approve(ctx: Context, import_id: ImportId, reason: Reason = "") -> ExitCode:
    """Approve an import that waits for an Admin; not your own while there is another Admin."""
    return _decide(session_of(ctx), import_id, "approve", "is approved and continues", reason)


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples("cancel 4f0c…", "cancel 4f0c… --reason 'The column is empty by mistake'"),
)
def cancel(ctx: Context, import_id: ImportId, reason: Reason = "") -> ExitCode:
    """Cancel an open import; what is already written stays."""
    return _decide(session_of(ctx), import_id, "cancel", "is being cancelled", reason)


def _decide(session: Session, import_id: str, what: str, words: str, reason: str) -> ExitCode:
    body = {"reason": reason} if reason else None
    import_ = session.api.post("imports", import_id, what, body=body)
    if what == "cancel" and is_final(import_):
        words = "is cancelled"
    session.screen.say(f"{import_['filename'] or import_['import_id']} {words}")
    show_next(session.screen, import_)
    return ExitCode.ALL_GOOD


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples("report 4f0c… -o errors.csv", "report 4f0c… -o errors.xlsx"),
)
def report(ctx: Context, import_id: ImportId, output: Output = None) -> ExitCode:
    """Fetch the lines of an import that are in error, as CSV, or as a workbook (.xlsx)."""
    session = session_of(ctx)
    query = {"format": "xlsx"} if (output or "").casefold().endswith(".xlsx") else {}
    return fetch(session.api, ("imports", import_id, "report"), output, session.screen, query)


@app.command(rich_help_panel=Panel.FILES, epilog=examples("results 4f0c… -o results.csv"))
def results(ctx: Context, import_id: ImportId, output: Output = None) -> ExitCode:
    """Fetch every line of an import with its outcome, as CSV."""
    session = session_of(ctx)
    return fetch(session.api, ("imports", import_id, "results"), output, session.screen)


@app.command(rich_help_panel=Panel.FILES, epilog=examples("template single-strict -o managers.csv"))
def template(
    ctx: Context,
    profile: Annotated[str, Argument(metavar="P", help="a preset, or a profile of the tenant")],
    output: Output = None,
) -> ExitCode:
    """Write an empty CSV file of a profile; for a preset also without signing in."""
    session = session_of(ctx)
    preset = presets().get(profile)
    if preset is not None and not session.is_signed_in:
        return _save([_template_of(preset)], output, session.screen)
    return fetch(session.api, ("profiles", profile, "template"), output, session.screen)


def _template_of(preset: Profile) -> bytes:
    if any(EACH_ROLE in column.label for column in preset.columns):
        raise CommandError(
            f"{preset.name} has columns for each role of a tenant: run `handover login EMAIL` first"
        )
    return template_csv(preset)


def fetch(
    api: Api,
    path: tuple[str, ...],
    output: str | None,
    screen: Screen,
    query: Mapping[str, str] = MappingProxyType({}),
) -> ExitCode:
    """Writes a file to stdout, or to `output`; an existing file is replaced only when complete."""
    return _save(_blocks(api, path, query), output, screen)


def _blocks(api: Api, path: tuple[str, ...], query: Mapping[str, str]) -> Iterator[bytes]:
    with api.download(*path, query=query) as answer:
        yield from answer.stream(BLOCK_BYTES)


def _save(blocks: Iterable[bytes], output: str | None, screen: Screen) -> ExitCode:
    if not output:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(blocks)
        sys.stdout.buffer.flush()
        return ExitCode.ALL_GOOD
    target = Path(output)
    if target.is_dir():
        raise CommandError(f"{target} is a folder; expected the name of a file")
    draft = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.writelines(blocks)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    screen.note(f"written to {target}")
    return ExitCode.ALL_GOOD


@app.command(rich_help_panel=Panel.ACCOUNTS, epilog=examples("portfolio ana@lumina.example"))
def portfolio(ctx: Context, email: Email, as_json: AsJson = False) -> ExitCode:
    """List the accounts that a user holds."""
    session = session_of(ctx)
    held = list(pages(session.api, ("portfolios", email), "accounts", None))
    rows = [(holding["account_id"], holding["role"]) for holding in held]
    none = f"{email} holds no account"
    return listed(session.screen, held, ("account", "role"), rows, as_json=as_json, none=none)


def pages(
    api: Api,
    path: tuple[str, ...],
    name: str,
    most: int | None,
    /,
    page_rows: int = PAGE_ROWS,
    **query: str | None,
) -> Iterator[Any]:
    """The rows of a listing, page after page, at most `most`."""
    cursor: str | None = None
    left = most
    while left is None or left > 0:
        page = api.get(*path, limit=min(page_rows, left or page_rows), cursor=cursor, **query)
        rows = page[name]
        yield from rows
        cursor = page.get("cursor")
        left = None if left is None else left - len(rows)
        if not cursor:
            return
