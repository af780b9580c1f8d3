"""The whole of AWS that Handover uses, in one process and one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import botocore.client
from botocore.client import BaseClient
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from handover import flight
from handover.flight import Crew

from tests.kit.crew import OneByOne
from tests.kit.memory_aws import cognito, messaging, queries, s3, statements
from tests.kit.memory_aws import tables as table_module
from tests.kit.memory_aws.dynamodb import DynamoDB
from tests.kit.memory_aws.failures import ServiceError
from tests.kit.memory_aws.hooks import PLAIN, Hook, Twist

Handler = Callable[[dict[str, Any], Twist], dict[str, Any]]
Caller = Callable[[BaseClient, str, dict[str, Any]], dict[str, Any]]

_METADATA: Final = {
    "RequestId": "memory",
    "HTTPStatusCode": 200,
    "HTTPHeaders": {},
    "RetryAttempts": 0,
}


class Snapshot(NamedTuple):
    """Tables, buckets and sign-ins; what was sent is not part of it."""

    tables: dict[str, table_module.Snapshot]
    buckets: s3.Snapshot
    sign_ins: dict[str, cognito.SignIn]


class MemoryAws:
    """An AWS account in memory.

    `clock` gives seconds since the epoch and is the only source of time. `hook` sees every call and
    may disturb it. With `validate`, parameters are checked as botocore would before it sends
    them. `physical` maps the logical ids of a template to names, URLs and ARNs.
    """

    def __init__(self, clock: Callable[[], float], *, validate: bool = False) -> None:
        self.dynamodb = DynamoDB(clock)
        self.s3 = s3.S3(clock)
        self.sqs = messaging.Sqs(clock)
        self.sns = messaging.Sns(clock)
        self.events = messaging.Events(clock)
        self.pools = cognito.Pools()
        self.hook: Hook | None = None
        self.validate = validate
        self.calls = 0
        self.physical: dict[str, str] = {}
        self._handlers = self._operations()

    def _operations(self) -> dict[str, dict[str, Handler]]:
        dynamodb, store, sqs, pools = self.dynamodb, self.s3, self.sqs, self.pools
        return {
            "dynamodb": {
                "DescribeTable": dynamodb.describe_table,
                "GetItem": dynamodb.get_item,
                "PutItem": dynamodb.put_item,
                "UpdateItem": dynamodb.update_item,
                "DeleteItem": dynamodb.delete_item,
                "BatchGetItem": dynamodb.batch_get_item,
                "BatchWriteItem": dynamodb.batch_write_item,
                "TransactGetItems": dynamodb.transact_get_items,
                "TransactWriteItems": dynamodb.transact_write_items,
                "Query": partial(queries.query, dynamodb),
                "Scan": partial(queries.scan, dynamodb),
                "ExecuteStatement": partial(statements.execute_statement, dynamodb),
                "BatchExecuteStatement": partial(statements.batch_execute_statement, dynamodb),
            },
            "s3": {
                "PutObject": store.put_object,
                "GetObject": store.get_object,
                "HeadObject": store.head_object,
                "HeadBucket": store.head_bucket,
                "CopyObject": store.copy_object,
                "DeleteObject": store.delete_object,
                "DeleteObjects": store.delete_objects,
                "ListObjectsV2": store.list_objects_v2,
                "ListObjectVersions": store.list_object_versions,
                "CreateMultipartUpload": store.create_multipart_upload,
                "UploadPart": store.upload_part,
                "UploadPartCopy": store.upload_part_copy,
                "CompleteMultipartUpload": store.complete_multipart_upload,
                "AbortMultipartUpload": store.abort_multipart_upload,
            },
            "sqs": {
                "SendMessage": sqs.send_message,
                "SendMessageBatch": sqs.send_message_batch,
                "ChangeMessageVisibility": sqs.change_message_visibility,
                "DeleteMessage": sqs.delete_message,
                "GetQueueAttributes": sqs.get_queue_attributes,
                "GetQueueUrl": sqs.get_queue_url,
            },
            "sns": {
                "Publish": self.sns.publish,
                "ListSubscriptionsByTopic": self.sns.list_subscriptions_by_topic,
                "Subscribe": self.sns.subscribe,
            },
            "events": {"PutEvents": self.events.put_events},
            "cognito-idp": {
                "AdminGetUser": pools.admin_get_user,
                "AdminCreateUser": pools.admin_create_user,
                "AdminDeleteUser": pools.admin_delete_user,
                "AdminEnableUser": pools.admin_enable_user,
                "AdminDisableUser": pools.admin_disable_user,
                "AdminListGroupsForUser": pools.admin_list_groups_for_user,
                "AdminAddUserToGroup": pools.admin_add_user_to_group,
                "AdminRemoveUserFromGroup": pools.admin_remove_user_from_group,
            },
            "cloudwatch": {"PutMetricData": messaging.put_metric_data},
        }

    def register(self, service: str, operation: str, handler: Handler) -> None:
        """Answers a further operation, or an old one differently."""
        self._handlers.setdefault(service, {})[operation] = handler

    def snapshot(self) -> Snapshot:
        """Tables, buckets and sign-ins as they are."""
        return Snapshot(self.dynamodb.snapshot(), self.s3.snapshot(), self.pools.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Back to the snapshot, nothing sent, no call counted."""
        self.dynamodb.restore(snapshot.tables)
        self.s3.restore(snapshot.buckets)
        self.pools.restore(snapshot.sign_ins)
        self.sqs.restore()
        self.sns.restore()
        self.events.restore()
        self.calls = 0

    def execute(
        self, service: str, operation: str, params: dict[str, Any], twist: Twist = PLAIN
    ) -> dict[str, Any]:
        """The answer to a call, past hook and count; raises ServiceError."""
        handler = self._handlers.get(service, {}).get(operation)
        if handler is None:
            raise NotImplementedError(f"{service} {operation} is not in the memory AWS")
        return handler(params, twist)

    def call(self, client: BaseClient, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer of `client._make_api_call`."""
        model = client.meta.service_model
        service = model.service_name
        if self.validate:
            _validate(model.operation_model(operation).input_shape, params)
        self.calls += 1
        try:
            hook = self.hook
            if hook is None:
                answer = self.execute(service, operation, params)
            else:
                number = self.calls
                twist = hook.before(number, service, operation, params) or PLAIN
                if twist.repeat:
                    params = self._sent_before(number, service, operation, params)
                answer = self.execute(service, operation, params, twist)
                hook.after(number, service, operation, params, answer)
        except ServiceError as error:
            raise error.for_client(client, operation) from None
        answer["ResponseMetadata"] = _METADATA
        return answer

    def _sent_before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Executes the first sending of a call whose answer is lost."""
        if operation == "TransactWriteItems" and "ClientRequestToken" not in params:
            # botocore makes up a token and keeps it when it sends again.
            params = {**params, "ClientRequestToken": f"sent-again-{number}"}
        try:
            self.execute(service, operation, params)
        except ServiceError:
            return params
        return params


def _validate(shape: Any, params: dict[str, Any]) -> None:
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


@contextmanager
def install(
    memory: MemoryAws,
    call: Caller | None = None,
    *,
    make_crew: Callable[[], Crew] = OneByOne,
) -> Iterator[MemoryAws]:
    """Answers every botocore client of the process from memory, pynamodb's too, while it lasts.

    It supports one thread. `call` replaces the memory's own, to intercept calls. Calls in flight
    are made one by one, as the crew says.
    """
    execute = call or memory.call

    def answer(client: BaseClient, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return execute(client, operation, params)

    seam: Any = botocore.client.BaseClient
    of_flights: Any = flight
    before, crew = seam._make_api_call, of_flights.make_crew
    seam._make_api_call, of_flights.make_crew = answer, make_crew
    try:
        yield memory
    finally:
        seam._make_api_call, of_flights.make_crew = before, crew
