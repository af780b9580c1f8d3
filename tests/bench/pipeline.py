"""The stages of an import on an AWS in memory, one after the other in this process."""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handover.aws.objects import Upload
from handover.deadline import Deadline
from handover.model import Account, Mode, User
from handover.pipeline.assign import work_chunk
from handover.pipeline.finalize import end_import
from handover.pipeline.publish import Change, publish_changes
from handover.pipeline.uploads import Arrival
from handover.pipeline.validate import take_in
from handover.runtime import Invocation, Resources, rfc3339
from handover.store.accounts import account_from
from handover.store.tables import TableNames, connect
from handover.store.tickets import TicketItem

from infra.template import load
from tests.kit.memory_aws import MemoryAws, memory_from_template

TENANT = "lumina"
UPLOADER = "ines.okello@lumina.example"
OPCO = "opco-3"
SELLERS = 40
WORKER_SECONDS = 120
HEADER = b"account ID,account Manager,note\r\n"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The template's resources in memory, and their names."""

    memory: MemoryAws
    resources: Resources


def pipeline() -> Pipeline:
    """An empty stack."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HISTORY_DAYS": "0",
    }
    memory = memory_from_template(load(), time.time)
    memory.dynamodb.metered = True
    names = memory.physical
    tables = TableNames(
        accounts=names["AccountsTable"],
        directory=names["DirectoryTable"],
        imports=names["ImportsTable"],
        history=names["HistoryTable"],
        portfolios=names["PortfolioTable"],
    )
    resources = Resources(
        tables=connect(tables),
        uploads_bucket=names["UploadsBucket"],
        reports_bucket=names["ReportsBucket"],
        work_bucket=names["WorkBucket"],
        intake_queue=names["IntakeQueue"],
        chunks_queue=names["ChunksQueue"],
        finalize_queue=names["FinalizeQueue"],
        notifications_topic=names["NotificationsTopic"],
        tenant_topics=names["TenantTopics"],
        changes_bus=names["ChangesBus"],
    )
    return Pipeline(memory, resources)


def seed(at: Pipeline, accounts: int) -> None:
    """Stores a tenant with its people, and accounts with typical fields."""
    tables, deadline = at.resources.tables, Deadline(time.time() + 600)
    known = [
        Account(
            TENANT,
            f"C{n:08d}",
            1,
            name="Lumina Retail Northern Europe GmbH",
            customer_id=f"{n:010d}",
            opco=OPCO,
            portals=("retail", "partner"),
        )
        for n in range(accounts)
    ]
    tables.accounts.put_fields(known, deadline)
    sellers = [
        User(f"seller{n}@lumina.example", f"Seller {n}", frozenset({"Sales"}), OPCO)
        for n in range(SELLERS)
    ]
    uploader = User(UPLOADER, "Ines Okello", frozenset({"Admin"}), OPCO)
    tables.directory.put_users(TENANT, [*sellers, uploader], deadline)


def file_of(lines: int, *, turn: int) -> bytes:
    """A file that gives every account another manager than in the turn before."""
    return HEADER + b"".join(
        b"C%08d,seller%d@lumina.example,\r\n" % (n, (n + turn) % SELLERS) for n in range(lines)
    )


def run() -> Invocation:
    """A run of a function with enough time."""
    return Invocation("attempt", Deadline(time.time() + 3600))


def arrive(at: Pipeline, ticket: str, body: bytes | Path) -> Arrival:
    """An upload under a new ticket; a path's file is read from the disk, range by range."""
    at.resources.tables.tickets.issue(
        ticket,
        TicketItem(
            tenant=TENANT,
            uploader=UPLOADER,
            profile="single-strict",
            filename="bench.csv",
            mode=Mode.RUN.value,
            issued_at=rfc3339(time.time()),
            expires_at=rfc3339(time.time() + 300),
            expires=int(time.time()) + 86_400,
        ),
    )
    content = body if isinstance(body, bytes) else b""
    bucket, key = at.resources.uploads_bucket, f"in/{TENANT}/{ticket}.csv"
    version = at.memory.s3.upload(bucket, key, content)
    if isinstance(body, Path):
        _read_from_disk(at.memory, key, body)
    return Arrival(Upload(bucket, key, version.version_id), time.time(), "00", "")


def take(at: Pipeline, arrival: Arrival) -> None:
    """Runs the validate function."""
    take_in(at.resources, arrival, run(), WORKER_SECONDS)


def work(at: Pipeline) -> None:
    """Runs the assign function for all waiting chunks."""
    outbox, at.memory.sqs.outbox = at.memory.sqs.outbox, []
    for message in outbox:
        if message.queue_url == at.resources.chunks_queue:
            body = json.loads(message.body)
            work_chunk(at.resources, body["import_id"], body["chunk"], run(), may_write=True)


def end(at: Pipeline, import_id: str) -> str:
    """Runs the finalize function; the import's state after it."""
    end_import(at.resources, import_id, run())
    item = at.resources.tables.imports.find(import_id)
    return item.state if item else ""


def publish(at: Pipeline, images: list[tuple[Any, Any]]) -> None:
    """Runs the publish function for a batch of the Accounts table's stream."""
    changes = [
        Change(account_from(old) if old else None, account_from(new) if new else None)
        for old, new in images
    ]
    publish_changes(at.resources, changes, run())


def _read_from_disk(memory: MemoryAws, key: str, path: Path) -> None:
    from_memory, head_in_memory = memory.s3.get_object, memory.s3.head_object
    size = path.stat().st_size

    def get_object(params: dict[str, Any], twist: Any) -> dict[str, Any]:
        if params["Key"] != key:
            return from_memory(params, twist)
        first, last = (int(place) for place in params["Range"].removeprefix("bytes=").split("-"))
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(last + 1 - first)
        return {"Body": io.BytesIO(body), "ContentRange": f"bytes {first}-{last}/{size}"}

    def head_object(params: dict[str, Any], twist: Any) -> dict[str, Any]:
        if params["Key"] != key:
            return head_in_memory(params, twist)
        return {"ContentLength": size}

    memory.register("s3", "GetObject", get_object)
    memory.register("s3", "HeadObject", head_object)
