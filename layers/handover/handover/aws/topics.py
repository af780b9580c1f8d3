"""SNS: notifies subscribers how an import ended, and knows who they are."""

from __future__ import annotations

from botocore.exceptions import ClientError
from msgspec import Struct

from handover.aws.clients import sns
from handover.reports.notice import Notice

# What SNS shows instead of the ARN of a subscription that is not confirmed yet.
# https://docs.aws.amazon.com/sns/latest/api/API_Subscription.html
UNCONFIRMED = "PendingConfirmation"


class Subscription(Struct, frozen=True):
    """An endpoint that is notified once it has confirmed."""

    protocol: str
    endpoint: str
    is_confirmed: bool


def subscriptions(topic_arn: str) -> list[Subscription] | None:
    """The first hundred subscriptions to a topic, None when the topic does not exist."""
    try:
        found = sns().list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    except ClientError as refused:
        if _is_missing(refused):
            return None
        raise
    return [
        Subscription(
            one["Protocol"], one["Endpoint"], one.get("SubscriptionArn", "") != UNCONFIRMED
        )
        for one in found
    ]


def subscribe(topic_arn: str, protocol: str, endpoint: str) -> None:
    """Makes SNS ask the endpoint to confirm the subscription."""
    sns().subscribe(TopicArn=topic_arn, Protocol=protocol, Endpoint=endpoint)


def publish(topic_arn: str, notice: Notice) -> bool:
    """Publishes a notice: text for people, JSON for machines, attributes to filter on.

    False when the topic does not exist.
    """
    try:
        sns().publish(
            TopicArn=topic_arn,
            Subject=notice.subject,
            Message=notice.message_structure(),
            MessageStructure="json",
            MessageAttributes=notice.message_attributes(),  # type: ignore[arg-type]
        )
    except ClientError as refused:
        if _is_missing(refused):
            return False
        raise
    return True


def _is_missing(refused: ClientError) -> bool:
    """True when there is no such topic.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
    """
    return refused.response["Error"]["Code"] in ("NotFound", "NotFoundException")
