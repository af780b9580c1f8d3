"""The world around the functions: queues, the stream, the schedule, and people."""

from __future__ import annotations

import hashlib
import json
import marshal
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any

from handover.pipeline.parking import PARKED

from tests.kit.memory_aws import MemoryAws, Notification
from tests.kit.oracle.directory import Directory
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.clock import Clock
from tests.simulation.engine.lambdas import Function, LambdaContext, Queue, Stack
from tests.simulation.engine.plans import BUSY, Call, Plan, drawn_place
from tests.simulation.engine.replays import Replays, sown
from tests.simulation.engine.scene import Scene, Wish
from tests.simulation.engine.streams import Record, Stream

# Deliveries begin on the beat, and calls take no time: so what a fault delays a little goes on when
# it does without the fault, or with another one, and what comes then need not be run again.
BEAT_SECONDS = 4.0
NESTED_SECONDS = 0.0625
# A run that needs more steps does not end; jobs that wait are retried at each sweep.
MAX_DELIVERIES = 2000
MAX_SECONDS = 4 * 24 * 3600.0
# While nothing happens, sweeps are left out, the more the longer it lasts.
SHORTEST_IDLE_SECONDS = 60.0
LONGEST_IDLE_SECONDS = 7200.0
DELIVERED_LATE_SECONDS = 3600.0
PERSON_WAITS_SECONDS = 60.0
MAX_NESTED = 3
PEOPLE = "people"
# An operator replays parked records, once the cause has been found.
OPERATORS = "operators"
OPERATOR_WAITS_SECONDS = 1800.0


class KilledError(BaseException):
    """The process of this invocation was killed; it may not act any more."""


class StuckError(BaseException):
    """The world does not come to rest."""


@dataclass(slots=True)
class Message:
    """A message in a queue, received or not."""

    queue: str
    body: str
    name: str
    sent: int
    visible_at: float
    sent_at: float
    receives: int = 0

    @property
    def place_name(self) -> str:
        """The name that decides its place in a drawn order."""
        return self.name


@dataclass(slots=True, eq=False)
class Edit:
    """One single edit: its account and targets, the time of the request, and the answer.

    `status` 0 = no answer ever came.
    """

    account: str
    targets: Mapping[str, tuple[str, ...]]
    began_at: float
    ended_at: float = 0.0
    status: int = 0


@dataclass(slots=True)
class Invocation:
    """One run of one function; `started` is the number of the AWS call before it."""

    function: str
    number: int
    started: int
    started_at: float
    deadline: float
    message: Message | None = None
    records: list[Record] = field(default_factory=list)
    import_id: str | None = None
    chunk: int | None = None
    schedule: int | None = None
    is_dead: bool = False
    edit: Edit | None = None
    # The fault of every further call of an operation, and the operation.
    lasting: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One version of one object in the upload bucket."""

    import_id: str
    tenant: str
    key: str
    version_id: str
    body: bytes
    at: float
    sequencer: str
    number: int
    # The import whose file is processed, if the object only points to it; `body` is that file.
    points_to: str | None = None

    @property
    def order(self) -> tuple[float, str]:
        """The place among all uploads in S3's order."""
        return self.at, self.sequencer


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """One write of one account: before which call, by whom."""

    moment: int
    run: Invocation | None
    key: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class UserWrite:
    """One write of one user, and the import that made it, if any."""

    import_id: str | None
    tenant: str
    address: str
    old: Any
    new: Any


def _pointed_to(body: bytes) -> str | None:
    """The import that an object of Handover's own points to; None for a file."""
    if not body.startswith(b'{"works_the_file_of"'):
        return None
    return str(json.loads(body)["works_the_file_of"])


def import_id_of(bucket: str, key: str, version_id: str) -> str:
    """The identity of an import, as the architecture defines it."""
    return hashlib.sha256(f"{bucket}\0{key}\0{version_id}".encode()).hexdigest()[:32]


