"""Many runs: every single fault, seeded pairs and triples, every pair; over all cores."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from multiprocessing.pool import Pool
from typing import Any

from tests.simulation.engine.machine import Machine, Report
from tests.simulation.engine.plans import (
    LATE_OLDER,
    OF_OPERATION,
    ORDERS,
    ORDINARY,
    Plan,
    kinds_for,
)

# Scenes of jobs, of imports that follow others, and of directory files.
LATER_SCENES = (
    "undo",
    "applied",
    "corrected",
    "conditional",
    "removal",
    "pending",
    "owner",
    "people",
    "customers",
)
# Pairs are drawn from the calls that the run with the first fault makes, triples likewise.
PAIRS_OF_ONE, TRIPLES_OF_ONE = 36, 36
RUNS_OF_ONE = PAIRS_OF_ONE + TRIPLES_OF_ONE
SCENES_DRAWN = (
    ("plain",) * 5 + ("older",) * 2 + ("two",) * 2 + ("approval", "dry", "lost") + LATER_SCENES
)
CALLS_APART = 8
# Few calls are transactions.
OF_TRANSACTIONS = frozenset(OF_OPERATION["TransactWriteItems"])
# Runs make few reference cycles: collecting them less often saves a tenth of the time.
GARBAGE_THRESHOLDS = 100_000, 20, 50
# The violating runs that are reported of each job; more would add nothing.
MAX_KEPT = 5
MAX_SHOWN = 20


@dataclass(slots=True)
class Tally:
    """The results of many runs; `known` further runs equal some of them."""

    runs: int = 0
    known: int = 0
    calls: int = 0
    deliveries: int = 0
    by_faults: Counter[int] = field(default_factory=Counter)
    happened: Counter[tuple[str, str]] = field(default_factory=Counter)
    violating: int = 0
    reported: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, report: Report) -> None:
        """Counts one run."""
        self.runs += 1
        self.calls += report.course.calls
        self.deliveries += report.course.deliveries
        self.by_faults[len(report.plan.faults)] += 1
        self.happened.update((operation, kind) for _, kind, operation in report.applied)
        if report.violations:
            self.violating += 1
            if len(self.reported) < MAX_KEPT:
                self.reported.append((report.plan.json(), report.violations))

    def merge(self, other: Tally) -> None:
        """Adds the counts of another tally."""
        self.runs += other.runs
        self.known += other.known
        self.calls += other.calls
        self.deliveries += other.deliveries
        self.by_faults += other.by_faults
        self.happened += other.happened
        self.violating += other.violating
        self.reported += other.reported

    @property
    def kinds(self) -> set[str]:
        """The kinds of fault that really occurred."""
        return {kind for _, kind in self.happened}

    def __str__(self) -> str:
        pace = self.runs / self.seconds if self.seconds else 0.0
        known = f" (and {self.known:,} known from them)" if self.known else ""
        return (
            f"{self.runs:,} runs{known}, {self.calls:,} AWS calls, {self.deliveries:,} deliveries, "
            f"{len(self.kinds)} kinds, {len(self.happened)} (operation, kind) pairs, "
            f"{self.seconds:.0f} s ({pace:.0f} runs/s), {self.violating} violating"
        )


@dataclass(frozen=True, slots=True)
class Job:
    """Some runs for one process.

    `plan` is what the runs have in common. `calls` bounds the calls that the next fault may
    disturb; `seed` is set for drawn faults, and `count` is their number. `known` is the number of
    further runs that would continue as others do. One call in `every` is taken, beginning with
    `first`.
    """

    plan: Plan
    calls: tuple[int, int] = (0, 1 << 30)
    kinds: frozenset[str] | None = None
    seed: str | None = None
    count: int = 0
    limit: int | None = None
    known: int = 0
    every: int = 1
    first: int = 0


@cache
def machine() -> Machine:
    """This process's simulation."""
    return Machine()


@cache
def _base(scene: str, order: str, sweeps: bool) -> Report:
    return machine().run(Plan(scene, order, {}, sweeps), traced=True)


def base(plan: Plan) -> Report:
    """The run without faults that belongs to a plan."""
    return _base(plan.scene, plan.order, plan.sweeps)


def forget() -> None:
    """Forgets earlier runs, after a change of the code under test."""
    _base.cache_clear()
    machine().forget()


