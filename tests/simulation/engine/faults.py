"""The hook: numbers every AWS call, and injects the plan's faults."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from botocore.exceptions import (
    EndpointConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from handover.pipeline import sweep
from handover.rules import resending
from handover.store.domains import DOMAINS

from tests.kit.memory_aws import PLAIN, ServiceError, Twist, broken, throttled
from tests.kit.oracle.directory import Directory, Person
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.plans import Call
from tests.simulation.engine.world import (
    DELIVERED_LATE_SECONDS,
    MAX_NESTED,
    Invocation,
    KilledError,
    World,
)

SDK_RETRY_SECONDS = 1.0
# Three tries of ten seconds each.
TIMEOUT_SECONDS = 30.0
OUTAGE_SECONDS = 3600.0
SHORT_OUTAGE_SECONDS = 600.0
# Longer than five deliveries by the slowest queue.
POISON_SECONDS = 12 * 3600.0
JUMP_SECONDS = 3600.0
# Clocks of AWS differ by far less; a lease tolerates what `LEASE_MARGIN_SECONDS` is longer.
CLOCKS_APART_SECONDS = 10.0
LAST_SECONDS = 1.0

BUSY_STATEMENTS = {
    "statement_throttled": "ThrottlingError",
    "statement_throttled_at_last": "ThrottlingError",
    "statement_conflict": "TransactionConflict",
    "statement_failed": "InternalServerError",
    "statements_all_busy": "ProvisionedThroughputExceeded",
}
# The errors that refuse a whole call, once.
BUSY_CALLS = {
    "throughput_exceeded": ("ProvisionedThroughputExceededException", 400),
    "limit_exceeded": ("RequestLimitExceeded", 400),
    "transaction_in_progress": ("TransactionInProgressException", 400),
    "unavailable": ("ServiceUnavailable", 503),
}
# The errors that also refuse every further such call of the invocation.
LASTING = frozenset({"busy_run", "broken_run", "silent_run"})
BUSY_TRANSACTIONS = {
    "transaction_conflict": "TransactionConflict",
    "transaction_throttled": "ThrottlingError",
}
# The tables whose partition keys belong to one tenant.
OF_TENANTS = frozenset({"AccountsTable", "DirectoryTable", "HistoryTable", "PortfolioTable"})
_FIRST_VALUE = re.compile(r":\w+")


class Faults:
    """Receives every call of a world and disturbs those that the plan names."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._now: dict[int, str] = {}
        self._outage: tuple[str, str, float] | None = None
        self._poison: tuple[str, str, int, float] | None = None
        self._meanwhile: dict[str, Callable[[Invocation], None]] = {
            "duplicate": world.deliver_again,
            "duplicate_inside": lambda run: self._nest(lambda: world.deliver_now(run)),
            "duplicate_ahead": self._duplicate_ahead,
            "others_first": lambda _run: self._nest(lambda: world.until_rest(at_once=True)),
            "world_first": self._world_first,
            "event_again": self._event_again,
            "second_import": lambda _run: self._second_import(),
            "second_import_inside": lambda _run: self._second_import(inside=True),
            "overwritten": lambda _run: self._overwrite(),
            "drops_reversed": lambda _run: self._drops_reversed(),
            "late_older": lambda _run: self._late_older(),
            "late_older_inside": lambda _run: self._late_older(inside=True),
            "cancel": self._cancel,
            "edit": self._edit,
            "user_inactive": lambda _run: self._change_user(the_scene.BEA, is_active=False),
            "user_removed": lambda _run: self._remove_user(the_scene.CAI),
            "uploader_demoted": lambda _run: self._change_user(
                the_scene.ADMIN, roles=frozenset({"Clerk"})
            ),
            "facts_changed": lambda _run: self._change_accounts("name", "renamed"),
            "opco_changed": lambda _run: self._change_accounts("opco", "pt"),
            "clock_jump": lambda _run: world.clock.pass_time(JUMP_SECONDS),
            "sweep_inside": lambda _run: self._impatient_sweep(),
            "stream_again": lambda _run: self._stream_again(),
        }

    def after_copy(self, other: Faults) -> Faults:
        """Continues with the faults that another world has begun."""
        self._now, self._outage, self._poison = other._now.copy(), other._outage, other._poison
        return self

    # The seam

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Numbers the call; raises, or lets other things happen first, if the plan says so."""
        world = self._world
        run = world.running[-1]
        self._check_alive(run)
        if world.trace is not None:
            world.trace.append(_call(number, run.function, service, operation, params))
        _check_tenancy(world, run, operation, params)
        self._check_outages(run, service, operation)
        kind = world.plan.faults.get(number)
        if kind is None:
            return None
        world.applied.append((number, kind, operation))
        self._now[number] = kind
        twist = self._cause(kind, run, service, operation, params)
        self._check_alive(run)
        return twist

    def after(
        self,
        number: int,
        service: str,
        operation: str,
        params: dict[str, Any],
        answer: dict[str, Any],
    ) -> None:
        """Injects the faults that come after a call's effect."""
        del operation, params
        kind = self._now.get(number)
        if kind is None:
            return
        world = self._world
        if kind == "error_after":
            raise broken(service)
        if kind == "timeout_after":
            self._time_out()
        elif kind == "kill_after":
            world.running[-1].is_dead = True
            raise KilledError
        elif kind == "messages_lost":
            world.memory.sqs.outbox.clear()
        elif kind == "messages_delayed":
            sent, world.memory.sqs.outbox[:] = list(world.memory.sqs.outbox), []
            for message in sent:
                queue = world.memory.sqs.queues[message.queue_url]
                world.send(queue, message.body, delay=DELIVERED_LATE_SECONDS)
        elif kind == "statement_failed_after":
            answer["Responses"][0] = {
                "Error": {"Code": "InternalServerError", "Message": "Internal server error"}
            }
        elif kind == "body_broken":
            answer["Body"] = _BrokenBody()

    # Inner

    def _check_alive(self, run: Invocation) -> None:
        if run.is_dead or self._world.clock.now > run.deadline:
            run.is_dead = True
            raise KilledError

    def _check_outages(self, run: Invocation, service: str, operation: str) -> None:
        world = self._world
        if self._outage is not None:
            where, until = self._outage[:2], self._outage[2]
            if world.clock.now > until:
                self._outage = None
            elif where == (run.function, operation):
                raise throttled(service)
        if self._poison is not None:
            function, poisoned, letters, until = self._poison
            if world.dead_letters > letters or world.clock.now > until:
                self._poison = None
            elif (function, poisoned) == (run.function, operation):
                raise _forbidden()
        if run.lasting is not None and run.lasting[1] == operation:
            self._last(run.lasting[0], service)

    def _cause(
        self, kind: str, run: Invocation, service: str, operation: str, params: dict[str, Any]
    ) -> Twist:
        world = self._world
        if kind in self._meanwhile:
            self._meanwhile[kind](run)
            return PLAIN
        if kind == "throttle":
            world.clock.now += SDK_RETRY_SECONDS
            raise throttled(service)
        if kind == "error_before":
            world.clock.now += SDK_RETRY_SECONDS
            raise broken(service)
        if kind == "timeout_before":
            self._time_out()
        if kind == "kill_before":
            run.is_dead = True
            raise KilledError
        if kind in BUSY_CALLS:
            world.clock.now += SDK_RETRY_SECONDS
            code, status = BUSY_CALLS[kind]
            raise ServiceError(code, "Busy", status)
        if kind == "unconnected":
            raise EndpointConnectionError(endpoint_url="https://aws.invalid")
        if kind in LASTING:
            run.lasting = (kind, operation)
            self._last(kind, service)
        if kind == "conflict":
            raise ServiceError(
                "TransactionConflictException", "Transaction is ongoing for the item"
            )
        if kind == "statement_throttled_at_last":
            # The other members are written, and no time is left to wait for this one.
            world.clock.now = max(world.clock.now, run.deadline - LAST_SECONDS)
        if kind in ("outage", "poison"):
            self._begin(kind, run, service, operation)
        return _twist(kind, operation, params, world)

    def _begin(self, kind: str, run: Invocation, service: str, operation: str) -> NoReturn:
        """Begins a fault that lasts a while; shorter where the queue has no dead letters."""
        world = self._world
        is_outage = kind == "outage"
        longest = OUTAGE_SECONDS if is_outage else POISON_SECONDS
        until = world.clock.now + (SHORT_OUTAGE_SECONDS if run.message is None else longest)
        if is_outage:
            self._outage = (run.function, operation, until)
            raise throttled(service)
        self._poison = (run.function, operation, world.dead_letters, until)
        raise _forbidden()

    def _last(self, kind: str, service: str) -> NoReturn:
        """Injects the fault that lasts for the rest of an invocation."""
        if kind == "silent_run":
            self._time_out()
        self._world.clock.now += SDK_RETRY_SECONDS
        raise throttled(service) if kind == "busy_run" else broken(service)

    def _time_out(self) -> NoReturn:
        self._world.clock.now += TIMEOUT_SECONDS
        raise ReadTimeoutError(endpoint_url="https://aws.invalid")

    def _nest(self, work: Callable[[], None]) -> None:
        """Lets something else run in the middle of this call."""
        world = self._world
        if world.depth >= MAX_NESTED:
            return
        world.depth += 1
        try:
            work()
        finally:
            world.depth -= 1

    def _world_first(self, run: Invocation) -> None:
        self._world.deliver_again(run)
        self._nest(self._world.until_rest)

    def _duplicate_ahead(self, run: Invocation) -> None:
        """Delivers again in this process's last second, to a process whose clock is ahead."""
        world = self._world
        world.clock.now = max(world.clock.now, run.deadline - LAST_SECONDS)
        with world.clock.going_ahead(CLOCKS_APART_SECONDS):
            self._nest(lambda: world.deliver_now(run))

    def _event_again(self, _run: Invocation) -> None:
        world = self._world
        bucket = world.memory.s3.buckets[world.memory.physical["UploadsBucket"]]
        withheld = {_version_in(body) for body in world.withheld}
        for event in bucket.events:
            if event.version.version_id not in withheld:
                world.send("IntakeQueue", _notification(event))

    def _second_import(self, *, inside: bool = False) -> None:
        world = self._world
        world.clock.pass_time(the_scene.APART_SECONDS)
        world.upload(*world.scene.second, f"AWS:{the_scene.PRINCIPAL}")
        if inside:
            self._nest(world.until_rest)

    def _overwrite(self) -> None:
        world = self._world
        world.clock.pass_time(the_scene.APART_SECONDS)
        world.upload(the_scene.MAIN_KEY, the_scene.OVERWRITTEN, "AWS:AROAFORM:post")

    def _drops_reversed(self) -> None:
        """Writes one key twice; the second version's event comes first and is fully processed."""
        world = self._world
        principal = f"AWS:{the_scene.PRINCIPAL}"
        world.clock.pass_time(the_scene.APART_SECONDS)
        world.upload(the_scene.DROP_KEY, the_scene.DROP_ONE, principal, is_announced=False)
        world.clock.pass_time(the_scene.APART_SECONDS)
        world.upload(the_scene.DROP_KEY, the_scene.DROP_TWO, principal)
        message = world.withheld.pop()
        world.send("IntakeQueue", message, delay=20.0)
        self._nest(lambda: world.until_rest(at_once=True))

    def _late_older(self, *, inside: bool = False) -> None:
        world = self._world
        while world.withheld:
            world.send("IntakeQueue", world.withheld.pop())
        if inside:
            self._nest(world.until_rest)

    def _cancel(self, run: Invocation) -> None:
        world = self._world
        if run.function == "api":
            return

        def ask() -> None:
            path = f"/imports/{the_scene.MAIN_TICKET}/cancel"
            status = world.ask_api("POST", path, the_scene.BOSS)
            world.cancel_answers.append(status)
            if status == 202 and world.cancelled_moment is None:
                world.cancelled_moment = world.memory.calls

        self._nest(ask)

    def _edit(self, run: Invocation) -> None:
        if run.function != "api":
            for account, targets in the_scene.EDITS.items():
                self._nest(partial(self._world.edit, account, targets))

    def _change_user(self, address: str, **changed: Any) -> None:
        world = self._world
        person = dataclasses.replace(
            world.directory[-1].users.get((the_scene.HOME, address), Person()), **changed
        )
        users = {**world.directory[-1].users, (the_scene.HOME, address): person}
        if (the_scene.HOME, address) not in world.directory[-1].users:
            return
        with world.outside():
            world.memory.execute(
                "dynamodb",
                "UpdateItem",
                {
                    "TableName": "DirectoryTable",
                    "Key": _user_key(world, address),
                    "UpdateExpression": "SET #s = :s, #r = :r ADD #v :one",
                    "ExpressionAttributeNames": {"#s": "status", "#r": "roles", "#v": "version"},
                    "ExpressionAttributeValues": {
                        ":one": {"N": "1"},
                        ":s": {"S": "active" if person.is_active else "inactive"},
                        ":r": {"L": [{"S": role} for role in sorted(person.roles)]},
                    },
                },
            )
        world.directory.append(Directory(users, world.directory[-1].accounts))
        world.changed_at.setdefault(address, world.memory.calls)

    def _remove_user(self, address: str) -> None:
        world = self._world
        users = dict(world.directory[-1].users)
        users.pop((the_scene.HOME, address), None)
        with world.outside():
            world.memory.execute(
                "dynamodb",
                "DeleteItem",
                {
                    "TableName": "DirectoryTable",
                    "Key": _user_key(world, address),
                },
            )
        world.directory.append(Directory(users, world.directory[-1].accounts))
        world.changed_at.setdefault(address, world.memory.calls)

    def _change_accounts(self, name: str, value: str) -> None:
        """Changes directory fields of two accounts, which raises their versions."""
        world = self._world
        accounts = dict(world.directory[-1].accounts)
        for account_id in ("A1", "A12"):
            with world.outside():
                world.memory.execute(
                    "dynamodb",
                    "UpdateItem",
                    {
                        "TableName": "AccountsTable",
                        "Key": {"pk": {"S": f"{the_scene.HOME}#{account_id}"}},
                        "UpdateExpression": "SET #n = :n ADD #v :one",
                        "ExpressionAttributeNames": {"#n": name, "#v": "version"},
                        "ExpressionAttributeValues": {":n": {"S": value}, ":one": {"N": "1"}},
                    },
                )
            place = accounts[the_scene.HOME, account_id]
            if name == "opco":
                place = dataclasses.replace(place, opco=value)
            accounts[the_scene.HOME, account_id] = place
        world.directory.append(Directory(world.directory[-1].users, accounts))

    def _impatient_sweep(self) -> None:
        """Runs a sweep that resends without waiting and looks for lost uploads at once.

        Drops still arrive by their events, because a listing does not say who wrote them.
        """
        of_rules: Any = resending
        of_sweeps: Any = sweep
        deadline = of_rules.RESEND_AFTER_SECONDS, of_sweeps.LOST_SECONDS

        def swept() -> None:
            of_rules.RESEND_AFTER_SECONDS = of_sweeps.LOST_SECONDS = 0.0
            try:
                self._world.sweep()
            finally:
                of_rules.RESEND_AFTER_SECONDS, of_sweeps.LOST_SECONDS = deadline

        self._nest(swept)

    def _stream_again(self) -> None:
        """Delivers the oldest records of each stream again, after everything newer."""
        world = self._world
        for stream in world.streams:
            if stream.consumed:
                again = partial(world.read, stream.reader.function, stream.consumed[0])
                self._nest(partial(_ignoring, again))


