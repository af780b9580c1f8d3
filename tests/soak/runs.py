"""The runs: many small imports under many kills, and a steady load for minutes."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.kit.oracle.remains import stored_counts
from tests.soak import checks, files, throttles, worker
from tests.soak.crew import Report, crew
from tests.soak.files import Mix
from tests.soak.foreman import Orders, Place
from tests.soak.memory import Growth, Watch, processor_seconds, swollen
from tests.soak.stand import QUEUES, Stand, begin_stream_here, stand, stream_arn
from tests.soak.worker import Post

RECHECK_SECONDS = 0.5
SAMPLE_SECONDS = 5.0
# After the last upload: kills have stopped, and the last killed messages are redelivered.
DRAIN_SECONDS = 300.0
QUIET_LOOKS = 5
CHECKPOINT = "stream.txt"
SOURCES = {
    "validate": ("IntakeQueue", "ValidateFunction"),
    "assign": ("ChunksQueue", "AssignFunction"),
    "finalize": ("FinalizeQueue", "FinalizeFunction"),
    "publish": ("", "PublishFunction"),
}
# The emulator keeps all data of the run, and a day of the stream, in memory.
EMULATOR = "emulator"
# The errors that a handler may raise under kills, throttles, and waits for others.
EXPECTED_FAILURES = frozenset({"RetryLaterError"})
EXPECTED_WHEN_THROTTLED = EXPECTED_FAILURES | {
    "ClientError",
    "GetError",
    "PutError",
    "QueryError",
    "ThrottlingException",
    "UpdateError",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a run.

    `hands` are the workers by kind: those that may be killed, and the spared ones. An
    invocation has `timeout_seconds`, a lease ends 5 s after it, and a message comes back after
    `visible_after`: never before the lease has ended.
    """

    tenants: int
    accounts: int
    lines: int
    mix: Mix
    hands: Mapping[str, tuple[int, int]]
    constants: Mapping[str, int]
    max_open: int
    # The number of uploads in a hundred that come while the tenant's last one is in progress.
    overlapping: int = 100
    timeout_seconds: float = 8.0
    visible_after: int = 14
    tries: int = 100
    kills_a_second: float = 1.0
    kills_a_message: float = 1.0
    doubled: int = 333
    is_throttled: bool = False
    hears_events: bool = False
    tells_of_seed: bool = True


GoesOn = Callable[[Stand, Report, float], bool]


@dataclass(frozen=True, slots=True)
class Figures:
    """The results of a run, and its settings of the product's constants.

    `seconds` is how long uploads and kills went on, `lines_in_time` what was settled by then, and
    `emulator_seconds` and `workers_seconds` what these processes took of the processors.
    """

    imports: int
    lines: int
    seconds: float
    lines_in_time: int
    report: Report
    throttled: tuple[int, ...]
    notices: int
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    growths: tuple[Growth, ...]
    load: tuple[float, float, float]
    emulator_seconds: float
    workers_seconds: float
    violations: tuple[str, ...]
    constants: Mapping[str, int]


