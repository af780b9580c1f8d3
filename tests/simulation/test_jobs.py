"""Jobs while other things happen: every step may be stopped, doubled or overtaken.

A seed decides which step comes next, which of its calls fails or is the last of its process, and
what others do in the middle of it. Whatever happens, at the end deleted users hold nothing, no
account waits for an existing user, and undone changes are reversed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from handover.errors import HandoverError
from handover.model import Account, State, User
from handover.rules.pending import address_in, is_pending
from handover.store.jobs import JOB
from msgspec.structs import replace

from functions.assign import app as assign
from functions.finalize import app as finalize
from functions.follow import app as follow
from functions.publish import app as publish
from functions.validate import app as validate
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.jobs import NEWCOMER, PATIENT, allow_pending, api
from tests.kit.memory_aws import Change, ObjectCreated
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
    s3_event,
    with_body,
)
from tests.simulation.disturbing import Disturbance, StoppedError

__all__ = ["clients_of_memory", "pipeline"]

# Environment variables that draw other runs, or more of them.
SEED = os.environ.get("SIMULATION_SEED", "first")
DRAWN = int(os.environ.get("JOBS_DRAWN", "10"))
MAX_STEPS = 3000
# How often a step is disturbed while the disturbances last.
DISTURBED = 0.4
MAX_DISTURBANCES = 25
MAX_NESTED = 2
ACCOUNTS = ("K0", "K1", "K2", "K3")
UNDONE = ("U0", "U1")
NEEMA = User(NEWCOMER, "Neema Juma", frozenset({"Sales"}), "Kenya")


@dataclass
class Unrest:
    """The pipeline, and everything that is under way in it."""

    pipeline: Pipeline
    chance: Random
    actions: list[Callable[[], bool]] = field(default_factory=list)
    inbox: list[tuple[str, str]] = field(default_factory=list)
    accounts: list[Change] = field(default_factory=list)
    directory: list[Change] = field(default_factory=list)
    jobs: list[Change] = field(default_factory=list)
    taken_events: int = 0
    left: int = MAX_DISTURBANCES
    depth: int = 0

    def gather(self) -> None:
        """Moves messages, events and changes to where they wait."""
        memory, resources = self.pipeline.memory, self.pipeline.resources
        events = memory.s3.buckets[resources.uploads_bucket].events
        for created in events[self.taken_events :]:
            (record,) = s3_event(created)["Records"]
            self.inbox.append(("IntakeQueue", record["body"]))
        self.taken_events = len(events)
        self.inbox += ((memory.sqs.queues[sent.queue_url], sent.body) for sent in memory.sqs.outbox)
        memory.sqs.outbox.clear()
        tables = memory.dynamodb.tables
        self.accounts.extend(tables["AccountsTable"].stream)
        tables["AccountsTable"].stream.clear()
        # Jobs and users have separate readers, so each may be far behind the other.
        for change in tables["DirectoryTable"].stream:
            image = change.new or change.old or {}
            is_job = image["sk"]["S"].startswith(JOB)
            (self.jobs if is_job else self.directory).append(change)
        tables["DirectoryTable"].stream.clear()

    def until_rest(self) -> None:
        """Runs everything, until nothing is under way."""
        for _ in range(MAX_STEPS):
            self.gather()
            if self.step():
                continue
            self.pipeline.clock.now += MINUTE
            self.pipeline.sweep("imports")
            self.gather()
            if not self.actions and not self.inbox and not self.is_open():
                return
        raise AssertionError("it does not come to rest")

    def is_open(self) -> bool:
        return any(
            "open" in item
            for item in self.pipeline.memory.dynamodb.tables["ImportsTable"].items.values()
        )

    def step(self) -> bool:
        """Processes one waiting thing, drawn at random; False when nothing waits."""
        self.gather()
        waiting: list[Callable[[], bool]] = []
        if self.inbox:
            waiting += [self._message] * 3
        if self.accounts:
            waiting.append(lambda: self._records(publish.lambda_handler, self.accounts))
        if self.directory:
            waiting.append(lambda: self._records(follow.lambda_handler, self.directory))
        if self.jobs:
            waiting.append(lambda: self._records(follow.lambda_handler, self.jobs))
        if self.actions:
            waiting.append(self._action)
        return any(step() for step in self.chance.sample(waiting, len(waiting)))

    def _action(self) -> bool:
        action = self.actions[0]
        if not action():
            return False
        self.actions.remove(action)
        self.pipeline.clock.now += self.chance.choice((0.0, 2.5, MINUTE))
        return True

    def _message(self) -> bool:
        message = self.chance.choice(self.inbox)
        queue, body = message
        event = with_body("assign-chunk", {})
        event["Records"][0]["body"] = body
        handler = {
            "IntakeQueue": validate.lambda_handler,
            "ChunksQueue": assign.lambda_handler,
            "FinalizeQueue": finalize.lambda_handler,
        }[queue]
        self.inbox.remove(message)
        if not self._run(handler, event) or self.chance.random() < 0.05:
            # It failed, or is delivered twice.
            self.inbox.append(message)
            self.pipeline.clock.now += 10 * MINUTE
        return True

    def _records(self, handler: Callable[..., Any], waiting: list[Change]) -> bool:
        batch = waiting[: self.chance.randint(1, len(waiting))]
        del waiting[: len(batch)]
        if not self._run(handler, {"Records": [change.record() for change in batch]}):
            waiting[:0] = batch
            self.pipeline.clock.now += 10 * MINUTE
        elif self.chance.random() < 0.1:
            self._run(handler, {"Records": [change.record() for change in batch]})
        return True

    def _run(self, handler: Callable[..., Any], event: dict[str, Any]) -> bool:
        """True when the function reached its end and returned no message."""
        memory, outer = self.pipeline.memory, self.pipeline.memory.hook
        memory.hook = self._disturbance()
        try:
            return not self.pipeline.invoke(handler, event, 30.0)
        except (StoppedError, HandoverError):
            return False
        except Exception as failed:
            if "InternalServerError" not in str(failed):
                raise
            return False
        finally:
            memory.hook = outer

    def _disturbance(self) -> Disturbance | None:
        if self.left <= 0 or self.depth >= MAX_NESTED or self.chance.random() > DISTURBED:
            return None
        self.left -= 1
        kind = self.chance.choice(("stop", "stop_after", "error", "world", "world"))
        return Disturbance(self.chance.randint(1, 20), kind, self._meanwhile)

    def _meanwhile(self) -> None:
        memory, outer = self.pipeline.memory, self.pipeline.memory.hook
        memory.hook = None
        self.depth += 1
        try:
            for _ in range(self.chance.randint(1, 6)):
                self.step()
        finally:
            self.depth -= 1
            memory.hook = outer


# What people do


def furnish(pipeline: Pipeline) -> None:
    """Creates the accounts, and a profile that accepts unknown addresses."""
    held = {ROLE: (BARAKA,)}
    pipeline.accounts(
        *(Account(TENANT, one, 1, opco="Kenya", assigned=held) for one in (*ACCOUNTS, *UNDONE))
    )
    allow_pending(pipeline)


def uploads(unrest: Unrest, profile: str, *lines: tuple[str, str]) -> Callable[[], bool]:
    """Somebody uploads a file."""

    def act() -> bool:
        unrest.pipeline.upload(file_of(lines), unrest.pipeline.ticket(profile=profile))
        return True

    return act


def asks(unrest: Unrest, method: str, path: str, body: object = None) -> Callable[[], bool]:
    """An Admin sends a request to the API."""

    def act() -> bool:
        answer = api(unrest.pipeline).request(method, path, body)
        assert answer.status in (200, 201, 202, 404, 409), answer.text
        return True

    return act


def removal(unrest: Unrest) -> list[Callable[[], bool]]:
    """Amina gets accounts, is deleted, and gets more by files uploaded before or after."""
    gives = [uploads(unrest, "single-strict", (one, AMINA), ("K3", AMINA)) for one in ACCOUNTS[:3]]
    return [gives[0], gives[1], asks(unrest, "DELETE", f"/users/{AMINA}"), gives[2]]


def deletion_by_file(unrest: Unrest) -> list[Callable[[], bool]]:
    """The same, but a file of the directory says so."""
    gives = [uploads(unrest, "single-strict", (one, AMINA)) for one in ACCOUNTS]

    def delete() -> bool:
        user = unrest.pipeline.resources.tables.directory.user(TENANT, AMINA)
        assert user is not None
        unrest.pipeline.users(replace(user, is_active=False, is_deleted=True))
        return True

    return [gives[0], gives[1], delete, gives[2], gives[3]]


def resolution(unrest: Unrest) -> list[Callable[[], bool]]:
    """Accounts wait for Neema, who is created while other accounts begin to wait."""

    def create() -> bool:
        unrest.pipeline.users(NEEMA)
        return True

    waits = [uploads(unrest, PATIENT, (one, NEWCOMER)) for one in ACCOUNTS]
    return [waits[0], waits[1], create, waits[2], waits[3]]


def coming_and_going(unrest: Unrest) -> list[Callable[[], bool]]:
    """Accounts wait for Neema, who is created and deleted; later ones wait in vain."""
    come = {"email": NEWCOMER, "name": "Neema Juma", "roles": ["Sales"]}
    return [
        uploads(unrest, PATIENT, ("K0", NEWCOMER), ("K1", NEWCOMER)),
        asks(unrest, "POST", "/users", come),
        uploads(unrest, PATIENT, ("K2", NEWCOMER)),
        asks(unrest, "DELETE", f"/users/{NEWCOMER}"),
        uploads(unrest, PATIENT, ("K3", NEWCOMER)),
    ]


def undoing(unrest: Unrest) -> list[Callable[[], bool]]:
    """A file is undone while Amina is removed from other accounts."""
    files: list[ObjectCreated] = []

    def upload() -> bool:
        lines = [(one, SALES) for one in UNDONE] + [("K0", AMINA)]
        files.append(unrest.pipeline.upload(file_of(lines)))
        return True

    def undo() -> bool:
        item = unrest.pipeline.resources.tables.imports.find(import_id(files[0]))
        if item is None or not State(item.state).is_final:
            return False
        assert asks(unrest, "POST", f"/imports/{item.pk}/undo")()
        return True

    delete = asks(unrest, "DELETE", f"/users/{AMINA}")
    return [upload, uploads(unrest, "single-strict", ("K1", AMINA)), undo, delete]


STORIES = {
    story.__name__: story
    for story in (removal, deletion_by_file, resolution, coming_and_going, undoing)
}


# The users who are deleted at the end of a story.
GONE = {
    "removal": AMINA,
    "deletion_by_file": AMINA,
    "coming_and_going": NEWCOMER,
    "undoing": AMINA,
}


# What holds at the end


def check(pipeline: Pipeline, story: str) -> None:
    """Fails unless everything holds that must hold whatever happened."""
    tables = pipeline.memory.dynamodb.tables
    directory = pipeline.resources.tables.directory
    roles = set[tuple[str, str, str]]()
    for account_id in (*ACCOUNTS, *UNDONE):
        account = pipeline.account(account_id)
        for role, holders in account.assigned.items():
            for holder in holders:
                roles.add((holder, role, account_id))
                user = directory.user(TENANT, address_in(holder))
                assert user is None or not user.is_deleted, f"{account_id} has a deleted {holder}"
                assert not (is_pending(holder) and user), f"{account_id} still waits for {holder}"
        chain = [
            change
            for entry in pipeline.resources.tables.history.of(TENANT, account_id)
            for change in entry.receipt.changes
        ]
        holds: tuple[str, ...] = (BARAKA,)
        for change in chain:
            assert change.before == holds, f"the history of {account_id} is broken"
            holds = change.after
        assert holds == account.assigned.get(ROLE, ())
    held = {
        (pk.partition("#")[2], *sk.split("#", 1))
        for (pk, sk), item in tables["PortfolioTable"].items.items()
        if item["held"]["BOOL"] and pk.partition("#")[2] != "pending:"
    }
    assert held == roles, "portfolios and accounts differ"
    waiting = {
        (f"pending:{one.address}", one.role, one.account_id)
        for one in pipeline.resources.tables.portfolios.waiting(TENANT)
    }
    assert waiting == {assignee for assignee in roles if is_pending(assignee[0])}, (
        "the ledger differs"
    )
    jobs = [sk for _, sk in tables["DirectoryTable"].items if sk.startswith("errand#")]
    assert jobs == [], "an job was not run"
    if story in GONE:
        user = directory.user(TENANT, GONE[story])
        assert user is not None
        assert user.is_deleted, "nobody was deleted"
    if story == "undoing":
        assert {holder for holder, _, one in roles if one in UNDONE} == {BARAKA}


@pytest.mark.parametrize("story", STORIES)
def test_jobs_end_correctly_whatever_happens_to_them(pipeline: Pipeline, story: str) -> None:
    furnish(pipeline)
    pipeline.settle()
    start = pipeline.memory.snapshot()
    begun = pipeline.clock.now
    for number in range(DRAWN):
        name = f"{SEED} {story} {number}"
        pipeline.memory.restore(start)
        pipeline.clock.now = begun
        pipeline.memory.sqs.outbox.clear()
        unrest = Unrest(pipeline, Random(name))
        unrest.taken_events = len(
            pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
        )
        unrest.actions += STORIES[story](unrest)
        try:
            unrest.until_rest()
            check(pipeline, story)
        except AssertionError as wrong:
            raise AssertionError(f"run {name!r}: {wrong}") from wrong
