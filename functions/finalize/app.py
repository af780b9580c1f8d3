"""Ends imports: writes report, results and summary, and notifies the subscribers."""

from __future__ import annotations

from typing import Any

from handover.batch import process_batch
from handover.pipeline.finalize import end_import
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
    Variable.REPORTS_BUCKET,
    Variable.IMPORTS_TABLE,
    Variable.AUDIT_TABLE,
    Variable.AUDIT_DAYS,
    Variable.DIRECTORY_TABLE,
    Variable.FINALIZE_QUEUE_URL,
    Variable.NOTIFICATIONS_TOPIC,
    Variable.TENANT_TOPICS,
    Variable.CONSOLE_URL,
)


@starts_with(NEEDS, tables=("chunks", "imports", "tickets", "watermarks"))
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, in the form that SQS expects."""
    return process_batch(event, context, _end, queue=resources().finalize_queue)


def _end(body: str, run: Invocation) -> None:
    message = read_message(body)
    together(
        lambda: note_taken(resources(), Need.FINALIZE, run),
        lambda: end_import(resources(), message["import_id"], run),
    )
