"""One race: a dry run, an import that applies it, and others between and during the two.

A seed decides what the file says, who changes which account, user or right and when, which call of
the import is the last of its process, and what a message that comes twice finds.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any

from handover.errors import HandoverError
from handover.model import Account, Mode, User
from handover.profiles.parsing import parse_profile
from handover.runtime import rfc3339
from handover.store.imports import pending_chunks
from msgspec.structs import replace

from functions.assign import app as assign
from functions.finalize import app as finalize
from functions.validate import app as validate
from tests.kit.caller import Api
from tests.kit.memory_aws import Change, ObjectCreated, Snapshot
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    TOGO,
    Pipeline,
    import_id,
    s3_event,
    with_body,
)
from tests.simulation.disturbing import Disturbance, StoppedError
from tests.simulation.engine.scene import ROLES, ROLES_PROFILE

Item = Mapping[str, Any]

NEW_USER = "neema@lumina.example"
PEOPLE = (AMINA, BARAKA, SALES)
CELLS = (*PEOPLE, AMINA, BARAKA, SALES, TOGO, NEW_USER, "None", "")
ACCOUNTS = tuple(f"R{number}" for number in range(8))
MISSING = "X1"
HEADER = "account ID,account Manager,viewers"
# About the number of calls that end an import; the last ones request the import that applies it.
CALLS_OF_FINALIZE = 40
# In such a race lines do not stop the file, but an Admin must approve it if it changes too much.
GUARD = "change guard"
# Races whose names begin so upload a file that is checked first.
ON_ERROR = "on error"
# How often a call of the applying import is disturbed, and how often it is stopped.
MEDDLED, MAX_STEPS = 0.8, 400


@dataclass
class Race:
    """What happened in a race: everything that the oracle reads.

    `seen` is how the dry run found each account when it last looked, None where there was none;
    `looked` are the versions of accounts that the import saw that applied it. `changes` are all
    changes of accounts since the dry run began, in their order, and `at_end` is how many there were
    when the import had settled its lines. `users` are the states of the directory's users since
    then, the first being the dry run's. With `on_error` (or the limits of changes, which `is_held`
    shows) the file is uploaded to be applied: the dry run comes by itself, and either
    `is_stopped` or is applied by itself. `shown` and `done` are the two results.csv, `done` None
    when nothing was applied because the file was refused. `dry_run_order` is the place of the dry
    run in the order of all imports.
    """

    name: str
    body: bytes
    seen: dict[str, Item | None] = field(default_factory=dict)
    looked: dict[str, set[int]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    at_end: int = 0
    users: list[dict[str, Item]] = field(default_factory=list)
    shown: bytes = b""
    done: bytes | None = None
    state: str = ""
    import_id: str = ""
    dry_run_order: str = ""
    on_error: str = ""
    is_stopped: bool = False
    is_held: bool = False


class _Watch(Disturbance):
    """A hook that records which accounts are read, and disturbs one call of a function."""

    def __init__(self, note: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._note = note

    def after(
        self, _number: int, _service: str, operation: str, _params: Any, answer: dict[str, Any]
    ) -> None:
        if operation == "BatchGetItem":
            for item in answer["Responses"].get("AccountsTable", ()):
                self._note(item)
        if operation == "BatchExecuteStatement":
            for response in answer["Responses"]:
                if item := response.get("Error", {}).get("Item"):
                    self._note(item)
        super().after()


class Runner:
    """Runs races, each from the same beginning."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        pipeline.resources.tables.directory.put_profile(TENANT, parse_profile(ROLES_PROFILE))
        pipeline.accounts(
            *(
                Account(
                    TENANT,
                    one,
                    1,
                    opco="Kenya",
                    assigned={ROLE: (PEOPLE[place % 3],), "viewer": PEOPLE[: place % 3]},
                )
                for place, one in enumerate(ACCOUNTS)
            )
        )
        self._start: Snapshot = pipeline.memory.snapshot()
        self._begun = pipeline.clock.now

    def run(self, name: str) -> Race:
        """The race of that name; a name always gives the same race."""
        pipeline = self._pipeline
        pipeline.memory.restore(self._start)
        pipeline.clock.now = self._begun
        pipeline.memory.sqs.outbox.clear()
        pipeline.memory.sns.published.clear()
        pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events.clear()
        for table in pipeline.memory.dynamodb.tables.values():
            if table.stream is not None:
                table.stream.clear()
        return _Running(pipeline, Random(name), name).race()


