"""How many changes the publish function publishes in a second when each call takes 10 ms.

A shard of the stream carries at most 1,000 changes a second: its table partition accepts no more
writes.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from handover import flight
from handover.deadline import Deadline
from handover.model import ChangeReceipt, RoleChange
from handover.pipeline.parking import take
from handover.pipeline.publish import CHANGES_OF_ACCOUNTS
from handover.runtime import Invocation, Resources
from handover.store.accounts import account_from, item_from
from handover.store.tables import TableNames, connect
from msgspec.structs import replace

from infra.template import load
from tests.bench.canned import Canned, served
from tests.bench.table import Topic, at_least
from tests.bench.worker import (
    ACCOUNTS,
    DIRECTORY,
    ORDER,
    STANDING,
    TENANT,
    USERS,
    WORK,
    account_item,
    point_at,
    user_item,
)
from tests.kit.crew import OneByOne

HISTORY, PORTFOLIOS, BUS = "history", "portfolios", "changes"
ROLE = "account_manager"
DELAY_SECONDS = 0.01
GOAL = 1000
# A function has a core from 1,769 MB of memory on, and a share of one below.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
WHOLE_CORE_MEBIBYTES = 1769
SINGLE_FILE, IN_FLIGHT = "one call after another", "as deployed"
CREWS: dict[str, Callable[[], flight.Crew]] = {SINGLE_FILE: OneByOne, IN_FLIGHT: flight.Threads}


def records_of(batch: int) -> list[dict[str, Any]]:
    """A batch of the stream: each account gets another manager."""
    return [_record(number) for number in range(batch)]


def _record(number: int) -> dict[str, Any]:
    key = f"{TENANT}#C{number:08d}"
    before = account_from(account_item(key))
    manager = f"user{number % USERS}@lumina.example"
    receipt = ChangeReceipt(
        "2" * 32,
        ORDER,
        number,
        "ines.okello@lumina.example",
        "2026-11-22T09:00:07Z",
        before.version + 1,
        (RoleChange(ROLE, (STANDING,), (manager,)),),
    )
    after = replace(
        before,
        version=before.version + 1,
        assigned={ROLE: (manager,)},
        receipts=(*before.receipts, receipt),
    )
    return {
        "eventID": str(number),
        "dynamodb": {
            "Keys": {"pk": {"S": key}},
            "OldImage": item_from(before),
            "NewImage": item_from(after),
            "SequenceNumber": str(number),
        },
    }


def canned(batch: int) -> Canned:
    """The answers: the earlier manager's portfolio has each account, the new one's none."""
    held = {
        f"{TENANT}#{STANDING}/{ROLE}#C{number:08d}": {
            "pk": {"S": f"{TENANT}#{STANDING}"},
            "sk": {"S": f"{ROLE}#C{number:08d}"},
            "version": {"N": "12"},
        }
        for number in range(batch)
    }
    return Canned(items={DIRECTORY: ("user#", user_item())}, rows=held)


def resources() -> Resources:
    """The names on the canned server."""
    names = TableNames(
        accounts=ACCOUNTS, directory=DIRECTORY, history=HISTORY, portfolios=PORTFOLIOS
    )
    return Resources(connect(names), "", "", WORK, "", "", "", "", "", BUS)


def measure(*, quick: bool = False) -> Topic:
    """Changes a second of one run, with and without calls in flight, and of a whole shard."""
    function = load()["Resources"]["PublishFunction"]["Properties"]
    source = function["Events"]["Accounts"]["Properties"]
    batch, runs = source["BatchSize"], source["ParallelizationFactor"]
    turns = _turns(batch, 5 if quick else 25)
    own_core = min(1.0, function["MemorySize"] / WHOLE_CORE_MEBIBYTES)
    rows = []
    for name in CREWS:
        wall, cpu = (statistics.median(column) for column in zip(*turns[name], strict=True))
        # The waits of a run, and its computing on a share of a core.
        lambda_seconds = max(wall, wall - cpu + cpu / own_core)
        goal = at_least(runs * batch / lambda_seconds, GOAL, "") if name == IN_FLIGHT else ("", "")
        rows.append(
            (
                name,
                f"{batch / wall:,.0f}",
                f"{statistics.median(a[0] / wall for a in turns[SINGLE_FILE]):.1f}",
                f"{cpu / batch * 1e6:,.0f}",
                f"{runs * batch / lambda_seconds:,.0f}",
                *goal,
            )
        )
    return Topic(
        "Publishing with 10 ms a call",
        ("what", "changes/s of one run", "x", "CPU µs/change", "changes/s of a shard", "goal", ""),
        tuple(rows),
        (
            (
                f"{len(turns[IN_FLIGHT])} turns, batches of {batch} accounts that change hands: "
                "history, two portfolios each, the users who hold them, an event each."
            ),
            (
                f"A shard has {runs} runs at a time, each with {own_core:.2f} of a core, taken to "
                "be as fast as this machine's; what a run waits for is measured, what it computes "
                "takes longer by that share. A shard carries at most 1,000 changes a second."
            ),
        ),
    )


def _turns(batch: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Elapsed and processor time of a batch, by crew, in turns."""
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in CREWS}
    os.environ["HISTORY_DAYS"] = "0"
    records = records_of(batch)
    deployed = flight.make_crew
    with served(canned(batch), delay_seconds=DELAY_SECONDS) as address:
        point_at(address)
        at = resources()
        try:
            for number in range(rounds + 1):
                for name, crew in CREWS.items():
                    flight.make_crew = crew
                    wall, cpu = time.perf_counter(), time.process_time()
                    run = Invocation("attempt", Deadline(time.time() + 300))
                    take(at, CHANGES_OF_ACCOUNTS, records, run)
                    if number:  # the first turn opens connections
                        turns[name].append((time.perf_counter() - wall, time.process_time() - cpu))
        finally:
            flight.make_crew = deployed
    return turns
