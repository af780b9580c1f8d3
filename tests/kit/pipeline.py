"""The functions on an AWS in memory: events go in; stored items and sent messages come out.

The tables, buckets and queues are the template's, and the names of the resources are their logical
ids. Nothing runs by itself: a test passes events to functions, or lets `run` deliver the messages
in the queues until none waits.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from handover import deadline, runtime, sdk
from handover.aws import clients
from handover.aws.objects import Upload
from handover.deadline import Deadline
from handover.model import Account, Mode, User
from handover.pipeline.upload_keys import ticket_time
from handover.pipeline.uploads import Arrival
from handover.reading.guards import unguard
from handover.runtime import Resources, rfc3339
from handover.store import connection
from handover.store.audit import AuditItem
from handover.store.chunks import ChunkItem
from handover.store.directory import DirectoryItem, Source, UserItem
from handover.store.history import HistoryItem
from handover.store.import_items import ImportItem, PlanItem
from handover.store.portfolios import HoldingItem
from handover.store.requests import RequestItem
from handover.store.tickets import TicketItem
from handover.store.watermarks import WatermarkItem
from msgspec.structs import replace

from functions.abandon import app as abandon
from functions.assign import app as assign
from functions.convert import app as convert
from functions.finalize import app as finalize
from functions.follow import app as follow
from functions.publish import app as publish
from functions.sweep import app as sweep
from functions.validate import app as validate
from infra.template import PATH, load
from tests.kit.memory_aws import (
    MemoryAws,
    Message,
    ObjectCreated,
    Version,
    install,
    memory_from_template,
)
from tests.kit.payloads import load_event
from tests.kit.witness import Witness

TENANT = "lumina"
ADMIN = "ines.okello@lumina.example"
SALES = "sam.sales@lumina.example"
AMINA = "amina.otieno@lumina.example"
BARAKA = "baraka.mwangi@lumina.example"
TOGO = "didier.koffi@lumina.example"
PRINCIPAL = "AROAERPEXAMPLE"
ROLE = "account_manager"

USERS = (
    User(ADMIN, "Ines Okello", frozenset({"Admin"}), "Kenya"),
    User(SALES, "Sam Sales", frozenset({"Sales"}), "Kenya"),
    User(AMINA, "Amina Otieno", frozenset({"Sales"}), "Kenya"),
    User(BARAKA, "Baraka Mwangi", frozenset({"Sales"}), "Kenya"),
    User(TOGO, "Didier Koffi", frozenset({"Sales"}), "Togo"),
)

ENVIRONMENT = {
    "ACCOUNTS_TABLE": "AccountsTable",
    "DIRECTORY_TABLE": "DirectoryTable",
    "IMPORTS_TABLE": "ImportsTable",
    "HISTORY_TABLE": "HistoryTable",
    "PORTFOLIO_TABLE": "PortfolioTable",
    "REQUESTS_TABLE": "RequestsTable",
    "AUDIT_TABLE": "AuditTable",
    "UPLOADS_BUCKET": "UploadsBucket",
    "REPORTS_BUCKET": "ReportsBucket",
    "WORK_BUCKET": "WorkBucket",
    "INTAKE_QUEUE_URL": "IntakeQueue",
    "CONVERT_QUEUE_URL": "ConvertQueue",
    "CHUNKS_QUEUE_URL": "ChunksQueue",
    "FINALIZE_QUEUE_URL": "FinalizeQueue",
    "NOTIFICATIONS_TOPIC": "NotificationsTopic",
    "TENANT_TOPICS": "TenantTopics",
    "CHANGES_BUS": "ChangesBus",
    "USER_POOL_ID": "UserPool",
}
# The template's other variables: its defaults, and no limit to a tenant's requests.
SETTINGS = {
    "ASSIGN_TIMEOUT_SECONDS": "30",
    "TENANT_REQUESTS_A_SECOND": "0",
    "HISTORY_DAYS": "0",
    "AUDIT_DAYS": "400",
    "REPORTS_DAYS": "400",
    "KEY_LAYOUT": "together",
    "CHANGE_EVENTS": "on",
    "CONSOLE_URL": "https://handover.example/",
}
# The variables that botocore needs to make a client; nothing is signed or sent.
CLIENT_SETTINGS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
MODELS = (
    ImportItem,
    PlanItem,
    ChunkItem,
    TicketItem,
    WatermarkItem,
    DirectoryItem,
    UserItem,
    HistoryItem,
    HoldingItem,
    RequestItem,
    AuditItem,
)
CACHES = (
    sdk.session,
    clients.made_within,
    connection.client_within,
)
TEMPLATE = load(PATH)
# The time at which every test begins: 2026-11-22T10:00:00Z.
BEGINNING = 1_795_341_600.0
BEGINNING_TEXT = "2026-11-22T10:00:00.000Z"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass
class Clock:
    """A clock that moves only when somebody waits; it replaces `time`."""

    now: float = BEGINNING
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class LambdaContext:
    """A Lambda context; `seconds` is what is left when the function starts."""

    aws_request_id: str
    seconds: float = 120.0
    function_name: str = "handover"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:handover"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Pipeline:
    """The functions, wired to the AWS in memory, and one tenant's directory."""

    memory: MemoryAws
    clock: Clock
    resources: Resources
    witness: Witness
    deadline: Deadline = field(default_factory=lambda: Deadline(9e9))
    _runs: Iterator[int] = field(default_factory=count)
    _tickets: Iterator[int] = field(default_factory=count)

    # Preparing data

    def accounts(self, *accounts: Account) -> None:
        """Puts accounts into the directory."""
        self.resources.tables.accounts.put_fields(accounts, self.deadline)

    def kenyan(self, number: int, *, held_by: str = "", tenant: str = TENANT) -> list[str]:
        """Stores that many accounts of Kenya, from K000; their ids."""
        assigned = {ROLE: (held_by,)} if held_by else {}
        ids = [f"K{place:03d}" for place in range(number)]
        self.accounts(*(Account(tenant, one, 1, opco="Kenya", assigned=assigned) for one in ids))
        return ids

    def users(self, *users: User, tenant: str = TENANT) -> None:
        """Puts users into the directory."""
        self.resources.tables.directory.put_users(tenant, users, self.deadline)

    def switch_on(self, *profiles: str, tenant: str = TENANT) -> None:
        """Switches on these profiles of the tenant and no others."""
        self.resources.tables.setup.change_settings(
            tenant, lambda before: replace(before, profiles=profiles)
        )

    def source(
        self,
        name: str = "erp",
        principal: str = PRINCIPAL,
        *,
        profile: str = "single-strict",
        mapping: Mapping[str, str] | None = None,
        writes_directory: bool = False,
        on_error: str = "",
    ) -> None:
        """Registers a source that drops files of the profile."""
        source = Source(name, profile, principal, mapping or {}, writes_directory, on_error)
        self.resources.tables.setup.put_source(TENANT, source)

    # Uploads

    def ticket(
        self,
        *,
        profile: str = "single-strict",
        mode: Mode = Mode.RUN,
        uploader: str = ADMIN,
        mapping: dict[str, str] | None = None,
        on_error: str | None = None,
    ) -> str:
        """A ticket for one upload."""
        ticket = f"{ticket_time(self.clock.now)}-{next(self._tickets):016x}"
        item = TicketItem(
            tenant=TENANT,
            uploader=uploader,
            profile=profile,
            filename="customers.csv",
            mode=mode.value,
            mapping=json.dumps(mapping or {}),
            on_error=on_error,
            issued_at=rfc3339(self.clock.now),
            expires_at=rfc3339(self.clock.now + 5 * MINUTE),
            expires=int(self.clock.now + 90 * DAY),
        )
        self.resources.tables.tickets.issue(ticket, item)
        return ticket

    def upload(
        self, body: bytes, ticket: str | None = None, *, mode: Mode = Mode.RUN
    ) -> ObjectCreated:
        """Posts the file under a ticket, a new one by default."""
        ticket = ticket or self.ticket(mode=mode)
        return self.put(f"in/{TENANT}/{ticket}.csv", body)

    def drop(
        self, body: bytes, name: str = "customers.csv", *, principal: str = f"AWS:{PRINCIPAL}:job"
    ) -> ObjectCreated:
        """Drops the file as the source `erp`."""
        return self.put(f"drop/{TENANT}/erp/{name}", body, principal=principal)

    def put(self, key: str, body: bytes, *, principal: str = "AWS:ANYBODY") -> ObjectCreated:
        """Stores the object under that key; S3's event of it."""
        bucket = self.resources.uploads_bucket
        self.memory.s3.upload(bucket, key, body, principal=principal)
        return self.memory.s3.buckets[bucket].events[-1]

    # Functions

    def validate(self, created: ObjectCreated, *, seconds: float = 120.0) -> list[str]:
        """Passes S3's event of the object to the function; the ids of returned messages."""
        return self.invoke(validate.lambda_handler, s3_event(created), seconds)

    def convert(self, body: dict[str, Any], *, seconds: float = 120.0) -> list[str]:
        """Passes the message of a workbook to the function."""
        return self.invoke(convert.lambda_handler, with_body("convert-workbook", body), seconds)

    def assign(
        self,
        import_id: str,
        chunk: int = 1,
        *,
        handed_on: int | None = None,
        seconds: float = 30.0,
        age: float = 0.0,
    ) -> list[str]:
        """Passes the message of a chunk to the function, `age` seconds after its sending."""
        body = {"v": 1, "import_id": import_id, "chunk": chunk}
        if handed_on is not None:
            body["handed_on"] = handed_on
        return self.invoke(assign.lambda_handler, with_body("assign-chunk", body), seconds, age)

    def finalize(self, import_id: str) -> list[str]:
        """Passes the finalize message of an import to the function."""
        event = with_body("finalize-import", {"v": 1, "import_id": import_id})
        return self.invoke(finalize.lambda_handler, event)

    def abandon(self, event: dict[str, Any]) -> list[str]:
        """Passes a dead letter to the function."""
        return self.invoke(abandon.lambda_handler, event)

    def sweep(self, what: str, *, seconds: float = 120.0) -> None:
        """Passes the event of the schedule `what` to the function."""
        self.invoke(sweep.lambda_handler, load_event(f"sweep-{what}"), seconds)

    def drained(self, table: str) -> dict[str, Any]:
        """Takes the records out of a table's stream, as Lambda passes them."""
        stream = self.memory.dynamodb.tables[table].stream
        event = {"Records": [change.record() for change in stream]}
        stream.clear()
        return event

    def publish(self) -> dict[str, Any]:
        """Passes the records of the accounts' stream to the function; the event."""
        event = self.drained("AccountsTable")
        self.invoke(publish.lambda_handler, event)
        return event

    def follow(self, *, seconds: float = 120.0) -> dict[str, Any]:
        """Passes the records of the directory's stream to the function; the event."""
        event = self.drained("DirectoryTable")
        self.invoke(follow.lambda_handler, event, seconds)
        return event

    def settle(self) -> list[ObjectCreated]:
        """Runs everything that follows, until nothing is left; the files that Handover wrote.

        Uploads of others are not processed.
        """
        tables, written = self.memory.dynamodb.tables, list[ObjectCreated]()
        while True:
            news = self._own_files()
            if tables["AccountsTable"].stream:
                self.publish()
            elif tables["DirectoryTable"].stream:
                self.follow()
            elif news:
                written += news
                self.run(*news)
            else:
                return written

    def _own_files(self) -> list[ObjectCreated]:
        """The files that Handover has written itself and not processed yet."""
        tables = self.resources.tables
        return [
            created
            for created in self.memory.s3.buckets[self.resources.uploads_bucket].events
            if (key := created.version.key).startswith("in/")
            and (ticket := tables.tickets.find(key.rpartition("/")[2].removesuffix(".csv")))
            and (ticket.job or ticket.follows)
            and tables.imports.find(import_id(created)) is None
        ]

    def invoke(
        self,
        handler: Callable[..., Any],
        event: dict[str, Any],
        seconds: float = 120.0,
        age: float = 0.0,
    ) -> list[str]:
        """Runs a function on messages sent `age` ago; the ids of those that it returns."""
        for record in event.get("Records", ()):
            if "SentTimestamp" in record.get("attributes", {}):
                record["attributes"]["SentTimestamp"] = str(int((self.clock.now - age) * 1000))
        context = LambdaContext(f"run-{next(self._runs):04d}", seconds)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No application metrics to publish")
            answer = handler(event, context)
        failures = answer.get("batchItemFailures", ()) if answer else ()
        return [failure["itemIdentifier"] for failure in failures]

    def waiting(self, queue: str = "") -> list[Any]:
        """The bodies of the messages that wait in the queue with that logical id, or in any."""
        return [
            json.loads(message.body)
            for message in self.memory.sqs.outbox
            if self._queue(message).startswith(queue)
        ]

    def forget(self) -> None:
        """Deletes every waiting message."""
        self.memory.sqs.outbox.clear()

    def run(self, *created: ObjectCreated) -> None:
        """Passes in the objects, then delivers messages until none waits; nothing may fail."""
        for one in created:
            assert self.validate(one) == []
        while self.memory.sqs.outbox:
            message = self.memory.sqs.outbox.pop(0)
            body, age = json.loads(message.body), self.clock.now - message.sent_at
            match self._queue(message):
                case "IntakeQueue":
                    event = with_body("validate-ticket", body)
                    assert self.invoke(validate.lambda_handler, event, age=age) == []
                case "ConvertQueue":
                    assert self.convert(body) == []
                case "ChunksQueue":
                    options = {"handed_on": body.get("handed_on")}
                    assert self.assign(body["import_id"], body["chunk"], age=age, **options) == []
                case _:
                    assert self.finalize(body["import_id"]) == []

    def _queue(self, message: Message) -> str:
        return self.memory.sqs.queues[message.queue_url]

    # Reading results

    def item(self, created: ObjectCreated) -> ImportItem:
        """The import of the object."""
        found = self.resources.tables.imports.find(import_id(created))
        assert found is not None
        return found

    def item_time(self, created: ObjectCreated) -> str:
        """When S3 received the object."""
        return rfc3339(created.version.modified)

    def all_imports(self) -> list[str]:
        """The ids of all imports there are."""
        items = self.memory.dynamodb.tables["ImportsTable"].items.values()
        return [item["pk"]["S"] for item in items if item["sk"]["S"] == "import"]

    def account(self, account_id: str, tenant: str = TENANT) -> Account:
        """The stored account."""
        found = self.resources.tables.accounts.read(tenant, [account_id], self.deadline)
        return found[account_id]

    def holders(self, *ids: str) -> list[str]:
        """The holder of each account, "" for nobody."""
        return [", ".join(self.account(one).assigned.get(ROLE, ())) for one in ids]

    def file(self, created: ObjectCreated, name: str) -> bytes | None:
        """A file of the report bucket about the import of the object."""
        key = f"{self.item(created).tenant}/{import_id(created)}/{name}"
        versions: tuple[Version, ...] = self.memory.s3.buckets[
            self.resources.reports_bucket
        ].objects.get(key, ())
        return versions[0].body if versions else None

    def summary(self, created: ObjectCreated) -> dict[str, Any]:
        """summary.json of the import of the object."""
        body = self.file(created, "summary.json")
        assert body is not None
        document: dict[str, Any] = json.loads(body)
        return document

    def counts(self, created: ObjectCreated) -> dict[str, int]:
        """The counts of summary.json that are not 0."""
        return {name: many for name, many in self.summary(created)["counts"].items() if many}

    def table(self, created: ObjectCreated, name: str) -> list[dict[str, str]]:
        """The rows of errors.csv or results.csv, spreadsheet guards taken off."""
        body = self.file(created, name)
        return rows(body) if body is not None else []


