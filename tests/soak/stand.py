"""The stack for a run: the real template, used and observed from outside.

Its own functions are switched off when workers of the harness do their work.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from handover.deadline import Deadline
from handover.model import Account, Mode, User
from handover.pipeline.upload_keys import ticket_time
from handover.profiles.settings import Settings
from handover.runtime import rfc3339
from handover.store.accounts import item_from
from handover.store.batches import put_items
from handover.store.tables import TableNames, Tables, connect
from handover.store.tickets import TicketItem

from infra import local
from infra.local import emulator
from tests.kit.oracle.directory import Directory
from tests.kit.oracle.remains import FINAL
from tests.soak import files

QUEUES = ("IntakeQueue", "ChunksQueue", "FinalizeQueue")
DEAD_LETTERS = ("IntakeDeadLetters", "ChunksDeadLetters", "FinalizeDeadLetters")
SEED_SECONDS = 300.0
TAKES_AT_A_TIME = 25


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded version; uploads are made one after another, so S3 has the same order."""

    tenant: str
    import_id: str
    body: bytes
    lines: int
    at: float


@dataclass
class Stand:
    """A deployed stack with tenants, all uploads, and the received notices and events."""

    stack: local.LocalStack
    tables: Tables
    uploads: list[Upload] = field(default_factory=list)
    # The people and accounts of each tenant before anything was uploaded.
    directory: dict[str, Directory] = field(default_factory=dict)
    # The manager of each account of each tenant after all uploads so far, one after another.
    held: dict[str, dict[str, str]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    notices: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    ears: dict[str, str] = field(default_factory=dict)
    # False when the reader of the stream began after the tenants were stored, so that portfolios
    # have only later changes.
    tells_of_seed: bool = True
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the harness's own."""
        if service not in self.clients:
            self.clients[service] = local.client(self.stack, service)
        return self.clients[service]

    def resource(self, logical_id: str) -> str:
        """The physical name of a resource of the template."""
        return self.stack.resources[logical_id]

    def queue_url(self, logical_id: str) -> str:
        """The URL of a queue of the template."""
        return self.resource(logical_id)

    # Before

    def seed(self, tenant: str, accounts: int) -> None:
        """A tenant with so many accounts, half of them managed, and the people of `files`."""
        deadline = Deadline(time.time() + SEED_SECONDS)
        named = files.accounts_of(accounts)
        held = {
            account: files.SELLERS[place % len(files.SELLERS)] if place % 2 else ""
            for place, account in enumerate(named)
        }
        made = [
            Account(
                tenant,
                account,
                1,
                name="Lumina Retail",
                opco=files.OPCO,
                assigned={"account_manager": (manager,)} if manager else {},
            )
            for account, manager in held.items()
        ]
        put_items(self.resource("AccountsTable"), map(item_from, made), deadline)
        people = [
            User(address, one.name, one.roles, one.opco, is_active=one.is_active)
            for address, one in files.PEOPLE.items()
        ]
        self.tables.directory.put_users(tenant, people, deadline)
        # No approvals: nobody could give them.
        settings = Settings(clear_guard_percent=100, clear_guard_lines=10**6)
        self.tables.directory.put_settings(tenant, settings)
        self.directory[tenant] = files.directory_of(tenant, held)
        self.held[tenant] = dict(held)

    def listen(self, *, to_events: bool) -> None:
        """Receives all notifications from now on, and on request the events of changes."""
        sns = self.client("sns")
        self.ears["notices"] = self._ear("soak-notices")
        sns.subscribe(
            TopicArn=self.stack.outputs["NotificationsTopicArn"],
            Protocol="sqs",
            Endpoint=self.arn(self.ears["notices"]),
            Attributes={"RawMessageDelivery": "false"},
        )
        if to_events:
            bus, events = self.resource("ChangesBus"), self.client("events")
            self.ears["events"] = self._ear("soak-events")
            pattern = json.dumps({"source": ["handover"]})
            events.put_rule(Name="soak", EventBusName=bus, EventPattern=pattern)
            target = {"Id": "ear", "Arn": self.arn(self.ears["events"])}
            events.put_targets(Rule="soak", EventBusName=bus, Targets=[target])

    def hasten(self, visible_after: Mapping[str, int], tries: int) -> None:
        """Sets a shorter visibility timeout, and enough deliveries for many kills."""
        for name in QUEUES:
            policy = {
                "deadLetterTargetArn": self.arn(
                    self.queue_url(name.replace("Queue", "DeadLetters"))
                ),
                "maxReceiveCount": tries,
            }
            self.client("sqs").set_queue_attributes(
                QueueUrl=self.queue_url(name),
                Attributes={
                    "VisibilityTimeout": str(visible_after[name]),
                    "RedrivePolicy": json.dumps(policy),
                },
            )

    def switch_functions_off(self) -> None:
        """Disconnects the stack's own functions from their queues, stream and schedules."""
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            if "ScheduleExpression" in rule:
                events.disable_rule(Name=rule["Name"])

    def environment(self, function: str) -> dict[str, str]:
        """The environment of the deployed function, and the address of AWS."""
        described = self.client("lambda").get_function_configuration(
            FunctionName=self.resource(function)
        )
        variables: dict[str, str] = described["Environment"]["Variables"]
        return variables | local.environment(self.stack)

    # During

    def upload(self, tenant: str, body: bytes) -> Upload:
        """Uploads a file under a fresh ticket."""
        ticket = f"{ticket_time(time.time())}-{secrets.token_hex(8)}"
        self.tables.tickets.issue(
            ticket,
            TicketItem(
                tenant=tenant,
                uploader=files.UPLOADER,
                profile="single-strict",
                filename=f"{len(self.uploads)}.csv",
                mode=Mode.RUN.value,
                issued_at=rfc3339(time.time()),
                expires_at=rfc3339(time.time() + 300),
                expires=int(time.time()) + 86_400,
            ),
        )
        # The next upload must also be later by S3's clock, which has milliseconds.
        time.sleep(0.002)
        bucket, key = self.stack.outputs["UploadsBucket"], f"in/{tenant}/{ticket}.csv"
        version = self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        import_id = hashlib.sha256(f"{bucket}\0{key}\0{version}".encode()).hexdigest()[:32]
        upload = Upload(tenant, import_id, body, body.count(b"\n") - 1, time.monotonic())
        self.uploads.append(upload)
        files.apply(body, tenant, self.directory[tenant], self.held[tenant])
        return upload

    def look(self) -> list[Upload]:
        """The uploads whose imports have not ended or whose end is not announced."""
        self.hear()
        waiting = [one for one in self.uploads if one.import_id not in self.ended]
        for begin in range(0, len(waiting), 100):
            part = waiting[begin : begin + 100]
            self.ended |= set(self._ended(one.import_id for one in part))
        return [one for one in waiting if one.import_id not in self.ended]

    def _ended(self, import_ids: Iterable[str]) -> Iterator[str]:
        table = self.resource("ImportsTable")
        keys = [{"pk": {"S": one}, "sk": {"S": "import"}} for one in import_ids]
        names = {"#s": "state", "#o": "open"}
        request: Any = {
            table: {
                "Keys": keys,
                "ProjectionExpression": "pk, #s, #o",
                "ExpressionAttributeNames": names,
                "ConsistentRead": True,
            }
        }
        while request:
            answer = self.client("dynamodb").batch_get_item(RequestItems=request)
            for item in answer["Responses"].get(table, []):
                if item["state"]["S"] in FINAL and "open" not in item:
                    yield item["pk"]["S"]
            request = answer.get("UnprocessedKeys")

    def hear(self) -> bool:
        """Receives new notifications and events; true when none is left."""
        before = len(self.notices) + len(self.events)
        for name, received in (("notices", self.notices), ("events", self.events)):
            # Messages that arrive faster than they are received wait for the next call.
            for _ in range(TAKES_AT_A_TIME):
                taken = self.take(self.ears[name]) if name in self.ears else []
                received.extend(taken)
                if not taken:
                    break
        return len(self.notices) + len(self.events) == before

    def take(self, url: str) -> list[dict[str, Any]]:
        """Up to ten messages of a queue, which are deleted from it."""
        sqs = self.client("sqs")
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if messages:
            entries = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                for place, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return [json.loads(message["Body"]) for message in messages]

    def messages(self, names: Iterable[str]) -> dict[str, int]:
        """The number of messages in each queue, with hidden and delayed ones."""
        found: dict[str, int] = {}
        for name in names:
            attributes = self.client("sqs").get_queue_attributes(
                QueueUrl=self.queue_url(name), AttributeNames=["All"]
            )["Attributes"]
            found[name] = sum(
                int(attributes.get(f"ApproximateNumberOfMessages{which}", 0))
                for which in ("", "NotVisible", "Delayed")
            )
        return found

    # After

    def scan(self, logical_id: str) -> Iterator[dict[str, Any]]:
        """Every item of a table."""
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.resource(logical_id), ConsistentRead=True)
        )
        for page in pages:
            yield from page["Items"]

    def report(self, upload: Upload, name: str) -> bytes | None:
        """A file of an import in the report bucket."""
        s3 = self.client("s3")
        key = f"{upload.tenant}/{upload.import_id}/{name}"
        try:
            answer = s3.get_object(Bucket=self.stack.outputs["ReportsBucket"], Key=key)
        except s3.exceptions.NoSuchKey:
            return None
        body: bytes = answer["Body"].read()
        return body

    def order_by_s3(self) -> list[str]:
        """The ids of all imports in the order of S3's own times."""
        found: list[tuple[datetime, str]] = []
        bucket = self.stack.outputs["UploadsBucket"]
        pages = self.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
        for page in pages:
            for one in page.get("Versions", []):
                identity = f"{bucket}\0{one['Key']}\0{one['VersionId']}"
                import_id = hashlib.sha256(identity.encode()).hexdigest()[:32]
                found.append((one["LastModified"], import_id))
        return [import_id for _, import_id in sorted(found, key=lambda one: one[0])]

    def _ear(self, name: str) -> str:
        url: str = self.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        return url

    def arn(self, url: str) -> str:
        """The ARN of a queue."""
        answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        return arn


