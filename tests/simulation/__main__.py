"""The long fault simulation.

    python -m tests.simulation [--minutes M] [--scene S] [--order O]  every pair, in the time given
    python -m tests.simulation replay '<plan>'  one plan, call by call
    python -m tests.simulation singles | drawn N [SEED] | mutants  parts of it
    python -m tests.simulation applying [N [SEED]]  races of an applied dry run
    python -m tests.simulation fidelity [N [SEED]]  whole runs beside the emulators

Exhaustive pairs continue where the last run of the same code ended; results are stored in
.local/faults.json and listed in tests/simulation/RESULTS.md.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from tests.simulation.applying.running import run_many
from tests.simulation.engine import explore, whole_runs
from tests.simulation.engine.plans import plan_from
from tests.simulation.engine.progress import Progress, code_now

WHOLE_RUNS = 120
RACES = 10_000
MAX_SHOWN = 20
# Seconds between two saves, which a stop in the middle loses.
FIRST_FAULTS_AT_A_TIME = 32


def replay(text: str) -> int:
    """Prints every call of a plan's run, its faults, and its violations."""
    report = explore.machine().run(plan_from(text), traced=True)
    happened = {number: kind for number, kind, _ in report.applied}
    for call in report.trace:
        fault = f"  <- {happened[call.number]}" if call.number in happened else ""
        print(f"{call.number:5} {call.function:9} {call.service:9} {call.operation}{fault}")
    for violation in report.violations:
        print(f"VIOLATED {violation}")
    return bool(report.violations)


def pairs(minutes: float, scene: str, order: str) -> int:
    """Every second fault after every first one, in one scene and order."""
    progress = Progress.load()
    key = f"{scene}/{order}"
    violating = 0
    until = time.monotonic() + minutes * 60
    with explore.all_cores() as pool:
        jobs = explore.pairs(scene, order, pool)
        code = code_now()
        done = progress.begin(key, code)
        print(f"{key}: {done:,} of {len(jobs):,} first faults are done", flush=True)
        while done < len(jobs) and time.monotonic() < until:
            part = jobs[done : done + FIRST_FAULTS_AT_A_TIME]
            tally = explore.in_pool(pool, part)
            done += len(part)
            progress.add(key, code, done, len(jobs), tally)
            violating += tally.violating
            print(f"{done:6,} {tally}", flush=True)
            if tally.violating:
                print(explore.replay_commands(tally), flush=True)
    return bool(violating)


def one_sweep(name: str, jobs: list[explore.Job]) -> int:
    """Runs some jobs at once and stores their figures under a name."""
    tally = explore.over_all_cores(jobs)
    print(f"{name}: {tally}\n{explore.replay_commands(tally)}")
    Progress.load().keep(name, tally)
    return bool(tally.violating)


def fidelity(count: int, seed: str) -> int:
    """Whole runs on the memory AWS and ministack at once, and a fifth as many with moto."""
    progress = Progress.load()
    is_wrong = False
    for name, runs in (("ministack", count), ("moto", count // 5)):
        result = whole_runs.fidelity(name, runs, seed)
        print(f"{name}: {result}", *result.wrong, sep="\n", flush=True)
        progress.tell(f"fidelity: {name}", str(result))
        is_wrong = is_wrong or bool(result.wrong)
    return is_wrong


def applying(count: int, seed: str) -> int:
    """Runs races between an import that applies a dry run and everybody else."""
    tally = run_many(count, seed)
    print(f"races of seed {seed}: {tally}", *tally.differences[:MAX_SHOWN], sep="\n")
    Progress.load().tell("races of an applied dry run", f"{tally} (seed {seed})")
    return bool(tally.differences)


def main() -> int:
    """What the command line asks for; 0 when nothing was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("what", nargs="?", default="pairs")
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--scene", default="plain")
    parser.add_argument("--order", default="fifo")
    options = parser.parse_args()
    if options.what == "replay":
        return replay(options.arguments[0])
    if options.what == "singles":
        return one_sweep("singles", explore.singles())
    if options.what == "drawn":
        seed = options.arguments[1] if len(options.arguments) > 1 else secrets.token_hex(4)
        return one_sweep(
            f"pairs and triples of seed {seed}",
            explore.drawn(int(options.arguments[0]), seed),
        )
    if options.what == "applying":
        count = int(options.arguments[0]) if options.arguments else RACES
        return applying(count, options.arguments[1] if len(options.arguments) > 1 else "first")
    if options.what == "fidelity":
        count = int(options.arguments[0]) if options.arguments else WHOLE_RUNS
        return fidelity(count, options.arguments[1] if len(options.arguments) > 1 else "fidelity")
    if options.what == "mutants":
        from tests.simulation.mutants import judge

        return judge.main()
    return pairs(options.minutes, options.scene, options.order)


if __name__ == "__main__":
    sys.exit(main())