def rows(body: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, spreadsheet guards taken off."""
    reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return [{label: unguard(cell) for label, cell in row.items()} for row in reader]


def file_of(lines: Iterable[tuple[str, str]]) -> bytes:
    """A file of the preset with these lines."""
    text = "".join(f"{account},{manager}\r\n" for account, manager in lines)
    return f"account ID,account Manager\r\n{text}".encode()


def import_id(created: ObjectCreated) -> str:
    """The identity of the import, made only from S3's data of the version."""
    version = created.version
    return Arrival(Upload(created.bucket, version.key, version.version_id), 0, "", "").import_id


def with_body(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """The captured payload with another body."""
    event = load_event(name)
    event["Records"][0]["body"] = json.dumps(body)
    return event


def s3_event(created: ObjectCreated, name: str = "validate-ticket") -> dict[str, Any]:
    """The captured payload of an upload, with this object."""
    event = load_event(name)
    (record,) = event["Records"]
    body = json.loads(record["body"])
    message, news = body["Records"][0], created.record()
    message |= {key: news[key] for key in ("eventTime", "eventName", "userIdentity")}
    message["s3"]["bucket"]["name"] = created.bucket
    message["s3"]["object"] |= news["s3"]["object"]
    record["body"] = json.dumps(body)
    return event


def forget_clients() -> None:
    """Forgets clients, which are bound to the AWS they were made for."""
    runtime.resources.cache_clear()
    for cached in CACHES:
        cached.cache_clear()
    for model in MODELS:
        model._connection = None


@contextmanager
def on_memory(patch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A pipeline with an empty AWS and the users of one tenant."""
    clock = Clock()
    memory = memory_from_template(TEMPLATE, clock.time)
    for variable, logical_id in ENVIRONMENT.items():
        patch.setenv(variable, memory.physical[logical_id])
    for variable, value in SETTINGS.items():
        patch.setenv(variable, value)
    patch.setattr(runtime, "time", clock)
    patch.setattr(deadline, "time", clock)
    runtime.resources.cache_clear()
    deadline.begin(None)
    witness = Witness(memory)
    patch.setattr(runtime.metrics, "add_metric", witness.counted(runtime.metrics.add_metric))
    with install(memory, witness.call):
        pipeline = Pipeline(memory, clock, runtime.resources(), witness)
        pipeline.users(*USERS)
        yield pipeline
    runtime.resources.cache_clear()
    assert not witness.wrong, "\n".join(witness.wrong)
