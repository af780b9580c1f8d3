"""One import: the screen for its state, and what a person does from there.

A preview asks for columns, a dry run shows what would happen, a run shows what happened; until
then, its progress is shown. So one address is enough, even after the page was closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handover_console.pages import approvals, columns, result
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

FINAL = frozenset({"done", "error", "refused", "cancelled"})
STAGES = ("uploading", "reading", "working", "finishing")
# Where the API gives no progress, its state says which stage it is.
STAGE_OF = {
    "awaiting_upload": "uploading",
    "validating": "reading",
    "awaiting_approval": "working",
    "processing": "working",
    "finalizing": "finishing",
}


def show(visit: Visit) -> Answer:
    """The screen for the state of the import."""
    found = visit.api.get("imports", visit.parts["name"])
    if found["import_id"] not in ("", visit.parts["name"]):
        # A ticket leads to its import, which has one address of its own.
        straight = {columns.STRAIGHT: visit.request.query.get(columns.STRAIGHT)}
        return redirect(visit.request.link(f"/imports/{found['import_id']}", **straight))
    if found["state"] == approvals.WAITING:
        return approvals.show_one(visit, found)
    if found["state"] not in FINAL:
        mine = approvals.is_mine(visit, found)
        return page(visit, "progress.html", one=found, progress=_progress(found), is_mine=mine)
    if found["state"] in ("refused", "cancelled"):
        return page(visit, "refused.html", one=found)
    if found["mode"] == "preview":
        return columns.show(visit, found)
    return result.show(visit, found)


def progress(visit: Visit) -> Answer:
    """The part of the progress screen that refreshes; with `waits` that of the approval screen."""
    found = visit.api.get("imports", visit.parts["name"])
    # The whole screen changes when an import begins or ends waiting for approval, or has ended.
    waits = found["state"] == approvals.WAITING
    is_done = found["state"] in FINAL or waits != ("waits" in visit.request.query)
    return page(visit, "_progress.html", one=found, progress=_progress(found), is_done=is_done)


def apply(visit: Visit) -> Answer:
    """Processes this import's file again, with the chosen columns, and shows the new import."""
    form = visit.request.form
    body: dict[str, object] = {"mode": form.get("mode", "dry_run")}
    if form.get("profile"):
        body |= {"profile": form["profile"], "mapping": columns.mapping_of(form)}
    if on_error := columns.on_error_of(form):
        body["on_error"] = on_error
    made = visit.api.post("imports", visit.parts["name"], "apply", body=body)
    return redirect(visit.request.link(f"/imports/{made['import_id']}"))


def cancel(visit: Visit) -> Answer:
    """Cancels the import, and shows it."""
    body = approvals.reason_in(visit.request.form)
    visit.api.post("imports", visit.parts["name"], "cancel", body=body)
    return redirect(visit.request.link(f"/imports/{visit.parts['name']}"))


def _progress(found: Mapping[str, Any]) -> dict[str, Any]:
    """How far the import has come; None for what is not known."""
    counts = found["counts"]
    settled = sum(count for name, count in counts.items() if name != "lines")
    given = found.get("progress") or {}
    usual = {
        "stage": STAGE_OF.get(found["state"], "done"),
        "lines_settled": settled,
        "lines_total": counts["lines"] or None,
        "lines_a_second": None,
        "seconds_left": None,
    }
    known = usual | given
    stage = "working" if known["stage"] == "waiting" else known["stage"]
    at = STAGES.index(stage) if stage in STAGES else len(STAGES)
    known["stages"] = [(name, _order(number, at)) for number, name in enumerate(STAGES)]
    return known


def _order(number: int, at: int) -> str:
    return "past" if number < at else "now" if number == at else "next"
