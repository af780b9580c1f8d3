"""Reads the accounts' stream: history, portfolios, and events for other systems."""

from __future__ import annotations

from typing import Any

from handover.pipeline.parking import replay, take
from handover.pipeline.publish import CHANGES_OF_ACCOUNTS
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
    Variable.HISTORY_TABLE,
    Variable.PORTFOLIO_TABLE,
    Variable.DIRECTORY_TABLE,
    Variable.ACCOUNTS_TABLE,
    Variable.CHANGES_BUS,
    Variable.CHANGE_EVENTS,
    Variable.WORK_BUCKET,
    Variable.HISTORY_DAYS,
    Variable.KEY_LAYOUT,
)


@starts_with(NEEDS, tables=("accounts", "directory", "history", "portfolios"))
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Publishes or parks each record, so it returns no failures; if it raises, all come again.

    An event without records comes from an operator and replays the parked records.
    """
    run = invocation(context)
    if "Records" not in event:
        return replay(resources(), CHANGES_OF_ACCOUNTS, run)
    take(resources(), CHANGES_OF_ACCOUNTS, event["Records"], run)
    return {"batchItemFailures": []}