class _BrokenBody:
    """The body of an object whose connection breaks off."""

    def read(self, _amount: int | None = None) -> bytes:
        raise ResponseStreamingError(error="connection broken")


def _forbidden() -> ServiceError:
    """An error that no wait resolves: a right that was taken away by mistake."""
    return ServiceError("AccessDeniedException", "not authorized", 403)


def _ignoring(work: Callable[[], object]) -> None:
    """Runs something whose result does not matter."""
    work()


def _twist(kind: str, operation: str, params: dict[str, Any], world: World) -> Twist:
    if kind == "repeat":
        return Twist(repeat=True)
    if kind == "stale":
        return Twist(stale=True)
    if kind in ("messages_lost", "messages_delayed"):
        world.pull()
        return PLAIN
    members = _members(operation, params)
    if kind in BUSY_STATEMENTS:
        places = range(members) if kind == "statements_all_busy" else (0,)
        return Twist(member_errors=dict.fromkeys(places, BUSY_STATEMENTS[kind]))
    if kind in BUSY_TRANSACTIONS:
        return Twist(member_errors={members - 1: BUSY_TRANSACTIONS[kind]})
    left_out = {
        "first_left_out": range(1),
        "last_left_out": range(members - 1, members),
        "all_left_out": range(members),
    }
    if kind in left_out:
        return Twist(member_errors=dict.fromkeys(left_out[kind], "InternalFailure"))
    return PLAIN


