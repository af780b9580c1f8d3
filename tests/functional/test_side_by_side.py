"""Single edits beside files: whatever happens between two calls, a history has one order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import KilledError
from tests.kit.oracle.histories import Decision, Entry, Observed, Read, contradictions
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    ROLE,
    SALES,
    Pipeline,
    file_of,
    import_id,
)

# A function that runs between two calls of another also sends the metrics of the other.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")
ACCOUNTS = ["K000", "K001", "K002"]
PEOPLE = [AMINA, BARAKA, SALES, "None"]
RUNS = 60
# The probability of an edit, a read, or a stop of the worker between two calls.
EDITS, READS, KILLS = 0.08, 0.08, 0.02


@dataclass
class Neighbours:
    """A hook of the AWS in memory: people edit and read accounts while files are processed."""

    pipeline: Pipeline
    chance: random.Random
    decisions: list[Decision] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    may_kill: bool = True

    def before(self, *_: Any) -> None:
        """Perhaps lets somebody act between two calls."""
        drawn = self.chance.random()
        if drawn < EDITS:
            self._undisturbed(self.edit)
        elif drawn < EDITS + READS:
            self._undisturbed(self.read)
        elif self.may_kill and drawn < EDITS + READS + KILLS:
            raise KilledError

    def after(self, *_: Any) -> None:
        """Nothing happens between a call and its answer."""

    def _undisturbed(self, act: Any) -> None:
        self.pipeline.memory.hook = None
        try:
            act()
        finally:
            self.pipeline.memory.hook = self

    def edit(self) -> None:
        """Assigns one account to somebody, or to nobody."""
        self.pipeline.clock.now += 0.001
        account, expected = self.chance.choice(ACCOUNTS), self.chance.choice(PEOPLE)
        target = () if expected == "None" else (expected,)
        body = {"profile": "single-strict", "assign": {ROLE: list(target)}}
        answer = api(self.pipeline).request("PATCH", f"/accounts/{account}", body)
        if answer.status == 409:
            return
        assert answer.status == 200, answer.text
        edited = answer.body
        change = edited["changes"][0] if edited["changes"] else {"before": (), "after": ()}
        self.decisions.append(
            Decision(
                edited["edit_id"],
                self.pipeline.account(account).precedences[ROLE],
                account,
                target,
                edited["outcome"],
                tuple(change["before"]),
                tuple(change["after"]),
            )
        )
        self.known[account] = max(self.known.get(account, 0), edited["version"])

    def read(self) -> None:
        """Reads one account."""
        account = self.chance.choice(ACCOUNTS)
        account_now = api(self.pipeline).get(f"/accounts/{account}").body
        holders = tuple(account_now["assigned"].get(ROLE, ()))
        self.reads.append(
            Read(account, account_now["version"], holders, self.known.get(account, 0))
        )


def worked(pipeline: Pipeline, created: ObjectCreated) -> None:
    """Hands the import's chunk to workers until one of them ends it."""
    for _ in range(50):
        try:
            if pipeline.assign(import_id(created)) == []:
                return
        except KilledError:
            pipeline.clock.now += 60
    raise AssertionError("the chunk never ends")


def lines_of(
    pipeline: Pipeline, created: ObjectCreated, intended: dict[str, str]
) -> list[Decision]:
    """The decision on each line, from results.csv."""
    precedence = pipeline.item(created).precedence
    return [
        Decision(
            import_id(created),
            precedence,
            row["account ID"],
            () if (expected := intended[row["account ID"]]) == "None" else (expected,),
            row["outcome"],
            tuple(filter(None, row["before"].split(", "))),
            tuple(filter(None, row["after"].split(", "))),
        )
        for row in pipeline.table(created, "results.csv")
    ]


def entries_of(pipeline: Pipeline, account: str) -> list[Entry]:
    history = api(pipeline).get(f"/accounts/{account}/history", limit="100").body
    assert history["cursor"] is None
    return [
        Entry(
            one["version"],
            one["import_id"],
            {
                change["role"]: (tuple(change["before"]), tuple(change["after"]))
                for change in one["changes"]
            },
        )
        for one in history["history"]
    ]


@pytest.mark.parametrize("seed", range(RUNS))
def test_edits_and_reads_beside_two_files_have_one_history(pipeline: Pipeline, seed: int) -> None:
    chance = random.Random(seed)
    pipeline.kenyan(len(ACCOUNTS), held_by=AMINA)
    neighbours = Neighbours(pipeline, chance)
    files: list[tuple[ObjectCreated, dict[str, str]]] = []
    for _ in range(2):
        intended = {account: chance.choice(PEOPLE) for account in ACCOUNTS}
        created = pipeline.upload(file_of(intended.items()))
        assert pipeline.validate(created) == []
        files.append((created, intended))
        for _ in range(chance.randrange(3)):
            neighbours.edit()
        pipeline.clock.now += 1
    chance.shuffle(files)

    pipeline.memory.hook = neighbours
    for created, _ in files:
        worked(pipeline, created)
    pipeline.memory.hook = None
    neighbours.read()
    for created, _ in files:
        pipeline.finalize(import_id(created))
    pipeline.publish()

    decisions = [*neighbours.decisions]
    for created, intended in files:
        decisions += lines_of(pipeline, created, intended)
    assert len(decisions) >= 2 * len(ACCOUNTS)
    for account in ACCOUNTS:
        seen = Observed(
            account,
            ROLE,
            (AMINA,),
            pipeline.account(account).assigned.get(ROLE, ()),
            entries_of(pipeline, account),
            [one for one in decisions if one.account == account],
            [one for one in neighbours.reads if one.account == account],
        )
        assert contradictions(seen) == [], seen


def test_the_drawn_runs_have_enough_concurrency_to_check(
    pipeline: Pipeline,
) -> None:
    """Over some seeds, edits supersede lines and change what lines have written."""
    outcomes: set[str] = set()
    snapshot = pipeline.memory.snapshot()
    for seed in range(12):
        pipeline.memory.restore(snapshot)
        chance = random.Random(seed)
        pipeline.kenyan(len(ACCOUNTS), held_by=AMINA)
        neighbours = Neighbours(pipeline, chance, may_kill=False)
        intended = dict.fromkeys(ACCOUNTS, BARAKA)
        created = pipeline.upload(file_of(intended.items()))
        pipeline.validate(created)
        pipeline.memory.hook = neighbours
        worked(pipeline, created)
        pipeline.memory.hook = None
        pipeline.finalize(import_id(created))
        outcomes |= {one.outcome for one in lines_of(pipeline, created, intended)}
        outcomes |= {f"edit {one.outcome}" for one in neighbours.decisions}

    assert outcomes >= {"superseded", "updated", "edit updated", "edit unchanged"}
