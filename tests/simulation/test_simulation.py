"""Whole imports with faults: every single one, and seeded pairs and triples."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

import pytest

from tests.simulation.engine import Machine, Plan, explore
from tests.simulation.engine.explore import Tally
from tests.simulation.engine.plans import ALL_KINDS, ORDERS, plan_from
from tests.simulation.engine.scene import ANA, BEA, CAI, DORA, FINN, HOME, NEEMA, SCENES
from tests.simulation.mutants import MUTANTS

# Environment variables that draw other pairs and triples, or more of them.
SEED = os.environ.get("SIMULATION_SEED", "first")
# In rounds, until there are the most or the time of singles and rounds together is over; the least
# are drawn however long they take. SIMULATION_DRAWN sets the least and the most.
MIN_DRAWN = int(os.environ.get("SIMULATION_DRAWN", "500"))
MAX_DRAWN = int(os.environ.get("SIMULATION_DRAWN", "20000"))
DRAWN_AT_A_TIME = 500
SECONDS = 60.0
# All calls of these scenes take twice as long as everything else; `python -m tests.simulation
# singles` makes them.
LATER_EVERY = int(os.environ.get("SIMULATION_LATER_EVERY", "160"))
MAX_SECONDS = 1800


@pytest.fixture
def machine() -> Machine:
    return explore.machine()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scene", SCENES)
def test_an_import_without_faults_violates_nothing(
    machine: Machine, scene: str, order: str
) -> None:
    report = machine.run(Plan(scene, order))

    assert report.violations == ()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scene", SCENES)
def test_deliveries_after_the_end_change_nothing(machine: Machine, scene: str, order: str) -> None:
    parent = machine.run(Plan(scene, order), traced=True)
    # Some with a fault, so that retried messages are repeated too.
    plans = [parent.plan.with_fault(*fault) for fault in list(explore.faults_after(parent))[::999]]

    for plan in (parent.plan, *plans):
        assert machine.run(plan, after=parent, again=True).violations == (), plan.json()


def test_a_change_by_a_delivery_after_the_end_is_found(machine: Machine) -> None:
    mutant = next(one for one in MUTANTS if one.name == "history_under_random_keys")

    with mutant.alive():
        explore.forget()
        report = machine.run(Plan(), again=True)
    explore.forget()

    assert any(violation.startswith("I18 HistoryTable") for violation in report.violations)


def roles(machine: Machine, account: str) -> dict[str, list[str]]:
    """The holders of each role of an account at the end of a run, without empty roles."""
    assigned = machine.memory.dynamodb.tables["AccountsTable"].items[f"{HOME}#{account}"][
        "assigned"
    ]
    return {
        role: [user["S"] for user in users["L"]]
        for role, users in assigned["M"].items()
        if users["L"]
    }


def user(machine: Machine, address: str) -> dict[str, str]:
    """The text fields of a user at the end of a run."""
    item = machine.memory.dynamodb.tables["DirectoryTable"].items[HOME, f"user#{address}"]
    return {name: value["S"] for name, value in item.items() if "S" in value}


def test_an_import_that_is_taken_back_leaves_no_change(machine: Machine) -> None:
    machine.run(Plan("undo"), whole=True)

    assert roles(machine, "A1") == {"account_manager": [ANA]}
    assert roles(machine, "A4") == {}
    assert roles(machine, "A12") == {"account_manager": [BEA], "viewer": [ANA]}


def test_an_applied_dry_run_has_the_effect_that_it_has_shown(machine: Machine) -> None:
    machine.run(Plan("applied"), whole=True)

    assert roles(machine, "A1") == {"account_manager": [BEA]}
    assert roles(machine, "A12") == {"account_manager": [CAI], "viewer": [ANA]}


def test_corrected_lines_take_effect(machine: Machine) -> None:
    machine.run(Plan("corrected"), whole=True)

    assert roles(machine, "A6") == {"account_manager": [ANA]}
    assert roles(machine, "A11") == {"account_manager": [BEA], "viewer": [ANA]}


def test_lines_with_a_condition_take_effect_only_if_it_is_met(machine: Machine) -> None:
    machine.run(Plan("conditional"), whole=True)

    assert roles(machine, "A1") == {"account_manager": [BEA]}
    assert roles(machine, "A2") == roles(machine, "A3") == {"account_manager": [CAI]}
    assert roles(machine, "A4") == {"account_manager": [ANA], "viewer": [CAI]}
    assert roles(machine, "A10") == {"account_manager": [ANA]}
    assert roles(machine, "A13") == {"account_manager": [CAI], "viewer": [BEA]}


def test_a_removed_user_holds_nothing_and_cannot_sign_in(machine: Machine) -> None:
    machine.run(Plan("removal"), whole=True)

    assert user(machine, ANA)["status"] == "deleted"
    assert roles(machine, "A5") == {}
    assert roles(machine, "A14") == {"account_manager": [BEA]}
    assert ANA not in machine.memory.pools.sign_ins


def test_a_new_user_gets_the_accounts_that_waited_for_them(machine: Machine) -> None:
    machine.run(Plan("pending"), whole=True)

    assert roles(machine, "A5") == {"account_manager": [NEEMA]}
    assert roles(machine, "A4") == {"account_manager": [NEEMA], "viewer": [CAI, NEEMA]}


def test_reassigned_accounts_get_their_new_holder(machine: Machine) -> None:
    machine.run(Plan("owner"), whole=True)

    assert roles(machine, "A6") == {"account_manager": [ANA, BEA]}
    assert roles(machine, "A7") == {"account_manager": [BEA]}
    assert roles(machine, "A9") == {"account_manager": [BEA]}
    assert roles(machine, "A10") == {"account_manager": [ANA]}


def test_a_file_of_users_changes_and_deletes_them(machine: Machine) -> None:
    machine.run(Plan("people"), whole=True)

    assert user(machine, FINN)["name"] == "Finn Second"
    assert user(machine, DORA)["status"] == "deleted"
    assert roles(machine, "D1") == {}
    assert roles(machine, "D2") == {"account_manager": [BEA]}


def test_a_file_of_accounts_creates_and_changes_them(machine: Machine) -> None:
    machine.run(Plan("customers"), whole=True)
    items = machine.memory.dynamodb.tables["AccountsTable"].items

    assert roles(machine, "C8") == {"account_manager": [ANA]}
    assert roles(machine, "C2") == {"account_manager": [ANA]}
    assert items[f"{HOME}#C3"]["status"] == {"S": "inactive"}


@dataclass(frozen=True, slots=True)
class Explorers:
    """Processes that run singles, pairs and triples, and their starting time."""

    pool: Pool
    begun: float

    def have_time_for(self, seconds: float) -> bool:
        """Whether work of that duration would end within SECONDS of the start."""
        return time.monotonic() + seconds < self.begun + SECONDS


@pytest.fixture(scope="module")
def explorers() -> Iterator[Explorers]:
    with explore.all_cores() as pool:
        yield Explorers(pool, time.monotonic())


@pytest.mark.all_cores
@pytest.mark.timeout(MAX_SECONDS)
def test_no_single_fault_violates_anything(explorers: Explorers) -> None:
    first = random.Random(SEED).randrange(LATER_EVERY)
    jobs = explore.singles(later_every=LATER_EVERY, later_first=first, in_all_orders=False)

    tally = explore.in_pool(explorers.pool, jobs)

    print(f"\nsingles of seed {SEED}: {tally}")
    assert tally.violating == 0, f"seed {SEED}\n{explore.replay_commands(tally)}"
    assert tally.kinds == ALL_KINDS


@pytest.mark.all_cores
@pytest.mark.timeout(MAX_SECONDS)
def test_no_drawn_pair_or_triple_violates_anything(explorers: Explorers) -> None:
    tally = Tally()
    drawn, seconds = 0, 0.0
    while drawn < MAX_DRAWN and (drawn < MIN_DRAWN or explorers.have_time_for(seconds)):
        count = min(DRAWN_AT_A_TIME, MAX_DRAWN - drawn)
        part = explore.in_pool(explorers.pool, explore.drawn(count, f"{SEED}/{drawn}"))
        tally.merge(part)
        tally.seconds += part.seconds
        drawn, seconds = drawn + count, part.seconds

    print(f"\npairs and triples of seed {SEED}: {tally}")
    assert tally.violating == 0, f"seed {SEED}\n{explore.replay_commands(tally)}"
    assert MIN_DRAWN <= tally.by_faults[2] + tally.by_faults[3] == drawn


def test_continuing_from_a_moment_equals_beginning_again(machine: Machine) -> None:
    parent = machine.run(Plan("two", "1"), traced=True)
    faults = list(explore.faults_after(parent))[::997]

    for number, kind in faults:
        plan = parent.plan.with_fault(number, kind)
        machine.run(plan, whole=True)
        again = machine.digest()
        machine.run(plan, after=parent, whole=True)
        assert machine.digest() == again, plan.json()


def test_shortcuts_and_replays_change_nothing(machine: Machine) -> None:
    parents = [machine.run(Plan(scene, "2"), traced=True) for scene in SCENES]
    plans = [
        (parent, parent.plan.with_fault(number, kind))
        for parent in parents
        for number, kind in list(explore.faults_after(parent))[::1997]
    ]
    plainly = Machine(takes_shortcuts=False)

    for parent, plan in plans:
        report = machine.run(plan, after=parent, whole=True)
        usual = plainly.run(plan)
        assert (machine.digest(), report.violations) == (plainly.digest(), usual.violations), plan


def test_the_stored_course_after_a_state_is_the_one_that_follows(machine: Machine) -> None:
    used = machine.rests.found

    for scene in SCENES:
        parent = machine.run(Plan(scene, "2"), traced=True)
        # Neighbouring faults reach the same states more often than others.
        for number, kind in list(explore.faults_after(parent))[200:212]:
            plan = parent.plan.with_fault(number, kind)
            quickly = machine.run(plan, after=parent)
            assert quickly == machine.run(plan, after=parent, whole=True)

    assert machine.rests.found > used + len(SCENES)


def test_the_stored_course_after_a_state_has_its_violations(machine: Machine) -> None:
    mutant = next(one for one in MUTANTS if one.name == "no_order")
    used = machine.rests.found
    violating = 0

    with mutant.alive():
        explore.forget()
        parent = machine.run(Plan("two", "1"), traced=True)
        for number, kind in list(explore.faults_after(parent))[::79]:
            plan = parent.plan.with_fault(number, kind)
            quickly = machine.run(plan, after=parent)
            assert quickly == machine.run(plan, after=parent, whole=True)
            violating += bool(quickly.violations)
    explore.forget()

    assert violating > 0
    assert machine.rests.found > used


def test_a_function_that_behaves_differently_in_a_replay_is_found(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = machine.run(Plan("plain", "fifo"), traced=True)
    last = max(call.number for call in parent.trace if call.function == "validate")
    monkeypatch.setattr("tests.simulation.engine.machine.CHUNK_BYTES", 90)

    report = machine.run(parent.plan.with_fault(last, "throttle"))

    assert "not led by its input" in report.violations[0]


@pytest.mark.parametrize("kind", ["others_first", "world_first"])
def test_a_function_that_runs_while_a_call_of_another_is_in_flight_makes_the_same_calls(
    machine: Machine, kind: str
) -> None:
    parent = machine.run(Plan("removal"), traced=True)
    plan = parent.plan.with_fault(69, kind)  # Several look-ups are in flight there.

    known = machine.run(plan, after=parent, traced=True)
    machine.forget()
    run = machine.run(plan, after=parent, traced=True)

    assert run.trace == known.trace


def test_logs_contain_nothing_of_the_uploads(machine: Machine) -> None:
    machine.log = io.StringIO()
    try:
        for scene in SCENES:
            parent = machine.run(Plan(scene), traced=True)
            for number, kind in list(explore.faults_after(parent))[::797]:
                machine.run(parent.plan.with_fault(number, kind), after=parent)
        logged = machine.log.getvalue()
    finally:
        machine.log = None

    assert len(logged.splitlines()) > 200
    assert not re.search(r"[\w.]+@[\w.]+\.example", logged)
    assert "cmd|x" not in logged
    assert "nobody" not in logged


PLANS = [
    Plan("plain", "fifo", {37: "kill_after"}),
    Plan("plain", "2", {20: "second_import_inside", 90: "world_first"}),
    Plan("two", "lifo", {55: "statements_all_busy", 77: "cancel"}),
    Plan("older", "1", {40: "late_older_inside"}),
]
PRINT_DIGESTS = """
import sys
from tests.simulation.engine import Machine
from tests.simulation.engine.plans import plan_from
machine = Machine()
for text in sys.argv[1:]:
    machine.run(plan_from(text), whole=True)
    print(machine.digest())
"""


def test_a_plan_gives_the_same_run_in_every_process() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PRINT_DIGESTS, *(plan.json() for plan in PLANS)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2", "3")
    ]

    outputs = {process.communicate()[0] for process in processes}

    assert len(outputs) == 1
    assert len(outputs.pop().split()) == len(PLANS)
    assert not any(process.returncode for process in processes)


def test_a_plan_survives_being_printed_as_json(machine: Machine) -> None:
    plan = PLANS[1]

    fields = json.loads(plan.json())

    assert fields["faults"] == {"20": "second_import_inside", "90": "world_first"}
    assert plan_from(plan.json()) == plan
