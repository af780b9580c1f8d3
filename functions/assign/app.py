"""Works chunks: one message of the chunks queue points at one chunk of one import."""

from __future__ import annotations

from typing import Any

from handover.batch import each_message
from handover.pipeline.assign import work_chunk
from handover.pipeline.messages import Need, note_taken, read_message
from handover.runtime import Context, Invocation, logger, metrics, tracer, wiring


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, as SQS wants them named."""
    return each_message(event, context, _work, queue=wiring().chunks_queue)


def _work(body: str, run: Invocation) -> None:
    told = read_message(body)
    note_taken(wiring(), Need.CHUNKS, run)
    handed_on = told.get("handed_on")
    work_chunk(wiring(), told["import_id"], told["chunk"], run, handed_on=handed_on, may_write=True)
