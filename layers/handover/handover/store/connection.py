"""The one DynamoDB client of a process, for the hot path and for every model."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from pynamodb.connection.table import TableConnection
from pynamodb.models import Model as PynamodbModel

from handover.rules.window import MAX_IN_FLIGHT
from handover.sdk import session
from handover.store.short_way import take_short_way

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Short, so that a hanging connection costs one try and not the invocation.
CONNECT_SECONDS = 2
READ_SECONDS = 10


@cache
def client() -> DynamoDBClient:
    """A client that retries a throttled or failed call twice itself, and then waits."""
    made = session().client(
        "dynamodb",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 3},
            # Botocore would check every parameter and build the user agent for each call: a fifth
            # of the time of a batch. What is sent here is built in one place and tested.
            parameter_validation=False,
            # A connection for each call that may be in flight, and one for the caller's own.
            max_pool_connections=MAX_IN_FLIGHT + 1,
            user_agent="handover",
        ),
    )
    take_short_way(made)
    return made


class Model(PynamodbModel):
    """The base of every model: its calls use the one client, so they wait like all others."""

    class Meta:
        """Each model has a table of its own."""

        table_name = ""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """The model's connection; pynamodb would otherwise make a client of its own."""
        found = super()._get_connection()
        of_model: Any = found.connection
        of_model._client = client()  # noqa: SLF001 - pynamodb has no other door for a client
        return found
