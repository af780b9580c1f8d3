"""An import in words: its outcome, its first error lines, and what to do next."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import urllib3
from handover.model import FINAL_STATES, State
from handover.profiles.fields import About
from handover.profiles.presets import presets
from handover.reading.parsing import rows as rows_of
from handover.reports.progress import Stage

from infra.cli.api import Api
from infra.cli.failures import ExitCode
from infra.cli.screen import Screen

Import = Mapping[str, Any]  # as the API returns it

OUTCOMES = {
    "updated": "updated",
    "cleared": "cleared",
    "unchanged": "unchanged",
    "pending": "pending: the user does not exist yet",
    "duplicate": "duplicate of an earlier line",
    "superseded": "superseded: a later change decided it, or a condition is not met",
    "rejected": "rejected",
    "not_processed": "not processed",
}
_WITH_ERRORS = ("rejected", "not_processed")
_STATES = {
    "awaiting_upload": "is waiting for its file",
    "validating": "is being checked",
    "awaiting_approval": "waits for an Admin",
    "processing": "is being applied",
    "finalizing": "is being finished",
    "done": "is done",
    "error": "is done, with lines in error",
    "refused": "was refused; nothing was written",
    "cancelled": "was cancelled",
}
_STYLES = {"done": "bold green", "error": "bold yellow", "refused": "bold red"}


def exit_code(import_: Import) -> ExitCode:
    """The exit code for an import: ALL_GOOD while it continues.

    An import that waits for an Admin has not applied its lines, so it is WITH_ERRORS.
    """
    state = import_["state"]
    if state in (State.REFUSED, State.CANCELLED):
        return ExitCode.REFUSED
    if state in (State.AWAITING_APPROVAL, State.ERROR) or errors_of(import_):
        return ExitCode.WITH_ERRORS
    return ExitCode.ALL_GOOD


def errors_of(import_: Import) -> int:
    """How many lines need a correction."""
    return sum(import_["counts"].get(name, 0) for name in _WITH_ERRORS)


def settled_of(import_: Import) -> int:
    """How many lines have an outcome."""
    return sum(import_["counts"].get(name, 0) for name in OUTCOMES)


def is_final(import_: Import) -> bool:
    """True once nothing about the import changes any more."""
    return import_["state"] in FINAL_STATES


def show_json(value: object) -> None:
    """Prints the value as JSON on stdout, and nothing else."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def show_import(screen: Screen, import_: Import, link: str = "") -> None:
    """An import's outcome as far as it is known; `link` is where the console shows it."""
    state: str = import_["state"]
    words = _STATES.get(state, state)
    if import_.get("cancelled_by") and not is_final(import_):
        words = "is being cancelled"
    if import_["mode"] == "dry_run":
        words += " (dry run: nothing was changed)" if is_final(import_) else " (dry run)"
    elif import_["mode"] == "preview":
        words += " (preview: nothing was changed)" if is_final(import_) else " (preview)"
    screen.say(
        f"{import_['filename'] or import_['import_id']} {words}", style=_STYLES.get(state, "")
    )
    refusal = import_.get("refusal")
    if refusal:
        screen.say(f"  {refusal['code']}: {refusal['message']}")
    if stopped := import_.get("stopped"):
        screen.say(f"  It is not applied: {stopped}", style="bold yellow")
    show_warnings(screen, [one["message"] for one in import_.get("warnings", ())])
    counts = import_["counts"]
    if counts["lines"]:
        rows = [(word_for(counts["lines"], "line"), counts["lines"])]
        rows += [(text, counts[name]) for name, text in OUTCOMES.items() if counts.get(name)]
        width = max(len(f"{number:,}") for _, number in rows)
        for text, number in rows:
            screen.say(f"  {number:>{width},}  {text}")
        if is_final(import_):
            number = import_["accounts_updated"]
            changed = "that would change" if import_["mode"] == "dry_run" else "changed"
            screen.say(f"  {number:>{width},}  {word_for(number, subject_of(import_))} {changed}")
    show_progress(screen, import_)
    if link:
        screen.say(f"In the console: {link}")
    show_next(screen, import_)


def show_progress(screen: Screen, import_: Import) -> None:
    """The progress of an import whose lines are being processed."""
    progress = import_.get("progress") or {}
    if progress.get("stage") != Stage.WORKING:
        return
    words = f"  {progress['lines_settled']:,} of {counted(progress['lines_total'], 'line')} done"
    if pace := progress["lines_a_second"]:
        words += f", {pace:,.0f} a second, about {counted(progress['seconds_left'], 'second')} left"
    screen.say(words)


