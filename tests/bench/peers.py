"""The same file through other tools, beside Handover's worker: each does less, as noted.

django-import-export is the nearest in meaning: it looks a user up for each line, compares with what
there is, and skips what does not change. It writes to a database in the same process (SQLite).
`batch_writer` writes to the canned server that the worker speaks to.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

import boto3

from infra.template import PATH
from tests.bench import worker
from tests.bench.canned import served
from tests.bench.table import Topic

ROOT = PATH.parent
PACKAGES = ROOT / ".peers" / "packages"
LEFT_OUT = {
    "django-import-export": (
        "no history, no resuming, no order among files, no repeated lines, one process and one "
        "database without a network; a report of errors in memory"
    ),
    "batch_writer": (
        "nothing is looked up, checked, compared or conditional: it replaces items, loses other "
        "fields, and makes accounts that do not exist"
    ),
}


def measure(*, quick: bool = False) -> Topic:
    """Lines a second of each, changed and unchanged, as processor time of one process."""
    lines, rounds = (1000, 2) if quick else (4000, 5)
    paces = worker._turns(lines, 100, rounds)
    own = {name: statistics.median(pace.cpu for pace in paces[name]) for name in paces}
    rows = [_row("Handover's worker", own[worker.CHANGED], own[worker.UNCHANGED], "")]
    notes = [f"{lines:,} lines, medians of {rounds} turns."]
    django = _django(lines, rounds)
    if django is None:
        notes.append("django-import-export is not here: `make .peers/.ready` installs it.")
    else:
        rows.append(_row("django-import-export", *django, LEFT_OUT["django-import-export"]))
    written = _batch_writer(lines, rounds)
    rows.append(_row("boto3 `batch_writer`", written, written, LEFT_OUT["batch_writer"]))
    return Topic(
        "Peers, the same lines",
        ("what", "lines/s, all change", "lines/s, none changes", "what it leaves out"),
        tuple(rows),
        tuple(notes),
    )


def _row(what: str, changed: float, unchanged: float, left_out: str) -> tuple[str, ...]:
    return (what, f"{1 / changed:,.0f}", f"{1 / unchanged:,.0f}", left_out)


def _batch_writer(lines: int, rounds: int) -> float:
    """Seconds a line."""
    with served(worker.canned(lines)) as address:
        worker.point_at(address)
        table = boto3.resource("dynamodb").Table(worker.ACCOUNTS)

        def write() -> None:
            with table.batch_writer() as batch:
                for number in range(lines):
                    batch.put_item(Item=_item(number))

        turns = [worker._timed(write, lines).cpu for _ in range(rounds + 1)]
    return statistics.median(turns[1:])  # the first turn opens connections


def _item(number: int) -> dict[str, Any]:
    manager = f"user{number % worker.USERS}@lumina.example"
    return {"pk": f"{worker.TENANT}#C{number:08d}", "assigned": {"account_manager": [manager]}}


def _django(lines: int, rounds: int) -> tuple[float, float] | None:
    """Seconds a changed and an unchanged line; None if it is not installed."""
    if not PACKAGES.exists():
        return None
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "bench" / "django_peer.py"), str(lines), str(rounds)],
        env={"PYTHONPATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        check=True,
    )
    changed, unchanged = json.loads(done.stdout.splitlines()[-1])
    return changed, unchanged
