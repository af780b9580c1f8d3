"""SQS: messages that point to work and never contain it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from handover.aws.clients import sqs
from handover.deadline import Deadline
from handover.flight import make_all

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGES_A_BATCH = 10


def send(
    queue_url: str, message: dict[str, Any], *, group: str | None = None, delay_seconds: int = 0
) -> None:
    """Sends one message in a fair-queue group; it may be delivered after the delay."""
    sqs().send_message(
        QueueUrl=queue_url,
        MessageBody=json.dumps(message),
        DelaySeconds=delay_seconds,
        **_of_group(group),
    )


def hide(queue_url: str, receipt: str, seconds: int) -> None:
    """Makes a received message visible again `seconds` from now."""
    sqs().change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
    )


def send_all(
    queue_url: str,
    messages: Iterable[dict[str, Any]],
    deadline: Deadline,
    *,
    group: str | None = None,
) -> None:
    """Sends every message, all in one group; sends those again that SQS did not accept."""
    rest = iter(messages)
    batches = iter(lambda: list(islice(rest, MESSAGES_A_BATCH)), [])
    make_all(partial(_send_batch, queue_url, batch, deadline, group) for batch in batches)


def _send_batch(
    queue_url: str, batch: Sequence[dict[str, Any]], deadline: Deadline, group: str | None
) -> None:
    waiting = {str(place): json.dumps(message) for place, message in enumerate(batch)}
    tries = 0
    while waiting:
        deadline.check()
        entries: Any = [
            {"Id": name, "MessageBody": body, **_of_group(group)} for name, body in waiting.items()
        ]
        answer = sqs().send_message_batch(QueueUrl=queue_url, Entries=entries)
        # The answer is 200 even when some messages were not accepted.
        waiting = {left["Id"]: waiting[left["Id"]] for left in answer.get("Failed", [])}
        if waiting:
            deadline.wait(tries)
            tries += 1


def _of_group(group: str | None) -> Mapping[str, Any]:
    return {} if group is None else {"MessageGroupId": group}
