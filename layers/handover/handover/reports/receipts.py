"""A mark of an account as its history and the events for other systems tell it."""

from __future__ import annotations

from typing import Any

from handover.model import ChangeReceipt


def receipt_to_dict(receipt: ChangeReceipt) -> dict[str, Any]:
    """The mark as JSON has it: which change by whom, and who held each role before and after."""
    return {
        "version": receipt.version,
        "at": receipt.at,
        "actor": receipt.actor,
        "import_id": receipt.import_id,
        "line": receipt.line,
        "changes": [
            {"role": change.role, "before": list(change.before), "after": list(change.after)}
            for change in receipt.changes
        ],
    }