@dataclass
class _Running:
    """A race under way."""

    pipeline: Pipeline
    chance: Random
    name: str
    late: list[ObjectCreated] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    users: list[dict[str, Item]] = field(default_factory=list)
    dry_run: str = ""
    applying: str = ""
    is_held: bool = False

    def race(self) -> Race:
        race = Race(self.name, self._file(), on_error=_on_error_of(self.name))
        self.users = race.users
        self._note_users()
        self._dry_run(race)
        self._meddle(0.6)
        created = self._applying_file() if race.on_error else self._ask_to_apply()
        if created is None:
            race.is_stopped = True
            race.changes = list(self._changes())
            race.state = self._states()[self.dry_run]
            return race
        self._meddle(0.3)
        race.import_id = self.applying = import_id(created)
        self._apply(race, created)
        for twice in self._applying_files()[1:]:
            self.pipeline.run(twice)
            assert self.pipeline.item(twice).state == "refused"
        race.changes = list(self._changes())
        race.state = self.pipeline.item(created).state
        race.is_held = self.is_held
        race.done = self.pipeline.file(created, "results.csv")
        return race

    # The file and its two imports

    def _file(self) -> bytes:
        chance = self.chance
        accounts = chance.sample(ACCOUNTS, chance.randint(2, 5))
        self.targets = list(accounts)
        accounts += chance.choices((MISSING, accounts[0], "R7"), k=chance.randint(0, 1))
        lines = [HEADER]
        for account in accounts:
            viewers = ";".join(dict.fromkeys(chance.choices(PEOPLE, k=chance.randint(0, 2))))
            lines.append(f"{account},{chance.choice(CELLS)},{viewers}")
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _dry_run(self, race: Race) -> None:
        mode = Mode.RUN if race.on_error else Mode.DRY_RUN
        on_error = race.on_error or None
        if race.on_error == GUARD:
            on_error = None
            self.pipeline.resources.tables.setup.change_settings(
                TENANT,
                lambda before: replace(before, change_guard_percent=40, change_guard_lines=0),
            )
        ticket = self.pipeline.ticket(profile=ROLES, mode=mode, on_error=on_error)
        created = self.pipeline.upload(race.body, ticket)

        def note(item: dict[str, Any]) -> None:
            race.seen[_account_of(item)] = copy.deepcopy(item)

        watch = _Watch(note)
        if self.chance.random() < 0.15:
            self._disturb(watch, ("world", "world_after"))
        left = 4 if race.on_error else 0

        def hook() -> _Watch:
            nonlocal left
            if not left or watch.kind:
                return watch
            left -= 1
            stopped = _Watch(note)
            self._disturb(stopped, ("stop", "stop_after", "error"), CALLS_OF_FINALIZE)
            return stopped

        self._until_final(created, hook)
        shown = self.pipeline.file(created, "results.csv")
        assert shown is not None
        race.shown = shown
        self.dry_run = import_id(created)
        race.dry_run_order = self.pipeline.item(created).precedence

    def _ask_to_apply(self) -> ObjectCreated:
        self._pass_time()
        answer = self._api().post(f"/imports/{self.dry_run}/apply", {"mode": "run"})
        assert answer.status == 202, answer.text
        return self._events()[-1]

    def _applying_files(self) -> list[ObjectCreated]:
        """The files by which the file that was checked is applied, oldest first."""
        tickets = self.pipeline.resources.tables.tickets
        return [
            event
            for event in self._events()
            if (ticket := tickets.find(event.version.key.rpartition("/")[2].removesuffix(".csv")))
            and ticket.follows == self.dry_run
        ]

    def _applying_file(self) -> ObjectCreated | None:
        """The file by which the file that was checked is applied; None when it is stopped."""
        self._pass_time()
        return next(iter(self._applying_files()), None)

    def _states(self) -> dict[str, str]:
        items = self.pipeline.memory.dynamodb.tables["ImportsTable"].items.values()
        return {
            item["pk"]["S"]: item["state"]["S"] for item in items if item["sk"]["S"] == "import"
        }

    def _apply(self, race: Race, created: ObjectCreated) -> None:
        def note(item: dict[str, Any]) -> None:
            race.looked.setdefault(_account_of(item), set()).add(int(item["version"]["N"]))

        left = 6

        def hook() -> _Watch:
            nonlocal left
            watch = _Watch(note)
            if left and self.chance.random() < MEDDLED:
                left -= 1
                self._disturb(watch, ("stop", "stop_after", "error", *["world", "world_after"] * 4))
            return watch

        self._until_final(created, hook)
        race.at_end = len(self._changes())

    def _disturb(self, watch: _Watch, kinds: tuple[str, ...], calls: int = 16) -> None:
        watch.at_call = self.chance.randint(1, calls)
        watch.kind = self.chance.choice(kinds)
        watch.meanwhile = lambda: self._meddle(1.0)

    def _until_final(self, created: ObjectCreated, hook: Callable[[], _Watch]) -> None:
        """Delivers the messages of the import, some of them twice, until it has ended."""
        pipeline = self.pipeline
        (record,) = s3_event(created)["Records"]
        inbox = [("IntakeQueue", str(record["body"]))]
        for _ in range(MAX_STEPS):
            inbox += self._sent()
            if inbox:
                message = self.chance.choice(inbox)
                inbox.remove(message)
                if not self._deliver(*message, hook()) or self.chance.random() < 0.05:
                    inbox.append(message)
                    pipeline.clock.now += 10 * MINUTE
            elif (item := pipeline.item(created)) and not item.open:
                return
            elif item.state == "awaiting_approval" and item.approval_notified:
                self.is_held = True
                answer = self._api().post(f"/imports/{item.pk}/approve", {"reason": "It is so."})
                # The person who applies it may have lost the right meanwhile; then another Admin
                # refuses it.
                if answer.status == 403:
                    at = rfc3339(pipeline.clock.now)
                    pipeline.resources.tables.imports.cancel(item.pk, AMINA, at=at)
                    pipeline.sweep("imports")
                    inbox += [
                        ("ChunksQueue", json.dumps({"v": 1, "import_id": item.pk, "chunk": one}))
                        for one in pending_chunks(pipeline.item(created))
                    ]
            else:
                pipeline.clock.now += 10 * MINUTE
                pipeline.sweep("imports")
        raise AssertionError(f"{self.name}: the import does not end")

    def _deliver(self, queue: str, body: str, watch: _Watch) -> bool:
        """True when the function has processed the message."""
        event = with_body("assign-chunk", {})
        event["Records"][0]["body"] = body
        handler = {
            "IntakeQueue": validate.lambda_handler,
            "ChunksQueue": assign.lambda_handler,
            "FinalizeQueue": finalize.lambda_handler,
        }[queue]
        memory = self.pipeline.memory
        memory.hook = watch
        try:
            return not copy_context().run(self.pipeline.invoke, handler, event, 30.0)
        except (StoppedError, HandoverError):
            return False
        except Exception as failed:
            if "InternalServerError" not in str(failed):
                raise
            return False
        finally:
            memory.hook = None

    def _sent(self) -> list[tuple[str, str]]:
        memory = self.pipeline.memory
        sent = [(memory.sqs.queues[one.queue_url], one.body) for one in memory.sqs.outbox]
        memory.sqs.outbox.clear()
        return sent

    # Everybody else

    def _meddle(self, chance: float) -> None:
        """Performs some actions of others, each as a whole."""
        while self.chance.random() < chance:
            chance *= 0.5
            action = self.chance.choice(
                (
                    self._import,
                    self._import,
                    self._edit,
                    self._edit,
                    self._fields,
                    self._person,
                    self._upload_late,
                    self._run_late,
                    self._rare,
                )
            )
            with self._elsewhere():
                copy_context().run(action)
            self._note_users()

    @contextmanager
    def _elsewhere(self) -> Iterator[None]:
        """Runs the block as other processes than the one that is under way."""
        memory = self.pipeline.memory
        hook, outbox = memory.hook, list(memory.sqs.outbox)
        memory.hook = None
        memory.sqs.outbox.clear()
        try:
            yield
        finally:
            memory.hook = hook
            memory.sqs.outbox[:0] = outbox

    def _other_file(self) -> ObjectCreated:
        chance = self.chance
        lines = [
            f"{account},{chance.choice(CELLS)},{chance.choice(('', *PEOPLE))}"
            for account in chance.sample(self.targets, chance.randint(1, 2))
        ]
        body = "".join(f"{line}\r\n" for line in (HEADER, *lines)).encode()
        created = self.pipeline.upload(body, self.pipeline.ticket(profile=ROLES))
        self._pass_time()
        return created

    def _import(self) -> None:
        self.pipeline.run(self._other_file())

    def _upload_late(self) -> None:
        """Uploads a file now, to be processed later, perhaps after the applying import."""
        self.late.append(self._other_file())

    def _run_late(self) -> None:
        if self.late:
            self.pipeline.run(self.late.pop())

    def _edit(self) -> None:
        role, users = self.chance.choice(((ROLE, 1), ("viewer", 2)))
        holders = self.chance.sample(PEOPLE, self.chance.randint(0, users))
        path = f"/accounts/{self.chance.choice(self.targets)}"
        answer = self._api().request("PATCH", path, {"profile": ROLES, "assign": {role: holders}})
        assert answer.status in (200, 409, 422), answer.text

    def _fields(self) -> None:
        change = self.chance.choice(
            ({"name": "Acme"}, {"opco": "Togo"}, {"is_active": False}, {"portals": ("north",)})
        )
        account = Account(TENANT, self.chance.choice((*self.targets, MISSING)), 1, opco="Kenya")
        self.pipeline.accounts(replace(account, **change))

    def _person(self) -> None:
        kenyan = User(self.chance.choice(PEOPLE), "Somebody", frozenset({"Sales"}), "Kenya")
        user = self.chance.choice(
            (
                replace(kenyan, is_active=False),
                replace(kenyan, roles=frozenset({"Support"})),
                replace(kenyan, opco="Togo"),
                replace(kenyan, is_active=False, is_deleted=True),
                kenyan,
                replace(kenyan, email=NEW_USER),
                replace(kenyan, email=TOGO),
            )
        )
        self.pipeline.users(user)

    def _rare(self) -> None:
        """Cancels the import, or takes away the right of the person who applies it."""
        if self.chance.random() < 0.7:
            return
        if self.chance.random() < 0.5 and self.applying:
            answer = self._api().post(f"/imports/{self.applying}/cancel")
            assert answer.status in (202, 404, 409), answer.text
        elif self.applying:
            self.pipeline.users(User(ADMIN, "Ines Okello", frozenset({"Sales"}), "Kenya"))

    # The state

    def _api(self) -> Api:
        return Api(TENANT, self.pipeline.resources, ADMIN)

    def _events(self) -> list[ObjectCreated]:
        bucket = self.pipeline.resources.uploads_bucket
        return self.pipeline.memory.s3.buckets[bucket].events

    def _changes(self) -> list[Change]:
        return self.pipeline.memory.dynamodb.tables["AccountsTable"].stream

    def _pass_time(self) -> None:
        self.pipeline.clock.now += self.chance.choice((0.0, 0.4, 2.5, MINUTE))

    def _note_users(self) -> None:
        items = self.pipeline.memory.dynamodb.tables["DirectoryTable"].items
        now: dict[str, Item] = {
            sk.removeprefix("user#"): copy.deepcopy(item)
            for (_, sk), item in items.items()
            if sk.startswith("user#")
        }
        if not self.users or self.users[-1] != now:
            self.users.append(now)


def _on_error_of(name: str) -> str:
    """The `on_error` choice of a race of that name."""
    if not name.startswith(ON_ERROR):
        return ""
    return Random(f"{name} chooses").choice(("all_or_nothing", "stop_above: 40 %", GUARD))


def _account_of(item: Item) -> str:
    return str(item["pk"]["S"]).partition("#")[2]
