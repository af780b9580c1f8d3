"""Home: what waits for the person, and the last imports."""

from __future__ import annotations

from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

LOOKED_AT = 50
SHOWN = 8


def show(visit: Visit) -> Answer:
    """The page."""
    rows = visit.api.get("imports", limit=LOOKED_AT)["imports"]
    mine = visit.person.email if visit.person else ""
    return page(
        visit,
        "home.html",
        waiting=[row for row in rows if row["state"] == "awaiting_approval"],
        with_errors=[
            row
            for row in rows
            if row["uploader"] == mine
            and row["mode"] == "run"
            and row["state"] in ("done", "error")
            and row["counts"]["rejected"]
        ][:SHOWN],
        last=rows[:SHOWN],
    )
