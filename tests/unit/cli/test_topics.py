"""Operators subscribe people and systems to one tenant's imports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import Stack
from infra.cli.main import main
from infra.cli.topics import protocol_of, tenant_topic
from infra.template import load

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

STACK = Stack("handover-dev", None, {})
TOPIC = "arn:aws:sns:us-east-1:123456789012:handover-dev-notifications-lumina"


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[SNSClient]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("infra.cli.session.find_stack", lambda: STACK)
    with mock_aws():
        yield boto3.client("sns")


@pytest.mark.parametrize(
    ("endpoint", "protocol"),
    [
        ("ana@lumina.example", "email"),
        ("https://lumina.example/news", "https"),
        ("arn:aws:sqs:us-east-1:123456789012:news", "sqs"),
        ("arn:aws:lambda:us-east-1:123456789012:function:news", "lambda"),
    ],
)
def test_an_endpoint_is_notified_only_of_its_tenant(
    sns: SNSClient, endpoint: str, protocol: str
) -> None:
    if protocol == "sqs":
        boto3.client("sqs").create_queue(QueueName="news")

    assert main(["subscribe", endpoint, "--tenant", "lumina"]) == ExitCode.ALL_GOOD

    (one,) = sns.list_subscriptions()["Subscriptions"]
    assert (one["TopicArn"], one["Protocol"], one["Endpoint"]) == (TOPIC, protocol, endpoint)


def test_the_topic_of_a_tenant_has_the_same_policy_as_that_of_the_stack(sns: SNSClient) -> None:
    tenant_topic(sns, STACK, "lumina")
    assert tenant_topic(sns, STACK, "lumina") == TOPIC

    made = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    resources = load()["Resources"]
    own = json.dumps(resources["NotificationsTopicPolicy"]["Properties"]["PolicyDocument"])
    for long, text in (
        (r'\{"Fn::Sub": "([^"]+)"\}', r'"\1"'),
        (r"\$\{AWS::Partition\}", "aws"),
        (r"\$\{AWS::AccountId\}", "123456789012"),
        (r'\{"Ref": "NotificationsTopic"\}', f'"{TOPIC}"'),
    ):
        own = re.sub(long, text, own)
    assert json.loads(made["Policy"]) == json.loads(own)
    kept = resources["NotificationsTopic"]["Properties"]
    assert made["KmsMasterKeyId"] == kept["KmsMasterKeyId"]


def test_the_subscriptions_of_a_tenant_are_listed(
    sns: SNSClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sns
    assert main(["subscribe", "--tenant", "lumina"]) == ExitCode.ALL_GOOD
    assert "Nobody" in capsys.readouterr().out
    main(["subscribe", "ana@lumina.example", "--tenant", "lumina"])

    assert main(["subscribe", "--tenant", "lumina"]) == ExitCode.ALL_GOOD
    assert "ana@lumina.example" in capsys.readouterr().out


@pytest.mark.parametrize("endpoint", ["ana", "http://lumina.example", "arn:aws:iam::1:role/x", ""])
def test_an_invalid_endpoint_is_reported(endpoint: str) -> None:
    with pytest.raises(CommandError, match="expected an e-mail address"):
        protocol_of(endpoint)


def test_an_invalid_tenant_name_gets_no_topic(sns: SNSClient) -> None:
    assert main(["subscribe", "a@b.example", "--tenant", "*"]) == ExitCode.USAGE

    assert sns.list_topics()["Topics"] == []
