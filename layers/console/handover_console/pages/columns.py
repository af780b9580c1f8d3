"""Columns: which column of the file is which of the profile; the certain ones are settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

# How a column was recognised, where nobody need be asked.
CERTAIN = frozenset({"exact", "alias", "remembered"})
# What the person must look at. What nobody recognised is left out unless they say otherwise.
UNSURE = "near"
# The choice that needs a number beside it.
STOP_ABOVE = "stop_above"
HEADER, COLUMN = "header.", "column."


def show(visit: Visit, found: Mapping[str, Any]) -> Answer:
    """The preview of a file, under the profile that was chosen or fits best."""
    preview = visit.api.get("imports", visit.parts["name"], "preview")
    offered = preview["profiles"]
    asked = visit.request.query.get("profile")
    chosen = next((one for one in offered if one["profile"] == asked), None)
    chosen = chosen or (offered[0] if offered else None)
    return page(
        visit,
        "columns.html",
        one=found,
        preview=preview,
        chosen=chosen,
        labels=_labels(visit, chosen["profile"]) if chosen else [],
        unsure=[c["header"] for c in chosen["columns"] if c["how"] == UNSURE] if chosen else [],
        certain=CERTAIN,
    )


def mapping_of(form: Mapping[str, str]) -> dict[str, str]:
    """What the form says of each header of the file; headers without a column are left out."""
    return {
        form[f"{HEADER}{number}"]: column
        for name, column in form.items()
        if name.startswith(COLUMN) and column
        for number in [name.removeprefix(COLUMN)]
        if f"{HEADER}{number}" in form
    }


def on_error_of(form: Mapping[str, str]) -> str:
    """What lines with problems do to the others, "" where the profile decides."""
    chosen = form.get("on_error", "")
    return f"{chosen}: {form.get('percent', '').strip()} %" if chosen == STOP_ABOVE else chosen


def _labels(visit: Visit, profile: str) -> list[dict[str, Any]]:
    """The columns of the profile that a header can stand for."""
    known = {one["name"]: one for one in visit.api.get("profiles")}
    return list(known.get(profile, {}).get("columns", []))
