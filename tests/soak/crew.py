"""A crew of workers, for the harness: a foreman's process and its reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from infra.local.emulator import ROOT
from tests.soak.foreman import Orders, orders_json

END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Report:
    """The workers' counts and times, how ended ones ended, and the pids of the spared ones."""

    counted: Mapping[str, int]
    ends: Mapping[str, int]
    spared: Mapping[str, int]
    processor_seconds: float = 0.0

    @property
    def kills(self) -> int:
        """The number of killed workers."""
        return self.ends.get("killed", 0)

    @property
    def kills_at_work(self) -> int:
        """The number of them that were inside a handler."""
        return sum(n for name, n in self.ends.items() if name.startswith("killed at work"))


@dataclass(frozen=True, slots=True)
class Crew:
    """The foreman's process."""

    process: subprocess.Popen[str]

    @property
    def pids(self) -> dict[str, int]:
        """The foreman's pid."""
        return {"foreman": self.process.pid}

    def kill(self, rate: float, share: float) -> None:
        """Kills that many workers a second from now on, at most `share` a handled message."""
        self._say(f"kill {rate} {share}")

    def report(self) -> Report:
        """The present report."""
        self._say("report")
        figures: dict[str, Any] = json.loads(_piped(self.process.stdout).readline())
        return Report(
            figures["counted"], figures["ends"], figures["spared"], figures["processor_seconds"]
        )

    def _say(self, words: str) -> None:
        pipe = _piped(self.process.stdin)
        pipe.write(words + "\n")
        pipe.flush()


@contextmanager
def crew(orders: Orders, environment: Mapping[str, str], log: Path) -> Iterator[Crew]:
    """A crew at work; all its processes end with the block."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.foreman"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", **environment},
        )
    made = Crew(process)
    try:
        made._say(orders_json(orders))
        if _piped(process.stdout).readline() != "ready\n":
            raise RuntimeError(f"the foreman did not start: {log.read_text(encoding='utf-8')}")
        yield made
    finally:
        _piped(process.stdin).close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _piped(process.stdout).close()


def _piped(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ValueError("a crew's process has pipes")
    return pipe
