"""Marks, lists and texts as values of DynamoDB, for the items that carry them.

This is on the hot path, so values are made and read by hand.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from handover.model import Mark, SeatChange
from handover.store.batches import Item


def mark_from(mark: Item) -> Mark:
    """The mark that a value holds."""
    return Mark(
        import_id=mark["import"]["S"],
        order=mark["order"]["S"],
        line=int(mark["line"]["N"]),
        actor=mark["actor"]["S"],
        at=mark["at"]["S"],
        version=int(mark["version"]["N"]),
        changes=tuple(
            [
                SeatChange(role, texts_in(change["M"]["before"]), texts_in(change["M"]["after"]))
                for role, change in mark["changes"]["M"].items()
            ]
        ),
    )


def mark_value(mark: Mark) -> dict[str, Any]:
    """The value that holds a mark."""
    return {
        "M": {
            "import": {"S": mark.import_id},
            "order": {"S": mark.order},
            "line": {"N": str(mark.line)},
            "actor": {"S": mark.actor},
            "at": {"S": mark.at},
            "version": {"N": str(mark.version)},
            "changes": {
                "M": {
                    change.role: {
                        "M": {
                            "before": texts_value(change.before),
                            "after": texts_value(change.after),
                        }
                    }
                    for change in mark.changes
                }
            },
        }
    }


def texts_value(texts: Collection[str]) -> dict[str, Any]:
    """The value that holds a list of texts."""
    return {"L": [{"S": text} for text in texts]}


def texts_in(value: Item) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple([text["S"] for text in value["L"]])


def text_in(item: Item, name: str) -> str:
    """The text of an attribute, "" where there is none."""
    value = item.get(name)
    return "" if value is None else str(value["S"])
