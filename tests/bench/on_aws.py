"""The time and cost of imports on AWS, by the model, from parts that were measured here."""

from __future__ import annotations

import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from infra.template import load
from tests.bench import calls, cold_starts, costs, worker
from tests.bench.model import STEPS_OF_LINES, Import, Parts, Place, price_of, time_of
from tests.bench.table import Topic, at_most

STAGES = ("validate", "assign", "finalize")
SIZES = (58, 1000, 100_000, 1_000_000, 20_000_000)
MILLION = 1_000_000
# Assumed, not measured in this run, in seconds: a batch of the stream with 100 records; the scan of
# a line, as the scan topic last gave it.
PUBLISH_SECONDS, SCANNED_LINE = 0.5, 1 / 7.6e6
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
VCPU_MEGABYTES = 1769
WRITES_GOAL, COLD_GOAL_SECONDS = 1.5, 5.0


def measure(*, quick: bool = False) -> list[Topic]:
    """Times for files of five sizes, cold and warm, and the price of a million lines by part."""
    parts = _parts(2 if quick else 5)
    return [_times(parts), _prices(parts, quick=quick)]


def _parts(rounds: int) -> Parts:
    # A process of its own, whose clients call a canned server.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        paces = apart.submit(worker._turns, 2000, 100, rounds).result()
    way, clients = calls.way_of(1), cold_starts.clients(rounds)

    def line(name: str) -> float:
        return statistics.median(pace.cpu for pace in paces[name])

    return Parts(
        steps={stage: way.steps(stage) for stage in STAGES},
        imports=cold_starts.seconds_of(STAGES, rounds),
        vcpus={stage: _vcpus(stage) for stage in STAGES},
        clients=clients.seconds,
        connection=clients.connection,
        changed_line=line(worker.CHANGED),
        unchanged_line=line(worker.UNCHANGED),
        scanned_line=SCANNED_LINE,
        in_flight=_in_flight(way),
    )


def _vcpus(stage: str) -> float:
    """The share of a vCPU that the function's memory gives it; one thread uses at most one."""
    function = load()["Resources"][f"{stage.capitalize()}Function"]
    megabytes: int = function["Properties"]["MemorySize"]
    return min(1.0, megabytes / VCPU_MEGABYTES)


def _in_flight(way: calls.Way) -> float:
    """The number of a worker's calls about lines in flight, counted on a chunk of 1,000 lines."""
    fixed = way.steps("assign") - STEPS_OF_LINES
    worked = calls.way_of(1000).stages["assign"]
    return (len(worked.calls) - fixed) / (worked.steps - fixed)


def _times(parts: Parts) -> Topic:
    rows = []
    for lines in SIZES:
        for is_cold in (True, False):
            one = Import(lines, lines, is_cold=is_cold)
            small, large = (time_of(one, parts, Place(workers)) for workers in (10, 50))
            unchanged = time_of(Import(lines, 0, is_cold=is_cold), parts, Place(50))
            cells = [f"{seconds:,.1f}" for seconds in (small.all, large.all, unchanged.all)]
            rows.append(
                (f"{lines:,}, {'cold' if is_cold else 'warm'}", *cells, *_goal(one, large.all))
            )
    steps = ", ".join(f"{stage} {number}" for stage, number in parts.steps.items())
    return Topic(
        "Modelled seconds on AWS, from S3's event to the notification",
        ("lines", "10 workers", "50 workers", "50 workers, none changes", "goal", ""),
        tuple(rows),
        (
            (
                "Not measured on AWS: tests/bench/model.py has the formulas, the limits with their "
                "pages, and what is assumed."
            ),
            (
                f"A call takes 10 ms and a table 40,000 writes a second; steps: {steps}; "
                f"{parts.clients * 1000:.0f} ms of processor to make clients, "
                f"{parts.connection * 1000:.0f} for each connection; "
                f"{parts.in_flight:.0f} calls in flight; {parts.changed_line * 1e6:.0f} "
                f"and {parts.unchanged_line * 1e6:.0f} µs of processor a changed and an unchanged "
                "line, doubled for Lambda."
            ),
        ),
    )


def _goal(one: Import, seconds: float) -> tuple[str, str]:
    if one.lines == 1000 and one.is_cold:
        return at_most(seconds, COLD_GOAL_SECONDS, " s")
    if one.lines == MILLION:
        return at_most(seconds, WRITES_GOAL * one.changed / Place().table_writes, " s")
    return "", ""


def _prices(parts: Parts, *, quick: bool) -> Topic:
    changed, unchanged = (
        price_of(counts)
        for counts in costs.counts_of_a_million(
            changed=parts.changed_line * 2,
            unchanged=parts.unchanged_line * 2,
            publish_seconds=PUBLISH_SECONDS,
            quick=quick,
        )
    )
    rows = [
        (name, f"{changed.get(name, 0.0):.3f}", f"{unchanged.get(name, 0.0):.3f}")
        for name in sorted({*changed, *unchanged}, key=lambda name: -changed.get(name, 0.0))
    ]
    sums = (f"{sum(changed.values()):.3f}", f"{sum(unchanged.values()):.3f}")
    return Topic(
        "Complete price of a million lines, in dollars",
        ("part", "every line changes", "no line changes"),
        (*rows, ("all", *sums)),
        (
            (
                "US East, on demand; tests/bench/model.py names the list of prices of each part. "
                "Storage, and requests to the API, are left out."
            ),
        ),
    )
