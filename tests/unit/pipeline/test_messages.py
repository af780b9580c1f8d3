"""Messages from one function to another: what they say, and which of them can be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover.errors import RetryLaterError
from handover.pipeline.messages import (
    Need,
    hand_on,
    note_taken,
    read_message,
    send_chunks,
    send_finalize,
)
from handover.rules.resending import Seen
from handover.runtime import Invocation
from handover.store.import_items import ImportItem

from tests.kit.pipeline import TENANT, Pipeline

ITEM = ImportItem("1" * 32, tenant=TENANT)


def sent(pipeline: Pipeline) -> list[tuple[str, dict[str, Any], str | None]]:
    """The waiting messages: queue, body and group."""
    queues = pipeline.memory.sqs.queues
    return [
        (queues[one.queue_url], json.loads(one.body), one.group_id)
        for one in pipeline.memory.sqs.outbox
    ]


def test_every_message_names_its_work_and_is_in_the_group_of_its_tenant(pipeline: Pipeline) -> None:
    resources, deadline = pipeline.resources, pipeline.deadline

    send_chunks(resources, ITEM, [2, 1], deadline, are_first=True)
    send_chunks(resources, ITEM, [3], deadline, are_first=False)
    hand_on(resources, ITEM, 4, 7)
    send_finalize(resources, ITEM)

    name = {"v": 1, "import_id": "1" * 32}
    assert sent(pipeline) == [
        ("ChunksQueue", name | {"chunk": 2, "handed_on": 0}, TENANT),
        ("ChunksQueue", name | {"chunk": 1, "handed_on": 0}, TENANT),
        ("ChunksQueue", name | {"chunk": 3}, TENANT),
        ("ChunksQueue", name | {"chunk": 4, "handed_on": 7}, TENANT),
        ("FinalizeQueue", name, TENANT),
    ]


@pytest.mark.parametrize(
    "body",
    [{"v": 1, "chunk": 2}, {"Records": []}, {"v": 0}, {"v": "2"}, {"v": None}, [{"v": 2}], "v", 2],
    ids=repr,
)
def test_a_message_of_this_version_or_an_earlier_one_is_read_as_it_is(body: object) -> None:
    assert read_message(json.dumps(body)) == body


def test_a_message_of_a_later_version_waits_for_the_later_code() -> None:
    with pytest.raises(RetryLaterError, match="a message of version 2; this code reads 1"):
        read_message('{"v": 2}')


@pytest.mark.parametrize("sent_at", [None, 1_795_341_000.0])
def test_only_a_message_with_its_time_tells_how_far_its_queue_was_taken(
    pipeline: Pipeline, sent_at: float | None
) -> None:
    run = Invocation("run", pipeline.deadline, sent_at)

    note_taken(pipeline.resources, Need.CHUNKS, run)

    seen = pipeline.resources.tables.watermarks.seen
    assert seen(Need.CHUNKS).newest_taken == (sent_at or 0.0)
    assert seen(Need.FINALIZE) == seen(Need.INTAKE) == Seen()
