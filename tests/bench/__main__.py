"""Speed, memory and cost, as one page: `python -m tests.bench [--quick] [--output FILE]`.

Every topic runs in a process of its own, so that memory and clients of others do not affect it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine
from tests.bench.table import goals

RESULTS = Path(__file__).with_name("RESULTS.md")
TOPICS = (
    "calls",
    "cold_starts",
    "scan",
    "worker",
    "flight",
    "publishing",
    "peers",
    "end_to_end",
    "costs",
    "on_aws",
    "memory",
    "console",
)
INTRODUCTION = """\
Figures depend on the machine, ratios hardly: compare what stands in one table. Rows of one table
come from the same run. Processor time is what is compared unless a table says otherwise; other
work on the machine makes all of it slower, not one side of a ratio.
"""


def main() -> None:
    """Prints the tables; a run that is not quick also writes them into RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--output", type=Path, help="where to write the page")
    parser.add_argument("--topic", choices=TOPICS, action="append", help="only this one")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(measured(options.topic[0], quick=options.quick))
        return
    begun, load = time.monotonic(), os.getloadavg()[0]
    tried = [_measured_apart(name, quick=options.quick) for name in options.topic or TOPICS]
    sections = [section for section in tried if section is not None]
    if len(sections) < len(tried):
        raise SystemExit("nothing was written: a part of the page is missing")
    head = _head(options, time.monotonic() - begun, load)
    page = "\n\n".join([head, goals(sections), *sections]) + "\n"
    is_whole = not options.quick and not options.topic
    output = options.output or (RESULTS if is_whole else None)
    if output is not None:
        output.write_text(page, encoding="utf-8")


def measured(name: str, *, quick: bool) -> str:
    """The section of one topic."""
    topics: dict[str, Callable[[bool], str]] = {
        "scan": _scan,
        "worker": _worker,
        "flight": _flight,
        "publishing": _publishing,
        "end_to_end": _end_to_end,
        "costs": _costs,
        "memory": _memory,
        "calls": _calls,
        "cold_starts": _cold_starts,
        "peers": _peers,
        "on_aws": _on_aws,
        "console": _console,
    }
    return topics[name](quick)


def _scan(quick: bool) -> str:
    from tests.bench import scan
    from tests.bench.table import verdicts

    rows = scan.measure((100_000,), speed_lines=100_000) if quick else scan.measure()
    goals = {
        ("scan and key hash", "unquoted"): 3.5,
        ("scan and key hash", "20 % quoted"): 1.8,
        ("scan and repeats", "0.1 % repeated"): 5.0,
    }
    found = [
        (f"{row.what}, {row.file}, {row.lines:,} lines", row.times_baseline, goal)
        for row in rows
        if row.times_baseline is not None and (goal := goals.get((row.what, row.file)))
    ]
    return f"## The scan of a file\n\n{scan.table(rows)}\n\n{verdicts(found)}"


def _worker(quick: bool) -> str:
    from tests.bench import worker

    return worker.measure(quick=quick).markdown()


def _flight(quick: bool) -> str:
    from tests.bench import flight

    return flight.measure(quick=quick).markdown()


def _publishing(quick: bool) -> str:
    from tests.bench import publishing

    return publishing.measure(quick=quick).markdown()


def _end_to_end(quick: bool) -> str:
    from tests.bench import end_to_end

    return end_to_end.measure(quick=quick).markdown()


def _costs(quick: bool) -> str:
    from tests.bench import costs

    return "\n\n".join(topic.markdown() for topic in costs.measure(quick=quick))


def _memory(quick: bool) -> str:
    from tests.bench import memory

    return memory.measure(quick=quick).markdown()


def _calls(quick: bool) -> str:
    from tests.bench import calls

    return calls.measure(quick=quick).markdown()


def _cold_starts(quick: bool) -> str:
    from tests.bench import cold_starts

    return cold_starts.measure(quick=quick).markdown()


def _peers(quick: bool) -> str:
    from tests.bench import peers

    return peers.measure(quick=quick).markdown()


def _on_aws(quick: bool) -> str:
    from tests.bench import on_aws

    return "\n\n".join(topic.markdown() for topic in on_aws.measure(quick=quick))


def _console(quick: bool) -> str:
    from tests.bench import console

    return console.measure(quick=quick).markdown()


def _measured_apart(name: str, *, quick: bool) -> str | None:
    """The section of a topic, which is also printed; None when its process failed and said why."""
    command = [sys.executable, "-m", "tests.bench", "--here", "--topic", name]
    # The functions' own log lines would appear between the tables.
    settings = {**os.environ, "POWERTOOLS_LOG_LEVEL": "ERROR", "POWERTOOLS_TRACE_DISABLED": "true"}
    done = subprocess.run(
        command + ["--quick"] * quick, env=settings, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        print(f"{name} could not be measured\n", flush=True)
        return None
    section = done.stdout.strip()
    print(f"{section}\n", flush=True)
    return section


def _head(options: argparse.Namespace, seconds: float, load: float) -> str:
    return "\n".join(
        [
            "# Results",
            "",
            f"`{_command(options)}`, {datetime.now(UTC):%Y-%m-%d}, {seconds:.0f} s.",
            f"{_machine(load)}.",
            "",
            INTRODUCTION,
        ]
    )


def _command(options: argparse.Namespace) -> str:
    topics = [f"--topic {name}" for name in options.topic or ()]
    return " ".join(["python -m tests.bench", *["--quick"] * options.quick, *topics])


def _machine(load: float) -> str:
    return (
        f"{machine.described()}; {load:.1f} processes used the cores in the minute before it, "
        f"{os.getloadavg()[2]:.1f} in the last quarter of an hour of it, its own included"
    )


if __name__ == "__main__":
    main()
