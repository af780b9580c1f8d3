"""Reads the accounts' stream: history, portfolios, and events for other systems."""

from __future__ import annotations

from typing import Any

from handover.runtime import Context, invocation, logger, metrics, tracer, wiring
from handover.stages.publication import changes_of, publish_changes


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, list[Any]]:
    """No failures: a batch is published whole, or raises and comes again whole."""
    publish_changes(wiring(), changes_of(event["Records"]), invocation(context))
    return {"batchItemFailures": []}
