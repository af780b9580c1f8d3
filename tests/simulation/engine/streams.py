"""Streams of tables: changes on their way to the function that reads them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.kit.memory_aws import Change
from tests.simulation.engine.lambdas import Reader
from tests.simulation.engine.plans import drawn_place


@dataclass(slots=True, eq=False)
class Record:
    """A record of a stream that is not processed yet."""

    change: Change
    arrived: int
    busy_until: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The record as a function receives it."""
        if not self.body:
            self.body.update(self.change.record())
        return self.body


class Stream:
    """The changes of one table for one reader: those that wait, and the processed batches.

    A batch that fails is delivered again in halves, as the template says; records of one
    partition key keep their order.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.waiting: list[Record] = []
        self.consumed: list[list[Record]] = []
        self._ready_at = 0.0
        self._failures = 0
        self._most = reader.batch

    def copy(self) -> Stream:
        """An independent copy of the stream."""
        other = Stream(self.reader)
        other.waiting = [replace(record) for record in self.waiting]
        other.consumed = self.consumed.copy()
        other._ready_at, other._failures, other._most = self._ready_at, self._failures, self._most
        return other

    def take(self, change: Change, arrived: int) -> None:
        """Adds a change, unless the reader does not receive such changes."""
        if self.reader.is_announced(change):
            self.waiting.append(Record(change, arrived))

    @property
    def place_name(self) -> str:
        """The name that decides the place of a batch in a drawn order."""
        return " ".join((self.reader.table, *self.reader.beginnings))

    def due(self, now: float, order: str) -> list[Record]:
        """The next batch: in order within each key, and none while an earlier one is busy."""
        if now < self._ready_at or not self.waiting:
            return []
        busy = {_key(record) for record in self.waiting if record.busy_until > now}
        due = [record for record in self.waiting if _key(record) not in busy]
        if due and order != "fifo":
            keys = sorted({_key(record) for record in due})
            if order == "lifo":
                expected = {_key(due[-1])}
            else:
                drawn = {key for key in keys if drawn_place(order, key, now) % 2}
                expected = drawn or set(keys)
            due = [record for record in due if _key(record) in expected]
        return due[: self._most]

    def begin(self, batch: list[Record], until: float) -> None:
        """Reserves the batch, and what comes after it, until that time."""
        for record in batch:
            record.busy_until = until

    def end(self, batch: list[Record]) -> None:
        """Marks the batch as processed."""
        self.consumed.append(batch)
        self.waiting = [one for one in self.waiting if not any(one is b for b in batch)]
        self._failures, self._most = 0, self.reader.batch

    def fail(self, batch: list[Record], until: float, now: float) -> None:
        """Returns the batch, to be delivered again after a while."""
        self._failures += 1
        self._most = max(1, len(batch) // 2)
        self._ready_at = now + 2.0 ** min(self._failures, 6)
        for record in batch:
            if record.busy_until == until:
                record.busy_until = 0.0

    def times(self) -> list[float]:
        """The times at which something may be due."""
        return [max(one.busy_until, self._ready_at) for one in self.waiting]


def _key(record: Record) -> str:
    image = record.change.new or record.change.old or {}
    return str(image["pk"]["S"])
