"""One process's simulation: the deployed stack, the scenes as snapshots, and runs of plans."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from handover.store.tickets import TicketItem
from msgspec.structs import replace

from tests.kit.crew import in_drawn_order
from tests.kit.memory_aws import MemoryAws, Snapshot, install, memory_from_template
from tests.kit.memory_aws.cognito import SignIn
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.clock import Clock, telling_the_time
from tests.simulation.engine.dice import throwing_dice

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "memory",
    "AWS_SECRET_ACCESS_KEY": "memory",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Handover",
}
# The modules imported below read the environment at import.
os.environ.update(ENVIRONMENT)

import handover.reading.repeats as repeats
from handover import batch, runtime
from handover.aws import buses
from handover.deadline import Deadline
from handover.model import Account, User
from handover.pipeline import lines, validate
from handover.profiles.parsing import parse_profile
from handover.profiles.settings import Settings
from handover.store import batches
from handover.store.directory import Source

from tests.simulation.engine import invariants
from tests.simulation.engine.faults import Faults
from tests.simulation.engine.lambdas import environment, read_stack
from tests.simulation.engine.plans import Call, Plan
from tests.simulation.engine.replays import Replays, UnlikeBeforeError
from tests.simulation.engine.shortcuts import shortcuts
from tests.simulation.engine.states import Course, Rests, States
from tests.simulation.engine.watching import Watch
from tests.simulation.engine.world import StuckError, World

# Cuts the small file of the scene into three chunks.
CHUNK_BYTES = 180
# Few enough lines a read and a batch for several calls of a chunk to be in flight together.
LINES_AT_A_TIME, MEMBERS_A_CALL = 4, 3
# A long run is not continued from each of its steps.
MAX_MOMENTS = 60
# Enough for a small file, and a thousand times faster to make than the table for a large one.
TABLE_BITS = 12


@dataclass(frozen=True, slots=True)
class Moment:
    """A run between two steps, after that many calls: enough to continue, and its state."""

    calls: int
    state: bytes
    stores: Snapshot
    seen_before: dict[str, Any]
    ids: list[Counter[str]]
    published: list[Any]
    put: list[Any]
    now: float
    chance: Any
    failures: list[str]
    world: World
    watch: Watch
    faults: Faults


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run, and its faults."""

    plan: Plan
    course: Course
    applied: tuple[tuple[int, str, str], ...]
    trace: tuple[Call, ...]
    moments: tuple[Moment, ...] = field(repr=False)

    @property
    def violations(self) -> tuple[str, ...]:
        """The violations, each once."""
        return tuple(dict.fromkeys(self.course.violations))

    def before(self, plan: Plan) -> Moment | None:
        """The last moment before the faults that `plan` has and this run had not."""
        first = min(set(plan.faults) - set(self.plan.faults), default=0)
        return next((one for one in reversed(self.moments) if one.calls < first), None)