class Workers(Protocol):
    """The processes that do the work of a run, and are killed."""

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes besides the spared workers whose memory is to be watched."""

    def kill(self, rate: float, share: float) -> None:
        """Kills that many a second from now on, at most `share` a handled message."""

    def report(self) -> Report:
        """The present report."""


class Run:
    """One run on one stand."""

    def __init__(self, made: Stand, terms: Terms, workers: Workers, home: Path, seed: int) -> None:
        self.stand = made
        self.home = home
        self.terms = terms
        self.workers = workers
        self.watch = Watch()
        self._draw = random.Random(seed)
        self._sampled = 0.0

    def feed(self, goes_on: Callable[[], bool]) -> None:
        """Uploads files as fast as the workers process them, for the given time."""
        while goes_on():
            waiting = Counter(upload.tenant for upload in self.stand.look())
            while waiting.total() < self.terms.max_open and goes_on():
                tenant = self._next_tenant(waiting)
                if tenant is None:
                    break
                self.stand.upload(tenant, self._file(tenant))
                waiting[tenant] += 1
            self._sample()
            time.sleep(RECHECK_SECONDS)

    def drain(self) -> bool:
        """True once everything has ended; False if something does not end in time."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            self._sample()
            if not self.stand.look() and not sum(self.stand.messages(QUEUES).values()):
                return self._follow(deadline)
            time.sleep(RECHECK_SECONDS)
        return False

    def _follow(self, deadline: float) -> bool:
        """Waits for the reader of the stream: until the accounts' changes are all published."""
        last, quiet = (-1, -1), 0
        while time.monotonic() < deadline and quiet < QUIET_LOOKS:
            all_received = self.stand.hear()
            now = self.workers.report().counted["handled"], len(self.stand.events)
            quiet = quiet + 1 if all_received and now == last else 0
            last = now
            time.sleep(1.0)
        return quiet >= QUIET_LOOKS

    def _next_tenant(self, waiting: Counter[str]) -> str | None:
        tenants = list(self.stand.held)
        self._draw.shuffle(tenants)
        idle = [tenant for tenant in tenants if not waiting[tenant]]
        if idle and self._draw.randrange(100) >= self.terms.overlapping:
            return idle[0]
        if self._draw.randrange(100) < self.terms.overlapping:
            return tenants[0]
        return None

    def _file(self, tenant: str) -> bytes:
        held = self.stand.held[tenant]
        lines = self._draw.randint(self.terms.lines // 2, self.terms.lines * 3 // 2)
        return files.make_file(lines, held, self.terms.mix, self._draw)

    def _sample(self) -> None:
        now = time.monotonic()
        if now - self._sampled < SAMPLE_SECONDS:
            return
        self._sampled = now
        report = self.workers.report()
        pids = {
            **report.spared,
            **self.workers.pids,
            EMULATOR: self.stand.stack.emulator.pid,
        }
        self.watch.look(pids)
        self._tell(report)

    def _tell(self, report: Report) -> None:
        passed = time.monotonic() - self.watch.begun
        print(
            f"{passed:5.0f} s  {len(self.stand.uploads):4} imports, {len(self.stand.ended):4} "
            f"ended; {report.kills:5} kills; {report.counted['handled']:6} handled, "
            f"{report.counted['failed']} to come again",
            file=sys.stderr,
        )


@contextmanager
def prepared(terms: Terms, seed: int) -> Iterator[Run]:
    """A prepared run, on a stack that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="handover-soak-") as name:
        home = Path(name)
        with stand(home, throttled=terms.is_throttled) as made:
            made.switch_functions_off()
            made.hasten(dict.fromkeys(QUEUES, terms.visible_after), terms.tries)
            made.listen(to_events=terms.hears_events)
            for number in range(terms.tenants):
                made.seed(f"tenant{number}", terms.accounts)
            if not terms.tells_of_seed:
                begin_stream_here(made, home / CHECKPOINT)
            environment: dict[str, str] = {}
            for _, function in SOURCES.values():
                environment |= made.environment(function)
            environment |= {
                "POWERTOOLS_TRACE_DISABLED": "true",
                "POWERTOOLS_METRICS_NAMESPACE": "Handover",
                "HOME": name,
            }
            orders = Orders(_places(made, terms, home), terms.constants)
            with crew(orders, environment, home / "foreman.log") as workers:
                yield Run(made, terms, workers, home, seed)


def hold(terms: Terms, goes_on: GoesOn, seed: int) -> Figures:
    """Executes a run on a stack of its own."""
    with prepared(terms, seed) as run:
        return carry_out(run, goes_on)


def carry_out(run: Run, goes_on: GoesOn) -> Figures:
    """Kills during the uploads, then lets everything end, then checks everything."""
    emulator = run.stand.stack.emulator.pid
    begun, taken = time.monotonic(), processor_seconds(emulator)
    run.workers.kill(run.terms.kills_a_second, run.terms.kills_a_message)
    run.feed(lambda: goes_on(run.stand, run.workers.report(), time.monotonic() - begun))
    seconds = time.monotonic() - begun
    lines_in_time = sum(_outcomes(run.stand).values())
    emulator_seconds = processor_seconds(emulator) - taken
    workers_seconds = run.workers.report().processor_seconds
    load = os.getloadavg()
    run.workers.kill(0, 0)
    is_drained = run.drain()
    report = run.workers.report()
    failures = _failures(run.home)
    growths = tuple(run.watch.growths())
    found = [] if is_drained else ["I2 the run did not come to rest"]
    found += _mishaps(run.terms, report, failures)
    found += checks.violations(run.stand)
    found += swollen(growths, may_grow={EMULATOR})
    return Figures(
        imports=len(run.stand.uploads),
        lines=sum(upload.lines for upload in run.stand.uploads),
        seconds=seconds,
        lines_in_time=lines_in_time,
        report=report,
        throttled=throttles.read_counts(run.home),
        notices=len(run.stand.notices),
        outcomes=_outcomes(run.stand),
        failures=failures,
        growths=growths,
        load=load,
        emulator_seconds=emulator_seconds,
        workers_seconds=workers_seconds,
        violations=tuple(found),
        constants=run.terms.constants,
    )


def _mishaps(terms: Terms, report: Report, failures: Mapping[str, int]) -> Iterator[str]:
    """The unexpected failures of handlers."""
    expected = EXPECTED_WHEN_THROTTLED if terms.is_throttled else EXPECTED_FAILURES
    for name in sorted(set(failures) - expected):
        yield f"a handler failed with {name}"
    for name, count in report.ends.items():
        # A failure of the stream's reader is not caught: its whole batch is delivered again.
        if name.startswith("failed") and not (terms.is_throttled and name == "failed publish"):
            yield f"{count} workers {name}"


def _places(made: Stand, terms: Terms, home: Path) -> tuple[Place, ...]:
    found: list[Place] = []
    for kind, (mortal, spared) in terms.hands.items():
        queue, _ = SOURCES[kind]
        source = made.queue_url(queue) if queue else stream_arn(made)
        for number in range(mortal + spared):
            post = Post(
                kind,
                source,
                terms.timeout_seconds,
                doubled=terms.doubled if kind == "validate" else 0,
                checkpoint=None if queue else home / CHECKPOINT,
            )
            log = home / f"{kind}-{number}.log"
            found.append(Place(post, is_spared=number >= mortal, log=log))
    return tuple(found)


def _outcomes(made: Stand) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for item in made.scan("ImportsTable"):
        if item["sk"]["S"] == "import":
            counted.update(stored_counts(item))
    return dict(counted)


def _failures(home: Path) -> dict[str, int]:
    """The failures that handlers have logged, by the name of the exception."""
    counted: Counter[str] = Counter()
    for log in home.glob("*-*.log"):
        for line in worker.log_lines(log):
            if line.get("message") == "message failed":
                counted[line["error"]] += 1
    return dict(counted)
