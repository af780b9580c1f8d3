"""Least privilege: a role allows the calls that its function makes on the tour, and no others."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from infra.template import load, resources
from tests.kit.cast import World
from tests.kit.memory_aws import MemoryAws
from tests.kit.pipeline import Pipeline
from tests.security import tour

TEMPLATE = load()
ROLES = dict(resources(TEMPLATE, "AWS::IAM::Role"))
Right = tuple[str, str]  # an action, and the logical id of a resource with an index where one is

# Lambda's own calls under the role: it reads queues and streams, and writes log and traces.
OF_LAMBDA = re.compile(
    r"sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes)|logs:|xray:"
    r"|dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams)"
)
# Without these S3 answers "denied" instead of "not found"; they are not used to list.
FOR_A_404 = {"s3:ListBucket", "s3:ListBucketVersions"}
# A signed link needs the right of its signer: no call shows it.
KEPT_BY_LAMBDA = {("SweepRole", ("s3:PutObject", "WorkBucket"))}  # of runs that failed
SIGNED: set[tuple[str, Right]] = {
    ("ApiRole", ("s3:PutObject", "UploadsBucket")),
    ("ApiRole", ("s3:GetObject", "ReportsBucket")),
}


# The action that a call needs, and the parameter that names the resource.
OTHER_RIGHTS = {
    ("s3", "GetObject"): ("s3:GetObject", "Bucket"),
    ("s3", "HeadObject"): ("s3:GetObject", "Bucket"),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions", "Bucket"),
    ("s3", "ListObjectsV2"): ("s3:ListBucket", "Bucket"),
    ("s3", "DeleteObject"): ("s3:DeleteObject", "Bucket"),
    ("sqs", "ChangeMessageVisibility"): ("sqs:ChangeMessageVisibility", "QueueUrl"),
    ("s3", "PutObject"): ("s3:PutObject", "Bucket"),
    ("s3", "CreateMultipartUpload"): ("s3:PutObject", "Bucket"),
    ("s3", "UploadPart"): ("s3:PutObject", "Bucket"),
    ("s3", "CompleteMultipartUpload"): ("s3:PutObject", "Bucket"),
    ("sqs", "SendMessage"): ("sqs:SendMessage", "QueueUrl"),
    ("sqs", "SendMessageBatch"): ("sqs:SendMessage", "QueueUrl"),
    ("sns", "Publish"): ("sns:Publish", "TopicArn"),
    ("sns", "ListSubscriptionsByTopic"): ("sns:ListSubscriptionsByTopic", "TopicArn"),
    ("sns", "Subscribe"): ("sns:Subscribe", "TopicArn"),
    ("events", "PutEvents"): ("events:PutEvents", ""),
}


class Recorder:
    """Records the right that every call needs, by role."""

    def __init__(self, memory: MemoryAws) -> None:
        self.names = {name: logical for logical, name in memory.physical.items()}
        self.tenant_topics = memory.physical["TenantTopics"]
        self.role = ""
        self.seen: dict[str, set[Right]] = defaultdict(set)

    def executing(self, execute: Any) -> Any:
        """Executes the calls, and records the right that each needs."""

        def watched(service: str, operation: str, params: dict[str, Any], *twist: Any) -> Any:
            if self.role:
                self.seen[self.role] |= set(self._rights(service, operation, params))
            return execute(service, operation, params, *twist)

        return watched

    def _rights(self, service: str, operation: str, given: dict[str, Any]) -> Iterator[Right]:
        if service == "cognito-idp":
            yield f"cognito-idp:{operation}", self._name(given["UserPoolId"])
            return
        if service == "dynamodb":
            yield from self._rights_to_tables(operation, given)
            return
        action, place = OTHER_RIGHTS[service, operation]
        if operation == "PutEvents":
            for entry in given["Entries"]:
                yield action, self._name(entry["EventBusName"])
            return
        if action == "s3:GetObject" and "VersionId" in given:
            action = "s3:GetObjectVersion"
        yield action, self._name(given[place])

    def _rights_to_tables(self, operation: str, given: dict[str, Any]) -> Iterator[Right]:
        if operation == "BatchExecuteStatement":
            for statement in given["Statements"]:
                verb, table = re.findall(r'^(\w+)[^"]*"([^"]+)"', statement["Statement"])[0]
                yield f"dynamodb:PartiQL{verb.capitalize()}", self._name(table)
        elif operation == "TransactWriteItems":
            for action in given["TransactItems"]:
                ((kind, request),) = action.items()
                yield f"dynamodb:{kind}Item", self._name(request["TableName"])
        elif "RequestItems" in given:
            for table in given["RequestItems"]:
                yield f"dynamodb:{operation}", self._name(table)
        else:
            index = f"/{given['IndexName']}" if "IndexName" in given else ""
            yield f"dynamodb:{operation}", self._name(given["TableName"]) + index

    def _name(self, physical: str) -> str:
        if physical.startswith(self.tenant_topics):
            return "TenantTopics"
        return self.names[physical]


def allowed(role: str) -> set[Right]:
    """Every action that the role allows on every resource."""
    found: set[Right] = set()
    for policy in ROLES[role]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, targets = statement["Action"], statement["Resource"]
            for action in [actions] if isinstance(actions, str) else actions:
                for target in targets if isinstance(targets, list) else [targets]:
                    found.add((action, _target(target)))
    return found


def _target(resource: Any) -> str:
    text = json.dumps(resource)
    if ":${AWS::StackName}-notifications-*" in text:
        return "TenantTopics"
    (name,) = set(re.findall(r'\["(\w+)"|\$\{(\w+)|"Ref": "(\w+)"', text)) or {("*",)}
    index = re.search(r"/index/([\w*-]+)", text)
    return "".join(name) + (f"/{index[1]}" if index else "")


@pytest.fixture(scope="module")
def seen(built: tuple[World, Any]) -> dict[str, set[Right]]:
    """The calls of each function on the tour."""
    world, snapshot = built
    memory = world.pipeline.memory
    memory.restore(snapshot)
    recorder = Recorder(memory)
    with pytest.MonkeyPatch.context() as patch:
        _watch(patch, recorder, Pipeline, "invoke", lambda handler: handler.__module__)
        _watch(patch, recorder, World, "ask", lambda _: "functions.api.app")
        patch.setattr(memory, "execute", recorder.executing(memory.execute))
        tour.take(world)
    return recorder.seen


def _watch(
    patch: pytest.MonkeyPatch, recorder: Recorder, owner: type, name: str, module_of: Any
) -> None:
    """Has the owner's method run under the role of the function that it calls."""
    method = getattr(owner, name)

    def watched(self: Any, *given: Any, **named: Any) -> Any:
        verb = module_of(given[0]).split(".")[1]
        recorder.role = f"{verb.capitalize()}Role"
        try:
            return method(self, *given, **named)
        finally:
            recorder.role = ""

    patch.setattr(owner, name, watched)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_all_that_its_function_calls(role: str, seen: dict[str, set[Right]]) -> None:
    assert seen[role] - allowed(role) == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_nothing_that_its_function_does_not_call(
    role: str, seen: dict[str, set[Right]]
) -> None:
    unused = {
        right
        for right in allowed(role) - seen[role]
        if not OF_LAMBDA.match(right[0])
        and right[0] not in FOR_A_404
        and (role, right) not in SIGNED | KEPT_BY_LAMBDA
    }

    assert unused == set()
