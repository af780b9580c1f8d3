"""Whether the simulation finds a mutant, by which plan, and how rarely."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, product

from tests.simulation.engine import explore
from tests.simulation.engine.machine import Report
from tests.simulation.engine.plans import ORDERS, ORDINARY, Plan
from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant

# An upload without its event is already a fault.
CLEAN_SCENES = ("plain", "two", "approval", "dry", "refused", *explore.LATER_SCENES)
# A mutant that this number of runs does not find has survived.
MAX_RUNS = 4000
SOON_CALLS = 15


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for a mutant: the first plan that finds it, and after how many runs.

    `is_seen_without_faults` when some run without any fault finds it. `caught` of `sampled` faults
    drawn from all singles find it.
    """

    mutant: str
    mechanism: str
    plan: str
    violation: str
    runs: int
    is_seen_without_faults: bool
    caught: int = 0
    sampled: int = 0


def judge(name: str, sample: int = 0) -> Verdict:
    """Searches for a mutant: without faults, then where it is likely to show, then everywhere."""
    mutant = next(one for one in MUTANTS if one.name == name)
    with mutant.alive():
        explore.forget()
        try:
            return _judge(mutant, sample)
        finally:
            explore.forget()


def _judge(mutant: Mutant, sample: int) -> Verdict:
    runs, found = 0, None
    for scene, order in product(CLEAN_SCENES, ORDERS):
        runs += 1
        report = explore.base(Plan(scene, order))
        if report.violations:
            found = report
            break
    is_seen = found is not None
    for report in () if is_seen else islice(_likely(mutant), MAX_RUNS):
        runs += 1
        if report.violations:
            found = report
            break
    caught = sum(bool(report.violations) for report in _sampled(mutant, sample))
    return Verdict(
        mutant.name,
        mutant.mechanism,
        found.plan.json() if found else "",
        found.violations[0] if found else "",
        runs,
        is_seen,
        caught,
        sample,
    )


def _likely(mutant: Mutant) -> Iterator[Report]:
    """The runs, those most likely to find the mutant first."""
    chance = random.Random(mutant.name)
    machine = explore.machine()
    for scene in mutant.scenes:
        yield explore.base(Plan(scene))
    if mutant.pair is not None:
        yield from _paired(mutant, mutant.pair)
    for kinds in (frozenset(mutant.kinds), None):
        faults: list[tuple[Report, int, str]] = []
        for scene, order in product(mutant.scenes, ORDERS):
            parent = explore.base(Plan(scene, order, {}, mutant.sweeps))
            allowed = kinds if mutant.sweeps or kinds else ORDINARY
            inside = _inside(mutant, parent)
            faults += [
                (parent, number, kind)
                for number, kind in explore.faults_after(parent, allowed)
                if number in inside
            ]
        chance.shuffle(faults)
        for parent, number, kind in faults:
            yield machine.run(parent.plan.with_fault(number, kind), after=parent)


def _inside(mutant: Mutant, report: Report) -> set[int]:
    """The calls of the function in which the mutant is searched for."""
    return {call.number for call in report.trace if call.function.startswith(mutant.function)}


def _paired(mutant: Mutant, pair: tuple[str, str]) -> Iterator[Report]:
    """Both kinds of fault, the second soon after the first."""
    machine = explore.machine()
    first, second = frozenset(pair[:1]), frozenset(pair[1:])
    for scene in mutant.scenes:
        parent = explore.base(Plan(scene))
        inside = _inside(mutant, parent)
        for number, kind in explore.faults_after(parent, first):
            if number not in inside:
                continue
            one = machine.run(parent.plan.with_fault(number, kind), after=parent, traced=True)
            for later, other in islice(explore.faults_after(one, second), SOON_CALLS):
                yield machine.run(one.plan.with_fault(later, other), after=one)


def _sampled(mutant: Mutant, count: int) -> Iterator[Report]:
    chance = random.Random(f"sample {mutant.name}")
    machine = explore.machine()
    for _ in range(count):
        parent = explore.base(Plan(chance.choice(explore.SCENES_DRAWN), chance.choice(ORDERS)))
        faults = list(explore.faults_after(parent))
        number, kind = chance.choice(faults)
        yield machine.run(parent.plan.with_fault(number, kind), after=parent)


def judge_all(sample: int = 0) -> list[Verdict]:
    """The verdicts on all mutants, in their order."""
    return judge_each([mutant.name for mutant in MUTANTS], sample)


def judge_each(names: Sequence[str], sample: int = 0) -> list[Verdict]:
    """The verdicts on the mutants of these names, in their order."""
    with multiprocessing.get_context("fork").Pool(explore.cores(), maxtasksperchild=1) as pool:
        return list(pool.imap(partial(judge, sample=sample), names, chunksize=1))


def main() -> int:
    """Prints the verdicts as rows of a table; 0 when no mutant survived."""
    begun = time.monotonic()
    verdicts = judge_all(sample=200)
    print("| mutant | mechanism | seen without faults | caught by single faults | first found by |")
    print("|---|---|---|---:|---|")
    for one in verdicts:
        seen = "yes" if one.is_seen_without_faults else "no"
        print(
            f"| {one.mutant} | {one.mechanism} | {seen} | {one.caught} of {one.sampled} | "
            f"{one.violation or 'SURVIVED'} `{one.plan}` |"
        )
    hidden = sum(not one.is_seen_without_faults for one in verdicts)
    print(
        f"\n{len(verdicts)} mutants, {sum(bool(one.plan) for one in verdicts)} found, "
        f"{hidden} of them by no run without faults; {time.monotonic() - begun:.0f} s"
    )
    return sum(not one.plan for one in verdicts)
