"""Reads the directory's stream: follows changes of users, and writes the files of jobs.

Jobs have their own event source mapping, so that nothing else waits while a long file is written.
"""

from __future__ import annotations

from typing import Any

from handover.jobs.follow import CHANGES_OF_DIRECTORIES
from handover.pipeline.parking import replay, take
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
    Variable.REPORTS_BUCKET,
    Variable.IMPORTS_TABLE,
    Variable.AUDIT_TABLE,
    Variable.AUDIT_DAYS,
    Variable.DIRECTORY_TABLE,
    Variable.ACCOUNTS_TABLE,
    Variable.PORTFOLIO_TABLE,
    Variable.USER_POOL_ID,
    Variable.WORK_BUCKET,
)


@starts_with(NEEDS, tables=("accounts", "audit", "directory", "imports", "jobs", "portfolios"))
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Follows or parks each record, so it returns no failures; if it raises, the batch comes again.

    An event without records comes from an operator and replays the parked records.
    """
    run = invocation(context)
    if "Records" not in event:
        return replay(resources(), CHANGES_OF_DIRECTORIES, run)
    take(resources(), CHANGES_OF_DIRECTORIES, event["Records"], run)
    return {"batchItemFailures": []}
