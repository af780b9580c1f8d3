"""The one DynamoDB client of a process, for the hot path and for every model."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from pynamodb.connection.table import TableConnection
from pynamodb.models import Model as PynamodbModel

from handover.sdk import session

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
            # of the
            # time of a batch. What is sent here is built in one place and tested.
            parameter_validation=False,
            user_agent="handover",
        ),
    )
    _pass_on_as_sent(made)
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


def _pass_on_as_sent(made: DynamoDBClient) -> None:
    """Sends batches as they are passed here, and returns answers as they arrive.

    Botocore would walk through every value of every item, only to encode and decode binary ones,
    and build it again: half of a worker's time. Nothing binary is stored here, and botocore leaves
    alone what its model calls a document. No model of a table makes such a call.
    """
    read: Any = made.meta.service_model.operation_model("BatchGetItem")
    write: Any = made.meta.service_model.operation_model("BatchExecuteStatement")
    for shape in (
        read.input_shape.members["RequestItems"].value,
        read.output_shape,
        write.input_shape.members["Statements"].member,
        write.output_shape,
    ):
        shape.metadata["document"] = True
