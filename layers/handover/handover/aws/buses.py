"""EventBridge: changes of assignments for other systems."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

from handover.aws.clients import events
from handover.patience import Patience

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
EVENTS_A_BATCH = 10
SOURCE = "handover"


def put_events(bus: str, kind: str, details: Iterable[dict[str, Any]], patience: Patience) -> None:
    """Puts one event for each of `details` on the bus; those that were not taken go again."""
    rest = iter(details)
    while batch := list(islice(rest, EVENTS_A_BATCH)):
        waiting: list[Any] = [
            {
                "EventBusName": bus,
                "Source": SOURCE,
                "DetailType": kind,
                "Detail": json.dumps(detail),
            }
            for detail in batch
        ]
        tries = 0
        while waiting:
            patience.check()
            answer = events().put_events(Entries=waiting)
            waiting = [
                entry
                for entry, taken in zip(waiting, answer["Entries"], strict=True)
                if "ErrorCode" in taken
            ]
            if waiting:
                patience.wait(tries)
                tries += 1
