"""The history of imports, with filters.

The API lists imports newest first; the console looks through its pages until it has enough rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

SHOWN = 25
PAGE_ROWS = 100
# A search that finds little must not hold the page up; the next page goes on from there.
MAX_PAGES = 5
FILTERS = ("state", "mode", "person", "profile", "source", "since", "until")


def show(visit: Visit) -> Answer:
    """One page of rows that match, and where the next begins."""
    asked = {name: visit.request.query.get(name, "").strip() for name in FILTERS}
    cursor: str | None = visit.request.query.get("cursor")
    is_filtered = any(asked.values())
    limit = PAGE_ROWS if is_filtered else SHOWN
    rows: list[dict[str, Any]] = []
    looked_at = 0
    for _ in range(MAX_PAGES):
        found = visit.api.get("imports", limit=limit, cursor=cursor)
        looked_at += len(found["imports"])
        rows += [row for row in found["imports"] if _matches(row, asked)]
        cursor = found["cursor"]
        if cursor is None or len(rows) >= SHOWN or not is_filtered:
            break
    return page(visit, "history.html", rows=rows, asked=asked, cursor=cursor, looked_at=looked_at)


def _matches(row: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    """True when the import is one that the filters ask for; days are days in UTC."""
    day = row["received_at"][:10]
    return (
        asked["state"] in ("", row["state"])
        and asked["mode"] in ("", row["mode"])
        and asked["person"].casefold() in row["uploader"].casefold()
        and asked["profile"].casefold() in row["profile"].casefold()
        and asked["source"].casefold() in row["source"].casefold()
        and asked["since"] <= day
        and (not asked["until"] or day <= asked["until"])
    )
