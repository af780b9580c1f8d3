"""SNS: notifies subscribers how an import ended."""

from __future__ import annotations

from botocore.exceptions import ClientError

from handover.aws.clients import sns
from handover.reports import Notice


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
        # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
        if refused.response["Error"]["Code"] not in ("NotFound", "NotFoundException"):
            raise
        return False
    return True
