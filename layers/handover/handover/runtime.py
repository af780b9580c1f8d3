"""The environment of a function: names of resources, the time left, logs, metrics, traces.

The only place that reads os.environ. Nothing here is done at import but making the loggers.
"""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

from aws_lambda_powertools import Logger, Metrics, Tracer

from handover.deadline import Deadline, begin
from handover.store.tables import TableNames, Tables, connect

# Not every invocation has something to count.
warnings.filterwarnings("ignore", "No application metrics to publish")

logger = Logger(service="handover")
# By its namespace a stack's metrics are told from those of another in the same AWS account.
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Handover"), service="handover"
)
tracer = Tracer(service="handover")

# The default of the parameter ReportsDays of the template.
REPORTS_DAYS = 400


class Context(Protocol):
    """What is used of a Lambda context."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation; a retry has another."""

    def get_remaining_time_in_millis(self) -> int:
        """What is left before the function is stopped."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of the stack; "" for one that a function has no business with."""

    tables: Tables
    uploads_bucket: str
    reports_bucket: str
    work_bucket: str
    intake_queue: str
    chunks_queue: str
    finalize_queue: str
    notifications_topic: str
    tenant_topics: str  # what the ARNs of the tenants' topics begin with
    changes_bus: str
    user_pool: str = ""


@cache
def resources() -> Resources:
    """The resources that the environment names."""

    def name(variable: str) -> str:
        return os.environ.get(variable, "")

    return Resources(
        tables=connect(
            TableNames(
                accounts=name("ACCOUNTS_TABLE"),
                directory=name("DIRECTORY_TABLE"),
                imports=name("IMPORTS_TABLE"),
                history=name("HISTORY_TABLE"),
                portfolios=name("PORTFOLIO_TABLE"),
                requests=name("REQUESTS_TABLE"),
                spreads=name("KEY_LAYOUT") == "spread",
            )
        ),
        uploads_bucket=name("UPLOADS_BUCKET"),
        reports_bucket=name("REPORTS_BUCKET"),
        work_bucket=name("WORK_BUCKET"),
        intake_queue=name("INTAKE_QUEUE_URL"),
        chunks_queue=name("CHUNKS_QUEUE_URL"),
        finalize_queue=name("FINALIZE_QUEUE_URL"),
        notifications_topic=name("NOTIFICATIONS_TOPIC"),
        tenant_topics=name("TENANT_TOPICS"),
        changes_bus=name("CHANGES_BUS"),
        user_pool=name("USER_POOL_ID"),
    )


def assign_timeout_seconds() -> int:
    """The time limit of the function that works on chunks; chunks are cut to fit it."""
    return int(os.environ["ASSIGN_TIMEOUT_SECONDS"])


def tenant_requests_a_second() -> int:
    """How many requests the API answers for one tenant, on average; 0 is any number."""
    return int(os.environ.get("TENANT_REQUESTS_A_SECOND") or 0)


def history_days() -> int:
    """How long entries of history are kept; 0 is for ever."""
    return int(os.environ.get("HISTORY_DAYS") or 0)


def reports_days() -> int:
    """How long reports and results are kept."""
    return int(os.environ.get("REPORTS_DAYS") or REPORTS_DAYS)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function: its id, and how long it may go on.

    `sent_at` is when the message was sent that it works on, None when it works on none.
    """

    attempt: str
    deadline: Deadline
    sent_at: float | None = None

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    @property
    def lease_until(self) -> float:
        """When somebody else may take over: after this run is certainly over.

        Lambda stops a run at its deadline; the margin is for a request that is still on its way.
        """
        return self.deadline.deadline + LEASE_MARGIN_SECONDS


# Longer than any client waits for an answer, so than any request can be under way.
LEASE_MARGIN_SECONDS = 15.0


def invocation(context: Context, part: str = "", *, sent_at: float | None = None) -> Invocation:
    """The run that a Lambda context describes; `part` tells the messages of one batch apart.

    From here on every call to AWS waits for a busy service until the deadline of this run.
    """
    deadline = Deadline(time.time() + context.get_remaining_time_in_millis() / 1000)
    begin(deadline)
    return Invocation(f"{context.aws_request_id}{part}", deadline, sent_at)


def rfc3339(seconds: float) -> str:
    """A time in UTC with milliseconds and Z; such texts sort as the times do."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
