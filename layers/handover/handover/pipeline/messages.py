"""Messages from one function to another: each names some work and the tenant it belongs to.

Tenants share the queues. Each message is in its tenant's group, so while one tenant has many
messages in progress the messages of the others come first.
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
from handover.store.import_items import ImportItem


class Need(StrEnum):
    """What an import needs next, by the queue that provides it."""

    INTAKE = "intake"
    CHUNKS = "chunks"
    FINALIZE = "finalize"


# Version of our messages' fields. Code that raises it must still read the previous version.
VERSION = 1


def send_chunks(
    resources: Resources,
    item: ImportItem,
    numbers: Iterable[int],
    deadline: Deadline,
    *,
    are_first: bool,
) -> None:
    """Sends a message for each of these chunks of the import, in their order.

    First messages (`are_first`), and their dead letters, are obsolete once the chunk has been
    handed on. All others stay valid, however often the chunk is handed on.
    """
    of_first = {"handed_on": 0} if are_first else {}
    queues.send_all(
        resources.chunks_queue,
        ({"v": VERSION, "import_id": item.pk, "chunk": number, **of_first} for number in numbers),
        deadline,
        group=item.tenant,
    )


def hand_on(resources: Resources, item: ImportItem, number: int, handed_on: int) -> None:
    """Sends a fresh message for a chunk; `handed_on` counts how often, this time included.

    Messages with a lower count are obsolete once this one has been taken.
    """
    message = {"v": VERSION, "import_id": item.pk, "chunk": number, "handed_on": handed_on}
    queues.send(resources.chunks_queue, message, group=item.tenant)


def send_finalize(resources: Resources, item: ImportItem) -> None:
    """Sends the message that asks to end the import, or to announce that it waits for an Admin."""
    message = {"v": VERSION, "import_id": item.pk}
    queues.send(resources.finalize_queue, message, group=item.tenant)


def note_taken(resources: Resources, need: Need, run: Invocation) -> None:
    """Records for the sweep how far the messages of a queue have been taken."""
    if run.sent_at is not None:
        resources.tables.watermarks.note_taken(need, run.sent_at)


def read_message(body: str) -> Any:
    """The parsed message: S3's, which has no version, or one of ours.

    Raises RetryLaterError for a message of a later version than this code, which is being replaced;
    ValueError when the body is not JSON.
    """
    message = json.loads(body)
    version = message.get("v", VERSION) if isinstance(message, dict) else VERSION
    if isinstance(version, int) and version > VERSION:
        raise RetryLaterError(f"a message of version {version}; this code reads {VERSION}")
    return message
