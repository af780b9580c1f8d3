"""Reads the dead-letter queues: what failed too often is brought to an end that tells so."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from handover.runtime import Context, invocation, logger, metrics, tracer, wiring
from handover.stages.abandonment import abandon

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, as SQS wants them named."""

    def give_up(record: SQSRecord) -> None:
        run = invocation(context, f"-{record.message_id}")
        abandon(wiring(), json.loads(record.body), run)

    return process_partial_response(event, give_up, processor, context)  # type: ignore[arg-type]
