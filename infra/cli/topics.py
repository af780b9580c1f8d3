"""The topics for notifications about imports, one for each tenant: created by operators."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import boto3

from infra.cli.addresses import check_tenant
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import Stack
from infra.cli.session import Session
from infra.cli.showing import listed

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

# What each kind of endpoint looks like: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
PROTOCOLS = {
    "sqs": re.compile(r"arn:aws[a-z-]*:sqs:[^\s]+"),
    "lambda": re.compile(r"arn:aws[a-z-]*:lambda:[^\s]+"),
    "firehose": re.compile(r"arn:aws[a-z-]*:firehose:[^\s]+"),
    "https": re.compile(r"https://[^\s]+"),
    "email": re.compile(r"[^@\s:]+@[^@\s:]+"),
}


def list_subscriptions(session: Session, tenant: str) -> ExitCode:
    """Shows the subscriptions to one tenant's imports."""
    sns: SNSClient = boto3.client("sns")
    topic = tenant_topic(sns, session.stack, check_tenant(tenant))
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    rows = [
        (one["Protocol"], one["Endpoint"], one["SubscriptionArn"])
        for page in pages
        for one in page["Subscriptions"]
    ]
    none = f"Nobody is subscribed to {tenant}'s imports yet"
    headings = ("protocol", "endpoint", "subscription")
    return listed(session.screen, rows, headings, rows, as_json=False, none=none)


def subscribe(session: Session, endpoint: str, tenant: str) -> ExitCode:
    """Subscribes an endpoint to one tenant's imports."""
    sns: SNSClient = boto3.client("sns")
    topic = tenant_topic(sns, session.stack, check_tenant(tenant))
    protocol = protocol_of(endpoint)
    sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    session.screen.say(f"{endpoint} is now subscribed to {tenant}'s imports")
    if protocol in ("email", "https"):
        session.screen.note("It must confirm: SNS has sent it a message with a link")
    elif protocol == "sqs":
        session.screen.note(f"The queue's policy must let sns.amazonaws.com send for {topic}")
    return ExitCode.ALL_GOOD


def protocol_of(endpoint: str) -> str:
    """The SNS protocol for an endpoint; raises CommandError."""
    for protocol, pattern in PROTOCOLS.items():
        if pattern.fullmatch(endpoint):
            return protocol
    raise CommandError(
        f"found {endpoint!r}, expected an e-mail address, an https:// address, or the ARN of a "
        "queue, a function or a delivery stream"
    )


def tenant_topic(sns: SNSClient, stack: Stack, tenant: str) -> str:
    """The ARN of the tenant's topic, which is created or updated if necessary."""
    name = f"{stack.name}-notifications-{tenant}"
    arn = sns.create_topic(Name=name)["TopicArn"]
    partition, account = arn.split(":")[1], arn.split(":")[4]
    for attribute, value in (
        ("KmsMasterKeyId", "alias/aws/sns"),
        ("TracingConfig", "Active"),
        ("Policy", json.dumps(topic_policy(arn, partition, account))),
    ):
        sns.set_topic_attributes(TopicArn=arn, AttributeName=attribute, AttributeValue=value)
    return arn


def topic_policy(arn: str, partition: str, account: str) -> dict[str, object]:
    """The same policy as the template's for the stack's topic: this account only, TLS only."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OwnAccount",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": [
                    "sns:Publish",
                    "sns:Subscribe",
                    "sns:GetTopicAttributes",
                    "sns:ListSubscriptionsByTopic",
                ],
                "Resource": arn,
            },
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
