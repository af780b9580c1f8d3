"""Undo: shows what an undo would do before anything is taken back."""

from __future__ import annotations

from handover_console.visit import Visit
from handover_console.web import Answer, redirect


def preview(visit: Visit) -> Answer:
    """Asks for the undo as a dry run, and shows its import, from which it can be applied."""
    made = visit.api.post("imports", visit.parts["name"], "undo", body={"mode": "dry_run"})
    return redirect(visit.request.link(f"/imports/{made['import_ticket']}"))
