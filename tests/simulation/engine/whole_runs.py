"""Whole runs on the memory AWS and on an emulator at once: its fidelity in the simulation."""

from __future__ import annotations

import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

from moto.moto_api._internal.models import moto_api_backend

from tests.kit.memory_aws import emulator
from tests.kit.memory_aws.doubled import DifferenceError, DoubledAws
from tests.kit.memory_aws.known_differences import MOTO_CANNOT
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.machine import Machine
from tests.simulation.engine.plans import AFTER, BEFORE, MEANWHILE, ORDERS, Plan

# Neither stale reads nor partial batches: no emulator can do that.
KINDS = (*BEFORE, *AFTER, *MEANWHILE)
# A run without faults makes some eighty calls; a fault at a later call has no effect.
LAST_CALL = 90
MAX_FAULTS = 2
MAX_LINES = 25
_ACCOUNTS = [f"A{number}" for number in range(1, 15) if number != 6] + ["N1", "A99", "=cmd|x"]
_PEOPLE = [
    *[the_scene.mail(name) for name in ("ana", "bea", "cai") * 4],
    *[the_scene.mail(name) for name in ("nobody", "clerk", "idle")],
    the_scene.mail("nora", the_scene.OTHER),
]


@dataclass(slots=True)
class Fidelity:
    """The results of whole runs: `seen` counts the comparisons, `wrong` lists the differences."""

    runs: int = 0
    faults: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        seen = ", ".join(f"{count:,} {what}" for what, count in sorted(self.seen.items()))
        return (
            f"{self.runs:,} whole runs with {self.faults:,} faults, {seen}, "
            f"{len(self.wrong)} different, {self.seconds:.0f} s"
        )


def random_scene(name: str, chance: Random) -> the_scene.Scene:
    """A random file and its surroundings."""
    has_lists = chance.random() < 0.7
    header = "account ID,account Manager" + ",viewers" * has_lists
    # It clears a role, so that an Admin must approve it.
    lines = [header, "A6,None" + "," * has_lists]
    for _ in range(chance.randint(1, MAX_LINES)):
        cells = [chance.choice(_ACCOUNTS), chance.choice([*_PEOPLE, "None"])]
        if has_lists:
            viewers = chance.sample(_PEOPLE, chance.choice((0, 0, 1, 2, 3)))
            cells.append(";".join(viewers))
        lines.append(",".join(cells))
    # The row that a spreadsheet leaves for an emptied line.
    lines.insert(2, "," * header.count(","))
    mode = chance.choice(("run", "run", "run", "dry_run"))
    is_followed_up = chance.random() < 0.3
    return the_scene.Scene(
        name,
        body="".join(f"{line}\r\n" for line in lines).encode(),
        profile=the_scene.ROLES if has_lists else the_scene.STRICT,
        mode=mode,
        settings=chance.choice((None, None, (0, 0))),
        has_older=chance.random() < 0.2,
        has_second=chance.random() < 0.3,
        is_event_lost=chance.random() < 0.1,
        then=("apply" if mode == "dry_run" else "undo") if is_followed_up else "",
        then_body={"mode": "run"} if mode == "dry_run" else None,
    )


def random_plans(count: int, seed: str) -> Iterator[tuple[the_scene.Scene, Plan]]:
    """Scenes with plans for them; every third has no fault."""
    for place in range(count):
        chance = Random(f"{seed}/{place}")
        scene = random_scene(f"{seed}/{place}", chance)
        numbers = chance.sample(range(1, LAST_CALL), chance.randint(0, MAX_FAULTS))
        faults = {number: chance.choice(KINDS) for number in numbers}
        yield scene, Plan(scene.name, chance.choice(ORDERS), faults)


@contextmanager
def _beside(name: str) -> Iterator[Callable[[Callable[[], float]], DoubledAws]]:
    """Creates memory AWSs with the named emulator beside them."""
    if name == "moto":
        with emulator.moto():
            yield lambda clock: DoubledAws(
                clock, None, moto_api_backend.reset, followed=MOTO_CANNOT
            )
        return
    with emulator.ministack() as endpoint:

        def reset() -> None:
            request = urllib.request.Request(f"{endpoint}/_ministack/reset", method="POST")
            urllib.request.urlopen(request, timeout=10).close()

        yield lambda clock: DoubledAws(clock, endpoint, reset)


def fidelity(name: str, count: int, seed: str) -> Fidelity:
    """Random whole runs, each on the memory AWS and on an emulator (ministack, moto) at once."""
    result = Fidelity()
    begun = time.monotonic()
    with _beside(name) as make, ExitStack() as stack:
        machine = Machine(takes_shortcuts=False, make=make)
        memory = machine.memory
        assert isinstance(memory, DoubledAws)
        for scene, plan in random_plans(count, seed):
            stack.enter_context(patch.dict(the_scene.SCENES, {scene.name: scene}))
            result.runs += 1
            try:
                report = machine.run(plan)
            except DifferenceError as error:
                result.wrong.append(f"{plan.json()}: {error}")
                continue
            result.faults += len(report.applied)
            result.wrong += [f"{plan.json()}: {found}" for found in report.violations]
            result.wrong += [f"{plan.json()}: {found} differ" for found in memory.differences()]
        result.seen = memory.seen
    result.seconds = time.monotonic() - begun
    return result
