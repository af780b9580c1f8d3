"""The payloads that AWS passes to the functions, captured once and stored in events/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"


def load_event(name: str) -> dict[str, Any]:
    """A fresh copy of the captured payload of that name."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def message_of(name: str) -> dict[str, Any]:
    """The body of the only SQS message of a captured payload."""
    (record,) = load_event(name)["Records"]
    message: dict[str, Any] = json.loads(record["body"])
    return message
