"""Stream records that cannot be processed are parked and replayed; the stream goes on.

A parked record is stored in the work bucket under `parked/{stream}/{item}/{sequence number}`. While
a record of an item is parked, every later record of that item is parked behind it, so the records
of an item are processed in order; those of all other items go on. An operator replays them once the
cause is removed. Every step may be repeated, because processing a record twice changes nothing.

A busy service is no reason to park a record: the batch is delivered again.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from handover.aws import objects
from handover.errors import RetryLaterError, WriteRefusedError
from handover.runtime import Invocation, Resources, logger, metrics

PARKED = "parked"
# Where Lambda puts the batches that it gives up on, as the stream mapping's last resort.
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
GIVEN_UP = "aws/lambda/"
# Longer than any sequence number, so that padded texts sort in order of their numbers.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
SEQUENCE_DIGITS = 40
# With less time left than this, no further record is begun: the current one is finished.
RESERVE_SECONDS = 15.0

Record = Mapping[str, Any]


class Stream(Struct, frozen=True):
    """A stream: the name of its function, its table, and how its records are processed."""

    name: str
    table: Callable[[Resources], str]
    work: Callable[[Resources, Sequence[Record], Invocation], None]

    @property
    def place(self) -> str:
        """The key prefix of its parked records."""
        return f"{PARKED}/{self.name}/"


def take(resources: Resources, stream: Stream, records: Sequence[Record], run: Invocation) -> None:
    """Processes the records of a batch in order, or parks them.

    Raises RetryLaterError when a service is busy; the batch must then be delivered again.
    """
    parked = _parked(resources, stream, {_item(record) for record in records})
    ready: list[Record] = []
    for record in records:
        if _item(record) in parked:
            _park(resources, stream, record)
        else:
            ready.append(record)
    try:
        stream.work(resources, ready, run)
    except Exception as error:  # noqa: BLE001 - whatever it is, other accounts must not wait for it
        _check_time(error)
        _tell("a batch failed and is processed record by record", error)
        _each(resources, stream, ready, run)


def replay(resources: Resources, stream: Stream, run: Invocation) -> dict[str, int]:
    """Processes the parked records: how many were `replayed`, and how many are `left`.

    A batch that Lambda gave up and that this run has no time for counts as one that is left.

    A record that fails again stays, with all records parked behind it. Raises RetryLaterError when
    a service is busy; records replayed until then are done.
    """
    replayed, unseen = _take_given_up(resources, stream, run)
    stuck: set[str] = set()
    for key in objects.keys(resources.work_bucket, stream.place):
        if run.deadline.left < RESERVE_SECONDS:
            break
        item = key.removeprefix(stream.place).partition("/")[0]
        body = None if item in stuck else objects.read(resources.work_bucket, key)
        if body is None:
            continue
        try:
            stream.work(resources, [json.loads(body)], run)
        except Exception as error:  # noqa: BLE001 - as above
            _check_time(error)
            _tell("a parked record failed again", error)
            stuck.add(item)
            continue
        # Delete last: a run stopped before this processes the record twice, but never loses it.
        objects.delete(resources.work_bucket, key)
        replayed += 1
    left = unseen + sum(1 for _ in objects.keys(resources.work_bucket, stream.place))
    metrics.add_metric("RecordsReplayed", "Count", replayed)
    logger.info("records replayed", extra={"stream": stream.name, "number": replayed, "left": left})
    return {"replayed": replayed, "left": left}


def _each(resources: Resources, stream: Stream, records: Sequence[Record], run: Invocation) -> int:
    """Processes the records one by one; returns how many were not parked."""
    stuck: set[str] = set()
    worked = 0
    for record in records:
        run.deadline.check()
        if _item(record) not in stuck:
            try:
                stream.work(resources, [record], run)
            except Exception as error:  # noqa: BLE001 - as above
                _check_time(error)
                _tell("a record failed and is parked", error)
                stuck.add(_item(record))
            else:
                worked += 1
                continue
        _park(resources, stream, record)
    return worked


def _check_time(error: Exception) -> None:
    """Raises the error again if a retry may help: a service is busy, or the run's time is up."""
    if isinstance(error, RetryLaterError) and not isinstance(error, WriteRefusedError):
        raise error


def _take_given_up(resources: Resources, stream: Stream, run: Invocation) -> tuple[int, int]:
    """Processes or parks the records of batches that Lambda gave up on.

    Returns how many were processed, and how many batches there was no time for.
    """
    table = f":table/{stream.table(resources)}/"
    worked = unseen = 0
    for key in objects.keys(resources.work_bucket, GIVEN_UP):
        if run.deadline.left < RESERVE_SECONDS:
            unseen += 1
            continue
        body = objects.read(resources.work_bucket, key)
        records = list(_records_in(body)) if body is not None else []
        if records and all(table in str(record.get("eventSourceARN")) for record in records):
            parked = _parked(resources, stream, {_item(record) for record in records})
            for record in records:
                if _item(record) in parked:
                    _park(resources, stream, record)
            ready = [record for record in records if _item(record) not in parked]
            worked += _each(resources, stream, ready, run)
            objects.delete(resources.work_bucket, key)
    return worked, unseen


def _records_in(body: bytes) -> Iterator[Record]:
    """The records of the batch in Lambda's message; the batch is JSON within the JSON."""
    payload = json.loads(body).get("payload") or "{}"
    yield from (json.loads(payload) if isinstance(payload, str) else payload).get("Records", ())


def _parked(resources: Resources, stream: Stream, items: set[str]) -> set[str]:
    """Those of the items that have a parked record."""
    found, is_whole = objects.folders(resources.work_bucket, stream.place)
    if is_whole:
        return items & found
    # There are too many parked records to list, so look up the items of the batch one by one.
    places = {item: objects.keys(resources.work_bucket, f"{stream.place}{item}/") for item in items}
    return {item for item, keys in places.items() if next(keys, None) is not None}


def _park(resources: Resources, stream: Stream, record: Record) -> None:
    sequence = str(record["dynamodb"]["SequenceNumber"]).zfill(SEQUENCE_DIGITS)
    key = f"{stream.place}{_item(record)}/{sequence}"
    body = json.dumps(record).encode()
    objects.write(resources.work_bucket, key, body, "application/json")
    metrics.add_metric("RecordsParked", "Count", 1)


def _item(record: Record) -> str:
    """A name for the record's item: its key may be too long for an object key."""
    keys = json.dumps(record["dynamodb"]["Keys"], sort_keys=True)
    return hashlib.sha256(keys.encode()).hexdigest()[:32]


def _tell(what: str, error: Exception) -> None:
    # The text of an exception may quote what a person uploaded.
    where = [frame.strip() for frame in traceback.format_tb(error.__traceback__)[-3:]]
    logger.error(what, extra={"error": type(error).__name__, "where": where})
