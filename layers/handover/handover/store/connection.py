"""The DynamoDB client of the hot path, made once a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Short, so that a hanging connection costs one try and not the invocation.
CONNECT_SECONDS = 2
READ_SECONDS = 10


@cache
def client() -> DynamoDBClient:
    """A client that retries a throttled or failed call twice by itself."""
    made = boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 3},
            # Botocore checks every parameter again and writes the user agent anew for each call:
            # a fifth of the time of a batch. What is sent here is built in one place and tested.
            parameter_validation=False,
            user_agent="handover",
        ),
    )
    _pass_on_as_sent(made)
    return made


def _pass_on_as_sent(made: DynamoDBClient) -> None:
    """Batches are sent as they are given here, and answers handed over as they come.

    Botocore would walk through every value of every item, only to encode and decode binary ones,
    and build it anew: half of the time of a worker. Nothing binary is stored here, and what the
    model calls a document botocore leaves alone. No other client uses this copy of the model.
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
