"""Records of a stream that cannot be worked: they are parked, the stream goes on, and are replayed.

A parked record lies in the work bucket under `parked/{stream}/{item}/{sequence number}`. While one
of an item lies there every later one of that item is parked behind it, so the records of an item
are worked in their order; those of all other items go on. An operator has them replayed once the
cause is gone. Every step may be repeated, for working a record twice changes nothing.

A busy service is no reason to park anything: the batch comes again.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handover.aws import objects
from handover.errors import RetryLaterError, WriteRefusedError
from handover.runtime import Invocation, Resources, logger, metrics

PARKED = "parked"
# Where Lambda puts the batches that it gives up, as the last resort of a stream's mapping.
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
GIVEN_UP = "aws/lambda/"
# Longer than any sequence number, so that their texts sort as the numbers do.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
SEQUENCE_DIGITS = 40
# What is left when no further record is begun: to finish the one in hand and to answer.
RESERVE_SECONDS = 15.0

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream by the name of its function, the table that it tells of, and what a record means."""

    name: str
    table: Callable[[Resources], str]
    work: Callable[[Resources, Sequence[Record], Invocation], None]

    @property
    def place(self) -> str:
        """Where its parked records lie."""
        return f"{PARKED}/{self.name}/"


def take(resources: Resources, stream: Stream, records: Sequence[Record], run: Invocation) -> None:
    """Works the records of a batch, in their order, or parks them.

    Raises RetryLaterError when a service is busy; then the batch is to come again.
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
        _tell("a batch failed and is worked record by record", error)
        _each(resources, stream, ready, run)


def replay(resources: Resources, stream: Stream, run: Invocation) -> dict[str, int]:
    """Works what is parked: how many records were `replayed`, and how many are `left`.

    What fails again stays, with all that is parked behind it. Raises RetryLaterError when a service
    is busy; what was replayed until then is.
    """
    replayed = _take_given_up(resources, stream, run)
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
        # Only now: who is stopped before works the record twice, and never loses it.
        objects.delete(resources.work_bucket, key)
        replayed += 1
    left = sum(1 for _ in objects.keys(resources.work_bucket, stream.place))
    metrics.add_metric("RecordsReplayed", "Count", replayed)
    logger.info("records replayed", extra={"stream": stream.name, "number": replayed, "left": left})
    return {"replayed": replayed, "left": left}


def _each(resources: Resources, stream: Stream, records: Sequence[Record], run: Invocation) -> int:
    """Works the records one by one; the number of those that were not parked."""
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
    """Raises the error when time alone will tell: a service is busy, or the run is at its end."""
    if isinstance(error, RetryLaterError) and not isinstance(error, WriteRefusedError):
        raise error


def _take_given_up(resources: Resources, stream: Stream, run: Invocation) -> int:
    """Works or parks the records of batches that Lambda has given up; how many were worked."""
    table = f":table/{stream.table(resources)}/"
    worked = 0
    for key in objects.keys(resources.work_bucket, GIVEN_UP):
        if run.deadline.left < RESERVE_SECONDS:
            break
        body = objects.read(resources.work_bucket, key)
        records = list(_records_in(body)) if body is not None else []
        if records and all(table in record.get("eventSourceARN", "") for record in records):
            parked = _parked(resources, stream, {_item(record) for record in records})
            for record in records:
                if _item(record) in parked:
                    _park(resources, stream, record)
            ready = [record for record in records if _item(record) not in parked]
            worked += _each(resources, stream, ready, run)
            objects.delete(resources.work_bucket, key)
    return worked


def _records_in(body: bytes) -> Iterator[Record]:
    """The records of the batch that Lambda tells of; the batch itself is JSON within the JSON."""
    told = json.loads(body).get("payload") or "{}"
    yield from (json.loads(told) if isinstance(told, str) else told).get("Records", ())


def _parked(resources: Resources, stream: Stream, items: set[str]) -> set[str]:
    """Those of the items of which a record is parked."""
    found, is_whole = objects.folders(resources.work_bucket, stream.place)
    if is_whole:
        return items & found
    # So many are parked that those in hand are looked up one by one.
    places = {item: objects.keys(resources.work_bucket, f"{stream.place}{item}/") for item in items}
    return {item for item, keys in places.items() if next(keys, None) is not None}


def _park(resources: Resources, stream: Stream, record: Record) -> None:
    sequence = str(record["dynamodb"]["SequenceNumber"]).zfill(SEQUENCE_DIGITS)
    key = f"{stream.place}{_item(record)}/{sequence}"
    body = json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")
    objects.write(resources.work_bucket, key, body, "application/json")
    metrics.add_metric("RecordsParked", "Count", 1)


def _item(record: Record) -> str:
    """The name of the item that the record tells of: its key may be too long for a place."""
    keys = json.dumps(record["dynamodb"]["Keys"], sort_keys=True)
    return hashlib.sha256(keys.encode()).hexdigest()[:32]


def _tell(what: str, error: Exception) -> None:
    # The text of an exception may quote what a person uploaded.
    where = [frame.strip() for frame in traceback.format_tb(error.__traceback__)[-3:]]
    logger.error(what, extra={"error": type(error).__name__, "where": where})
