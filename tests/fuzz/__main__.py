"""Many generated files: `python -m tests.fuzz --files 1000000 [--seconds S] [--seed N]`.

Every file passes through reading, rules and reports, and every thousandth through the functions
too. Exits with 1 when anything was wrong; prints each finding with its file.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context

from handover.reading import repeats

from tests.fuzz.driving import try_seed
from tests.fuzz.through_functions import differences, functions
from tests.kit.pipeline import Pipeline

FUNCTIONS_EVERY = 1000
SEEDS_A_TASK = 1000
MAX_SHOWN = 20

_stack = ExitStack()
_pipeline: list[Pipeline] = []


@dataclass
class Tally:
    """The results of a run of seeds."""

    files: int = 0
    bytes: int = 0
    through_functions: int = 0
    files_by_verdict: Counter[str] = field(default_factory=Counter)
    lines_by_outcome: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds the figures of another run."""
        self.files += other.files
        self.bytes += other.bytes
        self.through_functions += other.through_functions
        self.files_by_verdict += other.files_by_verdict
        self.lines_by_outcome += other.lines_by_outcome
        self.findings += other.findings

    def summary(self) -> str:
        """The figures in words."""
        lines = sum(self.lines_by_outcome.values())
        rows = [
            f"{self.files:,} files, {self.bytes:,} bytes, {lines:,} lines",
            f"{self.through_functions:,} files through the functions",
            "files: " + _listed(self.files_by_verdict),
            "lines: " + _listed(self.lines_by_outcome),
            f"findings: {len(self.findings)}",
        ]
        return "\n".join([*rows, *self.findings[:MAX_SHOWN]])


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.most_common())


def small_tables() -> None:
    """Lets the search for repeats use a small table: the same result, only faster."""
    repeats._TABLE_BITS = 12


def run_seeds(seeds: Iterable[int], pipeline: Pipeline | None = None) -> Tally:
    """Tries the file of each seed."""
    tally = Tally()
    for seed in seeds:
        trial = try_seed(seed)
        found = trial.violations
        passage = trial.passage
        if passage is not None:
            tally.files_by_verdict[passage.refusal.code if passage.refusal else "accepted"] += 1
            for result in passage.results:
                code = result.rejection.code if result.rejection else result.outcome.value
                tally.lines_by_outcome[code] += 1
            if pipeline is not None and seed % FUNCTIONS_EVERY == 0:
                found = (*found, *differences(pipeline, passage))
                tally.through_functions += 1
        tally.files += 1
        tally.bytes += len(trial.data)
        if found:
            tally.findings.append(trial.report_with(found))
    return tally


def _begin() -> None:
    """Prepares a worker process without logs of the functions."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    small_tables()
    _pipeline.append(_stack.enter_context(functions()))


def _task(seeds: range) -> Tally:
    return run_seeds(seeds, _pipeline[0])


def _tasks(first: int, files: int) -> Iterator[range]:
    for start in range(first, first + files, SEEDS_A_TASK):
        yield range(start, min(start + SEEDS_A_TASK, first + files))


def main() -> int:
    """Runs until the files or the seconds are used up; returns 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=0, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0, help="the first file's seed")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    began = time.monotonic()
    whole = Tally()
    with get_context("fork").Pool(options.processes, _begin) as pool:
        tasks = _tasks(options.seed, options.files)
        while batch := list(islice(tasks, options.processes * 10)):
            for tally in pool.imap_unordered(_task, batch):
                whole.add(tally)
                for finding in tally.findings:
                    print(finding, file=sys.stderr, flush=True)
            seconds = time.monotonic() - began
            print(f"{whole.files:,} files, {seconds:,.0f} s", file=sys.stderr, flush=True)
            if options.seconds and seconds > options.seconds:
                break
    seconds = time.monotonic() - began
    print(f"seed {options.seed}, {seconds:,.0f} s, {whole.files / seconds:,.0f} files/s")
    print(whole.summary())
    return 1 if whole.findings else 0


if __name__ == "__main__":
    sys.exit(main())