class World:
    """One run of one plan."""

    def __init__(
        self, stack: Stack, memory: MemoryAws, clock: Clock, plan: Plan, *, traced: bool
    ) -> None:
        self.stack, self.memory, self.clock, self.plan = stack, memory, clock, plan
        self.scene: Scene = the_scene.SCENES[plan.scene]
        self.trace: list[Call] | None = [] if traced else None
        self.running: list[Invocation] = []
        self.messages: list[Message] = []
        self.streams = [Stream(reader) for reader in stack.readers]
        self.uploads: dict[str, Uploaded] = {}
        self.directory: list[Directory] = [self.scene.directory]
        self.changed_at: dict[str, int] = {}
        self.applied: list[tuple[int, str, str]] = []
        self.violations: list[str] = []
        self.account_writes: list[RecordWrite] = []
        self.edits: list[Edit] = []
        self.cancel_answers: list[int] = []
        self.wished: list[str] = []
        self.requests: Counter[str] = Counter()
        # The versions of all accounts at the first request to apply a dry run, by key.
        self.versions_at_request: dict[str, int] = {}
        self.import_tickets: list[tuple[str, str]] = []
        self.user_writes: list[UserWrite] = []
        self.cancelled_moment: int | None = None
        self.approved: set[str] = set()
        self.withheld: list[str] = []
        self.delivered: list[Message] = []
        self.failures: list[str] = []
        self.deliveries = self.sweeps = self.sweeps_that_sent = self.dead_letters = 0
        # The queue and the import of each.
        self.dead: set[tuple[str, str | None]] = set()
        self.depth = 0
        self.replays: Replays | None = None
        self._sent = self._invoked = 0
        self._named_before: Counter[str] = Counter()
        self._events_seen = 0
        self._idle_seconds = SHORTEST_IDLE_SECONDS
        self._next_runs = [clock.now + one.seconds for one in stack.schedules]
        self._names = {
            url: name for name, url in memory.physical.items() if url in memory.sqs.queues
        }
        self._queues = {
            **stack.queues,
            PEOPLE: Queue(PEOPLE, "api", PERSON_WAITS_SECONDS, 1),
            OPERATORS: Queue(OPERATORS, "publish", OPERATOR_WAITS_SECONDS, 1),
        }

    def copy(self, plan: Plan) -> World:
        """A copy of the world, to continue by another plan; no function may be running."""
        other = World.__new__(World)
        for name, value in vars(self).items():
            kept = value
            if isinstance(value, list | dict | set):
                kept = value.copy()
            setattr(other, name, kept)
        other.plan = plan
        other.messages = [replace(message) for message in self.messages]
        other.streams = [stream.copy() for stream in self.streams]
        return other

    # What comes from outside

    def upload(
        self, key: str, body: bytes, principal: str, *, is_announced: bool = True
    ) -> Uploaded:
        """Stores a version in the upload bucket; its event goes to the intake, or is withheld."""
        self._hear()
        bucket = self.memory.physical["UploadsBucket"]
        self.memory.s3.upload(bucket, key, body, principal=principal)
        return self._hear(is_announced=is_announced)[-1]

    def _hear(self, *, is_announced: bool = True) -> list[Uploaded]:
        """Registers the new versions in the upload bucket, whoever put them there."""
        bucket = self.memory.physical["UploadsBucket"]
        events = self.memory.s3.buckets[bucket].events
        new: list[Uploaded] = []
        for event in events[self._events_seen :]:
            version = event.version
            points_to = _pointed_to(version.body)
            uploaded = Uploaded(
                import_id_of(bucket, version.key, version.version_id),
                version.key.split("/")[1],
                version.key,
                version.version_id,
                self.uploads[points_to].body if points_to is not None else version.body,
                version.modified,
                event.sequencer,
                len(self.uploads),
                points_to,
            )
            self.uploads[uploaded.import_id] = uploaded
            new.append(uploaded)
            message_body = json.dumps({"Records": [event.record()]})
            if is_announced:
                self.send("IntakeQueue", message_body)
            else:
                self.withheld.append(message_body)
        self._events_seen = len(events)
        return new

    def send(
        self, queue: str, body: str, *, delay: float = 0.0, sent_at: float | None = None
    ) -> Message:
        """Sends a message to a queue; a dead letter keeps the time of its first sending."""
        self._sent += 1
        name = _name("message", f"{queue} {body}".encode(), self._named_before)
        now = self.clock.now
        first = now if sent_at is None else sent_at
        message = Message(queue, body, name, self._sent, now + delay, first)
        self.messages.append(message)
        return message

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Runs the block outside of any invocation."""
        running, self.running = self.running, []
        try:
            yield
        finally:
            self.running = running

    def notified(self, notification: Notification) -> None:
        """An Admin approves what waits, a while after its notification, and follows what ended."""
        notice = json.loads(json.loads(notification.message)["sqs"])
        import_id, state = notice["import_id"], notice["state"]
        if state == "awaiting_approval" and import_id not in self.approved:
            self.approved.add(import_id)
            # The uploader does not approve.
            item = self.memory.dynamodb.tables["ImportsTable"].items[import_id, "import"]
            is_own = item.get("uploader", {}).get("S") == the_scene.BOSS
            person = the_scene.ADMIN if is_own else the_scene.BOSS
            path = f"/imports/{import_id}/approve"
            self.wish(Wish("POST", path, seconds=PERSON_WAITS_SECONDS, person=person))
        elif self.scene.then and state in ("done", "error", "cancelled"):
            path = f"/imports/{import_id}/{self.scene.then}"
            if self.uploads[import_id].key == the_scene.MAIN_KEY and path not in self.wished:
                self.wish(Wish("POST", path, self.scene.then_body))

    def wish(self, wish: Wish) -> None:
        """An Admin makes a request, and repeats it until it is answered."""
        self.wished.append(wish.path)
        request = {
            "method": wish.method,
            "path": wish.path,
            "person": wish.person,
            "body": wish.body,
        }
        self.send(PEOPLE, json.dumps(request), delay=wish.seconds)

    # Deliveries

    def pull(self) -> None:
        """Moves sent messages and new stream records to where they wait."""
        self._hear()
        outbox = self.memory.sqs.outbox
        if outbox:
            for sent in outbox:
                self.send(self._names[sent.queue_url], sent.body, delay=sent.delay_seconds)
            outbox.clear()
        for _, receipt, seconds in self.memory.sqs.visibility:
            for message in self.messages:
                if message.name == receipt:
                    message.visible_at = self.clock.now + seconds
        self.memory.sqs.visibility.clear()
        for table in dict.fromkeys(stream.reader.table for stream in self.streams):
            changes = self.memory.dynamodb.tables[table].stream
            readers = [stream for stream in self.streams if stream.reader.table == table]
            for change in changes:
                self._sent += 1
                for stream in readers:
                    stream.take(change, self._sent)
            changes.clear()

    def until_rest(
        self, *, at_once: bool = False, is_known: Callable[[], bool] | None = None
    ) -> None:
        """Runs everything that can run; with `at_once` only what needs no wait.

        `is_known` is asked before each step, while no function is running; it ends the run.
        """
        while is_known is None or not is_known():
            if not self._step():
                if at_once or self.is_finished():
                    return
                self._wait()
            self._pass_time()

    def is_finished(self) -> bool:
        """True when nothing is under way and every upload has ended."""
        if self.messages or any(stream.waiting for stream in self.streams):
            return False
        items = self.memory.dynamodb.tables["ImportsTable"].items
        for import_id in self.uploads:
            item = items.get((import_id, "import"))
            if item is None or "open" in item:
                return False
        # Only a sweep closes the audit entry that a run has left open.
        return not (self.plan.sweeps and self._has_open_acts())

    def _has_open_acts(self) -> bool:
        items = self.memory.dynamodb.tables["AuditTable"].items
        return any(
            "open" in item and (pk, f"{sk}~") not in items for (pk, sk), item in items.items()
        )

    def sweep(self) -> None:
        """Runs the scheduled functions."""
        for place in range(len(self.stack.schedules)):
            self._run_schedule(place)

    def _run_schedule(self, place: int) -> None:
        schedule = self.stack.schedules[place]
        self.sweeps += 1
        before, faults = self._sent, len(self.applied)
        waiting = Counter(message.body for message in self.messages)
        self.invoke(schedule.function, schedule.event, sweep=place)
        if self._sent != before:
            self.sweeps_that_sent += 1
        # A message that a delay has reordered counts as lost, and those of a sweep that does not
        # wait cannot be distinguished from others.
        kinds = {kind for _, kind, _ in self.applied}
        if len(self.applied) == faults and not kinds & {"messages_delayed", "sweep_inside"}:
            self._check_sent_again(waiting, before)

    def _check_sent_again(self, waiting: Counter[str], before: int) -> None:
        """While messages of an import wait, a sweep resends at most one of its chunks."""
        copies = Counter(
            json.loads(message.body)["import_id"]
            for message in self.messages
            if message.sent > before and message.queue == "ChunksQueue" and waiting[message.body]
        )
        self.violations += [
            f"I22 a sweep sent {count} messages of {import_id} that wait already"
            for import_id, count in copies.items()
            if count > 1
        ]

    @property
    def is_only_busy(self) -> bool:
        """True when all faults so far were busy services."""
        return all(kind in BUSY for _, kind, _ in self.applied)

    def deliver(self, message: Message) -> None:
        """Delivers a message to its function, and deletes it if it was processed."""
        queue = self._queues[message.queue]
        message.receives += 1
        if queue.max_receives is not None and message.receives > queue.max_receives:
            assert queue.dead_letters is not None
            self.messages.remove(message)
            self.send(queue.dead_letters, message.body, sent_at=message.sent_at)
            self.dead_letters += 1
            if self.is_only_busy:
                self.violations.append(f"I19 {message.queue} gave up for a busy service")
            self.dead.add((message.queue, self._subject(message)[0]))
            return
        message.visible_at = self.clock.now + queue.visibility_seconds
        self.delivered.append(message)
        self.deliveries += 1
        if self.deliveries > MAX_DELIVERIES:
            raise StuckError(f"{MAX_DELIVERIES} deliveries")
        if self._is_done(message, queue):
            self._idle_seconds = SHORTEST_IDLE_SECONDS
            # A message that was received a second time meanwhile may be deleted already.
            self.messages[:] = [other for other in self.messages if other is not message]

    def _is_done(self, message: Message, queue: Queue) -> bool:
        if message.queue == PEOPLE:
            request = json.loads(message.body)
            status = self.ask_api(
                request["method"], request["path"], request["person"], body=request["body"]
            )
            return 200 <= status < 500
        if message.queue == OPERATORS:
            is_done, answer = self.invoke(message.body, {"replay": True})
            return is_done and answer["left"] == 0
        record = {
            "messageId": message.name,
            "receiptHandle": message.name,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.receives),
                "SentTimestamp": str(int(message.sent_at * 1000)),
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{message.queue}",
            "awsRegion": "us-east-1",
        }
        is_done, answer = self.invoke(queue.function, {"Records": [record]}, message=message)
        if not is_done:
            return False
        failures = (answer or {}).get("batchItemFailures") or []
        return not failures

    def deliver_again(self, run: Invocation) -> None:
        """Sends the message of an invocation a second time, to arrive at any time."""
        if run.message is not None:
            self.send(run.message.queue, run.message.body)

    def deliver_all_again(self) -> None:
        """Repeats every delivery in the same order."""
        for message in self.delivered:
            # A repeated request of a person is a new request.
            if message.queue not in (PEOPLE, OPERATORS):
                self.send(message.queue, message.body)
        for stream in self.streams:
            for batch in stream.consumed:
                self.read(stream.reader.function, batch)

    def deliver_now(self, run: Invocation) -> None:
        """Delivers the message of an invocation to a second one, at once."""
        if run.message is not None:
            self.deliver(self.send(run.message.queue, run.message.body))
        elif run.records:
            self.read(run.function, run.records)
        elif run.schedule is not None:
            self._run_schedule(run.schedule)

    def read(self, function: str, records: list[Record]) -> bool:
        """Delivers records of a stream to their function; True when they are processed."""
        event = {"Records": [record.to_dict() for record in records]}
        is_done, answer = self.invoke(function, event, records=records)
        self._hear_of_parked(function)
        return is_done and not (answer or {}).get("batchItemFailures")

    def _hear_of_parked(self, function: str) -> None:
        """Calls an operator about parked records, unless one was called already."""
        parked = self.memory.s3.buckets[self.memory.physical["WorkBucket"]].objects
        called = any(one.queue == OPERATORS and one.body == function for one in self.messages)
        if not called and any(key.startswith(f"{PARKED}/{function}/") for key in parked):
            self.send(OPERATORS, function, delay=OPERATOR_WAITS_SECONDS)

    def edit(self, account: str, targets: Mapping[str, tuple[str, ...]]) -> None:
        """Makes a single edit."""
        # The place of an edit follows the API's clock.
        edit = Edit(account, targets, self.clock.read())
        self.edits.append(edit)
        body = {"profile": the_scene.ROLES, "assign": targets}
        edit.status = self.ask_api(
            "PATCH", f"/accounts/{account}", the_scene.BOSS, body=body, edit=edit
        )
        edit.ended_at = self.clock.read()

    def ask_api(
        self,
        method: str,
        path: str,
        person: str,
        *,
        body: object = None,
        edit: Edit | None = None,
    ) -> int:
        """The status of the API's answer to a person; 0 when it never answers."""
        event = json.loads(API_REQUEST)
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["requestContext"]["http"]["method"] = method
        event["headers"].pop("content-type", None)
        event["pathParameters"] = {"proxy": path.lstrip("/")}
        event.pop("body", None)
        if body is not None:
            event["body"] = json.dumps(body)
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        claims["custom:tenant"], claims["email"] = the_scene.HOME, person
        import_id = next((part for part in path.split("/") if part in self.uploads), None)
        self.requests[path] += 1
        if path.endswith("/apply") and not self.versions_at_request:
            accounts = self.memory.dynamodb.tables["AccountsTable"].items
            self.versions_at_request = {
                key: int(one["version"]["N"]) for key, one in accounts.items()
            }
        is_done, answer = self.invoke("api", event, import_id=import_id, edit=edit)
        if not is_done:
            return 0
        result = json.loads(answer.get("body") or "{}")
        if (ticket := result.get("import_ticket")) and result.get("import_id", ticket) == ticket:
            self.import_tickets.append((path, ticket))
        return int(answer["statusCode"])

    def invoke(
        self,
        name: str,
        event: dict[str, Any],
        *,
        message: Message | None = None,
        records: list[Record] | None = None,
        import_id: str | None = None,
        sweep: int | None = None,
        edit: Edit | None = None,
    ) -> tuple[bool, Any]:
        """Runs a function; whether it reached its end, and its answer."""
        function = self.stack.functions[name]
        self._invoked += 1
        now = self.clock.now
        run = Invocation(
            name, self._invoked, self.memory.calls, now, now + function.timeout_seconds, message
        )
        run.records, run.schedule, run.edit = records or [], sweep, edit
        run.import_id, run.chunk = self._subject(message)
        run.import_id = run.import_id or import_id
        request_id = _name(name, marshal.dumps(event, 2), self._named_before)
        context = LambdaContext(name, request_id, lambda: run.deadline - self.clock.now)
        self.running.append(run)
        try:
            # Each invocation has a process of its own, even while a call of another is in flight.
            answer = Context().run(self._answer, function, request_id, event, context)
        except KilledError:
            return False, None
        except Exception as error:  # noqa: BLE001 - as Lambda, which takes any for a failure
            self.failures.append(type(error).__name__)
            return False, None
        finally:
            self.running.pop()
            self.pull()
        return not run.is_dead and self.clock.now <= run.deadline, answer

    def _answer(
        self, function: Function, request_id: str, event: dict[str, Any], context: LambdaContext
    ) -> Any:
        if self.replays is not None:
            return self.replays.invoke(function.name, function.handler, event, context)
        with sown(request_id):
            return function.handler(event, context)

    def _subject(self, message: Message | None) -> tuple[str | None, int | None]:
        """The import and the chunk that a message concerns."""
        if message is None or message.queue in (PEOPLE, OPERATORS):
            return None, None
        body = json.loads(message.body)
        if "Records" in body:
            where = body["Records"][0]["s3"]
            return self._named(where["object"]["versionId"]), None
        if "arrival" in body:
            return self._named(body["arrival"]["version_id"]), None
        return body["import_id"], body.get("chunk")

    def _named(self, version_id: str) -> str:
        return next(u.import_id for u in self.uploads.values() if u.version_id == version_id)

    # One step

    def _pass_time(self) -> None:
        """Moves the clock to the next beat; in the middle of a call by less.

        The caller has a deadline.
        """
        if self.depth:
            self.clock.now += NESTED_SECONDS
        else:
            beats = math.floor(round((self.clock.now - the_scene.START) / BEAT_SECONDS, 6))
            self.clock.now = the_scene.START + (beats + 1) * BEAT_SECONDS

    def _step(self) -> bool:
        """Delivers one thing that is due; False when nothing is."""
        self.pull()
        now = self.clock.now
        due: list[Message | Stream] = [one for one in self.messages if one.visible_at <= now]
        batches: dict[Stream, list[Record]] = {}
        for stream in self.streams:
            if batch := stream.due(now, self.plan.order):
                batches[stream] = batch
        for stream, batch in batches.items():
            place = batch[-1 if self.plan.order == "lifo" else 0].arrived
            at = next(
                (n for n, one in enumerate(due) if isinstance(one, Message) and one.sent > place),
                len(due),
            )
            due.insert(at, stream)
        if not due:
            return False
        order = self.plan.order
        if order in ("fifo", "lifo"):
            chosen = due[-1 if order == "lifo" else 0]
        else:
            chosen = min(due, key=lambda one: drawn_place(order, one.place_name, now))
        if isinstance(chosen, Stream):
            self._consume(chosen, batches[chosen])
        else:
            self.deliver(chosen)
        return True

    def _consume(self, stream: Stream, batch: list[Record]) -> None:
        function = stream.reader.function
        until = self.clock.now + self.stack.functions[function].timeout_seconds
        stream.begin(batch, until)
        self.deliveries += 1
        if self.deliveries > MAX_DELIVERIES:
            raise StuckError(f"{MAX_DELIVERIES} deliveries")
        if self.read(function, batch):
            self._idle_seconds = SHORTEST_IDLE_SECONDS
            stream.end(batch)
        else:
            stream.fail(batch, until, self.clock.now)

    def _wait(self) -> None:
        """Lets time pass until something is due."""
        now = self.clock.now
        times = [one.visible_at for one in self.messages]
        times += [at for stream in self.streams for at in stream.times()]
        times = [time for time in times if time > now]
        next_run = min(self._next_runs)
        if self.plan.sweeps and next_run <= min(times, default=float("inf")):
            self.clock.now = max(now, next_run)
            place = self._next_runs.index(next_run)
            wait = max(self.stack.schedules[place].seconds, self._idle_seconds)
            self._next_runs[place] = self.clock.now + wait
            self._idle_seconds = min(self._idle_seconds * 2, LONGEST_IDLE_SECONDS)
            self._run_schedule(place)
        elif times:
            self.clock.now = min(times)
        else:
            raise StuckError("nothing is on its way, and something has not ended")
        if self.clock.now - the_scene.START > MAX_SECONDS:
            raise StuckError(f"{MAX_SECONDS / 3600:.0f} hours")


def _name(kind: str, content: bytes, named_before: Counter[str]) -> str:
    """A unique name that does not depend on anything else."""
    name = f"{kind}-{hashlib.blake2b(content, digest_size=8).hexdigest()}"
    named_before[name] += 1
    return f"{name}-{named_before[name]}"


API_REQUEST = (the_scene.ROOT / "events" / "api-request.json").read_text()
