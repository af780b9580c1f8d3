"""Kills of the deployed functions themselves: the processes that the embedded AWS runs them in.

The template is deployed with shorter times, so that a killed message comes back within half a
minute; code, queues, leases and event sources are the deployed ones.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local import emulator
from tests.soak.crew import Report
from tests.soak.files import Mix
from tests.soak.runs import Figures, Run, Terms, carry_out
from tests.soak.stand import Stand, stand

# Seconds by the names in the template's mapping: each a sixth of its queue's visibility.
SHORTER = {
    "ValidateTimeout": 20,
    "IntakeVisibility": 120,
    "AssignTimeout": 8,
    "ChunksVisibility": 48,
    "FinalizeTimeout": 20,
    "FinalizeVisibility": 120,
}
# After the lease: a function's limit, and 15 s.
VISIBLE_AFTER = {"IntakeQueue": 36, "ChunksQueue": 24, "FinalizeQueue": 36}
KILLED = ("ValidateFunction", "AssignFunction", "FinalizeFunction", "PublishFunction")
TERMS = Terms(
    tenants=1,
    accounts=400,
    lines=150,
    mix=Mix(changed=500, cleared=80, rejected=60, repeated=60),
    hands={},
    constants={},
    max_open=6,
    kills_a_second=0.5,
    hears_events=True,
)


class Deployed:
    """The processes of the deployed functions, and the thread that kills them."""

    def __init__(self, made: Stand) -> None:
        self._emulator = made.stack.emulator.pid
        self._ends: Counter[str] = Counter()
        self._rate = 0.0
        self._is_over = threading.Event()
        self._killer = threading.Thread(target=self._run, daemon=True)
        self._killer.start()
        self.doubled = 0

    @property
    def pids(self) -> dict[str, int]:
        """The harness has no process of its own to watch."""
        return {}

    def kill(self, rate: float, _: float) -> None:
        """Kills that many processes a second from now on."""
        self._rate = rate

    def report(self) -> Report:
        """The present report; the functions' messages are not counted."""
        counted = {"handled": 0, "failed": 0, "doubled": self.doubled}
        return Report(counted, dict(self._ends), {})

    def end(self) -> None:
        """Ends the thread."""
        self._is_over.set()
        self._killer.join()

    def _run(self) -> None:
        while not self._is_over.wait(random.expovariate(self._rate) if self._rate else 0.2):
            if self._rate and (found := self._processes()):
                pid, name = random.choice(found)
                os.kill(pid, signal.SIGKILL)
                self._ends["killed"] += 1
                self._ends[f"killed: {name}"] += 1

    def _processes(self) -> list[tuple[int, str]]:
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(self._emulator)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [
            (int(line.split()[0]), name)
            for line in listed.stdout.splitlines()
            for name in KILLED
            if name in line
        ]


def hold(minutes: float, seed: int) -> Figures:
    """Kills the deployed functions for that many minutes."""
    with tempfile.TemporaryDirectory(prefix="handover-soak-") as name:
        home = Path(name)
        root = _hurried_copy(home / "root")
        with stand(home / "home", root=root) as made, _killer(made) as workers:
            made.hasten(VISIBLE_AFTER, TERMS.tries)
            made.listen(to_events=TERMS.hears_events)
            made.seed("tenant0", TERMS.accounts)
            tap = _tap(made)
            run = Run(made, TERMS, workers, home, seed)

            def goes_on(_: Stand, __: Report, seconds: float) -> bool:
                workers.doubled += _double(made, tap)
                return seconds < minutes * 60

            return carry_out(run, goes_on)


@contextmanager
def _killer(made: Stand) -> Iterator[Deployed]:
    workers = Deployed(made)
    try:
        yield workers
    finally:
        workers.end()


def _hurried_copy(root: Path) -> Path:
    """A folder with the functions and layers, and the template with shorter times."""
    root.mkdir(parents=True)
    for name in ("functions", "layers"):
        (root / name).symlink_to(emulator.ROOT / name)
    text = (emulator.ROOT / "template.yaml").read_text(encoding="utf-8")
    for name, seconds in SHORTER.items():
        # The first mapping is that of the stage `local`.
        text, count = re.subn(rf"(?<={name}: )\d+", str(seconds), text, count=1)
        if not count:
            raise ValueError(f"the template has no {name}")
    (root / "template.yaml").write_text(text, encoding="utf-8")
    return root


def _tap(made: Stand) -> str:
    """A queue that receives S3's events beside the intake queue."""
    url: str = made.client("sqs").create_queue(QueueName="soak-tap")["QueueUrl"]
    s3, bucket = made.client("s3"), made.stack.outputs["UploadsBucket"]
    configuration: Any = s3.get_bucket_notification_configuration(Bucket=bucket)
    configuration.pop("ResponseMetadata", None)
    arn = made.arn(url)
    configuration["QueueConfigurations"].append({"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    return url


def _double(made: Stand, tap: str) -> int:
    """Sends every third event again unchanged; the number of events."""
    doubled = 0
    for event in made.take(tap):
        if random.randrange(3) == 0 and "Records" in event:
            made.client("sqs").send_message(
                QueueUrl=made.queue_url("IntakeQueue"),
                MessageBody=json.dumps(event),
                DelaySeconds=random.choice((0, 1, 10)),
            )
            doubled += 1
    return doubled