class _Failures(logging.Handler):
    """Collects what the functions say of failed messages, without making texts of it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        name = getattr(record, "error", None)
        if name is not None:
            self.names.append(str(name))


def _count_nothing(*_operation: object, **_more: object) -> None:
    """Discards metrics."""


@contextmanager
def _small_sizes() -> Iterator[None]:
    """Makes a small file as much work for the functions as a large one."""
    sizes: tuple[tuple[Any, str, int], ...] = (
        (validate, "MIN_CHUNK_BYTES", CHUNK_BYTES),
        (repeats, "_TABLE_BITS", TABLE_BITS),
        (lines, "LINES_AT_A_TIME", LINES_AT_A_TIME),
        (lines, "KEYS_A_READ", MEMBERS_A_CALL),
        (lines, "STATEMENTS_A_BATCH", MEMBERS_A_CALL),
        (batches, "KEYS_A_READ", MEMBERS_A_CALL),
        (batches, "STATEMENTS_A_BATCH", MEMBERS_A_CALL),
        (batches, "PUTS_A_BATCH", MEMBERS_A_CALL),
        (buses, "EVENTS_A_BATCH", MEMBERS_A_CALL),
    )
    with ExitStack() as stack:
        for module, name, size in sizes:
            stack.enter_context(patch.object(module, name, size))
        yield


class _NoTraces:
    """Leaves out tracebacks, which cost time and which nobody reads here."""

    @staticmethod
    def format_tb(_trace: object) -> list[str]:
        """Nothing."""
        return []


class Machine:
    """Runs plans, one after another. `log`, if set, takes what the functions log.

    Without `takes_shortcuts` the libraries do everything themselves, which takes longer. `make`
    makes the memory AWS, if it is to be a special one.
    """

    def __init__(
        self,
        *,
        takes_shortcuts: bool = True,
        make: Callable[[Callable[[], float]], MemoryAws] | None = None,
    ) -> None:
        self._takes_shortcuts = takes_shortcuts
        self.stack = read_stack()
        self.clock = Clock(the_scene.START - 3600)
        self.memory = memory_from_template(self.stack.template, self.clock, make=make)
        os.environ.update(environment(self.stack.template, self.memory.physical))
        runtime.resources.cache_clear()
        self.log: io.StringIO | None = None
        self._failures = _Failures()
        self._replays = Replays(self.memory, self.clock, self._failures.names)
        self._states, self.rests = States(), Rests()
        self._snapshots: dict[str, Snapshot] = {}
        self._is_running = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sets up the process for the simulation: its clock, its AWS, and no logs.

        `run` does so by itself; for many runs, doing it once saves time.
        """
        if self._is_running:
            yield
            return
        of_messages: Any = batch
        of_messages.traceback = _NoTraces
        of_metrics: Any = runtime.metrics.provider
        of_metrics.add_metric = of_metrics.flush_metrics = _count_nothing
        inner: Any = runtime.logger._logger
        handlers, level = inner.handlers[:], inner.level
        inner.handlers[:] = [self._failures]
        inner.setLevel(logging.WARNING)
        if self.log is not None:
            handler = logging.StreamHandler(self.log)
            handler.setFormatter(handlers[0].formatter)
            inner.addHandler(handler)
            inner.setLevel(logging.DEBUG)
        taken = shortcuts() if self._takes_shortcuts else nullcontext()
        self._is_running = True
        try:
            with (
                install(self.memory, self._replays.call, make_crew=in_drawn_order),
                telling_the_time(self.clock),
                throwing_dice(),
                _small_sizes(),
                taken,
            ):
                yield
        finally:
            self._is_running = False
            of_messages.traceback = traceback
            del of_metrics.add_metric, of_metrics.flush_metrics
            inner.handlers[:] = handlers
            inner.setLevel(level)

    def run(
        self,
        plan: Plan,
        *,
        after: Report | None = None,
        traced: bool = False,
        whole: bool = False,
        again: bool = False,
    ) -> Report:
        """Executes a plan and checks its result.

        After its last fault a run ends where it comes to a state that another run has passed, for
        what came after that is known; not so with `whole` or `traced`.

        With `traced` the report holds every call, and can be given as `after` for plans that have
        one more, later fault: they go on from the last moment before it.

        With `again` all that was delivered comes once more when the run has ended.
        """
        with self.running():
            memory = self.memory
            self._failures.names.clear()
            found = after.before(plan) if after is not None else None
            if found is None:
                self._set(plan.scene)
                random.seed(f"{plan.scene} {plan.order}")
                world = World(self.stack, memory, self.clock, plan, traced=traced)
                watch, faults = Watch(world), Faults(world)
            else:
                world, watch, faults = self._back_to(found, plan, traced=traced)
            # To show logs, the functions must really run.
            is_announced = self.log is not None or not self._takes_shortcuts
            world.replays = None if is_announced else self._replays
            memory.hook = faults
            memory.dynamodb.watch(watch.item)
            memory.s3.watch = watch.object
            memory.sns.watch = watch.notification
            moments: list[Moment] = []
            last = max(plan.faults, default=0)
            rest: Course | None = None

            def is_known() -> bool:
                nonlocal rest
                if traced:
                    if len(moments) < MAX_MOMENTS:
                        moments.append(self._moment(world, watch, faults))
                elif world.replays is not None and not whole and memory.calls >= last:
                    state = self._states.digest(world, watch, faults, self._failures.names)
                    rest = self.rests.after(state, Course.of(world))
                return rest is not None

            self.rests.begin()
            try:
                if found is None:
                    self._begin(world)
                world.until_rest(is_known=is_known)
                if rest is None:
                    world.failures += self._failures.names
                    found_out = invariants.check(world)
                    if again:
                        found_out += invariants.check_again(world)
                    course = Course.of(world, found_out)
                else:
                    course = Course.of(world).then(rest)
                self.rests.end(course)
            except StuckError as stuck:
                course = Course.of(world, [f"I2 the run did not end: {stuck}"])
            except UnlikeBeforeError as unlike:
                course = Course.of(world, [f"a function is not led by its input: {unlike}"])
            finally:
                memory.hook = None
                memory.dynamodb.watch(None)
                memory.s3.watch = memory.sns.watch = None
            applied, trace = tuple(world.applied), tuple(world.trace or ())
            return Report(plan, course, applied, trace, tuple(moments))

    def forget(self) -> None:
        """Forgets earlier invocations, after a change of the functions."""
        self._replays.forget()
        self.rests.forget()

    def _moment(self, world: World, watch: Watch, faults: Faults) -> Moment:
        memory = self.memory
        return Moment(
            memory.calls,
            self._states.digest(world, watch, faults, self._failures.names),
            memory.snapshot(),
            {name: dict(table._before) for name, table in memory.dynamodb.tables.items()},
            [ids.given.copy() for ids in (memory.sqs.ids, memory.sns.ids, memory.events.ids)],
            list(memory.sns.published),
            list(memory.events.put),
            self.clock.now,
            random.getstate(),
            list(self._failures.names),
            world.copy(world.plan),
            Watch(world).after_copy(watch),
            Faults(world).after_copy(faults),
        )

    def _back_to(self, moment: Moment, plan: Plan, *, traced: bool) -> tuple[World, Watch, Faults]:
        memory = self.memory
        memory.restore(moment.stores)
        for name, before in moment.seen_before.items():
            memory.dynamodb.tables[name]._before = dict(before)
        memory.calls = moment.calls
        senders = memory.sqs.ids, memory.sns.ids, memory.events.ids
        for ids, given in zip(senders, moment.ids, strict=True):
            ids.given = given.copy()
        memory.sns.published[:] = moment.published
        memory.events.put[:] = moment.put
        self.clock.now = moment.now
        random.setstate(moment.chance)
        self._failures.names[:] = moment.failures
        world = moment.world.copy(plan)
        if not traced:
            world.trace = None
        return (
            world,
            Watch(world).after_copy(moment.watch),
            Faults(world).after_copy(moment.faults),
        )

    def digest(self) -> str:
        """The whole state after the last run, as one text to compare."""
        items = {
            name: sorted((repr(key), repr(item)) for key, item in table.items.items())
            for name, table in self.memory.dynamodb.tables.items()
        }
        objects = {
            name: sorted(repr(versions) for versions in bucket.objects.values())
            for name, bucket in self.memory.s3.buckets.items()
        }
        notifications = [repr(notification) for notification in self.memory.sns.published]
        text = json.dumps([items, objects, notifications, self.memory.calls, self.clock.now])
        return hashlib.sha256(text.encode()).hexdigest()

    def _begin(self, world: World) -> None:
        scene = world.scene
        form = "AWS:AROAFORM:post"
        if scene.has_older:
            world.upload(the_scene.OLDER_KEY, the_scene.OLDER, form, is_announced=False)
            self.clock.pass_time(the_scene.APART_SECONDS)
        world.upload(the_scene.MAIN_KEY, scene.body, form, is_announced=not scene.is_event_lost)
        if scene.has_second:
            self.clock.pass_time(the_scene.APART_SECONDS)
            world.upload(*scene.second, f"AWS:{the_scene.PRINCIPAL}")
        for wish in scene.wishes:
            world.wish(wish)

    # Scenes

    def _set(self, name: str) -> None:
        """The world before the first upload."""
        if name not in self._snapshots:
            self._snapshots[name] = self._prepared(the_scene.SCENES[name])
        self.memory.restore(self._snapshots[name])
        self.clock.now = the_scene.START

    def _prepared(self, scene: the_scene.Scene) -> Snapshot:
        self.memory.restore(memory_from_template(self.stack.template, self.clock).snapshot())
        self.clock.now = the_scene.START - 3600
        tables, deadline = runtime.resources().tables, Deadline(self.clock.now + 600)
        for tenant in (the_scene.HOME, the_scene.OTHER):
            users = [
                User(
                    address,
                    person.name or address,
                    person.roles,
                    person.opco,
                    person.is_active,
                    person.is_deleted,
                    login_name=person.login,
                )
                for (where, address), person in scene.directory.users.items()
                if where == tenant
            ]
            tables.directory.put_users(tenant, users, deadline)
            accounts = [
                Account(
                    tenant,
                    account_id,
                    1,
                    name=place.name,
                    opco=place.opco,
                    is_active=place.is_active,
                    assigned={
                        role: users
                        for role, users in (
                            ("account_manager", place.managers),
                            ("viewer", place.viewers),
                        )
                        if users
                    },
                )
                for (where, account_id), place in scene.directory.accounts.items()
                if where == tenant
            ]
            tables.accounts.put_fields(accounts, deadline)
        tables.directory.put_profile(the_scene.HOME, parse_profile(the_scene.ROLES_PROFILE))
        if scene.profile == the_scene.WAITS:
            tables.directory.put_profile(the_scene.HOME, parse_profile(the_scene.WAITS_PROFILE))
        source = Source(
            "crm",
            the_scene.STRICT,
            the_scene.PRINCIPAL,
            writes_directory=scene.second[0].startswith("directory/"),
        )
        tables.setup.put_source(the_scene.HOME, source)
        settings = Settings(*scene.settings) if scene.settings is not None else Settings()
        tables.directory.put_settings(
            the_scene.HOME, replace(settings, profiles=(the_scene.ROLES,))
        )
        self._ticket(the_scene.MAIN_TICKET, the_scene.ADMIN, scene.profile, scene.mode)
        bob = the_scene.mail("bob")
        self._ticket(the_scene.OLDER_TICKET, bob, the_scene.ROLES, "run")
        pools = self.memory.pools
        for (tenant, address), person in scene.directory.users.items():
            if person.signs_in:
                groups = {"_".join(role.split()) for role in person.roles} & pools.groups
                attributes = {"email": address, "custom:tenant": tenant}
                pools.sign_ins[address] = SignIn(attributes, groups=groups)
        world = World(self.stack, self.memory, self.clock, Plan(), traced=False)
        world.pull()
        for stream in world.streams:
            if stream.waiting and not world.read(stream.reader.function, stream.waiting):
                raise AssertionError(f"the first of {stream.reader.table} could not be read")
        return self.memory.snapshot()

    def _ticket(self, ticket: str, uploader: str, profile: str, mode: str) -> None:
        item = TicketItem(
            tenant=the_scene.HOME,
            uploader=uploader,
            profile=profile,
            filename="managers.csv",
            mode=mode,
            issued_at="2026-07-01T07:59:00.000Z",
            expires_at="2026-07-01T08:04:00.000Z",
            expires=int(the_scene.START) + 30 * 86400,
        )
        runtime.resources().tables.tickets.issue(ticket, item)
