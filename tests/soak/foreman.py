"""The foreman: a process that forks workers, kills them at random instants and replaces them.

Everything that a worker needs is imported once, here, so that a new one starts in milliseconds; a
new process would spend most of its short life on imports.

Reads one JSON object from standard input (`Orders`), then words, one a line: `kill RATE SHARE`,
`report`, and at the end of the input it ends all workers and itself. RATE is in kills a second;
there are never more than SHARE kills for each message that was handled, and a few in advance, so
that on a slow machine work gets done between them.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import resource
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3

from tests.soak import worker
from tests.soak.board import FIELDS, Board
from tests.soak.memory import processor_seconds
from tests.soak.worker import Handler, Post

RECHECK_SECONDS = 0.004
# Seconds that a kill waits for a worker inside a handler before it takes any worker.
LONGEST_WAIT_SECONDS = 1.0
IN_ADVANCE = 10


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one worker; a spared one is never killed, so that its memory can be watched."""

    post: Post
    is_spared: bool
    log: Path


@dataclass(frozen=True, slots=True)
class Orders:
    """The workers, and smaller values for constants of the product's modules."""

    places: tuple[Place, ...]
    constants: Mapping[str, int]


def orders_json(orders: Orders) -> str:
    """The orders as one line of JSON."""
    return json.dumps(
        {
            "constants": dict(orders.constants),
            "places": [
                {
                    "kind": place.post.kind,
                    "source": place.post.source,
                    "timeout_seconds": place.post.timeout_seconds,
                    "doubled": place.post.doubled,
                    "checkpoint": str(place.post.checkpoint or ""),
                    "is_spared": place.is_spared,
                    "log": str(place.log),
                }
                for place in orders.places
            ],
        }
    )


def orders_from(text: str) -> Orders:
    """The orders in a line of JSON."""
    data = json.loads(text)
    places = tuple(
        Place(
            Post(
                place["kind"],
                place["source"],
                place["timeout_seconds"],
                place["doubled"],
                Path(place["checkpoint"]) if place["checkpoint"] else None,
            ),
            place["is_spared"],
            Path(place["log"]),
        )
        for place in data["places"]
    )
    return Orders(places, data["constants"])


def handlers() -> dict[str, Handler]:
    """The real handlers, by the name of their function's folder."""
    kinds = (*worker.QUEUE_KINDS, worker.STREAM_KIND)
    return {kind: importlib.import_module(f"functions.{kind}.app").lambda_handler for kind in kinds}


def make_clients() -> None:
    """Makes the clients without connecting: forked processes may share clients, not connections."""
    from handover import runtime
    from handover.aws import clients
    from handover.profiles.presets import presets
    from handover.store import connection
    from handover.store.chunks import ChunkItem
    from handover.store.directory import DirectoryItem, UserItem
    from handover.store.import_items import ImportItem, PlanItem
    from handover.store.tickets import TicketItem
    from handover.store.watermarks import WatermarkItem

    runtime.resources()
    connection.client()
    for make in (clients.s3, clients.sqs, clients.sns, clients.events):
        make()
    models: tuple[Any, ...] = (DirectoryItem, UserItem, ImportItem, PlanItem, ChunkItem)
    for model in (*models, TicketItem, WatermarkItem):
        _ = model._get_connection().connection.client
    boto3.client("dynamodbstreams")
    presets()  # all workers of a run read the same sources, even if the files change meanwhile


def shorten(constants: Mapping[str, int]) -> None:
    """Sets constants of modules, by their dotted names: all or none.

    A constant that a module has imported is set under that module's name, because its code looks it
    up there. Raises ValueError for an unknown name.
    """
    found: list[tuple[ModuleType, str, int]] = []
    for name, number in constants.items():
        place, _, constant = name.rpartition(".")
        module = importlib.import_module(place)
        if not hasattr(module, constant):
            # Setting it would have no effect, and the run would differ from its description.
            raise ValueError(f"{place} has no {constant}")
        found.append((module, constant, number))
    for module, constant, number in found:
        setattr(module, constant, number)


