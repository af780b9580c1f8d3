"""Receiving notifications as subscribers do: a queue that a tenant's topic sends to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient

# How long one request waits for a message.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
POLL_SECONDS = 2


def listen(
    sns: SNSClient,
    sqs: SQSClient,
    topic: str,
    name: str,
    *,
    only: Mapping[str, list[str]] | None = None,
) -> str:
    """The URL of a new queue of that name that the topic sends to.

    With `only` it gets only messages that have, in each of these attributes, one of its values.
    """
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    attributes = {"FilterPolicy": json.dumps(only)} if only else {}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


def notifications(sqs: SQSClient, url: str) -> Iterator[Mapping[str, Any]]:
    """The notifications that have come to the queue within POLL_SECONDS, as SNS wraps them."""
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=POLL_SECONDS)
    for message in found.get("Messages", []):
        envelope: Mapping[str, Any] = json.loads(message["Body"])
        yield envelope
