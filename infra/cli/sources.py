"""The sources of a tenant at the command line: other systems that may drop files."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.imports import pages
from infra.cli.options import AsJson, Map, OnError, ProfileName, examples, mapping_of
from infra.cli.screen import Screen
from infra.cli.session import session_of
from infra.cli.showing import listed, show_json

SourceName = Annotated[str, Argument(metavar="SOURCE", help="its folder under drop/<tenant>/")]

app = Typer(invoke_without_command=True)


@app.callback(epilog=examples("sources", "sources --json"))
def sources(ctx: Context, as_json: AsJson = False) -> ExitCode:
    """List the systems that may drop files; Admins only."""
    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    session = session_of(ctx)
    found = list(pages(session.api, ("sources",), "sources", None))
    rows = [
        (
            source["source"],
            source["profile"],
            source["principal"],
            "yes" if source["writes_directory"] else "no",
        )
        for source in found
    ]
    headings = ("source", "profile", "principal", "writes the directory")
    return listed(session.screen, found, headings, rows, as_json=as_json)


@app.command(epilog=examples("sources show crm"))
def show(ctx: Context, source: SourceName, as_json: AsJson = False) -> ExitCode:
    """Show a source and its column names."""
    session = session_of(ctx)
    found = session.api.get("sources", source)
    if as_json:
        show_json(found)
    else:
        _show(session.screen, found)
    return ExitCode.ALL_GOOD


def _show(screen: Screen, found: dict[str, Any]) -> None:
    rows = [(name, found[name]) for name in ("source", "profile", "principal")]
    rows.append(("writes the directory", "yes" if found["writes_directory"] else "no"))
    if found.get("on_error"):
        rows.append(("on error", found["on_error"]))
    rows += [("mapping", f"{theirs} = {ours}") for theirs, ours in found["mapping"].items()]
    for name, value in rows:
        screen.say(f"{name:<22}{value}")


@app.command(
    epilog=examples(
        "sources put crm --profile single-strict --principal AROAEXAMPLE",
        "sources put erp --profile single-strict --principal AIDAEXAMPLE --map 'Kunde=account ID'",
    )
)
def put(
    ctx: Context,
    source: SourceName,
    profile: ProfileName,
    principal: Annotated[
        str,
        Option("--principal", metavar="ID", help="the writing role's or user's id: AROA…, AIDA…"),
    ],
    mapping: Map = None,
    writes_directory: Annotated[
        bool,
        Option("--writes-directory", help="may drop files of accounts and users, including Admins"),
    ] = False,
    on_error: OnError = "",
) -> ExitCode:
    """Register or replace a source; options that are not given are reset."""
    session = session_of(ctx)
    body = {
        "profile": profile,
        "principal": principal,
        "mapping": mapping_of(mapping or ()),
        "writes_directory": writes_directory,
    } | ({"on_error": on_error} if on_error else {})
    _show(session.screen, session.api.put("sources", source, body=body))
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("sources remove crm"))
def remove(ctx: Context, source: SourceName) -> ExitCode:
    """Remove a source; files that it drops from then on are refused."""
    session = session_of(ctx)
    session.api.delete("sources", source)
    session.screen.say(f"{source} can no longer drop files")
    return ExitCode.ALL_GOOD
