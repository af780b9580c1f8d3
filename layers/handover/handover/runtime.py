"""The environment of a function: names of resources, the time left, logs, metrics.

The only place that reads os.environ, but for one look when `handover` is imported. Importing it
only makes the logger and the metrics.
"""

from __future__ import annotations

import gc
import os
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, wraps
from typing import Any, Protocol

from aws_lambda_powertools import Logger, Metrics
from msgspec import Struct

from handover.deadline import OF_REQUESTS, Deadline, begin
from handover.store.tables import TableNames, Tables, connect, prepare

# Not every invocation has something to count.
warnings.filterwarnings("ignore", "No application metrics to publish")

logger = Logger(service="handover")
# The namespace separates a stack's metrics from those of another in the same AWS account.
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Handover"), service="handover"
)

Handler = Callable[[dict[str, Any], Any], Any]


class Variable(StrEnum):
    """The variables through which the template configures functions, by name."""

    ACCOUNTS_TABLE = "ACCOUNTS_TABLE"
    DIRECTORY_TABLE = "DIRECTORY_TABLE"
    IMPORTS_TABLE = "IMPORTS_TABLE"
    HISTORY_TABLE = "HISTORY_TABLE"
    PORTFOLIO_TABLE = "PORTFOLIO_TABLE"
    REQUESTS_TABLE = "REQUESTS_TABLE"
    AUDIT_TABLE = "AUDIT_TABLE"
    AUDIT_DAYS = "AUDIT_DAYS"
    KEY_LAYOUT = "KEY_LAYOUT"
    UPLOADS_BUCKET = "UPLOADS_BUCKET"
    REPORTS_BUCKET = "REPORTS_BUCKET"
    WORK_BUCKET = "WORK_BUCKET"
    INTAKE_QUEUE_URL = "INTAKE_QUEUE_URL"
    CHUNKS_QUEUE_URL = "CHUNKS_QUEUE_URL"
    FINALIZE_QUEUE_URL = "FINALIZE_QUEUE_URL"
    CONVERT_QUEUE_URL = "CONVERT_QUEUE_URL"
    NOTIFICATIONS_TOPIC = "NOTIFICATIONS_TOPIC"
    TENANT_TOPICS = "TENANT_TOPICS"
    CHANGES_BUS = "CHANGES_BUS"
    CHANGE_EVENTS = "CHANGE_EVENTS"
    USER_POOL_ID = "USER_POOL_ID"
    CONSOLE_URL = "CONSOLE_URL"
    ASSIGN_TIMEOUT_SECONDS = "ASSIGN_TIMEOUT_SECONDS"
    TENANT_REQUESTS_A_SECOND = "TENANT_REQUESTS_A_SECOND"
    HISTORY_DAYS = "HISTORY_DAYS"
    REPORTS_DAYS = "REPORTS_DAYS"


class MissingVariableError(RuntimeError):
    """The function was deployed without variables that it needs; no retry changes that."""

    def __init__(self, missing: Sequence[Variable]) -> None:
        names = ", ".join(missing)
        super().__init__(f"environment: found no value for {names}, expected what the template has")


def starts_with(
    needs: Sequence[Variable], *, tables: Sequence[str] = ()
) -> Callable[[Handler], Handler]:
    """Makes a handler refuse to start without the variables that it needs.

    The handler raises MissingVariableError, which names all that are missing or empty, before it
    reads the event. A function must not use a variable that it does not declare; a test compares
    the template with this. `tables` are those that nearly every invocation uses: they are imported
    with the function, so that the first event does not wait for them. Then all is imported, and
    Python begins to collect garbage, which importing `handover` has stopped.
    """
    prepare(tables)
    _collect_garbage()

    def with_check(handler: Handler) -> Handler:
        @wraps(handler)
        def checked(event: dict[str, Any], context: Any) -> Any:
            missing = [one for one in needs if not os.environ.get(one)]
            if missing:
                raise MissingVariableError(missing)
            return handler(event, context)

        return checked

    return with_check


def _collect_garbage() -> None:
    """Lets Python collect garbage from now on, but never look at what exists already.

    Only a function does: in other programs nothing has stopped it.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class Context(Protocol):
    """The part of a Lambda context that Handover uses."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation; a retry has another."""

    def get_remaining_time_in_millis(self) -> int:
        """How long until Lambda stops the function."""


