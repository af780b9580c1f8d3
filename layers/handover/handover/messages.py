"""Batches of queue messages: each is done or comes again by itself, and a failure is told."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from handover.errors import HandoverError, RetryLaterError
from handover.runtime import Context, Invocation, invocation, logger, metrics


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


def each_message(
    event: dict[str, Any], context: Context, work: Callable[[str, Invocation], None]
) -> Any:
    """Calls `work` with the body of each message, and answers which must come again.

    A message fails alone: whatever it raises, the others are done.
    """

    def handle(record: SQSRecord) -> None:
        work(record.body, invocation(context, f"-{record.message_id}"))

    return process_partial_response(event, handle, _messages, context)  # type: ignore[arg-type]
