"""How many lines a worker processes a second, beside one update_item a line, on canned answers.

Worker and baseline run in one process, against one server, turn by turn. The worker is the real
one: it leases its chunk, reads, parses, looks up, decides, writes, makes the parts and settles.
"""

from __future__ import annotations

import os
import statistics
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from handover.aws.objects import Upload
from handover.deadline import Deadline
from handover.model import Account, ChangeReceipt, Chunk, Dialect, Header, Mode, RoleChange, State
from handover.pipeline.assign import work_chunk
from handover.pipeline.import_plan import ImportPlan, plan_json
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.presets import presets
from handover.runtime import Invocation, Resources
from handover.store.accounts import item_from
from handover.store.chunks import ChunkItem
from handover.store.import_items import ImportItem, PlanItem
from handover.store.tables import TableNames, connect

from tests.bench.canned import KEY, Canned, served
from tests.bench.table import Topic, at_least

TENANT = "lumina"
ACCOUNTS, DIRECTORY, IMPORTS = "accounts", "directory", "imports"
UPLOADS, WORK = "uploads", "work"
BASELINE, LOOKED_UP = "update_item", "look-ups and update_item"
CHANGED, UNCHANGED = "c" * 32, "a" * 32
HEADER = b"account ID,account Manager,note\r\n"
HEADER_LABELS = ("account ID", "account Manager", "note")
STANDING = "ana.lima@lumina.example"
USERS = 400
GOAL = 10.0
ORDER = "2026-11-22T09:00:00.000Z#0062E99A88DC407460000000000000000#00000000"
EARLIER = "2026-11-15T09:00:00.000Z#0062E99A88DC407460000000000000000#11111111"