class Resources(Struct, frozen=True):
    """The resources of the stack; "" for one that a function does not declare."""

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
    convert_queue: str = ""
    console_url: str = ""  # with a slash at its end
    # False when nobody listens to the bus: then no event is sent or paid for.
    has_change_events: bool = True


@cache
def resources() -> Resources:
    """The resources that the environment names."""

    def name(variable: Variable) -> str:
        return os.environ.get(variable, "")

    return Resources(
        tables=connect(
            TableNames(
                accounts=name(Variable.ACCOUNTS_TABLE),
                directory=name(Variable.DIRECTORY_TABLE),
                imports=name(Variable.IMPORTS_TABLE),
                history=name(Variable.HISTORY_TABLE),
                portfolios=name(Variable.PORTFOLIO_TABLE),
                requests=name(Variable.REQUESTS_TABLE),
                audit=name(Variable.AUDIT_TABLE),
                audit_days=int(name(Variable.AUDIT_DAYS) or 0),
                spreads=name(Variable.KEY_LAYOUT) == "spread",
            )
        ),
        uploads_bucket=name(Variable.UPLOADS_BUCKET),
        reports_bucket=name(Variable.REPORTS_BUCKET),
        work_bucket=name(Variable.WORK_BUCKET),
        intake_queue=name(Variable.INTAKE_QUEUE_URL),
        chunks_queue=name(Variable.CHUNKS_QUEUE_URL),
        finalize_queue=name(Variable.FINALIZE_QUEUE_URL),
        notifications_topic=name(Variable.NOTIFICATIONS_TOPIC),
        tenant_topics=name(Variable.TENANT_TOPICS),
        changes_bus=name(Variable.CHANGES_BUS),
        user_pool=name(Variable.USER_POOL_ID),
        convert_queue=name(Variable.CONVERT_QUEUE_URL),
        console_url=name(Variable.CONSOLE_URL),
        has_change_events=name(Variable.CHANGE_EVENTS) != "off",
    )


def assign_timeout_seconds() -> int:
    """The time limit of the function that processes chunks; chunks are cut to fit it."""
    return _number(Variable.ASSIGN_TIMEOUT_SECONDS)


def tenant_requests_a_second() -> int:
    """How many requests a second the API answers for one tenant, on average; 0 means any number."""
    return _number(Variable.TENANT_REQUESTS_A_SECOND)


def history_days() -> int:
    """How many days entries of history are kept; 0 means for ever."""
    return _number(Variable.HISTORY_DAYS)


def reports_days() -> int:
    """How many days reports and results are kept."""
    return _number(Variable.REPORTS_DAYS)


def _number(variable: Variable) -> int:
    return int(os.environ[variable])


class Invocation(Struct, frozen=True):
    """One run of a function: its id, and how long it may go on.

    `sent_at` is when the message that it processes was sent, in seconds since the epoch; None
    without a message.
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


# Longer than any client waits for an answer, so longer than any request is under way.
LEASE_MARGIN_SECONDS = 15.0


def invocation(context: Context, part: str = "", *, sent_at: float | None = None) -> Invocation:
    """The run that a Lambda context describes; `part` names one message of a batch.

    From here on every call to AWS waits for a busy service until the deadline of this run.
    """
    deadline = Deadline(time.time() + context.get_remaining_time_in_millis() / 1000)
    begin(deadline)
    return Invocation(f"{context.aws_request_id}{part}", deadline, sent_at)


def request(context: Context) -> Invocation:
    """The run that answers a request of a person or a program.

    Its calls have less time, and the run ends earlier by the longest of them: when a service hangs,
    there is still time to report this.
    """
    seconds = context.get_remaining_time_in_millis() / 1000 - OF_REQUESTS.longest_seconds
    deadline = Deadline(time.time() + seconds)
    begin(deadline, OF_REQUESTS)
    return Invocation(context.aws_request_id, deadline)


def now_text() -> str:
    """The present time, as `rfc3339` writes it."""
    return rfc3339(time.time())


def rfc3339(seconds: float) -> str:
    """A time in UTC with milliseconds and Z; such texts sort as the times do."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
