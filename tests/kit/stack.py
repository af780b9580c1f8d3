"""A stack on the embedded AWS with a directory, for tests that use only its public interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import local
from tests.kit.deployed import ADMIN, TENANT, DeployedStack

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def furnished_stack(home: Path) -> Iterator[DeployedStack]:
    """The deployed template with the sample directory, until the end of the block."""
    stack = local.up(home=home, port=0)
    try:
        yield _furnished(stack)
    finally:
        local.down(home=home)


def _furnished(stack: local.LocalStack) -> DeployedStack:
    deployed = DeployedStack(stack)
    seeded = deployed.handover("seed", str(ROOT / "events" / "directory"), "--tenant", TENANT)
    assert seeded.returncode == 0, seeded.stdout + seeded.stderr
    sqs, sns = deployed.client("sqs"), deployed.client("sns")
    deployed.queue_url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=deployed.queue_url, AttributeNames=["QueueArn"])
    # The queue receives the notifications of the tenant, and those for operators.
    for topic in (stack.outputs["TenantTopics"] + TENANT, stack.outputs["NotificationsTopicArn"]):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    deployed.token(ADMIN)
    return deployed
