"""Messages between the functions: their tenant, and which version of the code reads them."""

from __future__ import annotations

import json

import pytest
from handover.pipeline.messages import Need
from handover.pipeline.uploads import arrival_message, arrivals

from functions.abandon import app as abandon
from functions.assign import app as assign
from functions.finalize import app as finalize
from functions.validate import app as validate
from tests.kit.payloads import load_event
from tests.kit.pipeline import TENANT, Pipeline, import_id, s3_event, with_body

FILE = b"account ID,account Manager\r\nK000,amina@lumina.example\r\n"
# The handler of each queue, and a captured message of it.
QUEUES = {
    "validate": (validate.lambda_handler, "abandon-intake"),
    "assign": (assign.lambda_handler, "assign-chunk"),
    "finalize": (finalize.lambda_handler, "finalize-import"),
    "abandon": (abandon.lambda_handler, "abandon-chunk"),
}


def test_messages_carry_the_group_of_their_tenant(pipeline: Pipeline) -> None:
    created = pipeline.upload(FILE)
    pipeline.validate(created)
    pipeline.assign(import_id(created))

    sent = pipeline.memory.sqs.outbox

    assert {message.queue_url.rpartition("/")[2] for message in sent} == {
        "ChunksQueue",
        "FinalizeQueue",
    }
    assert {message.group_id for message in sent} == {TENANT}


@pytest.mark.parametrize("function", ["assign", "finalize", "abandon"])
def test_a_message_of_a_later_version_waits_for_the_code_that_reads_it(
    pipeline: Pipeline, function: str
) -> None:
    created = pipeline.upload(FILE)
    pipeline.validate(created)
    items = pipeline.memory.dynamodb.tables["ImportsTable"].items
    before = dict(items)
    handler, captured = QUEUES[function]
    body = {"v": 2, "import_id": import_id(created), "chunk": 1}

    failed = pipeline.invoke(handler, with_body(captured, body))

    assert len(failed) == 1
    assert items == before


def test_an_upload_reported_by_a_later_version_waits_for_the_code_that_reads_it(
    pipeline: Pipeline,
) -> None:
    (arrival,) = arrivals(json.loads(s3_event(pipeline.upload(FILE))["Records"][0]["body"]))
    body = {**arrival_message(arrival), "v": 2}

    assert len(pipeline.invoke(validate.lambda_handler, with_body("validate-ticket", body))) == 1
    assert pipeline.all_imports() == []

    assert (
        pipeline.invoke(validate.lambda_handler, with_body("validate-ticket", {**body, "v": 1}))
        == []
    )
    assert len(pipeline.all_imports()) == 1


@pytest.mark.parametrize("function", QUEUES)
def test_captured_messages_have_the_present_version(function: str) -> None:
    body = json.loads(load_event(QUEUES[function][1])["Records"][0]["body"])

    assert body.get("v", 1) == 1


def test_each_worker_stores_how_far_its_queue_was_taken(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.run(pipeline.upload(FILE))

    watermarks = pipeline.resources.tables.watermarks
    assert {need: watermarks.seen(need).newest_taken for need in Need} == dict.fromkeys(
        Need, pipeline.clock.now
    )


def test_a_message_without_its_sending_time_is_processed(
    pipeline: Pipeline,
) -> None:
    created = pipeline.upload(FILE)
    event = s3_event(created)
    del event["Records"][0]["attributes"]["SentTimestamp"]

    assert pipeline.invoke(validate.lambda_handler, event) == []

    assert pipeline.item(created).state == "processing"
    assert pipeline.resources.tables.watermarks.seen(Need.INTAKE).newest_taken == 0
