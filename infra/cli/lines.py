"""The results of an import's lines: a listing with filters, and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from handover.model import Outcome
from typer import Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.imports import pages
from infra.cli.options import DEFAULT_LIMIT, AsJson, ImportId, Panel, examples
from infra.cli.screen import Screen
from infra.cli.session import session_of
from infra.cli.showing import OUTCOMES, counted, show_json

PAGE_ROWS = 1000
# The API counts what somebody holds up to this number; somebody with so many may hold more.
MAX_HELD = 1000

app = Typer()


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples(
        "lines 4f0c… --outcome rejected", "lines 4f0c… --q K00", "lines 4f0c… --manager 'Ada Obi'"
    ),
)
def lines(
    ctx: Context,
    import_id: ImportId,
    outcome: Annotated[
        Outcome | None,
        Option("--outcome", metavar="OUTCOME", help="only lines with this outcome"),
    ] = None,
    code: Annotated[
        str | None, Option("--code", metavar="CODE", help="only lines with this code")
    ] = None,
    q: Annotated[
        str | None,
        Option("--q", metavar="TEXT", help="a line number, or the beginning of an account"),
    ] = None,
    manager: Annotated[
        str | None,
        Option("--manager", metavar="WHO", help="who holds the account before or after the line"),
    ] = None,
    opco: Annotated[
        str | None, Option("--opco", metavar="OPCO", help="only accounts of this opco")
    ] = None,
    limit: Annotated[
        int, Option("--limit", metavar="N", min=0, help="list at most this many; 0 = all")
    ] = DEFAULT_LIMIT,
    as_json: AsJson = False,
) -> ExitCode:
    """List the lines of an import with their outcomes."""
    session = session_of(ctx)
    most = limit or None
    found = list(
        pages(
            session.api,
            ("imports", import_id, "lines"),
            "lines",
            most,
            PAGE_ROWS,
            outcome=outcome,
            code=code,
            q=q,
            manager=manager,
            opco=opco,
        )
    )
    if as_json:
        show_json(found)
    elif found:
        _show(session.screen, found)
        if most is not None and len(found) >= most:
            session.screen.note(f"only the first {counted(most, 'line')}; more with --limit")
    else:
        session.screen.say("There are no such lines")
    return ExitCode.ALL_GOOD


def _show(screen: Screen, found: Sequence[dict[str, Any]]) -> None:
    rows = [
        (str(line["line"]), line["outcome"], line["account"], line["code"], _words(line))
        for line in found
    ]
    headings = ("line", "outcome", "account", "code", "what changed, why, and what to do")
    screen.table(headings, rows, numbers=(0,), is_wrapped=True)


def _words(line: dict[str, Any]) -> str:
    """What a line has changed, or why not and what to do."""
    changes = [
        f"{role}: {_holders(change['before'])} -> {_holders(change['after'])}"
        for role, change in line["roles"].items()
    ]
    texts = [*changes, line["message"], line["hint"]]
    if line["suggestion"]:
        texts.append(f"Suggested for {line['column']}: {line['suggestion']}")
    return "\n".join(text for text in texts if text)


def _holders(holders: Sequence[dict[str, Any]]) -> str:
    names = [
        f"{holder['user'] or holder['name']}{' (pending)' if holder['is_pending'] else ''}"
        for holder in holders
    ]
    return ", ".join(names) or "nobody"


@app.command(rich_help_panel=Panel.FILES, epilog=examples("summary 4f0c…"))
def summary(ctx: Context, import_id: ImportId, as_json: AsJson = False) -> ExitCode:
    """Summarize an import: its errors by code, who gains and loses accounts, and its times."""
    session = session_of(ctx)
    found = session.api.get("imports", import_id, "summary", counts="true")
    if as_json:
        show_json(found)
    else:
        _show_summary(session.screen, found)
    return ExitCode.ALL_GOOD


def _held(number: int | None) -> str:
    """How many roles of accounts somebody holds; the API counts up to MAX_HELD."""
    if number is None:
        return ""
    return f"{number:,}{'+' if number >= MAX_HELD else ''}"


def _show_summary(screen: Screen, found: dict[str, Any]) -> None:
    counts = found["counts"]
    screen.table(
        ("outcome", "lines"),
        [(text, f"{counts[name]:,}") for name, text in OUTCOMES.items() if counts[name]],
        numbers=(1,),
    )
    if codes := found["codes"]:
        screen.say()
        screen.table(
            ("code", "lines", "what to do"),
            [
                (one["code"], f"{one['count']:,}", f"{one['message']}\n{one['hint']}")
                for one in codes
            ],
            numbers=(1,),
            is_wrapped=True,
        )
    if managers := found["managers"]:
        screen.say()
        screen.table(
            ("user", "name", "gains", "loses", "holds now"),
            [
                (
                    _holders([one]),
                    one["name"],
                    f"{one['gains']:,}",
                    f"{one['loses']:,}",
                    _held(one.get("held")),
                )
                for one in managers
            ],
            numbers=(2, 3, 4),
        )
    if len(found["opcos"]) > 1:
        screen.say()
        screen.table(
            ("opco", "lines"),
            [(one["opco"], f"{one['lines']:,}") for one in found["opcos"]],
            numbers=(1,),
        )
    screen.say()
    screen.table(
        ("stage", "seconds"),
        [(one["stage"], f"{one['seconds']:,.1f}") for one in found["stages"]],
        numbers=(1,),
    )
