"""Many races, on all cores if requested."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from handover.runtime import logger, metrics

from tests.kit.pipeline import CLIENT_SETTINGS, forget_clients, on_memory
from tests.simulation.applying.oracle import Tally, judge
from tests.simulation.applying.race import Runner
from tests.simulation.engine.explore import cores

RACES_A_JOB = 100


@contextmanager
def runner() -> Iterator[Runner]:
    """A runner on an AWS of its own, whose functions log and count nothing."""
    level = logger.log_level
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No application metrics to publish")
        for variable, value in CLIENT_SETTINGS.items():
            patch.setenv(variable, value)
        patch.setattr(metrics, "add_metric", lambda *_name, **_more: None)
        forget_clients()
        logger.setLevel("CRITICAL")
        try:
            with on_memory(patch) as pipeline:
                yield Runner(pipeline)
        finally:
            logger.setLevel(level)
            forget_clients()


def run(names: Iterable[str], *, until_different: bool = False) -> Tally:
    """The figures of the races of these names, up to the first difference."""
    tally = Tally()
    with runner() as races:
        for name in names:
            tally.add(judge(races.run(name)))
            if until_different and tally.differences:
                break
    return tally


def run_many(count: int, seed: str) -> Tally:
    """The figures of that many races, by one process for each core; prints its progress."""
    names = [f"{seed}/{number}" for number in range(count)]
    jobs = [names[begin : begin + RACES_A_JOB] for begin in range(0, count, RACES_A_JOB)]
    tally = Tally()
    with multiprocessing.get_context("fork").Pool(cores()) as pool:
        for done in pool.imap_unordered(run, jobs):
            tally.add(done)
            print(tally, flush=True)
    return tally
