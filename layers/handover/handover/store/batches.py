"""Batches of DynamoDB calls: bulk reads, bulk conditional writes, and retries of unfinished parts.

A throttled or conflicting part is not an error of the data: it is sent again, alone, until it is
accepted or the invocation's time is used up (RetryLaterError). If a whole call is throttled,
`handover.sdk` waits. Several calls are in flight at a time (`handover.flight`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from msgspec import Struct

from handover.deadline import Deadline, current, was_busy
from handover.errors import WriteRefusedError
from handover.flight import answers_of, make_all
from handover.store.connection import client

Item = Mapping[str, Any]
Member = TypeVar("Member")

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
KEYS_A_READ = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
STATEMENTS_A_BATCH = 25
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
PUTS_A_BATCH = 25

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
BUSY_CODES = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
REFUSED_CODES = frozenset({"ConditionalCheckFailed", "DuplicateItem"})


class Statement(Struct, frozen=True):
    """One conditional PartiQL write."""

    text: str
    parameters: Sequence[Item]


def insertion(table: str, item: Item) -> Statement:
    """The write of a new item; if there is one already, the result is `Unmet` without an item."""
    names = ", ".join(f"'{name}': ?" for name in item)
    return Statement(f'INSERT INTO "{table}" VALUE {{{names}}}', list(item.values()))


def update(table: str, item: Item, version: int) -> Statement:
    """The write of these attributes over an item's `version`; 0 = it has none yet.

    `pk` and, where the table has one, `sk` identify the item.
    """
    key = {name: value for name, value in item.items() if name in ("pk", "sk")}
    values = {name: value for name, value in item.items() if name not in key}
    sets = " ".join(f'SET "{name}"=?' for name in values)
    where = " AND ".join(f'"{name}"=?' for name in key)
    condition = '"version"=?' if version else '"version" IS MISSING'
    stands = [{"N": str(version)}] if version else []
    return Statement(
        f'UPDATE "{table}" {sets} SET "version"=? WHERE {where} AND {condition}',
        [*values.values(), {"N": str(version + 1)}, *key.values(), *stands],
    )


class Unmet(Struct, frozen=True):
    """The condition of a write did not hold; `item` is the existing item, if any."""

    item: Item | None


def read_items(
    table: str,
    keys: Iterable[Item],
    deadline: Deadline,
    *,
    attributes: Sequence[str] = (),
    is_consistent: bool = True,
) -> list[Item]:
    """The items that exist under `keys`, in any order.

    `keys` must not repeat. `attributes` are the ones to read, empty = all. A read that is not
    consistent costs half, and may show items as they were moments ago.
    """
    options: dict[str, Any] = {"ConsistentRead": is_consistent}
    if attributes:
        names = {f"#{place}": name for place, name in enumerate(attributes)}
        options |= {
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
    parts = answers_of(
        partial(_read_batch, table, {"Keys": batch, **options}, deadline)
        for batch in _batches(keys, KEYS_A_READ)
    )
    return [item for part in parts for item in part]


def _read_batch(table: str, asked: Item, deadline: Deadline) -> list[Item]:
    found: list[Item] = []
    request: Any = {table: asked}
    tries = 0
    while request:
        deadline.check()
        answer = client().batch_get_item(RequestItems=request)
        found += answer["Responses"].get(table, [])
        request = answer.get("UnprocessedKeys")
        if request:
            deadline.wait(tries)
            tries += 1
    return found


def _batches(whole: Iterable[Member], size: int) -> Iterator[list[Member]]:
    rest = iter(whole)
    while batch := list(islice(rest, size)):
        yield batch


def write_each(statements: Sequence[Statement], deadline: Deadline) -> list[Unmet | None]:
    """Writes the statements; returns the result of each, in their order: None = written.

    No two statements may concern the same item. Each is written at most once, whatever happens to
    the others. Raises RetryLaterError when the time is used up, and WriteRefusedError for every
    other answer than "busy" or an unmet condition.
    """
    outcomes: list[Unmet | None] = [None] * len(statements)
    waiting = list(range(len(statements)))
    tries = 0
    while waiting:
        parts = _batches(waiting, STATEMENTS_A_BATCH)
        busy = answers_of(
            partial(_write_part, statements, part, outcomes, deadline) for part in parts
        )
        waiting = [place for part in busy for place in part]
        if waiting:
            deadline.wait(tries)
            tries += 1
    return outcomes


def transact(actions: Sequence[Item]) -> bool:
    """Writes all or nothing.

    False when a condition did not hold, or another write was in progress.
    """
    return not _why_refused(actions)


def _why_refused(actions: Sequence[Item]) -> set[str]:
    """Writes all or nothing; returns the codes of the reasons if nothing was written, else none."""
    request: Any = list(actions)
    codes: set[str] = set()
    try:
        client().transact_write_items(TransactItems=request)
    except client().exceptions.TransactionCanceledException as cancelled:
        reasons: list[Any] = cancelled.response.get("CancellationReasons", [])
        codes = {reason["Code"] for reason in reasons} - {"None"}
        if not codes or codes - REFUSED_CODES - {"TransactionConflict"}:
            raise
    return codes


def write_together(actions: Sequence[Item]) -> bool:
    """Writes all or nothing; False when a condition did not hold.

    Waits while other writes of the same items are in progress. Raises RetryLaterError when the
    invocation has no time left.
    """
    tries = 0
    while codes := _why_refused(actions):
        if codes & REFUSED_CODES:
            return False
        current().wait(tries)
        tries += 1
    return True


def put_items(table: str, items: Iterable[Item], deadline: Deadline) -> None:
    """Stores `items` without a condition; repeating it changes nothing. Keys must not repeat."""
    make_all(partial(_put_batch, table, batch, deadline) for batch in _batches(items, PUTS_A_BATCH))


def _put_batch(table: str, batch: Sequence[Item], deadline: Deadline) -> None:
    request: Any = {table: [{"PutRequest": {"Item": item}} for item in batch]}
    tries = 0
    while request:
        deadline.check()
        request = client().batch_write_item(RequestItems=request).get("UnprocessedItems")
        if request:
            deadline.wait(tries)
            tries += 1


def _write_part(
    statements: Sequence[Statement],
    part: Sequence[int],
    outcomes: list[Unmet | None],
    deadline: Deadline,
) -> list[int]:
    """Writes the statements at these places; returns the places for which DynamoDB was too busy."""
    deadline.check()
    request: Any = [
        {
            "Statement": statements[place].text,
            "Parameters": statements[place].parameters,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        for place in part
    ]
    answers = client().batch_execute_statement(Statements=request)["Responses"]
    busy: list[int] = []
    for place, answer in zip(part, answers, strict=True):
        error = answer.get("Error")
        if error is None:
            outcomes[place] = None
        elif error["Code"] in REFUSED_CODES:
            outcomes[place] = Unmet(error.get("Item"))
        elif error["Code"] in BUSY_CODES:
            busy.append(place)
        else:
            raise WriteRefusedError(f"DynamoDB refused a statement: {error['Code']}")
    if busy:
        was_busy.set(True)
    return busy
