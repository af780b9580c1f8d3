"""A preview of a file: how it is read, and which of the tenant's profiles it fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from handover.model import State
from typer import Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.files import check_readable
from infra.cli.options import AsJson, File, Map, Panel, examples, mapping_of
from infra.cli.screen import Screen
from infra.cli.session import session_of
from infra.cli.showing import counted, exit_code, show_import, show_json
from infra.cli.uploading import Upload, follow, send

_HOW = {
    "exact": "its label",
    "alias": "another name of it",
    "remembered": "as mapped",
    "near": "perhaps; map it if so",
    "none": "",
}

app = Typer()


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples("preview managers.csv", "preview kunden.csv --profile single-strict"),
)
def preview(
    ctx: Context,
    file: File,
    profile: Annotated[
        str, Option("--profile", metavar="P", help="show this profile first, not the best one")
    ] = "",
    mapping: Map = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Upload a file to see how it is read and which profiles it fits; nothing is changed."""
    upload = Upload(Path(file), profile, mapping_of(mapping or ()), is_preview=True)
    check_readable(upload.path)
    session = session_of(ctx)
    import_ = follow(session.api, send(session.api, upload, session.screen), session.screen)
    if import_["state"] != State.DONE:
        show_json(import_) if as_json else show_import(session.screen, import_)
        return exit_code(import_)
    found = session.api.get("imports", import_["import_id"], "preview")
    if as_json:
        show_json(found)
    else:
        _show(session.screen, found)
    return ExitCode.ALL_GOOD if _fits(found) else ExitCode.WITH_ERRORS


def _fits(found: Mapping[str, Any]) -> bool:
    return bool(found["profiles"]) and found["profiles"][0]["fits"]


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    delimiter = {"\t": "tab"}.get(found["delimiter"], found["delimiter"])
    screen.say(
        f"{found['filename']}: {counted(found['lines'], 'line')}, {found['encoding']}, columns "
        f"separated by {delimiter}"
    )
    for profile in found["profiles"][:1]:
        screen.say()
        fits = "fits" if profile["fits"] else "does not fit"
        screen.say(f"It {fits} the profile {profile['profile']}: {profile['title']}")
        screen.say(f"  {profile['does']} {profile['blanks']}")
        if profile["missing"]:
            screen.say(f"  It lacks {', '.join(profile['missing'])}")
        rows = [
            (one["header"], one["column"] or "-", _HOW[one["how"]], ", ".join(one["samples"]))
            for one in profile["columns"]
        ]
        screen.table(("your column", "column", "why", "for example"), rows)
    others = [one["profile"] for one in found["profiles"][1:] if one["fits"]]
    if others:
        screen.say()
        screen.say(f"It also fits: {', '.join(others)}")
    if _fits(found):
        name = found["profiles"][0]["profile"]
        screen.say(f"Try it with: handover upload {found['filename']} --profile {name} --dry-run")
