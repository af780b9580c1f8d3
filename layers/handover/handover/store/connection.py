"""The DynamoDB client of the hot path, made once a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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
    return boto3.client(
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
