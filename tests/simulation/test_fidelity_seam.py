"""The seam of the memory AWS: real clients, pynamodb's too, hooks and injected faults."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from tests.kit.memory_aws import (
    MemoryAws,
    ServiceError,
    Twist,
    install,
    memory_from_template,
    throttled,
)
from tests.kit.memory_aws.emulator import client

TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Accounts": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE},
        "Uploads": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "NotificationConfiguration": {},
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
    }
}


class Scripted:
    """A hook that disturbs the call of a given number."""

    def __init__(self, disturbed: int, *, before: Any = None, twist: Twist | None = None) -> None:
        self.seen: list[tuple[int, str]] = []
        self._disturbed = disturbed
        self._before = before
        self._twist = twist

    def before(
        self, number: int, _service: str, operation: str, _params: dict[str, Any]
    ) -> Twist | None:
        self.seen.append((number, operation))
        if number != self._disturbed:
            return None
        if self._before is not None:
            raise self._before
        return self._twist

    def after(
        self,
        number: int,
        _service: str,
        operation: str,
        _params: dict[str, Any],
        _answer: dict[str, Any],
    ) -> None:
        self.seen.append((number, f"{operation} done"))


class Account(Model):
    class Meta:
        table_name = "Accounts"
        region = "us-east-1"
        aws_access_key_id = "test"
        aws_secret_access_key = "test"

    pk = UnicodeAttribute(hash_key=True)
    roles = NumberAttribute()
    digest = BinaryAttribute(legacy_encoding=False)


@pytest.fixture
def memory() -> MemoryAws:
    return memory_from_template(TEMPLATE, lambda: 1_700_000_000.25)


def test_pynamodb_reads_what_it_wrote(memory: MemoryAws) -> None:
    with install(memory):
        Account("a", roles=3, digest=b"\x00\xff").save()
        Account("a").update(actions=[Account.roles.add(1)])
        found = Account.get("a", consistent_read=True)
        with pytest.raises(PutError):
            Account("a", roles=1, digest=b"").save(condition=Account.pk.does_not_exist())

    assert (found.roles, found.digest) == (4, b"\x00\xff")
    changes = memory.dynamodb.tables["Accounts"].stream
    assert [change.event_name for change in changes] == ["INSERT", "MODIFY"]
    assert changes[1].record()["dynamodb"]["NewImage"]["digest"] == {"B": "AP8="}


def test_a_hook_numbers_every_call_and_may_refuse_it(memory: MemoryAws) -> None:
    hook = Scripted(2, before=throttled("dynamodb"))
    memory.hook = hook
    dynamodb = client("dynamodb", None)

    with install(memory):
        dynamodb.get_item(TableName="Accounts", Key={"pk": {"S": "a"}})
        with pytest.raises(ClientError, match="ThrottlingException"):
            dynamodb.put_item(TableName="Accounts", Item={"pk": {"S": "a"}})

    assert hook.seen == [(1, "GetItem"), (1, "GetItem done"), (2, "PutItem")]
    assert memory.dynamodb.tables["Accounts"].items == {}


def test_a_call_that_is_sent_twice_finds_its_own_effect(memory: MemoryAws) -> None:
    memory.hook = Scripted(1, twist=Twist(repeat=True))
    dynamodb = client("dynamodb", None)

    with (
        install(memory),
        pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException),
    ):
        dynamodb.put_item(
            TableName="Accounts",
            Item={"pk": {"S": "a"}},
            ConditionExpression="attribute_not_exists(pk)",
        )

    assert list(memory.dynamodb.tables["Accounts"].items) == ["a"]


def test_members_of_batches_fail_on_demand(memory: MemoryAws) -> None:
    dynamodb, sqs = client("dynamodb", None), client("sqs", None)
    text = "INSERT INTO \"Accounts\" VALUE {'pk': ?}"
    statements = [{"Statement": text, "Parameters": [{"S": name}]} for name in "ab"]
    entries = [{"Id": name, "MessageBody": name} for name in "ab"]

    with install(memory):
        memory.hook = Scripted(1, twist=Twist(member_errors={1: "TransactionConflict"}))
        written = dynamodb.batch_execute_statement(Statements=statements)
        memory.hook = Scripted(2, twist=Twist(member_errors={0: "InternalError"}))
        sent = sqs.send_message_batch(QueueUrl=memory.physical["Queue"], Entries=entries)

    assert written["Responses"][1]["Error"]["Code"] == "TransactionConflict"
    assert list(memory.dynamodb.tables["Accounts"].items) == ["a"]
    assert [entry["Id"] for entry in sent["Failed"]] == ["a"]
    assert [message.body for message in memory.sqs.outbox] == ["b"]


def test_a_stale_read_shows_the_item_before_its_last_change(memory: MemoryAws) -> None:
    get = {"TableName": "Accounts", "Key": {"pk": {"S": "a"}}}
    for roles in ("1", "2"):
        item = {"pk": {"S": "a"}, "roles": {"N": roles}}
        memory.execute("dynamodb", "PutItem", {"TableName": "Accounts", "Item": item})

    stale = memory.execute("dynamodb", "GetItem", get, Twist(stale=True))
    fresh = memory.execute(
        "dynamodb", "GetItem", {**get, "ConsistentRead": True}, Twist(stale=True)
    )

    assert (stale["Item"]["roles"], fresh["Item"]["roles"]) == ({"N": "1"}, {"N": "2"})


def test_a_snapshot_restores_everything(memory: MemoryAws) -> None:
    snapshot = memory.snapshot()
    memory.s3.upload("uploads", "in/a b.csv", b"x")
    memory.execute("dynamodb", "PutItem", {"TableName": "Accounts", "Item": {"pk": {"S": "a"}}})
    event = memory.s3.buckets["uploads"].events[0].record()

    memory.restore(snapshot)

    assert event["s3"]["object"]["key"] == "in/a+b.csv"
    assert event["eventTime"] == "2023-11-14T22:13:20.250Z"
    assert memory.snapshot() == snapshot


def test_parameters_are_validated_on_demand(memory: MemoryAws) -> None:
    memory.validate = True
    dynamodb = client("dynamodb", None)

    with install(memory), pytest.raises(ParamValidationError):
        dynamodb.get_item(TableName="Accounts", Key="a")


def test_an_item_over_400_kb_is_refused(memory: MemoryAws) -> None:
    item = {"pk": {"S": "a"}, "text": {"S": "x" * 400 * 1024}}

    with pytest.raises(ServiceError, match="exceeded the maximum"):
        memory.execute("dynamodb", "PutItem", {"TableName": "Accounts", "Item": item})
