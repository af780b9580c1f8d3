"""The AWS clients, each made once per process; all wait for a busy service (`handover.sdk`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore.config import Config

from handover.rules.window import MAX_IN_FLIGHT
from handover.sdk import session

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient

_RETRIES = {"mode": "standard", "total_max_attempts": 3}
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries=_RETRIES,  # type: ignore[arg-type]
    max_pool_connections=MAX_IN_FLIGHT,
)
# Objects are large, and links must have the signature that every region and POST policy accepts.
_S3_CONFIG = Config(
    connect_timeout=2,
    read_timeout=30,
    retries=_RETRIES,  # type: ignore[arg-type]
    signature_version="s3v4",
    s3={"addressing_style": "path"},
)


@cache
def s3() -> S3Client:
    """The S3 client."""
    return session().client("s3", config=_S3_CONFIG)


@cache
def sqs() -> SQSClient:
    """The SQS client."""
    return session().client("sqs", config=_CONFIG)


@cache
def sns() -> SNSClient:
    """The SNS client."""
    return session().client("sns", config=_CONFIG)


@cache
def events() -> EventBridgeClient:
    """The EventBridge client."""
    return session().client("events", config=_CONFIG)


@cache
def cognito() -> CognitoIdentityProviderClient:
    """The Cognito user pools client."""
    return session().client("cognito-idp", config=_CONFIG)
