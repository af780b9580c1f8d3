"""The history of imports, with filters, newest first."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

SHOWN = 25
# The API reads a limited number of imports for a page and may find none; then the console reads on.
MAX_READS = 3
FILTERS = ("state", "mode", "person", "profile", "source", "since", "until", "follows")
# What the API calls a filter when it uses another word.
NAME_OF = {"person": "uploader"}


def show(visit: Visit) -> Answer:
    """One page of rows that match, with a link to the next."""
    asked = {name: visit.request.query.get(name, "").strip() for name in FILTERS}
    cursor: str | None = visit.request.query.get("cursor")
    filters = {NAME_OF.get(name, name): value for name, value in asked.items()}
    rows: list[dict[str, Any]] = []
    why_not = ""
    try:
        for _ in range(MAX_READS):
            found = visit.api.get("imports", **filters, limit=SHOWN, cursor=cursor)
            rows += found["imports"]
            cursor = found["cursor"]
            if rows or cursor is None:
                break
    except ApiError as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        why_not, cursor = error.detail, None
    return page(
        visit,
        "history.html",
        status=HTTPStatus.BAD_REQUEST if why_not else HTTPStatus.OK,
        rows=rows,
        asked=asked,
        cursor=cursor,
        why_not=why_not,
    )
