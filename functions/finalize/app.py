"""Ends imports: writes report, results and summary, and tells whoever listens."""

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
from handover.stages.endings import end_import

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, as SQS wants them named."""

    def end(record: SQSRecord) -> None:
        run = invocation(context, f"-{record.message_id}")
        end_import(wiring(), json.loads(record.body)["import_id"], run)

    return process_partial_response(event, end, processor, context)  # type: ignore[arg-type]
