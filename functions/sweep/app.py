"""Runs on a schedule: sends on what stands still, and finds uploads nobody told of."""

from __future__ import annotations

from typing import Any

from handover.runtime import Context, invocation, logger, metrics, tracer, wiring
from handover.stages.sweeps import find_uploads, sweep_imports


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> None:  # noqa: ARG001 - one schedule
    """Nothing; what was done is in the metrics."""
    run = invocation(context)
    sweep_imports(wiring(), run)
    find_uploads(wiring(), run)
