"""The first record of an import: what S3 and the sender say, and its entry in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.aws.objects import Upload
from handover.deadline import Deadline
from handover.model import Mode
from handover.pipeline.registration import registered
from handover.pipeline.uploads import Arrival, Sender
from handover.runtime import LEASE_MARGIN_SECONDS, Invocation
from handover.store.import_items import ImportItem
from msgspec.structs import replace

from tests.kit.pipeline import ADMIN, BEGINNING, BEGINNING_TEXT, TENANT, Pipeline

# S3 has received the file five seconds before.
ARRIVAL = Arrival(
    Upload("UploadsBucket", "drop/lumina/erp/a.csv", "v1"), BEGINNING - 5, "5a", "AWS:A:job", 7
)
RECEIVED = "2026-11-22T09:59:55.000Z"
PERSON = Sender(TENANT, "user", ADMIN, "a.csv", "single-strict", Mode.DRY_RUN, {}, ticket="T")
SYSTEM = Sender(TENANT, "erp", "", "a.csv", "single-strict", Mode.RUN, {}, principal="A")
NAMES = ("job", "undo_of", "follows", "object_of")
REGISTERED: dict[str, Any] = {
    "pk": ARRIVAL.import_id,
    "tenant": TENANT,
    "profile": "single-strict",
    "source": "user",
    "uploader": ADMIN,
    "filename": "a.csv",
    "mode": "dry_run",
    "state": "validating",
    "received_at": RECEIVED,
    "bucket": "UploadsBucket",
    "key": "drop/lumina/erp/a.csv",
    "version_id": "v1",
    "precedence": ARRIVAL.precedence,
    "ticket": "T",
    "principal": "AWS:A:job",
    "listed_at": f"{RECEIVED}#{ARRIVAL.import_id}",
    "open": "1",
    "opened_at": BEGINNING_TEXT,
    "lease_by": "run",
    "lease_until": BEGINNING + 60 + LEASE_MARGIN_SECONDS,
}
OF_SYSTEM = {"source": "erp", "uploader": "", "mode": "run", "ticket": None, "proven_by": "A"}
SENDERS: dict[str, tuple[Sender, dict[str, Any]]] = {
    "a person": (PERSON, {}),
    "a system": (SYSTEM, OF_SYSTEM),
    "a system that is not known": (replace(SYSTEM, principal=""), OF_SYSTEM | {"proven_by": None}),
    **{name: (replace(PERSON, **{name: "x"}), {name: "x"}) for name in NAMES},
}


def register(pipeline: Pipeline, sender: Sender, arrival: Arrival = ARRIVAL) -> ImportItem:
    run = Invocation("run", Deadline(pipeline.clock.now + 60))
    return registered(pipeline.resources, arrival, sender, run)


@pytest.mark.parametrize("name", SENDERS)
def test_an_import_begins_with_what_s3_and_its_sender_say(name: str, pipeline: Pipeline) -> None:
    sender, changes = SENDERS[name]

    register(pipeline, sender)

    item = pipeline.resources.tables.imports.find(ARRIVAL.import_id)
    assert item is not None
    expected = {key: value for key, value in (REGISTERED | changes).items() if value is not None}
    assert {key: getattr(item, key) for key in expected} == expected
    for key in ("job", "undo_of", "follows", "object_of", "proven_by", "ticket"):
        assert getattr(item, key) == expected.get(key)


@pytest.mark.parametrize(
    ("sender", "principal", "actor"),
    [
        (SYSTEM, "AWS:A:job", "A"),
        (replace(SYSTEM, principal=""), "AWS:A:job", "AWS:A:job"),
        (replace(SYSTEM, principal=""), None, ""),
    ],
    ids=["a known source", "somebody else", "nobody reported"],
)
def test_a_dropped_file_has_one_entry_in_the_audit_trail(
    pipeline: Pipeline, sender: Sender, principal: str | None, actor: str
) -> None:
    for _ in range(2):
        register(pipeline, sender, replace(ARRIVAL, principal=principal))

    found = pipeline.resources.tables.audit.newest(
        TENANT, before="", since="", now=BEGINNING_TEXT, rows=9
    )
    name = ARRIVAL.import_id
    assert list(found) == [
        AuditEntry(
            TENANT,
            name,
            BEGINNING_TEXT,
            Act.FILE_DROPPED,
            actor,
            Door.DROP,
            f"import {name}",
            after={"source": "erp", "filename": "a.csv"},
        )
    ]


def test_an_announced_file_has_its_entry_already(pipeline: Pipeline) -> None:
    register(pipeline, PERSON)

    found = pipeline.resources.tables.audit.newest(
        TENANT, before="", since="", now=BEGINNING_TEXT, rows=9
    )
    assert list(found) == []