@contextmanager
def stand(home: Path, *, throttled: bool = False, root: Path = emulator.ROOT) -> Iterator[Stand]:
    """A new stack that ends with the block. `throttled` makes its DynamoDB busy."""
    corrections = emulator.CORRECTIONS
    if throttled:
        emulator.CORRECTIONS = Path(__file__).with_name("throttles.py")
    try:
        stack = local.up(port=0, home=home, root=root)
    finally:
        emulator.CORRECTIONS = corrections
    try:
        os.environ |= local.environment(stack)
        found = stack.resources
        names = TableNames(
            accounts=found["AccountsTable"],
            directory=found["DirectoryTable"],
            imports=found["ImportsTable"],
            history=found["HistoryTable"],
            portfolios=found["PortfolioTable"],
        )
        yield Stand(stack, connect(names))
    finally:
        local.down(home=home)


def stream_arn(made: Stand) -> str:
    """The stream of the accounts."""
    described = made.client("dynamodb").describe_table(TableName=made.resource("AccountsTable"))
    arn: str = described["Table"]["LatestStreamArn"]
    return arn


def begin_stream_here(made: Stand, checkpoint: Path) -> None:
    """Lets the reader of the stream skip everything written so far."""
    streams, arn = made.client("dynamodbstreams"), stream_arn(made)
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
    here = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
    )
    checkpoint.write_text(here["ShardIterator"], encoding="utf-8")
    made.tells_of_seed = False
