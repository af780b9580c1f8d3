"""Reads the dead-letter queues: ends the work of messages that failed too often."""

from __future__ import annotations

from typing import Any

from handover.batch import process_batch
from handover.pipeline.abandon import abandon
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
    Variable.REPORTS_BUCKET,
    Variable.IMPORTS_TABLE,
    Variable.AUDIT_TABLE,
    Variable.AUDIT_DAYS,
    Variable.DIRECTORY_TABLE,
    Variable.ACCOUNTS_TABLE,
    Variable.FINALIZE_QUEUE_URL,
    Variable.NOTIFICATIONS_TOPIC,
    Variable.TENANT_TOPICS,
    Variable.CONSOLE_URL,
)


@starts_with(NEEDS, tables=("accounts", "chunks", "directory", "imports", "tickets"))
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> Any:
    """The messages that must come again, in the form that SQS expects."""
    return process_batch(event, context, _give_up)


def _give_up(body: str, run: Invocation) -> None:
    abandon(resources(), body, run)
