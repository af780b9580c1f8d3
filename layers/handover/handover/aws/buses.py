"""EventBridge: changes of assignments for other systems."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from handover.aws.clients import events
from handover.deadline import Deadline
from handover.flight import make_all

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
EVENTS_A_BATCH = 10
# The limit for an entry, and for all entries of a call together.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MAX_EVENT_BYTES = 256 * 1024 - 1  # "less than 256 KB"
SOURCE = "handover"


def put_events(bus: str, kind: str, details: Iterable[dict[str, Any]], deadline: Deadline) -> None:
    """Puts one event for each of `details` on the bus; failed entries are sent again.

    They may arrive in any order, as EventBridge delivers them. An event with more than
    MAX_EVENT_BYTES (`entry_bytes`) cannot be put.
    """
    make_all(partial(_put_batch, bus, kind, batch, deadline) for batch in _batches(kind, details))


def _put_batch(bus: str, kind: str, batch: Sequence[str], deadline: Deadline) -> None:
    waiting: list[Any] = [
        {"EventBusName": bus, "Source": SOURCE, "DetailType": kind, "Detail": detail}
        for detail in batch
    ]
    tries = 0
    while waiting:
        deadline.check()
        answer = events().put_events(Entries=waiting)
        waiting = [
            entry
            for entry, taken in zip(waiting, answer["Entries"], strict=True)
            if "ErrorCode" in taken
        ]
        if waiting:
            deadline.wait(tries)
            tries += 1


def entry_bytes(kind: str, detail: dict[str, Any]) -> int:
    """The size of an event in bytes, as EventBridge counts it."""
    return _size(kind, _text(detail))


def _batches(kind: str, details: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    """The events as texts, in batches that one call accepts."""
    batch: list[str] = []
    total = 0
    for text in map(_text, details):
        size = _size(kind, text)
        if batch and (len(batch) == EVENTS_A_BATCH or total + size > MAX_EVENT_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(text)
        total += size
    if batch:
        yield batch


def _text(detail: dict[str, Any]) -> str:
    return json.dumps(detail, ensure_ascii=False)


def _size(kind: str, text: str) -> int:
    return len(SOURCE.encode()) + len(kind.encode()) + len(text.encode())
