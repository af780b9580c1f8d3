"""The audit trail, with filters: what everybody did. The API answers only Admins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handover_console.rendering import page
from handover_console.texts import TEXTS
from handover_console.visit import Visit
from handover_console.web import Answer

SHOWN = 50
# A page of the API may be empty and still have a cursor, when few entries match.
MAX_PAGES = 3
FILTERS = ("actor", "act", "about", "since", "until")
ACTS = tuple(key.removeprefix("act.") for key in TEXTS if key.startswith("act."))


def show(visit: Visit) -> Answer:
    """One page of entries that match, newest first, with a link to the next."""
    asked = {name: visit.request.query.get(name, "").strip() for name in FILTERS}
    cursor: str | None = visit.request.query.get("cursor")
    rows: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        found = visit.api.get("audit", **asked, limit=SHOWN, cursor=cursor)
        rows += [row | {"changes": changes_of(row)} for row in found["entries"]]
        cursor = found["cursor"]
        if rows or cursor is None:
            break
    return page(visit, "audit.html", rows=rows, asked=asked, cursor=cursor, acts=ACTS)


def changes_of(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each field that the act concerns, with its text before and after, "" where there is none."""
    before, after = row["before"] or {}, row["after"] or {}
    return [
        (name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys((*before, *after))
    ]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