def _members(operation: str, params: dict[str, Any]) -> int:
    """The number of members of a batch."""
    if operation == "BatchExecuteStatement":
        return len(params["Statements"])
    if operation == "TransactWriteItems":
        return len(params["TransactItems"])
    if operation == "BatchGetItem":
        return sum(len(request["Keys"]) for request in params["RequestItems"].values())
    if operation == "BatchWriteItem":
        return sum(len(request) for request in params["RequestItems"].values())
    return len(params.get("Entries", ()))


def _call(number: int, function: str, service: str, operation: str, params: dict[str, Any]) -> Call:
    members = _members(operation, params)
    return Call(number, function, service, operation, _may_be_stale(operation, params), members)


def _may_be_stale(operation: str, params: dict[str, Any]) -> bool:
    if operation == "BatchGetItem":
        return not all(request.get("ConsistentRead") for request in params["RequestItems"].values())
    return operation in ("GetItem", "Query") and not params.get("ConsistentRead")


def _version_in(body: str) -> str:
    return str(json.loads(body)["Records"][0]["s3"]["object"]["versionId"])


def _notification(event: Any) -> str:
    return json.dumps({"Records": [event.record()]})


def _user_key(world: World, address: str) -> dict[str, Any]:
    """The key under which the user is stored; the home key if there is none."""
    sk = f"user#{address}"
    items = world.memory.dynamodb.tables["DirectoryTable"].items
    found = (pk for pk, other in items if other == sk and the_scene.tenant_of(pk) == the_scene.HOME)
    return {"pk": {"S": next(found, the_scene.HOME)}, "sk": {"S": sk}}


