"""Runs on a schedule: resends messages of stalled work, and finds uploads without an event."""

from __future__ import annotations

from typing import Any

from handover.pipeline.sweep import SWEEPS
from handover.runtime import (
    Context,
    Variable,
    invocation,
    logger,
    metrics,
    resources,
    starts_with,
)

NEEDS = (
    Variable.UPLOADS_BUCKET,
    Variable.IMPORTS_TABLE,
    Variable.AUDIT_TABLE,
    Variable.AUDIT_DAYS,
    Variable.USER_POOL_ID,
    Variable.INTAKE_QUEUE_URL,
    Variable.CHUNKS_QUEUE_URL,
    Variable.FINALIZE_QUEUE_URL,
)


@starts_with(NEEDS, tables=("chunks", "imports", "watermarks"))
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> None:
    """Nothing; what was done is in the metrics."""
    SWEEPS[event["sweep"]](resources(), invocation(context))
