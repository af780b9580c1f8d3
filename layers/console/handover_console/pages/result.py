"""What would happen or what happened: outcomes, who gains and loses, problems, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

OUTCOMES = (
    "updated", "cleared", "pending", "unchanged", "rejected", "duplicate", "superseded",
    "not_processed",
)  # fmt: skip
CHANGING = ("updated", "cleared", "pending")
LINES = 50
LEFT_ALONE = 10
# The API may find few matching lines in one read; a page makes at most so many reads.
MAX_READS = 5
FILTERS = ("outcome", "code", "manager", "opco", "q")
# Somebody who may see an import may not be allowed to see its lines; old and very large imports
# have no index.
WITHOUT_LINES = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
FIELD, WAS, HEADER, TAKE = "field.", "was.", "header.", "take."
KEEP, WHOLE = "keep.", "whole."


def show(visit: Visit, found: Mapping[str, Any]) -> Answer:
    """The screen of a dry run or of a run that has ended."""
    query = visit.request.query
    name = found["import_id"]
    asked = {key: query.get(key, "").strip() for key in FILTERS}
    is_dry = found["mode"] == "dry_run"
    if not any(asked.values()) and not is_dry and found["counts"]["rejected"]:
        asked["outcome"] = "rejected"  # what is left to do comes first
    if query.get("outcome") == "all":
        asked["outcome"] = ""
    try:
        # For a dry run, people need to see how many accounts somebody would have in the end.
        counts = "true" if is_dry else None
        summary = visit.api.get("imports", name, "summary", counts=counts)
        lines = _lines(visit, name, asked)
    except ApiError as error:
        if error.status not in WITHOUT_LINES:
            raise
        return page(visit, "counts.html", one=found, outcomes=OUTCOMES, why=error.detail)
    return page(
        visit,
        _template(found, is_dry=is_dry),
        one=found,
        summary=summary,
        lines=lines["lines"],
        matching=lines.get("matching"),
        cursor=lines["cursor"],
        asked=asked,
        outcomes=OUTCOMES,
        changes=sum(found["counts"].get(outcome, 0) for outcome in CHANGING),
        alike=_alike(lines["lines"]),
        left=_left_alone(visit, found) if is_dry else [],
    )


def correct(visit: Visit) -> Answer:
    """Sends the lines that were corrected as a new import, and shows it."""
    name, lines = visit.parts["name"], corrected(visit.request.form)
    if not lines:
        return redirect(visit.request.link(f"/imports/{name}", none="1"))
    made = visit.api.post("imports", name, "corrections", body={"lines": lines, "mode": "run"})
    return redirect(visit.request.link(f"/imports/{made['import_id']}"))


def corrected(form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What the form changes: by line number, the new text by header.

    Fields are called field.LINE.COLUMN, with was.LINE.COLUMN for what the file had, and
    header.COLUMN; take.LINE.COLUMN, where it is ticked, is the suggestion to take. A line whose
    keep.LINE is ticked is sent even without a change: what was wrong may be elsewhere. A line with
    whole.LINE has too few or too many cells: once one of them changes, all are sent.
    """
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    changed: dict[str, dict[str, str]] = defaultdict(dict)
    for name, value in form.items():
        if not name.startswith(FIELD):
            continue
        place = name.removeprefix(FIELD)
        line, _, column = place.partition(".")
        header = form.get(f"{HEADER}{column}")
        if header is None:
            continue
        was = form.get(f"{WAS}{place}", "")
        # A value that was typed takes precedence over the suggestion.
        new = form.get(f"{TAKE}{place}", value) if value == was else value
        cells[line][header] = new
        if new != was:
            changed[line][header] = new
    return {
        line: cells[line] if f"{KEEP}{line}" in form or f"{WHOLE}{line}" in form else changed[line]
        for line in cells
        if line in changed or f"{KEEP}{line}" in form
    }


def _lines(visit: Visit, name: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """A page of lines that match; a read may find none and still have a cursor."""
    cursor: str | None = visit.request.query.get("cursor")
    found: list[dict[str, Any]] = []
    for _ in range(MAX_READS):
        read = visit.api.get("imports", name, "lines", **asked, cursor=cursor, limit=LINES)
        found += read["lines"]
        cursor = read["cursor"]
        if found or cursor is None:
            break
    return {**read, "lines": found}


def _template(found: Mapping[str, Any], *, is_dry: bool) -> str:
    if is_dry and found.get("undo_of"):
        return "undo.html"
    return "preview.html" if is_dry else "result.html"


def _left_alone(visit: Visit, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first lines that an undo would not take back, with the reason."""
    if not (found.get("undo_of") and found["counts"].get("superseded")):
        return []
    read = visit.api.get(
        "imports", found["import_id"], "lines", outcome="superseded", limit=LEFT_ALONE
    )
    return list(read["lines"])


def _alike(lines: list[dict[str, Any]]) -> dict[tuple[str, str, str], int]:
    """How many lines of this page have the same wrong value, with the same suggestion."""
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in lines:
        if one.get("suggestion"):
            key = one["column"], one["fields"].get(one["column"], ""), one["suggestion"]
            found[key] += 1
    return dict(found)