class Foreman:
    """The workers of one run."""

    def __init__(self, orders: Orders) -> None:
        self._places = orders.places
        self._board = Board.of(len(orders.places))
        self._handlers = handlers()
        self._pids: dict[int, int] = {}
        self._ends: Counter[str] = Counter()
        self._rate = self._share = 0.0
        self._next_kill = 0.0
        self._waiting_since = 0.0

    def run(self) -> None:
        """Works until standard input ends."""
        for place in range(len(self._places)):
            self._start(place)
        buffer = b""
        while True:
            readable, _, _ = select.select([sys.stdin.fileno()], [], [], RECHECK_SECONDS)
            if readable:
                read = os.read(sys.stdin.fileno(), 4096)
                if not read:
                    break
                *words, buffer = (buffer + read).split(b"\n")
                for word in words:
                    self._obey(word.decode())
            self._reap()
            self._kill_if_due()
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)
        for pid in self._pids.values():
            os.waitpid(pid, 0)

    def _obey(self, word: str) -> None:
        name, *numbers = word.split()
        if name == "kill":
            self._rate, self._share = map(float, numbers)
            self._next_kill = time.monotonic() + self._pause()
        elif name == "report":
            print(json.dumps(self._report()), flush=True)

    def _report(self) -> dict[str, Any]:
        places = range(len(self._places))
        counted = {
            field: sum(self._board.get(place, field) for place in places) for field in FIELDS
        }
        spared = {
            f"{self._places[place].post.kind} {place}": pid
            for place, pid in self._pids.items()
            if self._places[place].is_spared
        }
        gone = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = gone.ru_utime + gone.ru_stime + sum(map(processor_seconds, self._pids.values()))
        return {
            "counted": counted,
            "ends": dict(self._ends),
            "spared": spared,
            "processor_seconds": busy,
        }

    def _start(self, place: int) -> None:
        self._board.set(place, "busy", 0)
        pid = os.fork()
        if pid:
            self._pids[place] = pid
            return
        post = self._places[place]
        log = os.open(post.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        worker.work(post.post, self._handlers[post.post.kind], self._board, place)

    def _reap(self) -> None:
        for place, pid in list(self._pids.items()):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if not gone:
                continue
            number = os.waitstatus_to_exitcode(status)
            if number == -signal.SIGALRM:
                self._ends["timed out"] += 1
            elif number != -signal.SIGKILL:
                self._ends[f"failed {self._places[place].post.kind}"] += 1
            self._start(place)

    def _kill_if_due(self) -> None:
        now = time.monotonic()
        if not self._rate or now < self._next_kill or self._is_ahead():
            return
        mortal = [place for place in self._pids if not self._places[place].is_spared]
        busy = [place for place in mortal if self._board.get(place, "busy")]
        if not busy:
            self._waiting_since = self._waiting_since or now
            if now - self._waiting_since < LONGEST_WAIT_SECONDS:
                return
        place = random.choice(busy or mortal)
        os.kill(self._pids[place], signal.SIGKILL)
        self._ends["killed"] += 1
        self._ends[f"killed at work: {self._places[place].post.kind}"] += bool(busy)
        self._waiting_since = 0.0
        self._next_kill = now + self._pause()

    def _is_ahead(self) -> bool:
        handled = sum(self._board.get(place, "handled") for place in range(len(self._places)))
        return self._ends["killed"] > IN_ADVANCE + self._share * handled

    def _pause(self) -> float:
        return random.expovariate(self._rate) if self._rate else 0.0


def main() -> None:
    """Reads the orders and executes them."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(sys.stdin.fileno(), 1)
    orders = orders_from(line.decode())
    foreman = Foreman(orders)
    shorten(orders.constants)
    make_clients()
    gc.collect()
    gc.freeze()  # memory that forked processes share stays shared
    print("ready", flush=True)
    foreman.run()


if __name__ == "__main__":
    main()