def subject_of(import_: Import) -> str:
    """What an import changes: accounts, or users when its file is about them."""
    preset = presets().get(import_.get("profile", ""))
    return "user" if preset is not None and preset.about is About.USERS else "account"


def word_for(number: int, one: str) -> str:
    """The noun for a number: 1 line, 2 lines."""
    return one if number == 1 else f"{one}s"


def counted(number: int, one: str) -> str:
    """The number and its noun."""
    return f"{number:,} {word_for(number, one)}"


def show_warnings(screen: Screen, messages: Sequence[str]) -> None:
    """Warnings about a file that are not about single lines."""
    for message in messages:
        screen.say(f"  Please note: {message}", style="yellow")


def show_next(screen: Screen, import_: Import) -> None:
    """The possible next steps for the import."""
    import_id = import_["import_id"]
    if import_["state"] == State.AWAITING_APPROVAL:
        approval = import_.get("approval") or {}
        if approval:
            lines = counted(approval["lines"], "line")
            if changes := approval.get("would_change"):
                screen.say(
                    f"  It {approval['reason']}: {changes:,} of its {lines} change an account."
                )
            screen.say(
                f"  {approval['would_clear']:,} of its {lines} would leave an account with nobody."
            )
        screen.say(f"An Admin decides: handover approve {import_id}")
        screen.say(f"              or: handover cancel {import_id}")
    elif applied_by := import_.get("applied_by"):
        screen.say(f"Applied by: handover imports {applied_by}")
    elif import_.get("stopped"):
        screen.say(f"What would have happened: handover results {import_id} -o results.csv")
        screen.say(f"  to apply the good lines: handover apply {import_id} --on-error apply_good")
    elif not is_final(import_):
        screen.say(f"Follow it with: handover imports {import_id}")


# How many characters of a line are shown: as many as a terminal shows at once.
MAX_CELLS_SHOWN = 200


def show_first_errors(screen: Screen, api: Api, import_: Import, most: int) -> None:
    """The first lines of the import's report, and how to get the rest."""
    if not import_.get("report"):
        return
    import_id = import_["import_id"]
    if most:
        with api.download("imports", import_id, "report") as answer:
            found = islice(report_lines(answer, import_.get("delimiter") or ","), most)
            rows = [error_row(record) for record in found]
        screen.say()
        show_error_rows(screen, rows)
        more = errors_of(import_) - len(rows)
        if more > 0:
            screen.say(f"... and {more:,} more")
    screen.say()
    report = import_["report"]
    screen.say(f"All lines with errors: handover report {import_id} -o errors.csv")
    screen.say(f"                   or: s3://{report['bucket']}/{report['key']}")


def report_lines(answer: urllib3.BaseHTTPResponse, delimiter: str) -> Iterator[Sequence[str]]:
    """The records of a report that is being downloaded, lazily, without its header."""
    if isinstance(answer, urllib3.HTTPResponse):
        answer.auto_close = False  # otherwise it closes when the caller reads past the end
    text = io.TextIOWrapper(answer, encoding="utf-8-sig", newline="")  # type: ignore[type-var]
    yield from islice(rows_of(text, delimiter=delimiter), 1, None)


def error_row(record: Sequence[str]) -> tuple[str, str, str]:
    """Line, code and hint of one record of a report, and its cells where neither names a place."""
    *cells, line, code, error, hint = record
    text = f"{error}\n{hint}" if hint else error
    if f"line {line}" not in text:
        text += f"\nThe line: {' '.join(', '.join(cells).split())[:MAX_CELLS_SHOWN]}"
    return line, code, text


def show_error_rows(screen: Screen, rows: Sequence[tuple[str, str, str]]) -> None:
    """Lines with errors as a table."""
    screen.table(("line", "code", "what to do"), rows, numbers=(0,), is_wrapped=True)


def listed(
    screen: Screen,
    found: Sequence[object],
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    as_json: bool,
    none: str = "There are none",
) -> ExitCode:
    """A listing as JSON or as a table, or the text `none` when it is empty."""
    if as_json:
        show_json(found)
    elif rows:
        screen.table(headings, rows)
    else:
        screen.say(none)
    return ExitCode.ALL_GOOD


def moment(text: str | None) -> str:
    """A time of the API in the machine's own zone, to the second."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().isoformat(sep=" ", timespec="seconds")[:19]
