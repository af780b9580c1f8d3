"""Reads the directory's stream: what follows from users who come and go, and errands."""

from __future__ import annotations

from typing import Any

from handover.runtime import Context, invocation, logger, metrics, tracer, wiring
from handover.stages.following import follow, news_of


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, list[Any]]:
    """No failures: a batch is followed whole, or raises and comes again whole."""
    follow(wiring(), news_of(event["Records"]), invocation(context))
    return {"batchItemFailures": []}
