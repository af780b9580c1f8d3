"""Uploading as a user does: a ticket, the file to S3, then following the import."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

from handover.model import Mode, State
from typer import Context, Typer
from urllib3.exceptions import HTTPError

from infra.cli.api import Api
from infra.cli.columns import found_mapping
from infra.cli.failures import CommandError, ExitCode
from infra.cli.files import check_readable
from infra.cli.http import pool_for
from infra.cli.multipart import Form, size_of
from infra.cli.options import (
    DEFAULT_ERRORS,
    AsJson,
    DryRun,
    Errors,
    File,
    Map,
    NoWait,
    OnError,
    Panel,
    ProfileName,
    Watching,
    examples,
    mapping_of,
)
from infra.cli.screen import Bar, Screen, Unit
from infra.cli.session import Session, session_of
from infra.cli.showing import (
    Import,
    exit_code,
    is_final,
    settled_of,
    show_first_errors,
    show_import,
    show_json,
)

app = Typer()

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 2.0
_S3_ERROR = re.compile(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)
_STATES: dict[str, str] = {
    State.AWAITING_UPLOAD: "waiting for S3",
    State.VALIDATING: "checking the file",
    State.PROCESSING: "applying lines",
    State.FINALIZING: "writing the report",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """What to upload, and how to read it."""

    path: Path
    profile: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    is_dry_run: bool = False
    is_preview: bool = False
    on_error: str = ""

    @property
    def mode(self) -> Mode:
        """What to do with the file."""
        if self.is_preview:
            return Mode.PREVIEW
        return Mode.DRY_RUN if self.is_dry_run else Mode.RUN


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples(
        "upload managers.csv --profile single-strict --dry-run",
        "upload kunden.csv --profile single-strict --map 'Kunde=account ID'",
        "upload managers.csv --profile single-strict --on-error all_or_nothing",
    ),
)
def upload(
    ctx: Context,
    file: File,
    profile: ProfileName,
    mapping: Map = None,
    on_error: OnError = "",
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    errors: Errors = DEFAULT_ERRORS,
) -> ExitCode:
    """Upload a CSV file or a workbook (.xlsx) and watch what becomes of it.

    Without --map, columns are mapped as they were for the last file with this header. If a column
    is still missing, columns with an unambiguous name are mapped too. You are shown which. With
    --on-error the file is checked first, and applied only if few enough lines are in error.
    """
    sending = Upload(
        Path(file), profile, mapping_of(mapping or ()), is_dry_run=dry_run, on_error=on_error
    )
    check_readable(sending.path)
    session = session_of(ctx)
    if not sending.mapping:
        found = found_mapping(session.api, sending.path, profile, session.screen)
        sending = replace(sending, mapping=found)
    ticket = send(session.api, sending, session.screen)
    return show_outcome(session, ticket, Watching(not no_wait, as_json, errors))


@app.command(
    rich_help_panel=Panel.FILES,
    epilog=examples(
        "check managers.csv --profile single-strict", "check own.csv --profile own.json"
    ),
)
def check(ctx: Context, file: File, profile: ProfileName, mapping: Map = None) -> ExitCode:
    """Check a CSV file or a workbook without any AWS; P is a preset, or the JSON file of a profile.

    Columns are mapped as `upload` maps them. The API is asked for the mapping of earlier uploads
    only if a column is missing and you are signed in.
    """
    from infra.cli import checking  # numpy, which no other command needs

    return checking.run(Path(file), profile, mapping_of(mapping or ()), session_of(ctx))


def send(api: Api, upload: Upload, screen: Screen) -> str:
    """Asks for a ticket, sends the file, and returns the ticket.

    Raises CommandError for an empty file, and when the API or S3 refuses.
    """
    with upload.path.open("rb") as file:
        size = size_of(file)
        if not size:
            # S3 does not accept an empty file from a form, and its message does not help.
            raise CommandError(
                f"{upload.path} is empty: it needs a header and a line", ExitCode.REFUSED
            )
        answer = api.post(
            "imports",
            body={
                "profile": upload.profile,
                "filename": upload.path.name,
                "mode": upload.mode.value,
            }
            | ({"mapping": dict(upload.mapping)} if upload.mapping else {})
            | ({"on_error": upload.on_error} if upload.on_error else {}),
        )
        form = Form(answer["upload"]["fields"], file, size)
        what = f"sending {upload.path.name}"
        with screen.bar(what, size, Unit.BYTES) as bar:
            _post(answer["upload"]["url"], form, bar, what)
    return str(answer["import_ticket"])


def _post(url: str, form: Form, bar: Bar, what: str) -> None:
    headers = {"content-type": form.content_type, "content-length": str(form.content_length)}
    body: Any = form.blocks(lambda sent: bar.to(sent, form.file_bytes, what))
    try:
        # Once: a ticket is valid for one upload.
        answer = pool_for(url).request(
            "POST", url, body=body, headers=headers, retries=False, redirect=False
        )
    except HTTPError as error:
        raise CommandError(f"the file could not be sent: {error}. Upload it again.") from error
    if answer.status >= 300:
        raise CommandError(
            f"S3 did not take the file: {s3_message(answer.data) or answer.status}",
            ExitCode.REFUSED,
        )


def s3_message(body: bytes) -> str:
    """The code and message of an S3 error, "" for any other body."""
    found = _S3_ERROR.search(body.decode(errors="replace"))
    return f"{unescape(found[1])}: {unescape(found[2])}" if found else ""


def show_outcome(session: Session, ticket: str, watching: Watching) -> ExitCode:
    """Shows the outcome of a ticket's import, once it has ended if `watching` waits for that."""
    api, screen = session.api, session.screen
    import_ = follow(api, ticket, screen) if watching.waits else api.get("imports", ticket)
    if watching.as_json:
        show_json(import_)
    else:
        # Until S3 reports the file, there is only the ticket.
        name = import_["import_id"] or ticket
        show_import(screen, import_, session.stack.console_link(name))
        show_first_errors(screen, api, import_, watching.errors)
    return exit_code(import_)


def follow(api: Api, ticket: str, screen: Screen) -> Import:
    """The import of that ticket or id, once it has ended or waits for an Admin.

    For a file that is checked first: the import that applies it, if it is applied.
    """
    wait = FIRST_WAIT_SECONDS
    with screen.bar(_STATES[State.AWAITING_UPLOAD], None, Unit.LINES) as bar:
        while True:
            import_: Import = api.get("imports", ticket)
            state: str = import_["state"]
            if applied_by := import_.get("applied_by"):
                ticket = applied_by
                continue
            if is_final(import_) or state == State.AWAITING_APPROVAL:
                return import_
            bar.to(
                settled_of(import_), import_["counts"]["lines"] or None, _STATES.get(state, state)
            )
            time.sleep(wait)
            wait = min(wait * 1.3, LONGEST_WAIT_SECONDS)
