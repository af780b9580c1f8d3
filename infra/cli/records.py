"""What Handover has on record: imports and their files, portfolios, templates."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.screen import Screen
from infra.cli.showing import (
    errors_of,
    is_final,
    moment,
    show_first_errors,
    show_import,
    show_json,
    show_next,
)

BLOCK_BYTES = 256 * 1024
PAGE_ROWS = 100


def imports(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover imports` and `handover imports ID`."""
    api = Api(find_stack())
    if arguments.id:
        return _one_import(api, arguments, screen)
    found = list(pages(api, ("imports",), "imports", arguments.limit))
    if arguments.json:
        show_json(found)
    elif not found:
        screen.say("There are no imports yet")
    else:
        _list_imports(screen, found)
    return ExitCode.ALL_GOOD


def _one_import(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    import_ = api.get("imports", arguments.id)
    if arguments.json:
        show_json(import_)
        return ExitCode.ALL_GOOD
    show_import(screen, import_)
    rows = [
        ("import", import_["import_id"]),
        ("profile", import_["profile"]),
        ("from", _sender(import_)),
        ("received", moment(import_["received_at"])),
        ("finished", moment(import_["finished_at"])),
    ]
    for name, value in rows:
        if value:
            screen.say(f"  {name:<10}{value}")
    show_first_errors(screen, api, import_, arguments.errors)
    return ExitCode.ALL_GOOD


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
            import_["state"] + (" (dry run)" if import_["mode"] == "dry_run" else ""),
            f"{import_['counts']['lines']:,}",
            f"{errors_of(import_):,}",
            import_["filename"],
            _sender(import_),
            import_["import_id"],
        )
        for import_ in found
    ]
    headings = ("received", "state", "lines", "errors", "file", "from", "import")
    screen.table(headings, rows, numbers=(2, 3))


def decide(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover approve` and `handover cancel`."""
    import_ = Api(find_stack()).post("imports", arguments.id, arguments.command)
    words = {"approve": "is approved and goes on", "cancel": "is being cancelled"}
    if is_final(import_):
        words["cancel"] = "is cancelled"
    screen.say(f"{import_['filename'] or import_['import_id']} {words[arguments.command]}")
    show_next(screen, import_)
    return ExitCode.ALL_GOOD


def report(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover report` and `handover results`."""
    path = ("imports", arguments.id, arguments.command)
    return fetch(Api(find_stack()), path, arguments.output, screen)


def template(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover template`."""
    path = ("profiles", arguments.profile, "template")
    return fetch(Api(find_stack()), path, arguments.output, screen)


def fetch(api: Api, path: tuple[str, ...], output: str | None, screen: Screen) -> ExitCode:
    """A file to stdout, or to `output`; what stands there goes only when all has come."""
    if not output:
        sys.stdout.flush()
        _copy(api, path, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return ExitCode.ALL_GOOD
    target = Path(output)
    if target.is_dir():
        raise CommandError(f"{target} is a folder; wanted the name of a file")
    draft = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        with draft.open("wb") as file:
            _copy(api, path, file)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    screen.note(f"written to {target}")
    return ExitCode.ALL_GOOD


def _copy(api: Api, path: tuple[str, ...], file: BinaryIO) -> None:
    with api.download(*path) as answer:
        file.writelines(answer.stream(BLOCK_BYTES))


def portfolio(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover portfolio`."""
    held = list(pages(Api(find_stack()), ("portfolios", arguments.email), "accounts", None))
    if arguments.json:
        show_json(held)
    elif not held:
        screen.say(f"{arguments.email} holds no account")
    else:
        rows = [(holding["account_id"], holding["role"]) for holding in held]
        screen.table(("account", "role"), rows)
    return ExitCode.ALL_GOOD


def pages(
    api: Api,
    path: tuple[str, ...],
    name: str,
    most: int | None,
    /,
    page_rows: int = PAGE_ROWS,
    **query: str | None,
) -> Iterator[Any]:
    """The rows of a listing, page after page, `most` at the most."""
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
