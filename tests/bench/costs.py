"""The costs of a thousand lines: requests and capacity units, counted on an AWS in memory.

The counts are exact and the same on every machine. The memory AWS rounds items up to units as
DynamoDB does: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench import pipeline
from tests.bench.model import Counts
from tests.bench.table import Topic, at_most
from tests.kit.memory_aws import PLAIN, Twist, install
from tests.kit.memory_aws.values import item_size

# Prices in us-east-1, on-demand, in dollars.
# https://aws.amazon.com/dynamodb/pricing/on-demand/
WRITE_UNIT_PRICE = 0.625e-6
READ_UNIT_PRICE = 0.125e-6
# https://aws.amazon.com/sqs/pricing/
SQS_REQUEST_PRICE = 0.40e-6
# https://aws.amazon.com/s3/pricing/
S3_PUT_PRICE = 5e-6
S3_GET_PRICE = 0.4e-6
# https://aws.amazon.com/lambda/pricing/ (arm64)
GIGABYTE_SECOND_PRICE = 0.0000133334
WORKER_MEBIBYTES = 1769  # the assign function's memory in the template
RECORDS_A_BATCH = 100  # of the stream, for the publish function

REQUESTS_GOAL, UNITS_GOAL, ITEM_BYTES_GOAL = 45, 1010, 1024
ACCOUNTS = "AccountsTable"
MILLION = 1_000_000


@dataclass(slots=True)
class Count:
    """A hook of the memory AWS that counts the requests to each service, by operation and table."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    read_units: dict[str, float] = field(default_factory=dict)
    write_units: dict[str, float] = field(default_factory=dict)

    def before(self, _number: int, service: str, operation: str, params: dict[str, Any]) -> Twist:
        """Counts the call."""
        self.requests[operation, _table_of(params) or service] += 1
        return PLAIN

    def after(self, *_call: object) -> None:
        """Nothing is left to count."""

    def on(self, table: str, *operations: str) -> int:
        """The number of these requests to the table."""
        return sum(self.requests[operation, table] for operation in operations)


def measure(*, quick: bool = False) -> list[Topic]:
    """Requests, units, and the resulting price."""
    lines = 2000 if quick else 20_000
    stack = pipeline.pipeline()
    with install(stack.memory):
        pipeline.seed(stack, lines)
        _import(stack, "first", lines, turn=0)
        changed, history = _import(stack, "second", lines, turn=1)
        unchanged, _ = _import(stack, "third", lines, turn=1)
        sizes = [item_size(item) for item in stack.memory.dynamodb.tables[ACCOUNTS].items.values()]
    return [
        _requests(lines, changed, unchanged, max(sizes)),
        _prices(lines, changed, unchanged, history),
    ]


def counts_of_a_million(
    *, changed: float, unchanged: float, publish_seconds: float, quick: bool = False
) -> tuple[Counts, Counts]:
    """The requests of a million lines, all changed and all unchanged, scaled from a smaller import.

    `changed` and `unchanged` are a worker's seconds a line, `publish_seconds` those of a batch.
    """
    lines = 2000 if quick else 20_000
    stack = pipeline.pipeline()
    with install(stack.memory):
        pipeline.seed(stack, lines)
        _import(stack, "first", lines, turn=0)
        of_changes, history = _import(stack, "second", lines, turn=1)
        of_none, _ = _import(stack, "third", lines, turn=1)
    return (
        _million([of_changes, history], lines, MILLION, changed, publish_seconds),
        _million([of_none], lines, 0, unchanged, publish_seconds),
    )


def _million(
    counted: Sequence[Count], lines: int, changed: int, line: float, publish: float
) -> Counts:
    scale = MILLION / lines

    def requests(*beginnings: str) -> int:
        number = sum(
            number
            for count in counted
            for (operation, _), number in count.requests.items()
            if operation.startswith(beginnings)
        )
        return round(number * scale)

    writes: Counter[str] = Counter()
    for count in counted:
        writes.update(count.write_units)
    return Counts(
        lines=MILLION,
        changed=changed,
        write_units={table: units * scale for table, units in writes.items()},
        read_units=sum(sum(count.read_units.values()) for count in counted) * scale,
        s3_puts=requests("PutObject", "ListObject"),
        s3_gets=requests("GetObject", "HeadObject"),
        messages=requests("SendMessage"),
        worker_seconds=MILLION * line,
        publish_seconds=publish,
    )


def _import(stack: pipeline.Pipeline, ticket: str, lines: int, *, turn: int) -> tuple[Count, Count]:
    """The requests of an import, and those of publishing its changes."""
    changes: list[tuple[Any, Any]] = []
    stack.memory.dynamodb.watch(
        lambda table, _key, old, new: changes.append((old, new)) if table == ACCOUNTS else None
    )
    counted = _counting(stack)
    arrival = pipeline.arrive(stack, ticket, pipeline.file_of(lines, turn=turn))
    pipeline.take(stack, arrival)
    pipeline.work(stack)
    state = pipeline.end(stack, arrival.import_id)
    if state != "done":
        raise SystemExit(f"the import ended {state}, not done")
    _close(stack, counted)
    stack.memory.dynamodb.watch(None)
    published = _counting(stack)
    for begin in range(0, len(changes), RECORDS_A_BATCH):
        pipeline.publish(stack, changes[begin : begin + RECORDS_A_BATCH])
    _close(stack, published)
    return counted, published