NOTES = (
    (
        "CPU time of the client's process. x is the median over the turns of the ratio of CPU "
        "times, wall x that of elapsed times."
    ),
    (
        "The worker does all that it does on AWS: lease, ranged GET, checksum, parsing, look-ups "
        "of accounts and users, rules, conditional writes, report parts, settling. The baseline "
        "writes only: it reads no file, looks nothing up and checks nothing."
    ),
    (
        "Plain HTTP to a server on the same machine that answers at once. On AWS both wait for the "
        "network too: the worker once for 25 lines, the baseline for each."
    ),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """The seconds a line of one way in one turn."""

    wall: float
    cpu: float


Paces = dict[str, list[Pace]]


def account_item(key: str = KEY) -> dict[str, Any]:
    """An account after a year of imports: fields, a manager, and the last import's receipt."""
    change = RoleChange("account_manager", ("bo.chen@lumina.example",), (STANDING,))
    receipt = ChangeReceipt(
        "1" * 32, EARLIER, 4711, "ines.okello@lumina.example", "2026-11-15T09:00:07Z", 12, (change,)
    )
    account = Account(
        tenant=TENANT,
        account_id="C0",
        version=12,
        name="Lumina Retail Northern Europe GmbH",
        customer_id="0045001234",
        opco="opco-3",
        portals=("retail", "partner"),
        assigned={"account_manager": (STANDING,)},
        precedences={"account_manager": EARLIER},
        receipts=(receipt,),
    )
    return item_from(account) | {"pk": {"S": key}}


def user_item(key: str = KEY) -> dict[str, Any]:
    """A user who may manage any of the accounts."""
    return {
        "pk": {"S": TENANT},
        "sk": {"S": key},
        "name": {"S": "Ana Lima"},
        "roles": {"L": [{"S": "Sales"}]},
        "opco": {"S": "opco-3"},
        "status": {"S": "active"},
        "employee_id": {"S": "E10025"},
        "phone": {"S": "+49 30 1234567"},
        "mobile": {"S": ""},
        "login_name": {"S": "alima"},
    }


def file_of(lines: int, *, is_changed: bool) -> bytes:
    """A file whose every line changes its account, or none."""
    managers = [f"user{n}@lumina.example" for n in range(USERS)] if is_changed else [STANDING]
    return HEADER + b"".join(
        f"C{n:08d},{managers[n % len(managers)]},moved in quarter {n % 4}\r\n".encode()
        for n in range(lines)
    )


def canned(lines: int) -> Canned:
    """The answers to a worker that processes two imports of one chunk each."""
    files = {CHANGED: file_of(lines, is_changed=True), UNCHANGED: file_of(lines, is_changed=False)}
    return Canned(
        items={ACCOUNTS: (f"{TENANT}#", account_item()), DIRECTORY: ("user#", user_item())},
        rows={
            f"{import_id}/{name}": row
            for import_id, file in files.items()
            for name, row in _rows(import_id, file, lines).items()
        },
        objects={f"{UPLOADS}/{import_id}.csv": file for import_id, file in files.items()},
    )


def _rows(import_id: str, file: bytes, lines: int) -> dict[str, dict[str, Any]]:
    """The items of an import by sort key."""
    header = Header(HEADER_LABELS, len(HEADER), 2)
    plan = ImportPlan(
        presets()["single-strict"],
        {},
        Upload(UPLOADS, f"{import_id}.csv", "v1"),
        Dialect("utf-8", ","),
        header,
        frozenset(),
        OpcoWall.ALWAYS,
    )
    chunk = Chunk(1, len(HEADER), len(file), 2, lines, zlib.crc32(file[len(HEADER) :]))
    at = "2026-11-22T09:00:00.000Z"
    item = ImportItem(
        import_id,
        tenant=TENANT,
        profile="single-strict",
        source="user",
        uploader="ines.okello@lumina.example",
        filename="file.csv",
        mode=Mode.RUN.value,
        state=State.PROCESSING.value,
        received_at=at,
        bucket=UPLOADS,
        key=f"{import_id}.csv",
        version_id="v1",
        precedence=ORDER,
        pending={1, 2},
        listed_at=f"{at}#{import_id}",
        open="1",
        opened_at=at,
    )
    leased = ChunkItem(
        import_id,
        "chunk#00001",
        start=chunk.start,
        end=chunk.end,
        first_line=chunk.first_line,
        lines=chunk.lines,
        checksum=chunk.checksum,
        attempts=1,
    )
    return {
        "import": item.serialize(),
        "plan": PlanItem(import_id, body=plan_json(plan)).serialize(),
        "chunk#00001": leased.serialize(),
    }


def resources() -> Resources:
    """The names on the canned server."""
    names = TableNames(accounts=ACCOUNTS, directory=DIRECTORY, imports=IMPORTS)
    return Resources(
        connect(names), UPLOADS, "", WORK, "", "", "http://127.0.0.1/finalize", "", "", ""
    )


def point_at(address: str) -> None:
    """Points every client of this process to `address`."""
    os.environ |= {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_LOG_LEVEL": "WARNING",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }


def work(at: Resources, import_id: str) -> None:
    """Processes the import's chunk once."""
    run = Invocation("attempt", Deadline(time.time() + 300))
    work_chunk(at, import_id, 1, run, may_write=True)


def update_each(client: Any, lines: int) -> None:
    """The baseline: one conditional update after another, without reads or checks."""
    for number in range(lines):
        client.update_item(
            TableName=ACCOUNTS,
            Key={"pk": {"S": f"{TENANT}#C{number:08d}"}},
            UpdateExpression="SET assigned.account_manager = :manager ADD version :one",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={
                ":manager": {"L": [{"S": f"user{number % USERS}@lumina.example"}]},
                ":one": {"N": "1"},
            },
        )


def look_up_and_update_each(client: Any, lines: int) -> None:
    """The baseline with the two look-ups that a check of a line needs, still one by one."""
    for number in range(lines):
        for table, key in (
            (ACCOUNTS, {"pk": {"S": f"{TENANT}#C{number:08d}"}}),
            (DIRECTORY, {"pk": {"S": TENANT}, "sk": {"S": f"user#user{number % USERS}"}}),
        ):
            client.get_item(TableName=table, Key=key, ConsistentRead=True)
    update_each(client, lines)


def measure(*, quick: bool = False) -> Topic:
    """Lines a second for each core, changed and unchanged, beside the baseline's."""
    lines, baseline_lines, rounds = (2000, 100, 3) if quick else (4000, 300, 15)
    paces = _turns(lines, baseline_lines, rounds)
    return Topic(
        "Worker on canned answers",
        ("what", "lines/s of one core", "CPU µs/line", "x", "goal", "", "wall x"),
        (
            _row("update_item, one by one", paces, BASELINE, None),
            _row("two get_item and update_item, one by one", paces, LOOKED_UP, None),
            _row("worker, every line changes", paces, CHANGED, GOAL),
            _row("worker, no line changes", paces, UNCHANGED, GOAL),
        ),
        (
            _write_path(paces),
            f"{rounds} turns, {lines:,} lines in a chunk.",
            *NOTES,
        ),
    )


def _write_path(paces: Paces) -> str:
    turns = zip(paces[BASELINE], paces[CHANGED], paces[UNCHANGED], strict=True)
    ratio = statistics.median(base.cpu / (many.cpu - few.cpu) for base, many, few in turns)
    return (
        "Writing alone, which is what a changed line takes more than an unchanged one, is "
        f"{ratio:.1f} times as cheap as an update_item."
    )


def _turns(lines: int, baseline_lines: int, rounds: int) -> Paces:
    """The paces of the baseline and of each import, measured in turns."""
    paces: Paces = {BASELINE: [], LOOKED_UP: [], CHANGED: [], UNCHANGED: []}
    with served(canned(lines)) as address:
        point_at(address)
        at, client = resources(), boto3.client("dynamodb")
        for number in range(rounds + 1):
            turn = {
                BASELINE: _timed(lambda: update_each(client, baseline_lines), baseline_lines),
                LOOKED_UP: _timed(
                    lambda: look_up_and_update_each(client, baseline_lines // 4),
                    baseline_lines // 4,
                ),
                CHANGED: _timed(lambda: work(at, CHANGED), lines),
                UNCHANGED: _timed(lambda: work(at, UNCHANGED), lines),
            }
            if number:  # the first turn opens connections
                for name, pace in turn.items():
                    paces[name].append(pace)
    return paces


def _timed(run: Callable[[], None], lines: int) -> Pace:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Pace((time.perf_counter() - wall) / lines, (time.process_time() - cpu) / lines)


def _row(what: str, paces: Paces, name: str, goal: float | None) -> tuple[str, ...]:
    pairs = list(zip(paces[BASELINE], paces[name], strict=True))
    cpu = statistics.median(pace.cpu for pace in paces[name])
    ratio = statistics.median(base.cpu / pace.cpu for base, pace in pairs)
    elapsed = statistics.median(base.wall / pace.wall for base, pace in pairs)
    return (
        what,
        f"{1 / cpu:,.0f}",
        f"{cpu * 1e6:.1f}",
        f"{ratio:.1f}",
        *(("", "") if goal is None else at_least(ratio, goal)),
        f"{elapsed:.1f}",
    )
