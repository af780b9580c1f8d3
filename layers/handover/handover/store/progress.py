"""The progress of an import: which of its chunks are counted, and the sums of their lines.

It is one small item beside the import's own, so that fifty workers do not contend for the import.
DynamoDB cannot change single bits, so the bitmap is split into numbers, and an update replaces one
number on the condition that it is unchanged. Neighbouring chunks are in different numbers, because
they are settled at about the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from pynamodb.attributes import NumberAttribute

from handover.deadline import Deadline
from handover.reports.counts import Counts
from handover.store.batches import Item
from handover.store.connection import Model, client
from handover.store.items import key_of

PROGRESS = "progress"
# A number has 38 digits, so 126 bits. 125 makes a round figure: 8 numbers for 1,000 chunks.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
BITS_A_NUMBER = 125
# What is counted, by its attribute here and on the items of imports and chunks.
COUNTED: Mapping[str, str] = {
    "pending_users" if name == "pending" else name: name
    for name in Counts.__struct_fields__
    if name != "lines"
}


# How long workers had a chunk, or all counted chunks, in milliseconds.
WORKED = "worked_ms"


class Settlement(Struct, frozen=True):
    """A worker's report on a chunk: the attempt whose parts count, and its counts.

    `worked_ms` is how long workers had the chunk, this one and the ones before it.
    """

    chunk: int
    attempt: str
    has_errors: bool
    counts: Counts
    worked_ms: int = 0


class Progress(Struct, frozen=True):
    """The chunks of an import that are not counted, and the sums of those that are."""

    pending: frozenset[int]
    counts: Counts
    worked_ms: int = 0


class CountingModel(Model):
    """An item that counts its lines by outcome; `COUNTED` names the attributes.

    `worked_ms` is how long workers had its chunks, or the chunk, until they gave it back or settled
    it.
    """

    worked_ms = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    cleared = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    pending_users = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    duplicate = NumberAttribute(default=0)
    superseded = NumberAttribute(default=0)
    not_processed = NumberAttribute(default=0)


def counts_of(item: CountingModel) -> Counts:
    """The counts on the item of an import so far, or on that of a settled chunk."""
    counted = {field: int(getattr(item, attribute)) for attribute, field in COUNTED.items()}
    return Counts(lines=int(getattr(item, "lines")), **counted)  # noqa: B009 - of any such model


def no_progress(*, chunks: int, lines: int) -> Progress:
    """The progress of an import that has just begun."""
    return _progress({}, chunks, lines)


def progress_in(item: Item, *, chunks: int, lines: int) -> Progress:
    """The progress in this item; {} = there is no item yet."""
    return _progress(item, chunks, lines)


def count_chunk(
    table: str,
    import_id: str,
    settlement: Settlement,
    *,
    chunks: int,
    lines: int,
    deadline: Deadline,
) -> Progress:
    """Counts the chunk, unless it is counted already; returns the progress after that.

    The chunk's item must be settled before. Raises RetryLaterError when the counting of other
    chunks takes all the time.
    """
    place, bit = _place_of(settlement.chunk, chunks)
    # Usually nothing is counted yet of an import with one chunk; if it is, the condition of the
    # update shows that.
    item = _read(table, import_id) if chunks > 1 else {}
    tries = 0
    while not _bits(item, place) >> bit & 1:
        if tries:
            deadline.wait(tries - 1)
        item = _add(table, import_id, item, place, bit, settlement)
        tries += 1
    return _progress(item, chunks, lines)


def _read(table: str, import_id: str) -> Item:
    answer = client().get_item(
        TableName=table, Key=key_of(import_id, PROGRESS), ConsistentRead=True
    )
    return answer.get("Item", {})


def _add(
    table: str, import_id: str, item: Item, place: int, bit: int, settlement: Settlement
) -> Item:
    """Sets the bit and adds the counts, unless that number has changed; returns the item then."""
    name, before = _name(place), _bits(item, place)
    numbers = {attribute: getattr(settlement.counts, field) for attribute, field in COUNTED.items()}
    numbers[WORKED] = settlement.worked_ms
    added = {attribute: number for attribute, number in numbers.items() if number}
    values: dict[str, Any] = {":after": {"N": str(before | 1 << bit)}}
    values |= {f":{attribute}": {"N": str(number)} for attribute, number in added.items()}
    if before:
        values[":before"] = {"N": str(before)}
    adds = ", ".join(f"{attribute} :{attribute}" for attribute in added)
    try:
        answer = client().update_item(
            TableName=table,
            Key=key_of(import_id, PROGRESS),
            UpdateExpression=f"SET {name} = :after" + (f" ADD {adds}" if adds else ""),
            ConditionExpression=(
                f"{name} = :before" if before else f"attribute_not_exists({name})"
            ),
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except client().exceptions.ConditionalCheckFailedException as unmet:
        response: Mapping[str, Any] = unmet.response
        standing: Item = response.get("Item", {})
        return standing
    return answer["Attributes"]


def _progress(item: Item, chunks: int, lines: int) -> Progress:
    sums = {field: _number(item, attribute) for attribute, field in COUNTED.items()}
    return Progress(
        frozenset(_unset(item, chunks)),
        Counts(lines=lines, **sums),
        _number(item, WORKED),
    )


def _unset(item: Item, chunks: int) -> Iterable[int]:
    numbers = [_bits(item, place) for place in range(_numbers(chunks))]
    for chunk in range(1, chunks + 1):
        place, bit = _place_of(chunk, chunks)
        if not numbers[place] >> bit & 1:
            yield chunk


def _numbers(chunks: int) -> int:
    return -(-chunks // BITS_A_NUMBER)


def _place_of(chunk: int, chunks: int) -> tuple[int, int]:
    """Which number has the bit of a chunk, and which bit it is."""
    bit, place = divmod(chunk - 1, _numbers(chunks))
    return place, bit


def _bits(item: Item, place: int) -> int:
    return _number(item, _name(place))


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _name(place: int) -> str:
    return f"b{place}"