def _counting(stack: pipeline.Pipeline) -> Count:
    for table in stack.memory.dynamodb.tables.values():
        table.read_units = table.write_units = 0.0
    count = Count()
    stack.memory.hook = count
    return count


def _close(stack: pipeline.Pipeline, count: Count) -> None:
    stack.memory.hook = None
    for name, table in stack.memory.dynamodb.tables.items():
        count.read_units[name], count.write_units[name] = table.read_units, table.write_units


def _requests(lines: int, changed: Count, unchanged: Count, largest: int) -> Topic:
    per = lines / 1000
    reads, writes = "BatchGetItem", "BatchExecuteStatement"

    def each(what: str, count: Count, *, is_changed: bool) -> list[tuple[str, ...]]:
        read, write = count.on(ACCOUNTS, reads) / per, count.on(ACCOUNTS, writes) / per
        units = count.write_units[ACCOUNTS] / per
        everything = sum(count.requests.values()) / per
        read_units = sum(count.read_units.values()) / per
        both = at_most(read + write, REQUESTS_GOAL) if is_changed else ("", "")
        return [
            (f"{what}: reads of accounts", f"{read:.2f}", "", ""),
            (f"{what}: writes of accounts", f"{write:.2f}", "", ""),
            (f"{what}: requests on the Accounts table", f"{read + write:.2f}", *both),
            (f"{what}: all requests to every service", f"{everything:.2f}", "", ""),
            (
                f"{what}: write units on the Accounts table",
                f"{units:,.1f}",
                *at_most(units, UNITS_GOAL if is_changed else 0),
            ),
            (f"{what}: read units on all tables", f"{read_units:,.1f}", "", ""),
        ]

    return Topic(
        "Requests and capacity units of 1,000 lines",
        ("what", "of 1,000 lines", "goal", ""),
        (
            *each("changed", changed, is_changed=True),
            *each("unchanged", unchanged, is_changed=False),
            (
                "largest account item, bytes",
                f"{largest:,}",
                *at_most(largest, ITEM_BYTES_GOAL, " bytes"),
            ),
        ),
        (
            f"Counted over an import of {lines:,} lines, intake to final state, without retries.",
            (
                "DynamoDB takes 100 keys in a BatchGetItem and 25 statements in a "
                "BatchExecuteStatement, so 1,000 changed lines cannot take fewer than 10 + 40 "
                "requests. Transactions of 100 would take 10 + 10, at twice the write units; "
                "writing without reading would take 40, and a write unit for every unchanged line."
            ),
            "Write units above the lines changed would mean items over 1 KB or writes done twice.",
        ),
    )


def _prices(lines: int, changed: Count, unchanged: Count, history: Count) -> Topic:
    per_million = 1_000_000 / lines

    def dollars(*counts: Count) -> tuple[float, float, float]:
        writes = sum(sum(count.write_units.values()) for count in counts) * WRITE_UNIT_PRICE
        reads = sum(sum(count.read_units.values()) for count in counts) * READ_UNIT_PRICE
        rest = sum(_request_price(count) for count in counts)
        return writes * per_million, reads * per_million, rest * per_million

    def row(what: str, *counts: Count) -> tuple[str, ...]:
        writes, reads, rest = dollars(*counts)
        cells = (writes, reads, rest, writes + reads + rest)
        return (what, *(f"{cell:.3f}" for cell in cells))

    return Topic(
        "Modelled price of a million lines, in dollars",
        ("what", "write units", "read units", "S3 and SQS", "sum"),
        (
            row("every line changes, its history and portfolios not counted", changed),
            row("every line changes, with history and portfolios", changed, history),
            row("no line changes", unchanged),
        ),
        (
            (
                f"us-east-1, on-demand: ${WRITE_UNIT_PRICE * 1e6:g} a million write units, "
                f"${READ_UNIT_PRICE * 1e6:g} a million read units "
                "(https://aws.amazon.com/dynamodb/pricing/on-demand/), "
                f"${SQS_REQUEST_PRICE * 1e6:g} a million SQS requests "
                f"(https://aws.amazon.com/sqs/pricing/), ${S3_PUT_PRICE * 1000:g} for 1,000 PUT "
                f"and ${S3_GET_PRICE * 1000:g} for 1,000 GET (https://aws.amazon.com/s3/pricing/)."
            ),
            (
                f"Lambda is left out: at ${GIGABYTE_SECOND_PRICE} a GB-second (arm64, "
                f"https://aws.amazon.com/lambda/pricing/) and {WORKER_MEBIBYTES:,} MB it is "
                f"${GIGABYTE_SECOND_PRICE * WORKER_MEBIBYTES / 1024 * 100:.4f} for each 100 µs "
                "that a line takes. Receiving and deleting SQS messages, EventBridge events and "
                "storage are left out."
            ),
        ),
    )


def _request_price(count: Count) -> float:
    price = 0.0
    for (operation, service), number in count.requests.items():
        if service == "s3":
            is_read = operation.startswith(("Get", "Head"))
            price += number * (S3_GET_PRICE if is_read else S3_PUT_PRICE)
        elif operation.startswith("SendMessage"):
            price += number * SQS_REQUEST_PRICE
    return price


def _table_of(params: dict[str, Any]) -> str:
    if "RequestItems" in params:
        return str(next(iter(params["RequestItems"])))
    if "Statements" in params:
        # UPDATE "table" SET ..., INSERT INTO "table" VALUE ...
        return str(params["Statements"][0]["Statement"].split('"')[1])
    return str(params.get("TableName", ""))
