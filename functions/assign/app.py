"""Processes chunks: one message of the chunks queue points at one chunk of one import."""

from __future__ import annotations

from typing import Any

from handover.batch import process_batch
from handover.pipeline.assign import work_chunk
from handover.pipeline.messages import Need, note_taken, read_message
from handover.runtime import (
    Context,
    Invocation,
    Variable,
    logger,
    metrics,
    resources,
    starts_with,
)
from handover.together import together

NEEDS = (
    Variable.UPLOADS_BUCKET,
    Variable.WORK_BUCKET,
    Variable.IMPORTS_TABLE,
    Variable.DIRECTORY_TABLE,
    Variable.ACCOUNTS_TABLE,
    Variable.CHUNKS_QUEUE_URL,
    Variable.FINALIZE_QUEUE_URL,
)


@starts_with(NEEDS, tables=("accounts", "chunks", "directory", "imports", "watermarks"))
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, in the form that SQS expects."""
    return process_batch(event, context, _work, queue=resources().chunks_queue)


def _work(body: str, run: Invocation) -> None:
    message = read_message(body)
    handed_on = message.get("handed_on")
    together(
        lambda: note_taken(resources(), Need.CHUNKS, run),
        lambda: work_chunk(
            resources(),
            message["import_id"],
            message["chunk"],
            run,
            handed_on=handed_on,
            may_write=True,
        ),
    )
