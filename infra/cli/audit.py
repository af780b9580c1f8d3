"""The audit trail at the command line: who did what, when and by which door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any

from typer import Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.imports import pages
from infra.cli.options import AsJson, Panel, examples
from infra.cli.session import session_of
from infra.cli.showing import listed, moment

DEFAULT_ROWS = 50

app = Typer()


@app.command(
    rich_help_panel=Panel.TENANT,
    epilog=examples(
        "audit",
        "audit --by ana@lumina.example --since 2026-11-01",
        "audit --about 'role owner' --json",
    ),
)
def audit(
    ctx: Context,
    by: Annotated[str, Option("--by", metavar="WHO", help="only acts of this address")] = "",
    act: Annotated[
        str, Option("--act", metavar="ACT", help="only acts of this kind, such as settings_changed")
    ] = "",
    about: Annotated[
        str, Option("--about", metavar="WHAT", help="only acts about this, such as 'role owner'")
    ] = "",
    since: Annotated[str, Option("--since", metavar="WHEN", help="from this date or time on")] = "",
    until: Annotated[str, Option("--until", metavar="WHEN", help="before this date or time")] = "",
    limit: Annotated[
        int, Option("--limit", metavar="N", min=1, help="list at most this many")
    ] = DEFAULT_ROWS,
    as_json: AsJson = False,
) -> ExitCode:
    """Show who did what in the tenant, newest first; for Admins.

    The doors cli and console are names that clients give themselves, which proves nothing.
    """
    session = session_of(ctx)
    query = {"actor": by, "act": act, "about": about, "since": since, "until": until}
    asked: dict[str, Any] = {name: text or None for name, text in query.items()}
    found = list(islice(pages(session.api, ("audit",), "entries", None, **asked), limit))
    rows = [
        (
            moment(one["at"]),
            one["actor"] or "Handover",
            one["door"],
            one["act"] if one["outcome"] == "done" else f"{one['act']} ({one['outcome']})",
            one["about"],
            changes(one),
        )
        for one in found
    ]
    headings = ("when", "who", "door", "act", "about", "changes")
    return listed(session.screen, found, headings, rows, as_json=as_json)


def changes(entry: Mapping[str, Any]) -> str:
    """Each field that the act concerns, as `name: before -> after`, and the reason given."""
    before, after = entry["before"] or {}, entry["after"] or {}
    parts = [
        f"{name}: {_text(before[name])} -> {_text(after.get(name))}"
        if name in before
        else f"{name}: {_text(after[name])}"
        for name in dict.fromkeys((*before, *after))
    ]
    return "; ".join([*parts, *([entry["reason"]] if entry["reason"] else [])])


def _text(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
