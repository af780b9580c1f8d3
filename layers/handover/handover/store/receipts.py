"""Receipts, lists and texts as values of DynamoDB, for the items that hold them.

This is the hot path, so values are converted by hand.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from handover.model import ChangeReceipt, RoleChange
from handover.store.batches import Item


def receipt_from(receipt: Item) -> ChangeReceipt:
    """The receipt in a value."""
    return ChangeReceipt(
        receipt["import"]["S"],
        receipt["order"]["S"],
        int(receipt["line"]["N"]),
        receipt["actor"]["S"],
        receipt["at"]["S"],
        int(receipt["version"]["N"]),
        tuple(
            [
                RoleChange(
                    role,
                    tuple([user["S"] for user in change["M"]["before"]["L"]]),
                    tuple([user["S"] for user in change["M"]["after"]["L"]]),
                )
                for role, change in receipt["changes"]["M"].items()
            ]
        ),
    )


def receipt_value(receipt: ChangeReceipt) -> dict[str, Any]:
    """The value of a receipt."""
    return {
        "M": {
            "import": {"S": receipt.import_id},
            "order": {"S": receipt.precedence},
            "line": {"N": str(receipt.line)},
            "actor": {"S": receipt.actor},
            "at": {"S": receipt.at},
            "version": {"N": str(receipt.version)},
            "changes": {
                "M": {
                    change.role: {
                        "M": {
                            "before": texts_value(change.before),
                            "after": texts_value(change.after),
                        }
                    }
                    for change in receipt.changes
                }
            },
        }
    }


def texts_value(texts: Collection[str]) -> dict[str, Any]:
    """The value of a list of texts."""
    return {"L": [{"S": text} for text in texts]}


def texts_in(value: Item) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple([text["S"] for text in value["L"]])


def text_in(item: Item, name: str) -> str:
    """The text of an attribute, "" if the item has none."""
    if name not in item:
        return ""
    text: str = item[name]["S"]
    return text
