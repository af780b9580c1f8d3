"""Ends imports: writes report, results and summary, and tells whoever listens."""

from __future__ import annotations

from typing import Any

from handover.batch import each_message
from handover.pipeline.finalize import end_import
from handover.pipeline.messages import Need, note_taken, read_message
from handover.runtime import Context, Invocation, logger, metrics, tracer, wiring


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, as SQS wants them named."""
    return each_message(event, context, _end, queue=wiring().finalize_queue)


def _end(body: str, run: Invocation) -> None:
    told = read_message(body)
    note_taken(wiring(), Need.FINALIZE, run)
    end_import(wiring(), told["import_id"], run)
