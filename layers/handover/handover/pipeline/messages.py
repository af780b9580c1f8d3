"""Messages from one function to another: they point at work, and tell whose it is.

Tenants share the queues. Each message is of its tenant's group, so while one tenant has much under
way the messages of the others come first.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from handover.aws import queues
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.runtime import Invocation, Resources
from handover.store.imports import ImportItem


class Need(StrEnum):
    """What an import needs next, by the queue from which it gets it."""

    INTAKE = "intake"
    CHUNKS = "chunks"
    FINALIZE = "finalize"


# What a message of ours says, and in which fields. Whoever raises it still reads the one before.
VERSION = 1


def send_chunks(
    resources: Resources, item: ImportItem, numbers: Iterable[int], deadline: Deadline
) -> None:
    """Sends a message for each of these chunks of the import, in their order."""
    queues.send_all(
        resources.chunks_queue,
        ({"v": VERSION, "import_id": item.pk, "chunk": number} for number in numbers),
        deadline,
        group=item.tenant,
    )


def hand_on(resources: Resources, item: ImportItem, number: int, handed_on: int) -> None:
    """Sends a fresh message for a chunk that has been handed on so many times, this one included.

    Messages that say a lower number mean nothing any more, once this one has been taken.
    """
    message = {"v": VERSION, "import_id": item.pk, "chunk": number, "handed_on": handed_on}
    queues.send(resources.chunks_queue, message, group=item.tenant)


def send_finalize(resources: Resources, item: ImportItem) -> None:
    """Sends the message that has the import brought to its end, or told of."""
    message = {"v": VERSION, "import_id": item.pk}
    queues.send(resources.finalize_queue, message, group=item.tenant)


def note_taken(resources: Resources, need: Need, run: Invocation) -> None:
    """Notes for the sweep how far the messages of a queue have been taken."""
    if run.sent_at is not None:
        resources.tables.watermarks.note_taken(need, run.sent_at)


def read_message(body: str) -> Any:
    """What a message says: S3's, which has no version, or one of ours.

    Raises RetryLaterError for a message of a later version than this code, which is being
    replaced; ValueError for what is no JSON.
    """
    told = json.loads(body)
    version = told.get("v", VERSION) if isinstance(told, dict) else VERSION
    if isinstance(version, int) and version > VERSION:
        raise RetryLaterError(f"a message of version {version}; this code reads {VERSION}")
    return told
