"""Converts workbooks: one message names one upload, whose arrival then goes back to the intake."""

from __future__ import annotations

from typing import Any

from handover.batch import process_batch
from handover.pipeline.convert import convert
from handover.pipeline.messages import read_message
from handover.pipeline.uploads import arrivals_of
from handover.runtime import (
    Context,
    Invocation,
    Variable,
    logger,
    metrics,
    resources,
    starts_with,
)

NEEDS = (
    Variable.UPLOADS_BUCKET,
    Variable.WORK_BUCKET,
    Variable.INTAKE_QUEUE_URL,
    Variable.CONVERT_QUEUE_URL,
)


@starts_with(NEEDS)
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, in the form that SQS expects."""
    return process_batch(event, context, _convert, queue=resources().convert_queue)


def _convert(body: str, run: Invocation) -> None:
    for arrival in arrivals_of(read_message(body)):
        convert(resources(), arrival, run)
