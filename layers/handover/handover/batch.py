"""Batches of queue messages: each message succeeds or fails alone, and failures are logged.

A message that met a busy service comes again soon and does not count as a failure. After some
deliveries a fresh message takes its place, before the queue gives it up.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from handover.aws import queues
from handover.errors import HandoverError, RetryLaterError
from handover.runtime import Context, Invocation, invocation, logger, metrics

# When a message that met a busy service comes again; the delay doubles each time.
FIRST_DELAY_SECONDS = 15
LONGEST_DELAY_SECONDS = 300
# A queue gives a message up after five deliveries (template.yaml). A fresh one takes its place
# before that, so that an outage alone makes no dead letter.
DELIVERIES_OF_ONE = 4
# After a day of a busy service, something else is wrong: then a dead letter alerts a person.
MAX_PUT_OFFS = 72
# The field of a message's body that counts the messages whose place it has taken.
PUT_OFF = "put_off"


def process_batch(
    event: dict[str, Any],
    context: Context,
    work: Callable[[str, Invocation], None],
    *,
    queue: str = "",
) -> dict[str, Any]:
    """Calls `work` with the body of each message; returns which messages must come again.

    A message fails alone: whatever it raises, the others are processed. `queue` is the URL of their
    queue. Without it the queue decides when a message that met a busy service comes again.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failed: list[str] = []
    for record in event["Records"]:
        try:
            _process(record, context, work, queue)
        except Exception as error:  # noqa: BLE001 - a message fails alone, and the log has the place
            _note_failure(error)
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _process(
    record: Mapping[str, Any],
    context: Context,
    work: Callable[[str, Invocation], None],
    queue: str,
) -> None:
    run = invocation(context, f"-{record['messageId']}", sent_at=_sent_at(record))
    try:
        work(record["body"], run)
    except RetryLaterError as late:
        if not (late.is_busy and queue) or not _put_off(record, queue):
            raise


def _note_failure(error: Exception) -> None:
    """Logs what went wrong and where.

    The text of an unexpected exception is left out: it may quote what a person uploaded. Messages
    that were put off, as during an outage, have their own metric: they need no alarm of failures.
    """
    logger.warning(
        "message failed",
        extra={
            "error": type(error).__name__,
            "reason": str(error) if isinstance(error, HandoverError) else "",
            "where": [frame.strip() for frame in traceback.format_tb(error.__traceback__)[-3:]],
        },
    )
    is_foreseen = isinstance(error, RetryLaterError)
    metrics.add_metric("MessagesPutOff" if is_foreseen else "MessagesFailed", "Count", 1)


def _sent_at(record: Mapping[str, Any]) -> float | None:
    """When SQS took the message, in seconds since the epoch.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    sent_ms = record["attributes"].get("SentTimestamp")
    return int(sent_ms) / 1000 if sent_ms else None


def _put_off(record: Mapping[str, Any], queue: str) -> bool:
    """Makes the message come again soon; True when a fresh one has taken its place."""
    body: Any = json.loads(record["body"])
    before = int(body.get(PUT_OFF, 0))
    deliveries = int(record["attributes"]["ApproximateReceiveCount"])
    if before >= MAX_PUT_OFFS:
        return False
    tries = before * DELIVERIES_OF_ONE + deliveries
    delay = min(FIRST_DELAY_SECONDS * 2 ** min(tries - 1, 10), LONGEST_DELAY_SECONDS)
    if deliveries < DELIVERIES_OF_ONE:
        queues.hide(queue, record["receiptHandle"], delay)
        return False
    body[PUT_OFF] = before + 1
    queues.send(queue, body, group=record["attributes"].get("MessageGroupId"), delay_seconds=delay)
    metrics.add_metric("MessagesPutOff", "Count", 1)
    logger.warning("message put off", extra={"times": body[PUT_OFF]})
    return True
