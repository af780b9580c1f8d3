"""A change receipt of an account, in the form of its history and of events for other systems."""

from __future__ import annotations

from typing import Any

from handover.model import ChangeReceipt


def receipt_to_dict(receipt: ChangeReceipt) -> dict[str, Any]:
    """The receipt as JSON: who made the change, and who held each role before and after it."""
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
