"""From upload to final state on the embedded AWS, against scripts on the same emulator.

The scripts get tables of their own, without a stream, so that only their own calls keep the
emulator busy.
"""

from __future__ import annotations

import csv
import io
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from handover.deadline import Deadline
from handover.model import Account, Mode, User
from handover.pipeline.upload_keys import ticket_time
from handover.runtime import rfc3339
from handover.store.imports import pending_chunks
from handover.store.tables import TableNames, Tables, connect
from handover.store.tickets import TicketItem

from infra import local
from tests.bench.table import Topic, at_least

TENANT, OPCO = "bench", "opco-1"
UPLOADER = "ines.okello@bench.example"
USERS = 40
# Above the visibility timeout, after which a chunk that ran out of time is processed again.
GIVE_UP_SECONDS = 400.0
RECHECK_SECONDS = 0.05
CHANGED_GOAL, UNCHANGED_GOAL = 5.0, 20.0
NOTES = (
    (
        "The scripts speak to the same emulator, one process, one line after the other: look up "
        "the account, look up the user, check, update on the condition that nobody else has, put "
        "the history. They do less: no duplicates, no report, no resuming, no order of imports."
    ),
    (
        "`batch_writer` only overwrites items: nothing is looked up, checked, conditional or kept "
        "as history, and a line for an account that does not exist creates one."
    ),
    (
        "One import at a time. All functions and the emulator itself share the machine's cores, "
        "and calls take no time on the network; on AWS each of the script's calls waits for a "
        "round trip and chunks are worked side by side."
    ),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the upload until validated, until every chunk is settled, until final."""

    validated: float
    settled: float
    final: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: imports, the time until the history was complete, and seconds a line."""

    fixed: Times
    changed: Times
    kept: float
    unchanged: Times
    script_changed: float
    script_unchanged: float
    overwritten: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A stack with a tenant in it."""

    stack: local.LocalStack
    tables: Tables
    history_table: str


def measure(*, quick: bool = False) -> Topic:
    """Lines a second of an import, changed and unchanged, of the scripts and of batch_writer."""
    lines, script_lines, rounds = (300, 30, 1) if quick else (5000, 300, 3)
    with tempfile.TemporaryDirectory(prefix="handover-bench-") as name:
        stack = local.up(port=0, home=Path(name))
        try:
            os.environ |= local.environment(stack)
            bench = Bench(stack, _tables(stack), stack.resources["HistoryTable"])
            _seed(bench, lines)
            upload_and_wait(bench, file_of(1, turn=0))  # starts the functions
            script = Script(boto3.client("dynamodb"))
            script.prepare(lines)
            numbers = range(1, rounds + 1)
            turns = [_turn(bench, script, number, lines, script_lines) for number in numbers]
            return _topic(turns, lines, script_lines)
        finally:
            local.down(home=Path(name))


def _turn(bench: Bench, script: Script, number: int, lines: int, script_lines: int) -> Turn:
    whole, part = file_of(lines, turn=number), file_of(script_lines, turn=number)
    fixed = upload_and_wait(bench, file_of(1, turn=number))
    begun = time.monotonic()
    changed = upload_and_wait(bench, whole)
    # One more line has changed than in the turns: the one that started the functions.
    _wait_for_history(bench, number * lines + 1)
    kept = time.monotonic() - begun
    return Turn(
        fixed=fixed,
        changed=changed,
        kept=kept,
        unchanged=upload_and_wait(bench, whole),
        script_changed=_seconds(script.run, part) / script_lines,
        script_unchanged=_seconds(script.run, part) / script_lines,
        overwritten=_seconds(script.overwrite, whole) / lines,
    )


def _topic(turns: Sequence[Turn], lines: int, script_lines: int) -> Topic:
    fixed = _median([turn.fixed for turn in turns])
    changed = _median([turn.changed for turn in turns])
    unchanged = _median([turn.unchanged for turn in turns])
    kept = statistics.median(turn.kept for turn in turns)
    many, same = lines / changed.final, lines / unchanged.final
    one_by_one = 1 / statistics.median(turn.script_changed for turn in turns)
    looked_at = 1 / statistics.median(turn.script_unchanged for turn in turns)
    overwritten = 1 / statistics.median(turn.overwritten for turn in turns)
    return Topic(
        "End to end on the embedded AWS",
        ("what", "lines/s", "x of the script", "goal", ""),
        (
            ("script, every line changes", f"{one_by_one:,.0f}", "1.0", "", ""),
            ("script, no line changes", f"{looked_at:,.0f}", "1.0", "", ""),
            _row("import, every line changes", many, one_by_one, CHANGED_GOAL),
            _row("import, no line changes", same, looked_at, UNCHANGED_GOAL),
            (
                "boto3 `batch_writer` (does far less)",
                f"{overwritten:,.0f}",
                f"{overwritten / one_by_one:.1f}",
                "",
                "",
            ),
        ),
        (
            (
                f"{lines:,} lines an import, medians of {len(turns)}, from the upload to the final "
                f"state of the import's item, functions warm; scripts {script_lines:,} lines."
            ),
            _times("An import whose every line changes", changed),
            _times("An import whose no line changes", unchanged),
            (
                "The slowest of them were final after "
                f"{max(turn.changed.final for turn in turns):.1f} and "
                f"{max(turn.unchanged.final for turn in turns):.1f} s. A worker has 30 s here; a "
                "chunk that takes longer waits for the queue to hand it out again, after 180 s."
            ),
            (
                _times("An import of one line, all of it the way through queues", fixed)
                + " The emulator looks into its queues in turns: that much of every import is "
                "waiting, whatever its size."
            ),
            (
                f"The history of a changed import was whole after {kept:.1f} s; it comes "
                "from the table's stream, beside the import, and no import waits for it."
            ),
            (
                f"Against `batch_writer` an import runs at {many / overwritten:.2f} of its pace "
                f"when every line changes and at {same / overwritten:.2f} when none does."
            ),
            *NOTES,
        ),
    )


def file_of(lines: int, *, turn: int) -> bytes:
    """A file that gives every account another manager than the turn before did."""
    rows = "".join(f"C{n:06d},user{(n + turn) % USERS}@bench.example\r\n" for n in range(lines))
    return f"account ID,account Manager\r\n{rows}".encode()


def upload_and_wait(bench: Bench, body: bytes) -> Times:
    """The times of the import; ends the benchmark if it failed."""
    ticket = f"{ticket_time(time.time())}-{secrets.token_hex(8)}"
    bench.tables.tickets.issue(
        ticket,
        TicketItem(
            tenant=TENANT,
            uploader=UPLOADER,
            profile="single-strict",
            filename="bench.csv",
            mode=Mode.RUN.value,
            issued_at=rfc3339(time.time()),
            expires_at=rfc3339(time.time() + 300),
            expires=int(time.time()) + 86_400,
        ),
    )
    s3: Any = local.client(bench.stack, "s3")
    bucket = bench.stack.outputs["UploadsBucket"]
    begun = time.monotonic()
    s3.put_object(Bucket=bucket, Key=f"in/{TENANT}/{ticket}.csv", Body=body)
    validated = settled = 0.0
    while (passed := time.monotonic() - begun) < GIVE_UP_SECONDS:
        used = bench.tables.tickets.find(ticket)
        item = bench.tables.imports.find(used.import_id) if used and used.import_id else None
        if item is not None and item.state not in ("validating", "awaiting_upload"):
            validated = validated or passed
            if not pending_chunks(item):
                settled = settled or passed
            if item.state == "done":
                return Times(validated, settled, passed)
            if item.state in ("error", "refused", "cancelled", "awaiting_approval"):
                raise SystemExit(f"the import ended {item.state}, not done")
        time.sleep(RECHECK_SECONDS)
    raise SystemExit(f"the import was not final after {GIVE_UP_SECONDS:.0f} s")


class Script:
    """A script as written in an afternoon: the same meaning, one line at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        for table, keys in (("accounts", ["pk"]), ("users", ["pk"]), ("history", ["pk", "sk"])):
            client.create_table(
                TableName=f"script-{table}",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
                KeySchema=[
                    {"AttributeName": k, "KeyType": kind}
                    for k, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )

    def prepare(self, lines: int) -> None:
        """Fills the script's tables with the same accounts and users."""
        resource: Any = boto3.resource("dynamodb")
        with resource.Table("script-accounts").batch_writer() as batch:
            for n in range(lines):
                batch.put_item({"pk": f"C{n:06d}", "opco": OPCO, "manager": "", "name": "Lumina"})
        with resource.Table("script-users").batch_writer() as batch:
            for n in range(USERS):
                batch.put_item({"pk": f"user{n}@bench.example", "opco": OPCO, "roles": ["Sales"]})

    def run(self, body: bytes) -> None:
        """Applies the file."""
        for row in csv.DictReader(io.StringIO(body.decode())):
            self._apply(row["account ID"].strip(), row["account Manager"].strip().lower())

    def _apply(self, account_id: str, address: str) -> None:
        key = {"pk": {"S": account_id}}
        account = self._client.get_item(
            TableName="script-accounts", Key=key, ConsistentRead=True
        ).get("Item")
        user = self._client.get_item(
            TableName="script-users", Key={"pk": {"S": address}}, ConsistentRead=True
        ).get("Item")
        if not account or not user or user["opco"] != account["opco"]:
            raise SystemExit("the script's tables lack what its file names")
        if {"S": "Sales"} not in user["roles"]["L"]:
            raise SystemExit("a user of the script's file has no Sales role")
        before = account["manager"]
        if before == user["pk"]:
            return
        self._client.update_item(
            TableName="script-accounts",
            Key=key,
            UpdateExpression="SET manager = :after",
            ConditionExpression="manager = :before",
            ExpressionAttributeValues={":after": user["pk"], ":before": before},
        )
        self._client.put_item(
            TableName="script-history",
            Item={"pk": key["pk"], "sk": {"S": rfc3339(time.time())}, "before": before}
            | {"after": user["pk"]},
        )

    def overwrite(self, body: bytes) -> None:
        """The purpose of `batch_writer`: items that overwrite the present ones."""
        resource: Any = boto3.resource("dynamodb")
        with resource.Table("script-accounts").batch_writer() as batch:
            for row in csv.DictReader(io.StringIO(body.decode())):
                batch.put_item(
                    {"pk": row["account ID"], "opco": OPCO, "manager": row["account Manager"]}
                )


def _tables(stack: local.LocalStack) -> Tables:
    found = stack.resources
    return connect(
        TableNames(
            accounts=found["AccountsTable"],
            directory=found["DirectoryTable"],
            imports=found["ImportsTable"],
            history=found["HistoryTable"],
            portfolios=found["PortfolioTable"],
        )
    )


def _seed(bench: Bench, lines: int) -> None:
    deadline = Deadline(time.time() + GIVE_UP_SECONDS)
    accounts = [
        Account(TENANT, f"C{n:06d}", 1, name="Lumina Retail", opco=OPCO) for n in range(lines)
    ]
    bench.tables.accounts.put_fields(accounts, deadline)
    sellers = [
        User(f"user{n}@bench.example", f"User {n}", frozenset({"Sales"}), OPCO)
        for n in range(USERS)
    ]
    uploader = User(UPLOADER, "Ines Okello", frozenset({"Admin"}), OPCO)
    bench.tables.directory.put_users(TENANT, [*sellers, uploader], deadline)


def _wait_for_history(bench: Bench, entries: int) -> None:
    client: Any = local.client(bench.stack, "dynamodb")
    until = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < until:
        pages = client.get_paginator("scan").paginate(TableName=bench.history_table, Select="COUNT")
        if sum(page["Count"] for page in pages) >= entries:
            return
        time.sleep(0.25)
    raise SystemExit("the history did not become whole")


def _seconds(work: Callable[[bytes], None], body: bytes) -> float:
    begun = time.perf_counter()
    work(body)
    return time.perf_counter() - begun


def _median(times: Sequence[Times]) -> Times:
    return Times(
        statistics.median(one.validated for one in times),
        statistics.median(one.settled for one in times),
        statistics.median(one.final for one in times),
    )


def _times(what: str, times: Times) -> str:
    return (
        f"{what}: validated after {times.validated:.2f} s, all chunks settled after "
        f"{times.settled:.2f} s, final after {times.final:.2f} s."
    )


def _row(what: str, pace: float, base: float, goal: float) -> tuple[str, ...]:
    return what, f"{pace:,.0f}", f"{pace / base:.1f}", *at_least(pace / base, goal)
