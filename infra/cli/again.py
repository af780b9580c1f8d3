"""Imports made from another, without a second upload: apply a dry run, correct lines."""

from __future__ import annotations

import re
from typing import Annotated

from typer import BadParameter, Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.options import (
    DEFAULT_ERRORS,
    AsJson,
    DryRun,
    Errors,
    ImportId,
    Map,
    NoWait,
    OnError,
    Panel,
    Watching,
    examples,
    mapping_of,
)
from infra.cli.session import session_of
from infra.cli.uploading import show_outcome

app = Typer()

_CELL = re.compile(r"(?P<line>\d+):(?P<column>[^=]*[^=\s][^=]*)=(?P<value>.*)", re.DOTALL)


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples("apply 4f0c…", "apply 4f0c… --dry-run --map 'Kunde=account ID'"),
)
def apply(
    ctx: Context,
    import_id: ImportId,
    profile: Annotated[
        str | None, Option("--profile", metavar="P", help="another profile than the import's own")
    ] = None,
    mapping: Map = None,
    on_error: OnError = "",
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """Apply exactly what a dry run has shown, without another upload.

    With another profile or mapping its lines are decided again. Possible within 24 hours of its
    upload.
    """
    body: dict[str, object] = {"mode": "dry_run" if dry_run else "run"}
    if profile is not None:
        body["profile"] = profile
    if mapping:
        body["mapping"] = mapping_of(mapping)
    if on_error:
        body["on_error"] = on_error
    session = session_of(ctx)
    answer = session.api.post("imports", import_id, "apply", body=body)
    return show_outcome(session, answer["import_id"], Watching(not no_wait, as_json, errors))


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples(
        "fix 4f0c… --set '7:account Manager=ana@lumina.example'",
        "fix 4f0c… --set '7:account Manager=None' --set '9:account ID=KE100107' --dry-run",
    ),
)
def fix(
    ctx: Context,
    import_id: ImportId,
    cells: Annotated[
        list[str],
        Option(
            "--set",
            metavar="'LINE:Column=value'",
            help="the new value of one cell of a line in error; may be repeated",
        ),
    ],
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """Correct lines in error, and process only these again."""
    body: dict[str, object] = {"lines": lines_of(cells)}
    if dry_run:
        body["mode"] = "dry_run"
    session = session_of(ctx)
    answer = session.api.post("imports", import_id, "corrections", body=body)
    return show_outcome(session, answer["import_id"], Watching(not no_wait, as_json, errors))


def lines_of(cells: list[str]) -> dict[str, dict[str, str]]:
    """The new cells by line and column; raises BadParameter for words of another form."""
    lines: dict[str, dict[str, str]] = {}
    for words in cells:
        found = _CELL.fullmatch(words)
        if found is None:
            raise BadParameter(f"found {words!r}, expected 'LINE:Column=value'")
        line = lines.setdefault(found["line"], {})
        column = found["column"].strip()
        if column in line:
            raise BadParameter(f"found two values for line {found['line']}, {column}")
        line[column] = found["value"]
    return lines
