"""The AWS clients, each made once per process and `CallLimits`.

All wait for a busy service (`handover.sdk`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.config import Config
from msgspec.structs import replace

from handover.deadline import OF_MESSAGES, CallLimits, call_limits
from handover.rules.window import MAX_IN_FLIGHT
from handover.sdk import Once, new_client

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient

# Objects are large, so their bytes may take longer.
_OF_OBJECTS = replace(OF_MESSAGES, read_seconds=30)


def s3() -> S3Client:
    """The S3 client."""
    limits = call_limits()
    made: S3Client = made_within("s3", _OF_OBJECTS if limits == OF_MESSAGES else limits)
    return made


def sqs() -> SQSClient:
    """The SQS client."""
    made: SQSClient = made_within("sqs", call_limits())
    return made


def sns() -> SNSClient:
    """The SNS client."""
    made: SNSClient = made_within("sns", call_limits())
    return made


def events() -> EventBridgeClient:
    """The EventBridge client."""
    made: EventBridgeClient = made_within("events", call_limits())
    return made


def cognito() -> CognitoIdentityProviderClient:
    """The Cognito user pools client."""
    made: CognitoIdentityProviderClient = made_within("cognito-idp", call_limits())
    return made


@Once
def made_within(service: Any, limits: CallLimits) -> Any:
    """The client of a service whose calls keep to the limits."""
    config = Config(
        connect_timeout=limits.connect_seconds,
        read_timeout=limits.read_seconds,
        retries={"mode": "standard", "total_max_attempts": limits.tries},
        max_pool_connections=MAX_IN_FLIGHT,
        # Botocore would build its own for each call.
        user_agent="handover",
    )
    if service == "s3":
        # Links must have the signature that every region and POST policy accepts.
        links = Config(signature_version="s3v4", s3={"addressing_style": "path"})
        config = config.merge(links)
    return new_client(service, config)
