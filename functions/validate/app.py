"""Takes in uploads: one message of the intake queue names one or more new objects."""

from __future__ import annotations

from typing import Any

from handover.batch import process_batch
from handover.pipeline.messages import Need, note_taken, read_message
from handover.pipeline.uploads import arrivals_of
from handover.pipeline.validate import take_in
from handover.runtime import (
    Context,
    Invocation,
    Variable,
    assign_timeout_seconds,
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
    Variable.AUDIT_TABLE,
    Variable.AUDIT_DAYS,
    Variable.DIRECTORY_TABLE,
    Variable.ACCOUNTS_TABLE,
    Variable.PORTFOLIO_TABLE,
    Variable.INTAKE_QUEUE_URL,
    Variable.CHUNKS_QUEUE_URL,
    Variable.FINALIZE_QUEUE_URL,
    Variable.CONVERT_QUEUE_URL,
    Variable.ASSIGN_TIMEOUT_SECONDS,
)


@starts_with(
    NEEDS,
    tables=(
        "accounts",
        "audit",
        "chunks",
        "directory",
        "imports",
        "mappings",
        "tickets",
        "watermarks",
    ),
)
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, in the form that SQS expects."""
    return process_batch(event, context, _take, queue=resources().intake_queue)


def _take(body: str, run: Invocation) -> None:
    message = read_message(body)
    together(lambda: note_taken(resources(), Need.INTAKE, run), lambda: _take_all(message, run))


def _take_all(message: Any, run: Invocation) -> None:
    for arrival in arrivals_of(message):
        take_in(resources(), arrival, run, assign_timeout_seconds())