def faults_after(report: Report, kinds: frozenset[str] | None = None) -> Iterator[tuple[int, str]]:
    """Every fault that a run can have after those of the plan."""
    last = max(report.plan.faults, default=0)
    for call in report.trace:
        if call.number > last:
            for kind in kinds_for(call, report.plan.scene):
                if kinds is None or kind in kinds:
                    yield call.number, kind


def work(job: Job) -> Tally:
    """Executes the runs of a job."""
    tally = Tally(known=job.known)
    with machine().running():
        for report in _drawn(job) if job.seed is not None else _each(job):
            tally.add(report)
            if job.limit is not None and tally.violating >= job.limit:
                break
    return tally


def _each(job: Job) -> Iterator[Report]:
    plan = job.plan
    parent = base(plan)
    if plan.faults:
        parent = machine().run(plan, after=parent, traced=True)
    first, last = job.calls
    for number, kind in faults_after(parent, job.kinds):
        if first <= number < last and number % job.every == job.first:
            yield machine().run(plan.with_fault(number, kind), after=parent)


def _drawn(job: Job) -> Iterator[Report]:
    """Draws pairs and triples; the runs with fewer faults are reported too, but not counted."""
    chance = random.Random(job.seed)
    left = job.count
    while left:
        first = _child(base(job.plan), chance, traced=True)
        if first is None:
            continue
        yield first
        for report in islice(_of_one(first, chance), left):
            yield report
            left -= 1


def _of_one(first: Report, chance: random.Random) -> Iterator[Report]:
    """Pairs with the fault of a run, and triples with those of the first pair."""
    for place in range(PAIRS_OF_ONE):
        second = _child(first, chance, traced=place == 0)
        if second is None:
            return
        yield second
        for _ in range(TRIPLES_OF_ONE if place == 0 else 0):
            third = _child(second, chance, traced=False)
            if third is None:
                break
            yield third


def _child(parent: Report, chance: random.Random, *, traced: bool) -> Report | None:
    last = max(parent.plan.faults, default=0)
    calls = [call for call in parent.trace if call.number > last]
    if not calls:
        return None
    call = chance.choice(calls)
    kind = chance.choice(kinds_for(call, parent.plan.scene))
    plan = parent.plan.with_fault(call.number, kind)
    # The draw must not depend on the process's own generator. With few runs that continue from one,
    # hardly any reaches a state that another has passed.
    return machine().run(plan, after=parent, traced=traced, whole=True)


def singles(
    calls_a_job: int = 24, later_every: int = 1, later_first: int = 0, *, in_all_orders: bool = True
) -> list[Job]:
    """Every call with every kind in all orders of the plain scene, and what other scenes add.

    Without `in_all_orders` every second call is taken, in one of the orders, in turn by parts of
    `calls_a_job`; and every second call of runs without schedules.
    Of the calls of each other scene one in `later_every` is taken, those that leave `later_first`
    when divided by it; what only transactions can meet is always taken.
    """
    jobs: list[Job] = []
    for place, order in enumerate(ORDERS):
        plain = Job(Plan("plain", order))
        if in_all_orders:
            jobs += _split(plain, calls_a_job)
        else:
            some = replace(plain, every=2, first=later_first % 2)
            jobs += list(_split(some, calls_a_job))[place :: len(ORDERS)]
        jobs += _split(Job(Plan("older", order), kinds=frozenset(LATE_OLDER)), calls_a_job)
    for scene in ("approval", "refused", *LATER_SCENES):
        jobs += _split(Job(Plan(scene, "fifo"), every=later_every, first=later_first), calls_a_job)
        if later_every > 1:
            jobs += _split(Job(Plan(scene, "fifo"), kinds=OF_TRANSACTIONS), calls_a_job)
    # Redelivery alone must absorb a single ordinary fault: no schedule runs.
    alone = Job(Plan("plain", "fifo", {}, sweeps=False), kinds=ORDINARY)
    if not in_all_orders:
        alone = replace(alone, every=2, first=later_first % 2)
    jobs += _split(alone, calls_a_job)
    return jobs


def _split(job: Job, calls_a_job: int) -> Iterator[Job]:
    for first in range(1, base(job.plan).course.calls + 1, calls_a_job):
        yield replace(job, calls=(first, first + calls_a_job))


def drawn(count: int, seed: str) -> list[Job]:
    """A job for each scene and order, the longest first, with `count` pairs and triples in all.

    One process does all runs of a scene and order, so that it can replay what it has run.
    """
    chance = random.Random(seed)
    counts: Counter[tuple[str, str]] = Counter()
    for first in range(0, count, RUNS_OF_ONE):
        which = chance.choice(SCENES_DRAWN), chance.choice(ORDERS)
        counts[which] += min(RUNS_OF_ONE, count - first)
    return [
        Job(Plan(scene, order), seed=f"{seed}/{scene}/{order}", count=runs)
        for (scene, order), runs in counts.most_common()
    ]


