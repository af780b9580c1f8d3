"""Draws changes of the code by a seed, and runs the fast tests to see which of them they find.

    python -m tests.mutation --seed S [--sample N] [--workers W] [--page]
    python -m tests.mutation --only MODULE:LINE     every change of one line
    python -m tests.mutation --record SECONDS       only record what the tests run, for so long

`--from N` leaves out the first N of a sample, which were judged before.

Survivors are printed; with --page the sample is described in tests/mutation/RESULTS.md.

A run that reaches the time limit proves nothing: the machine may be busy. Such a change is not
judged, left out of the share and listed, unless its tests are so quick that only an endless loop
can take so long.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import planting
from tests.mutation.choosing import FAST, ROOT, Recorded, chosen_for, recorded
from tests.mutation.equivalents import EQUIVALENTS, MAX_OF_A_SAMPLE
from tests.mutation.syntax import HANDOVER, Mutation, all_mutations

PAGE = Path(__file__).with_name("RESULTS.md")
TIMEOUT_SECONDS = 240.0
# No machine is so busy that tests take longer than this many times what they took when recorded.
SLOWEST = 10
MIN_TEST_SECONDS = 60
MAX_RECORDING_SECONDS = 3600.0
# By pytest's exit codes: tests passed, or there were none.
# https://docs.pytest.org/en/stable/reference/exit-codes.html
PASSED = (0, 5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a change: the first test that failed, "" when none did.

    `is_judged` is false when they came to no end.
    """

    mutation: Mutation
    tests: int
    seconds: float
    detected_by: str
    is_judged: bool = True

    @property
    def summary(self) -> str:
        """The change on one line."""
        one = self.mutation
        change = f"{_short(one.old)} -> {_short(one.new)}"
        return f"{one.module}:{one.line} {one.scope or 'module'} ({one.kind}): {change}"


def judged(mutation: Mutation, tests: Recorded) -> Verdict:
    """Runs the tests that can find the change, in a process of their own, to the first failure."""
    began = time.monotonic()
    chosen = chosen_for(mutation, tests)
    usual = [float(tests[name]["seconds"]) for name in chosen]
    try:
        detected_by = _failure(mutation, chosen, max(usual)) if chosen else ""
    except subprocess.TimeoutExpired:
        is_endless = sum(usual) * SLOWEST < TIMEOUT_SECONDS
        detected_by = "an endless loop" if is_endless else ""
        return Verdict(mutation, len(chosen), time.monotonic() - began, detected_by, is_endless)
    return Verdict(mutation, len(chosen), time.monotonic() - began, detected_by)


def _failure(mutation: Mutation, chosen: list[str], longest: float) -> str:
    """The first test that fails, "" for none; raises TimeoutExpired after TIMEOUT_SECONDS."""
    of_one = max(MIN_TEST_SECONDS, round(SLOWEST * longest))
    mutated = {"path": str(HANDOVER / mutation.module), "source": mutation.applied()}
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder, "tests")
        names.write_text("\n".join(chosen))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no"]
        command += ["-p", "no:cacheprovider", "-p", planting.__name__]
        # Whole files, of which the plugin leaves the chosen tests.
        files = dict.fromkeys(name.partition("::")[0] for name in chosen)
        command += [f"--timeout={of_one}", *files]
        env = os.environ | {
            planting.WHERE: json.dumps(mutated),
            planting.CHOSEN: str(names),
            "HYPOTHESIS_STORAGE_DIRECTORY": folder,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    if ended.returncode in PASSED:
        return ""
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition(" - ")[0] if failed else f"no import ({ended.returncode})"


def drawn(seed: int, sample: int) -> list[Mutation]:
    """A sample of all changes; the same seed and code always give the same sample."""
    return random.Random(seed).sample(all_mutations(), sample)


def page(seed: int, verdicts: list[Verdict]) -> str:
    """The results as a page."""
    known = {one.name: one.reason for one in EQUIVALENTS}
    unjudged = [one for one in verdicts if not one.is_judged]
    verdicts = [one for one in verdicts if one.is_judged]
    survived = [one for one in verdicts if not one.detected_by]
    equivalent = [one for one in survived if one.mutation.name in known]
    real = [one for one in survived if one.mutation.name not in known]
    matter = len(verdicts) - len(equivalent)
    detected = len(verdicts) - len(survived)
    kinds = sorted({one.mutation.kind for one in verdicts})
    lines = [
        "# What the fast tests notice",
        "",
        f"`make mutants SEED={seed} SAMPLE={len(verdicts) + len(unjudged)}`: each change alone,",
        f"judged by the tests of {', '.join(FAST)} that run its line, to the first that fails.",
        "",
        f"Detected: {detected} of the {matter} that matter ({detected / max(1, matter):.1%}).",
        f"Equivalent: {len(equivalent)} of {len(verdicts)} drawn (tests/mutation/equivalents.py);",
        f"at most {MAX_OF_A_SAMPLE:.0%} of a sample may be.",
        "",
        "| Kind | Drawn | Survived |",
        "| --- | ---: | ---: |",
        *(f"| {kind} | {_of_kind(kind, verdicts)} | {_of_kind(kind, real)} |" for kind in kinds),
    ]
    if real:
        lines += ["", "Survived:", "", *(f"- `{one.summary}` ({one.tests} tests)" for one in real)]
    if equivalent:
        lines += ["", "Equivalent:", ""]
        lines += [f"- `{one.summary}`: {known[one.mutation.name]}" for one in equivalent]
    if unjudged:
        lines += ["", f"Not judged within {TIMEOUT_SECONDS:.0f} s, and not counted:", ""]
        lines += [f"- `{one.summary}` ({one.tests} tests)" for one in unjudged]
    return "\n".join(lines) + "\n"


def _of_kind(kind: str, verdicts: list[Verdict]) -> int:
    return sum(one.mutation.kind == kind for one in verdicts)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:89]}…"


def main() -> int:
    """1 when a change survived that is not known to be equivalent, or too many of them are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--record", type=float, default=0.0)
    parser.add_argument("--from", type=int, default=0, dest="begin")
    options = parser.parse_args()
    if options.record:
        recorded(options.record)
        return 0
    module, _, line = options.only.partition(":")
    mutations = (
        [one for one in all_mutations() if (one.module, str(one.line)) == (module, line)]
        if options.only
        else drawn(options.seed, options.sample)[options.begin :]
    )
    tests = recorded(MAX_RECORDING_SECONDS)
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(options.workers) as pool:
        for verdict in pool.map(lambda one: judged(one, tests), mutations):
            verdicts.append(verdict)
            sign = verdict.detected_by or ("SURVIVED" if verdict.is_judged else "NOT JUDGED")
            print(f"{len(verdicts):4} {verdict.seconds:5.0f} s {verdict.summary}\n       {sign}")
            sys.stdout.flush()
    text = page(options.seed, verdicts)
    print(f"\n{text}")
    if options.page:
        PAGE.write_text(text)
    known = {one.name for one in EQUIVALENTS}
    survived = [one for one in verdicts if one.is_judged and not one.detected_by]
    are_known = [one.mutation.name in known for one in survived]
    return int(not all(are_known) or sum(are_known) > MAX_OF_A_SAMPLE * len(verdicts))


if __name__ == "__main__":
    sys.exit(main())
