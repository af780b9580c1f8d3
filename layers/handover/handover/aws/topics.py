"""SNS: telling whoever listens how an import ended."""

from __future__ import annotations

from handover.aws.clients import sns
from handover.reports import Notice


def publish(topic_arn: str, notice: Notice) -> None:
    """Publishes a notice: text for people, JSON for machines, attributes to filter on."""
    sns().publish(
        TopicArn=topic_arn,
        Subject=notice.subject,
        Message=notice.message_structure(),
        MessageStructure="json",
        MessageAttributes=notice.message_attributes(),  # type: ignore[arg-type]
    )
