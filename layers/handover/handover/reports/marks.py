"""A mark of an account as its history and the events for other systems tell it."""

from __future__ import annotations

from typing import Any

from handover.model import Mark


def mark_told(mark: Mark) -> dict[str, Any]:
    """The mark as JSON has it: which change by whom, and who held each role before and after."""
    return {
        "version": mark.version,
        "at": mark.at,
        "actor": mark.actor,
        "import_id": mark.import_id,
        "line": mark.line,
        "changes": [
            {"role": change.role, "before": list(change.before), "after": list(change.after)}
            for change in mark.changes
        ],
    }
