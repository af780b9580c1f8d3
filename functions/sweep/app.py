"""Runs on a schedule: sends on what stands still, and finds uploads nobody told of."""

from __future__ import annotations

from typing import Any

from handover.pipeline.sweep import SWEEPS
from handover.runtime import Context, invocation, logger, metrics, resources, tracer


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> None:
    """Nothing; what was done is in the metrics."""
    SWEEPS[event["sweep"]](resources(), invocation(context))
