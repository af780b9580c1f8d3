"""A model of time and cost on AWS, from measured parts, as pure functions.

The other topics measure steps, processor times, requests and units on this machine; AWS's own
figures are here with the page that states them, or are named as assumptions. Nothing of it was
measured on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

from handover.flight import MAX_AHEAD

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
TABLE_WRITES = 40_000.0
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
FIRST_WORKERS, MORE_WORKERS_A_SECOND = 5.0, 300 / 60
# Lambda's network, by published measurements: 50 to 88 MB/s.
NETWORK_BYTES_A_SECOND = 62e6
# Assumptions: the delay of a message from S3's event or a sender to a function; how much slower a
# vCPU of Lambda is than this machine's core; loading a layer before Python starts; a TLS handshake.
QUEUE_SECONDS = 0.05
SLOWER = 2.0
BOOT_SECONDS = 0.25
HANDSHAKE_SECONDS = 0.03
# The services that each stage calls; a worker has one more connection for each call in flight.
CONNECTIONS = 3
# A chunk of a source whose pace is not known (handover.rules.pacing), and the batches of its calls.
CHUNK_LINES = 2_400
KEYS_A_READ, STATEMENTS_A_BATCH = 100, 25
# The steps of a chunk that depend on its lines: one look-up of accounts and one write.
STEPS_OF_LINES = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """The measurements: seconds of processor time, and steps of calls that wait for each other.

    `imports` are the seconds that each function imports, `clients` those in which it makes its
    clients, `connection` those before the handshake of each connection. `vcpus` is the share of a
    vCPU that the memory of each function gives it: Lambda may give more during imports, which the
    model ignores. `in_flight` is the number of a worker's calls about lines in flight.
    """

    steps: Mapping[str, int]
    imports: Mapping[str, float]
    vcpus: Mapping[str, float]
    clients: float
    connection: float
    changed_line: float
    unchanged_line: float
    scanned_line: float
    in_flight: float = 1.0


@dataclass(frozen=True, slots=True)
class Import:
    """An import: its lines, how many of them change, the bytes of a line, whether it is cold."""

    lines: int
    changed: int
    line_bytes: int = 36
    is_cold: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The environment: concurrent workers, seconds of a call, writes a second of the table."""

    workers: int = 50
    call_seconds: float = 0.01
    table_writes: float = TABLE_WRITES


@dataclass(frozen=True, slots=True)
class Time:
    """The seconds of each stage, with its waits for queues and cold starts."""

    validate: float
    assign: float
    finalize: float

    @property
    def all(self) -> float:
        """From S3's event to the notification."""
        return self.validate + self.assign + self.finalize


def time_of(one: Import, parts: Parts, place: Place) -> Time:
    """The time of the import."""

    def begun(stage: str) -> float:
        opened = CONNECTIONS + (parts.in_flight if stage == "assign" else 0.0)
        own = parts.imports[stage] + parts.clients + opened * parts.connection
        cold = BOOT_SECONDS + own * SLOWER / parts.vcpus[stage] + HANDSHAKE_SECONDS
        return QUEUE_SECONDS + (cold if one.is_cold else 0.0)

    size = one.lines * one.line_bytes
    reading = max(size / NETWORK_BYTES_A_SECOND, one.lines * parts.scanned_line * SLOWER)
    chunks = ceil(one.lines / CHUNK_LINES)
    # 25 chunks are stored by a call, and 10 are sent by one.
    handed_out = (chunks / 25 + chunks / 10) * place.call_seconds
    validate = begun("validate") + parts.steps["validate"] * place.call_seconds + reading
    # Each chunk's part is read, some at a time, then the rows and their index are written: as many
    # bytes as the file.
    ending = ceil(chunks / MAX_AHEAD) * place.call_seconds + 2 * size / NETWORK_BYTES_A_SECOND
    finalize = begun("finalize") + parts.steps["finalize"] * place.call_seconds + ending
    assign = begun("assign") + lines_seconds(one, parts, place)
    return Time(validate + handed_out, assign, finalize)


