"""Reads the directory's stream: what follows from users who come and go, and jobs."""

from __future__ import annotations

from typing import Any

from handover.jobs.follow import CHANGES_OF_DIRECTORIES
from handover.pipeline.parking import replay, take
from handover.runtime import Context, invocation, logger, metrics, resources, tracer


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """No failures: each record is followed or parked, or the batch raises and comes again whole.

    An event without records is an operator's, who has the parked ones replayed.
    """
    run = invocation(context)
    if "Records" not in event:
        return replay(resources(), CHANGES_OF_DIRECTORIES, run)
    take(resources(), CHANGES_OF_DIRECTORIES, event["Records"], run)
    return {"batchItemFailures": []}
