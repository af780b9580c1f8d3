"""Batches of queue messages: each is done or comes again by itself, and a failure is told.

What met a busy service comes again soon, and is no failure: after some deliveries a fresh message
takes the place of the one that the queue would soon count as dead.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from handover.aws import queues
from handover.errors import HandoverError, RetryLaterError
from handover.runtime import Context, Invocation, invocation, logger, metrics

# When a message that met a busy service comes again: after twice as long each time.
FIRST_DELAY_SECONDS = 15
LONGEST_DELAY_SECONDS = 300
# A queue gives a message up after five deliveries (template.yaml); a fresh one takes its place
# before that, so that no outage alone makes a dead letter.
DELIVERIES_OF_ONE = 4
# After a day of a busy service, something else is wrong: a person is to hear of a dead letter.
MAX_PUT_OFFS = 72
# How many messages a message has been before, in its body.
PUT_OFF = "put_off"


class _Messages(BatchProcessor):
    """A batch whose failed messages leave a trace in the log."""

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """As Powertools does it, after saying what went wrong and where.

        The text of an unexpected exception is left out: it may quote what a person uploaded. What
        was put off, as during an outage, is counted apart: it is no reason to call anybody.
        """
        kind, error, trace = exception
        told = str(error) if isinstance(error, HandoverError) else ""
        logger.warning(
            "message failed",
            extra={
                "error": getattr(kind, "__name__", str(kind)),
                "reason": told,
                "where": [frame.strip() for frame in traceback.format_tb(trace)[-3:]],
            },
        )
        is_foreseen = isinstance(error, RetryLaterError)
        name = "MessagesPutOff" if is_foreseen else "MessagesFailed"
        metrics.add_metric(name, "Count", 1)
        return super().failure_handler(record, exception)


_messages = _Messages(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def _sent_at(record: SQSRecord) -> float | None:
    """When SQS took the message, in seconds since the epoch.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    told = record.attributes.get("SentTimestamp")
    return int(told) / 1000 if told else None


def process_batch(
    event: dict[str, Any],
    context: Context,
    work: Callable[[str, Invocation], None],
    *,
    queue: str = "",
) -> Any:
    """Calls `work` with the body of each message, and answers which must come again.

    A message fails alone: whatever it raises, the others are done. `queue` is the URL of the queue
    that they come from; without it those that met a busy service come again when the queue says.
    """

    def handle(record: SQSRecord) -> None:
        run = invocation(context, f"-{record.message_id}", sent_at=_sent_at(record))
        try:
            work(record.body, run)
        except RetryLaterError as late:
            if not (late.is_busy and queue) or not _put_off(record, queue):
                raise

    return process_partial_response(event, handle, _messages, context)  # type: ignore[arg-type]


def _put_off(record: SQSRecord, queue: str) -> bool:
    """Has the message come again soon; True when a fresh one has taken its place."""
    told: Any = json.loads(record.body)
    before = int(told.get(PUT_OFF, 0))
    deliveries = int(record.attributes.approximate_receive_count)
    if before >= MAX_PUT_OFFS:
        return False
    tries = before * DELIVERIES_OF_ONE + deliveries
    delay = min(FIRST_DELAY_SECONDS * 2 ** min(tries - 1, 10), LONGEST_DELAY_SECONDS)
    if deliveries < DELIVERIES_OF_ONE:
        queues.hide(queue, record.receipt_handle, delay)
        return False
    told[PUT_OFF] = before + 1
    queues.send(queue, told, group=record["attributes"].get("MessageGroupId"), delay_seconds=delay)
    metrics.add_metric("MessagesPutOff", "Count", 1)
    logger.warning("message put off", extra={"times": told[PUT_OFF]})
    return True