@dataclass(frozen=True, slots=True)
class Passed:
    """What a run with one fault passes after it.

    `states` are the states between two steps, each with the number of calls before it and of second
    faults after it; `count` is the number of all second faults.
    """

    plan: Plan
    states: tuple[tuple[bytes, int, int], ...]
    count: int


def passed(plan: Plan) -> Passed:
    """The states that the run with this one fault passes."""
    with machine().running():
        report = machine().run(plan, after=base(plan), traced=True)
    numbers = [number for number, _ in faults_after(report)]
    first = max(plan.faults)
    return Passed(
        plan,
        tuple(
            (moment.state, moment.calls, sum(number > moment.calls for number in numbers))
            for moment in report.moments
            if moment.calls >= first
        ),
        len(numbers),
    )


def pairs(scene: str, order: str, pool: Pool) -> list[Job]:
    """A job for every first fault: each has every second fault after it.

    From a state that an earlier first fault of the list has led to, the same second faults lead
    to the same: so of these a job has only those up to there, and `known` says how many others.

    The first faults of every `CALLS_APART`th call come first, so that a part of the jobs is spread
    over the whole import.
    """
    report = base(Plan(scene, order))
    faults = sorted(faults_after(report), key=lambda fault: (fault[0] % CALLS_APART, fault[0]))
    plans = [report.plan.with_fault(*fault) for fault in faults]
    seen: set[bytes] = set()
    jobs: list[Job] = []
    for one in pool.imap(passed, plans, chunksize=8):
        most, known = 1 << 30, 0
        for state, calls, after in one.states:
            if state in seen:
                most, known = calls + 1, after
                break
            seen.add(state)
        jobs.append(Job(one.plan, (0, most), known=known))
    return jobs


def cores() -> int:
    """How many processes to use."""
    return len(os.sched_getaffinity(0))


def over_all_cores(
    jobs: Iterable[Job],
    *,
    each: Callable[[Tally], object] | None = None,
    until: float = float("inf"),
) -> Tally:
    """Does the jobs in their order; begins none after `until`."""
    with all_cores() as pool:
        return in_pool(pool, jobs, each=each, until=until)


@contextmanager
def all_cores() -> Iterator[Pool]:
    """Processes for jobs, which keep what they have run."""
    with multiprocessing.get_context("fork").Pool(cores(), _settle_in) as pool:
        yield pool


def in_pool(
    pool: Pool,
    jobs: Iterable[Job],
    *,
    each: Callable[[Tally], object] | None = None,
    until: float = float("inf"),
) -> Tally:
    """As `over_all_cores`, with existing processes."""
    tally = Tally()
    begun = time.monotonic()
    for done in pool.imap_unordered(work, _while_time(jobs, until)):
        tally.merge(done)
        if each is not None:
            each(tally)
    tally.seconds = time.monotonic() - begun
    return tally


def _settle_in() -> None:
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _while_time(jobs: Iterable[Job], until: float) -> Iterator[Job]:
    for job in jobs:
        if time.monotonic() > until:
            return
        yield job


def minimal(plan: Plan) -> Plan:
    """The plan without the faults that its violations do not need."""
    for number in list(plan.faults):
        fewer = {other: kind for other, kind in plan.faults.items() if other != number}
        smaller = Plan(plan.scene, plan.order, fewer, plan.sweeps)
        if machine().run(smaller).violations:
            return minimal(smaller)
    return plan


def replay_commands(tally: Tally) -> str:
    """The violating runs, each with the command that replays it."""
    lines: list[str] = []
    for plan, violations in tally.reported[:MAX_SHOWN]:
        lines.append(f"python -m tests.simulation replay '{plan}'")
        lines += [f"    {violation}" for violation in violations]
    return "\n".join(lines)


def as_json(tally: Tally) -> dict[str, Any]:
    """The figures, to be kept."""
    return {
        "runs": tally.runs,
        "known": tally.known,
        "calls": tally.calls,
        "deliveries": tally.deliveries,
        "seconds": round(tally.seconds),
        "violating": tally.violating,
        "kinds": sorted(tally.kinds),
        "pairs": len(tally.happened),
    }
