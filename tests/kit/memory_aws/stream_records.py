"""The records that a table's stream passes to a function."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from tests.kit.memory_aws.values import Item, Value, item_size


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one item; `old` is None for an insertion, `new` for a removal."""

    table: str
    sequence: int
    at: float
    old: Item | None
    new: Item | None
    key_names: tuple[str, ...]

    @property
    def event_name(self) -> str:
        """INSERT, MODIFY or REMOVE."""
        if self.old is None:
            return "INSERT"
        return "REMOVE" if self.new is None else "MODIFY"

    def record(self) -> dict[str, Any]:
        """The record as Lambda passes it to a handler: NEW_AND_OLD_IMAGES, binary as base64."""
        image = self.new or self.old or {}
        body: dict[str, Any] = {
            "ApproximateCreationDateTime": int(self.at),
            "Keys": {name: _for_lambda(image[name]) for name in self.key_names},
            "SequenceNumber": f"{self.sequence:021d}",
            "SizeBytes": item_size(self.old or {}) + item_size(self.new or {}),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        if self.new is not None:
            body["NewImage"] = {name: _for_lambda(value) for name, value in self.new.items()}
        if self.old is not None:
            body["OldImage"] = {name: _for_lambda(value) for name, value in self.old.items()}
        return {
            "eventID": f"{self.table}-{self.sequence:021d}",
            "eventName": self.event_name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": body,
            "eventSourceARN": (
                f"arn:aws:dynamodb:us-east-1:000000000000:table/{self.table}/stream/memory"
            ),
        }


def _for_lambda(value: Value) -> Value:
    for kind, content in value.items():
        if kind == "B":
            return {"B": base64.b64encode(content).decode()}
        if kind == "BS":
            return {"BS": [base64.b64encode(member).decode() for member in content]}
        if kind == "M":
            return {"M": {name: _for_lambda(inner) for name, inner in content.items()}}
        if kind == "L":
            return {"L": [_for_lambda(inner) for inner in content]}
    return value
