"""How many lines a worker processes a second when each call takes as long as one to DynamoDB.

Elapsed time is compared: a worker that waits for one call after another leaves its core mostly
idle.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import boto3

from tests.bench.canned import served
from tests.bench.table import Topic, at_least
from tests.bench.worker import (
    ACCOUNTS,
    CHANGED,
    TENANT,
    UNCHANGED,
    USERS,
    account_item,
    canned,
    point_at,
    resources,
    update_each,
    work,
)

DELAY_SECONDS = 0.01
UPDATE_GOAL, WRITER_GOAL = 50.0, 2.5
UPDATE, WRITER = "update_item", "batch_writer"
NAMES = {
    UPDATE: "update_item, one by one",
    WRITER: "`batch_writer` (looks nothing up, checks nothing)",
    CHANGED: "worker, every line changes",
    UNCHANGED: "worker, no line changes",
}


def write_each(table: Any, lines: int) -> None:
    """Writes whole accounts by boto3's own `batch_writer`."""
    item = {name: value for name, value in account_item().items() if name in ("pk", "name")}
    with table.batch_writer() as writer:
        for number in range(lines):
            writer.put_item(
                Item={
                    "pk": f"{TENANT}#C{number:08d}",
                    "name": item["name"]["S"],
                    "account_manager": f"user{number % USERS}@lumina.example",
                }
            )


def measure(*, quick: bool = False) -> Topic:
    """Lines a second with DELAY_SECONDS a call, beside boto3's own ways to write, in turns."""
    lines, updates, rounds = (2000, 20, 2) if quick else (4000, 60, 7)
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    with served(canned(lines), delay_seconds=DELAY_SECONDS) as address:
        point_at(address)
        at, client = resources(), boto3.client("dynamodb")
        table: Any = boto3.resource("dynamodb").Table(ACCOUNTS)
        ways: tuple[tuple[str, int, Callable[[], None]], ...] = (
            (UPDATE, updates, lambda: update_each(client, updates)),
            (WRITER, lines, lambda: write_each(table, lines)),
            (CHANGED, lines, lambda: work(at, CHANGED)),
            (UNCHANGED, lines, lambda: work(at, UNCHANGED)),
        )
        for number in range(rounds + 1):
            for name, count, run in ways:
                begun = time.perf_counter()
                run()
                if number:  # the first turn opens connections
                    seconds[name].append((time.perf_counter() - begun) / count)
    return Topic(
        "Worker with 10 ms a call",
        ("what", "lines/s", "x update_item", "goal", "", "x batch_writer", "goal", ""),
        tuple(_row(name, seconds) for name in NAMES),
        (
            (
                f"{rounds} turns, {lines:,} lines in a chunk; medians, and medians of the ratios "
                "of each turn. Elapsed time, one process."
            ),
            (
                "The worker looks up, decides and writes on a condition; it has up to 16 calls in "
                "flight, from 4 on. boto3's ways have one."
            ),
        ),
    )


def _row(name: str, seconds: dict[str, list[float]]) -> tuple[str, ...]:
    of_update, of_writer = (
        statistics.median(
            base / mine for base, mine in zip(seconds[other], seconds[name], strict=True)
        )
        for other in (UPDATE, WRITER)
    )
    pace = f"{1 / statistics.median(seconds[name]):,.0f}"
    goals = (at_least(of_update, UPDATE_GOAL), at_least(of_writer, WRITER_GOAL))
    none = ("", "")
    first, second = goals if name in (CHANGED, UNCHANGED) else (none, none)
    return (NAMES[name], pace, f"{of_update:.1f}", *first, f"{of_writer:.1f}", *second)
