"""Works chunks: one message of the chunks queue points at one chunk of one import."""

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
from handover.stages.chunks import work_chunk

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, as SQS wants them named."""

    def work(record: SQSRecord) -> None:
        told = json.loads(record.body)
        run = invocation(context, f"-{record.message_id}")
        work_chunk(wiring(), told["import_id"], told["chunk"], run, may_write=True)

    return process_partial_response(event, work, processor, context)  # type: ignore[arg-type]
