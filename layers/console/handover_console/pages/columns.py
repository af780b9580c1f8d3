"""Columns: which column of the file is which of the profile. Certain ones need no choice.

Somebody who has just sent a file without uncertain columns sees its preview at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

# How a column was recognised, when nobody need be asked.
CERTAIN = frozenset({"exact", "alias", "remembered"})
# What the person must look at. Unrecognised columns are left out unless the person maps them.
UNSURE = "near"
# The choice that needs a number beside it.
STOP_ABOVE = "stop_above"
HEADER, COLUMN = "header.", "column."
# Marks a visit of somebody who has just sent the file: they need not look at certain columns.
STRAIGHT = "straight"


def show(visit: Visit, found: Mapping[str, Any]) -> Answer:
    """The preview of a file, under the profile that was chosen or fits best."""
    preview = visit.api.get("imports", visit.parts["name"], "preview")
    offered = preview["profiles"]
    asked = visit.request.query.get("profile")
    chosen = next((one for one in offered if one["profile"] == asked), None)
    chosen = chosen or (offered[0] if offered else None)
    known = {one["name"]: one for one in visit.api.get("profiles")}
    switched_on = {name for name, one in known.items() if one["is_on"]}
    # An Admin may use profiles that are off; those that are on come first.
    usual = [
        one for one in offered if one is chosen or (one["fits"] and one["profile"] in switched_on)
    ]
    unsure = [c["header"] for c in chosen["columns"] if c["how"] == UNSURE] if chosen else []
    return page(
        visit,
        "columns.html",
        one=found,
        preview=preview,
        chosen=chosen,
        # The columns of the profile that a header can be mapped to.
        labels=known.get(chosen["profile"], {}).get("columns", []) if chosen else [],
        unsure=unsure,
        certain=CERTAIN,
        fitting=usual,
        others=[one for one in offered if one not in usual],
        switched_on=switched_on,
        is_settled=STRAIGHT in visit.request.query and not unsure and _is_only(offered, usual),
    )


def mapping_of(form: Mapping[str, str]) -> dict[str, str]:
    """The column that the form gives each header of the file; headers without one are left out."""
    return {
        form[f"{HEADER}{number}"]: column
        for name, column in form.items()
        if name.startswith(COLUMN) and column
        for number in [name.removeprefix(COLUMN)]
        if f"{HEADER}{number}" in form
    }


def on_error_of(form: Mapping[str, str]) -> str:
    """What lines with problems do to the others, "" if the profile decides."""
    chosen = form.get("on_error", "")
    return f"{chosen}: {form.get('percent', '').strip()} %" if chosen == STOP_ABOVE else chosen


def _is_only(offered: Sequence[Mapping[str, Any]], usual: Sequence[Mapping[str, Any]]) -> bool:
    """True when the file fits the best profile, and no other that is switched on."""
    return bool(offered) and bool(offered[0]["fits"]) and list(usual) == [offered[0]]
