"""Whole imports with faults while all or some portfolios are spread over several keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import pytest
from handover import runtime
from handover.deadline import Deadline
from handover.store import portfolios
from handover.store.batches import transact
from handover.store.moving import NameMover, PortfolioMover, UserMover
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import Spreading, UserPlaces, address_of, put_mark

from tests.simulation.engine import Machine, Plan, explore
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.scene import SCENES

# One in this number of the possible faults of a scene is run.
FAULTS_APART = int(os.environ.get("SPREAD_FAULTS_APART", "587"))
READERS = (
    "plain",
    "two",
    "removal",
    "pending",
    "owner",
    "undo",
    "people",
    "customers",
    "applied",
    "corrected",
    "conditional",
)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A stack that spreads every portfolio at its first change, and reads in small parts."""
    kept = dict(os.environ)
    for name, value in (("SPREAD_FROM_CHANGES", 1), ("LARGE_FROM", 1), ("FIRST_ROWS", 1)):
        monkeypatch.setattr(portfolios, name, value)
    yield Machine()
    os.environ.clear()
    os.environ.update(kept)
    runtime.resources.cache_clear()


def switch(machine: Machine, scene: str, *, is_moved: bool) -> None:
    """Prepares the scene with home keys, then switches to spread keys and moves the items."""
    with machine.running():
        machine._set(scene)
        os.environ["KEY_LAYOUT"] = "spread"
        runtime.resources.cache_clear()
        if is_moved:
            tables = runtime.resources().tables
            mover = PortfolioMover(tables.portfolios, large_from=1)
            list(mover.spread(Deadline(the_scene.START + 9e9)))
            machine._snapshots[scene] = machine.memory.snapshot()


@pytest.mark.parametrize("is_moved", [False, True])
@pytest.mark.parametrize("scene", READERS)
def test_faults_violate_nothing_while_portfolios_are_spread_or_moved(
    machine: Machine, scene: str, *, is_moved: bool
) -> None:
    switch(machine, scene, is_moved=is_moved)
    parent = machine.run(Plan(scene), traced=True)
    assert parent.violations == ()
    spread = [pk for pk, _ in machine.memory.dynamodb.tables["PortfolioTable"].items if "~" in pk]

    plans = [parent.plan.with_fault(*fault) for fault in explore.faults_after(parent)]
    for plan in plans[::FAULTS_APART]:
        assert machine.run(plan, after=parent).violations == (), plan.json()
    assert spread


def move_users(machine: Machine, scene: str, *, most: int) -> None:
    """Prepares the scene with a tenant that is being spread; that many users are moved."""
    with machine.running():
        machine._set(scene)
        table = runtime.resources().tables.directory.table
        put_mark(table, the_scene.HOME, Spreading.SPREAD, the_scene.START)
        keys = UserPlaces(the_scene.HOME, Spreading.SPREAD)
        items = machine.memory.dynamodb.tables["DirectoryTable"].items
        users = [
            item
            for (pk, sk), item in items.items()
            if pk == the_scene.HOME and sk.startswith("user#")
        ]
        mover = UserMover(table)
        for item in users[:most]:
            assert transact(mover.actions(item, keys.of(address_of(item))[0]))
        put_mark(table, the_scene.HOME, Spreading.SPREAD, the_scene.START, mark=NAMES_MARK)
        of_names = NameMover(table).spread(the_scene.HOME, Deadline(the_scene.START + 9e9))
        list(islice(of_names, most))
        machine._snapshots[scene] = machine.memory.snapshot()


@pytest.mark.parametrize("most", [3, 1000])
@pytest.mark.parametrize("scene", READERS)
def test_faults_violate_nothing_while_all_or_some_users_are_spread(
    machine: Machine, scene: str, most: int
) -> None:
    move_users(machine, scene, most=most)
    parent = machine.run(Plan(scene), traced=True)
    assert parent.violations == ()

    plans = [parent.plan.with_fault(*fault) for fault in explore.faults_after(parent)]
    for plan in plans[::FAULTS_APART]:
        assert machine.run(plan, after=parent).violations == (), plan.json()


def test_every_scene_that_reads_portfolios_is_tested_with_spread_keys() -> None:
    assert set(explore.LATER_SCENES) <= set(READERS) <= set(SCENES)