def lines_seconds(one: Import, parts: Parts, place: Place) -> float:
    """The seconds in which workers decide and write all lines, whichever limit binds.

    The first five workers begin at once, five more each second.
    """
    chunks = ceil(one.lines / CHUNK_LINES)
    fixed = (parts.steps["assign"] - STEPS_OF_LINES) * place.call_seconds
    unchanged = one.lines - one.changed
    processor = (one.changed * parts.changed_line + unchanged * parts.unchanged_line) * SLOWER
    calls = ceil(one.lines / KEYS_A_READ) + ceil(one.changed / STATEMENTS_A_BATCH)
    waits = calls * place.call_seconds / parts.in_flight
    # Even with others in flight, at least two of a chunk's calls wait for each other.
    least = STEPS_OF_LINES * place.call_seconds
    work = chunks * fixed + processor + waits
    whole = max(work / chunks, fixed + least)
    by_workers = _with_more_workers(max(work, whole), min(place.workers, chunks), whole)
    return max(by_workers, one.changed / place.table_writes)


def _with_more_workers(work: float, most: int, longest: float) -> float:
    """The seconds for that much work while Lambda adds workers, up to `most`."""
    growing = max(0.0, (most - FIRST_WORKERS) / MORE_WORKERS_A_SECOND)
    first = min(FIRST_WORKERS, most)
    done_growing = growing * (first + most) / 2
    if work <= done_growing:
        # first * t + more * t * t / 2 = work
        more = MORE_WORKERS_A_SECOND
        return max(longest, (-first + sqrt(first * first + 2 * more * work)) / more)
    return max(longest, growing + (work - done_growing) / most)


# Prices in US East, in dollars. https://aws.amazon.com/dynamodb/pricing/on-demand/
WRITE_UNIT, READ_UNIT = 0.625e-6, 0.125e-6
# https://aws.amazon.com/eventbridge/pricing/: a custom event of up to 64 KB.
EVENT = 1.0e-6
# https://aws.amazon.com/sqs/pricing/
SQS_REQUEST = 0.40e-6
# https://aws.amazon.com/s3/pricing/
S3_PUT, S3_GET = 5e-6, 0.4e-6
# https://aws.amazon.com/lambda/pricing/ (arm64)
GIGABYTE_SECOND, INVOCATION = 0.0000133334, 0.20e-6
# https://aws.amazon.com/sns/pricing/: requests; 1,000 mails are free, then 2 dollars for 100,000.
SNS_REQUEST, MAIL = 0.50e-6, 20e-6
# https://aws.amazon.com/cloudwatch/pricing/: one byte of ingested logs.
LOG_BYTE = 0.50 / 1e9
# https://aws.amazon.com/xray/pricing/: one trace a second, and 5 % of what is beyond.
TRACE, TRACED = 5.0e-6, 0.05
# Assumption: the log of an invocation (START, END, REPORT, one line of the function, its metrics).
LOG_BYTES_AN_INVOCATION = 1_500
# Each message is sent, received and deleted. Lambda's reading of streams is free:
# https://aws.amazon.com/dynamodb/pricing/on-demand/
REQUESTS_A_MESSAGE = 3
RECORDS_A_BATCH = 100
WORKER_GIGABYTES, PUBLISH_GIGABYTES = 1769 / 1024, 0.5


@dataclass(frozen=True, slots=True)
class Counts:
    """The requests of an import and of publishing its changes, counted or modelled.

    `write_units` and `read_units` are by table; `publish_seconds` is a batch of the stream.
    """

    lines: int
    changed: int
    write_units: Mapping[str, float]
    read_units: float
    s3_puts: int
    s3_gets: int
    messages: int
    worker_seconds: float
    publish_seconds: float


def price_of(counted: Counts) -> dict[str, float]:
    """The dollars of an import by part."""
    batches = ceil(counted.changed / RECORDS_A_BATCH)
    invocations = counted.messages + batches
    parts = {
        f"DynamoDB, writes of {table}": units * WRITE_UNIT
        for table, units in counted.write_units.items()
        if units
    }
    return parts | {
        "DynamoDB, reads": counted.read_units * READ_UNIT,
        "EventBridge, events of changes": counted.changed * EVENT,
        "Lambda": counted.worker_seconds * WORKER_GIGABYTES * GIGABYTE_SECOND
        + batches * counted.publish_seconds * PUBLISH_GIGABYTES * GIGABYTE_SECOND
        + invocations * INVOCATION,
        "S3": counted.s3_puts * S3_PUT + counted.s3_gets * S3_GET,
        "SQS": counted.messages * REQUESTS_A_MESSAGE * SQS_REQUEST,
        "logs and traces": invocations * (LOG_BYTES_AN_INVOCATION * LOG_BYTE + TRACED * TRACE),
        "SNS": SNS_REQUEST + MAIL,
    }