def _check_tenancy(world: World, run: Invocation, operation: str, params: dict[str, Any]) -> None:
    """Checks that reads use only keys of the tenants that the invocation works for."""
    keys = _keys_read(operation, params)
    if not keys:
        return
    tenants = _tenants_of(world, run)
    if tenants is None:
        return
    for key in keys:
        # Mail domains are looked up for all tenants, and contain no data of any.
        if key != DOMAINS and the_scene.tenant_of(key) not in tenants:
            world.violations.append(f"I12 {run.function} read {key} for {sorted(tenants)}")


def _keys_read(operation: str, params: dict[str, Any]) -> list[str]:
    """The partition keys that a read uses, in tables whose items belong to tenants."""
    if operation == "BatchGetItem":
        return [
            key["pk"]["S"]
            for table, request in params["RequestItems"].items()
            if table in OF_TENANTS
            for key in request["Keys"]
        ]
    if operation == "GetItem" and params["TableName"] in OF_TENANTS:
        return [params["Key"]["pk"]["S"]]
    if operation == "Query" and params["TableName"] in OF_TENANTS:
        # The partition key is the one that is compared for equality, and comes first.
        first = _FIRST_VALUE.search(params["KeyConditionExpression"])
        assert first is not None, params
        return [params["ExpressionAttributeValues"][first[0]]["S"]]
    return []


def _tenants_of(world: World, run: Invocation) -> set[str] | None:
    """The tenants of an invocation; None for one that works for all, such as the sweep."""
    if run.import_id is not None:
        uploaded = world.uploads.get(run.import_id)
        return None if uploaded is None else {uploaded.tenant}
    if run.records:
        return {
            the_scene.tenant_of((record.change.new or record.change.old or {})["pk"]["S"])
            for record in run.records
        }
    return {the_scene.HOME} if run.function == "api" else None
