"""The DynamoDB client of an invocation, for the hot path and for every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from pynamodb.connection.table import TableConnection
from pynamodb.models import Model as PynamodbModel

from handover.deadline import CallLimits, call_limits
from handover.rules.window import MAX_IN_FLIGHT
from handover.sdk import Once, new_client
from handover.store.short_way import take_short_way

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def client() -> DynamoDBClient:
    """The client for the calls of the present invocation."""
    return client_within(call_limits())


@Once
def client_within(limits: CallLimits) -> DynamoDBClient:
    """A client that retries a throttled or failed call as often as `limits` says, then waits."""
    made: DynamoDBClient = new_client(
        "dynamodb",
        Config(
            connect_timeout=limits.connect_seconds,
            read_timeout=limits.read_seconds,
            retries={"mode": "standard", "total_max_attempts": limits.tries},
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


# The names of the tables, by their content; `tables.connect` sets them.
_names: dict[str, str] = {}


def name_tables(names: Mapping[str, str]) -> None:
    """Names the tables for all models, including those that are imported later."""
    _names.update(names)


class Model(PynamodbModel):
    """The base of every model: its calls use the same client, so they wait as all others do."""

    class Meta:
        """Each model names the table of its items in `table`."""

        table: str

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """The model's connection; pynamodb would otherwise make a client of its own."""
        meta: Any = cls.Meta
        meta.table_name = _names[meta.table]
        found = super()._get_connection()
        of_model: Any = found.connection
        of_model._client = client()  # noqa: SLF001 - pynamodb has no other way to pass a client
        return found
