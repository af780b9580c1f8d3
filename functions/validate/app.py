"""Takes in uploads: one message of the intake queue tells of one or more new objects."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from handover.runtime import (
    Context,
    assign_timeout_seconds,
    invocation,
    logger,
    metrics,
    tracer,
    wiring,
)
from handover.stages.intake import take_in
from handover.stages.uploads import arrivals_of

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, as SQS wants them named."""

    def take(record: SQSRecord) -> None:
        run = invocation(context, f"-{record.message_id}")
        for arrival in arrivals_of(json.loads(record.body)):
            take_in(wiring(), arrival, run, assign_timeout_seconds())

    return process_partial_response(event, take, processor, context)  # type: ignore[arg-type]
