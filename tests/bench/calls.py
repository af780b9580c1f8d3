"""How many calls to AWS wait for each other in the import of a small file, on an AWS in memory.

All calls take the same time here, so an import takes as long as its longest chain of calls, each of
which begins after the one before has ended. Nothing else takes time: the counts are exact and the
same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from handover import flight
from handover.flight import Crew, Landed

from tests.bench import pipeline
from tests.bench.table import Topic, at_most
from tests.kit.memory_aws import PLAIN, Twist, install

SIZES = (1, 1000)
# Counted in the same way at d4b7b5e, where no calls went out together: by stage, for so many lines.
BEFORE = {
    1: {"validate": 25, "assign": 10, "finalize": 9},
    1000: {"validate": 25, "assign": 58, "finalize": 9},
}
GOAL = 0.6


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its place in the chain (1 = it waited for no other), and its operation."""

    step: int
    service: str
    operation: str
    target: str


@dataclass(slots=True)
class Recorder:
    """A hook of the memory AWS that records every call with its place in the chain."""

    calls: list[Call] = field(default_factory=list)
    now: int = 0

    def before(self, _number: int, service: str, operation: str, params: dict[str, Any]) -> Twist:
        """Records the call, which takes one step."""
        self.now += 1
        self.calls.append(Call(self.now, service, operation, _target(params)))
        return PLAIN

    def after(self, *_call: object) -> None:
        """Nothing is left to record."""

    def crew(self) -> Crew:
        """A crew for calls side by side: each begins at the present step."""
        return _Crew(self)

    @property
    def steps(self) -> int:
        """The length of the longest chain."""
        return max((call.step for call in self.calls), default=0)


class _Crew:
    """Makes each call at once, and returns it at the step at which it would have ended."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._in_flight: list[tuple[int, Landed[Any]]] = []

    def begin(self, call: Callable[[], Landed[Any]]) -> None:
        """Makes the call; later ones begin at the same step."""
        begun = self._recorder.now
        landed = call()
        self._in_flight.append((self._recorder.now, landed))
        self._recorder.now = begun

    def next_landed(self) -> Landed[Any]:
        """The call that ends first."""
        first = min(self._in_flight, key=lambda one: one[0])
        self._in_flight.remove(first)
        self._recorder.now = max(self._recorder.now, first[0])
        return first[1]


@dataclass(frozen=True, slots=True)
class Way:
    """The calls of one import with that many changed lines, by stage, up to the notification."""

    lines: int
    stages: dict[str, Recorder]

    def steps(self, stage: str) -> int:
        """The number of calls of the stage that wait for each other."""
        return self.stages[stage].steps

    @property
    def all_steps(self) -> int:
        """The same for the whole import; waits for messages of queues are not counted."""
        return sum(recorder.steps for recorder in self.stages.values())


def way_of(lines: int) -> Way:
    """The calls for a file whose lines all change, of a tenant that has sent one before."""
    stack = pipeline.pipeline()
    with install(stack.memory):
        pipeline.seed(stack, lines)
        _import(stack, "first", lines, turn=0)
        return Way(lines, _import(stack, "second", lines, turn=1))


def _import(stack: pipeline.Pipeline, ticket: str, lines: int, *, turn: int) -> dict[str, Recorder]:
    arrival = pipeline.arrive(stack, ticket, pipeline.file_of(lines, turn=turn))
    stages: dict[str, Callable[[], object]] = {
        "validate": lambda: pipeline.take(stack, arrival),
        "assign": lambda: pipeline.work(stack),
        "finalize": lambda: pipeline.end(stack, arrival.import_id),
    }
    recorded: dict[str, Recorder] = {}
    for stage, run in stages.items():
        with _recording(stack) as recorder:
            run()
        recorded[stage] = recorder
    calls = recorded["finalize"].calls
    after = next(place for place, call in enumerate(calls) if call.operation == "Publish") + 1
    del calls[after:]
    return recorded


@contextmanager
def _recording(stack: pipeline.Pipeline) -> Iterator[Recorder]:
    recorder, crew = Recorder(), flight.make_crew
    stack.memory.hook, flight.make_crew = recorder, recorder.crew
    try:
        yield recorder
    finally:
        stack.memory.hook, flight.make_crew = None, crew


def measure(*, quick: bool = False) -> Topic:
    """The calls that wait for each other, beside those of d4b7b5e."""
    del quick  # it takes a second
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for lines in SIZES:
        way = way_of(lines)
        before = BEFORE[lines]
        for stage, recorder in way.stages.items():
            calls = (f"{len(recorder.calls)}", f"{recorder.steps}", f"{before[stage]}")
            rows.append((f"{lines:,} lines: {stage}", *calls, "", "", ""))
        ratio = way.all_steps / sum(before.values())
        rows.append(
            (
                f"{lines:,} lines: the whole way",
                f"{sum(len(one.calls) for one in way.stages.values())}",
                f"{way.all_steps}",
                f"{sum(before.values())}",
                f"{ratio:.2f}",
                *at_most(ratio, GOAL, " x"),
            )
        )
        if lines == 1:
            notes += [f"{stage}: {_chain(one)}." for stage, one in way.stages.items()]
    return Topic(
        "Calls that wait for each other, from S3's event to the notification",
        ("what", "calls", "one after another", "at d4b7b5e", "ratio", "goal", ""),
        tuple(rows),
        (
            (
                "Counted on an AWS in memory: a call begins when the one has ended whose answer it "
                "needs; calls that go out together count once. Every line changes its manager."
            ),
            "Steps of a file of one line; what stands in one step goes out together:",
            *notes,
        ),
    )


def _chain(recorder: Recorder) -> str:
    steps: dict[int, list[str]] = {}
    for call in recorder.calls:
        steps.setdefault(call.step, []).append(f"{call.operation} {call.target}".strip())
    return "; ".join(f"{step} {', '.join(names)}" for step, names in sorted(steps.items()))


def _target(params: dict[str, Any]) -> str:
    if "RequestItems" in params:
        return str(next(iter(params["RequestItems"])))
    if "Statements" in params:
        return str(params["Statements"][0]["Statement"].split('"')[1])
    for name in ("TableName", "Bucket"):
        if name in params:
            return str(params[name])
    return str(params.get("QueueUrl", "")).rpartition("/")[2]
