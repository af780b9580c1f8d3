"""What a run leaves in a stack, and removing all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from handover.access.allowances import WINDOW_SECONDS
from handover.aws.objects import Upload
from handover.pipeline.upload_keys import DROP, IN
from handover.pipeline.uploads import Arrival
from handover.store.allowances import KEPT_SECONDS
from handover.store.import_items import IMPORT
from handover.store.jobs import JOB
from handover.store.user_places import USER

from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import user_pools
from infra.smoke.tenant import ACCOUNTS, NAME, SmokeTenant
from infra.smoke.waiting import until

# Indexes and streams follow within moments. The next pass finds what they add later.
MAX_PASSES = 6
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
ITEMS_A_BATCH = 25

# The prefixes of a tenant's uploads.
PLACES = (IN, DROP)

Key = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything that a stack holds of one smoke tenant."""

    tenant: SmokeTenant

    def remove(self, topic: str) -> None:
        """Removes everything. The topic goes last: the tenant is found by it.

        Raises CommandError when imports do not end, something stays, or somebody else uses the
        tenant.
        """
        self._check_own()
        until(self._is_at_rest, f"the imports of {self.tenant.name} to end")
        for _ in range(MAX_PASSES):
            if not self._remove_what_is_found():
                break
        else:
            raise CommandError(
                f"something of {self.tenant.name} comes back: run `handover smoke --clean` later",
                ExitCode.REFUSED,
            )
        self._remove_queue()
        sns: Any = boto3.client("sns")
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for one in page["Subscriptions"]:
                if one["SubscriptionArn"].startswith("arn:"):
                    sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
        sns.delete_topic(TopicArn=topic)

    def _check_own(self) -> None:
        """Raises CommandError unless a run made the tenant, with only its own users in it."""
        name = self.tenant.name
        keys = self._keys(self._table("DirectoryTable"), name)
        users = {key["sk"]["S"] for key in keys if key["sk"]["S"].startswith(USER)}
        if not NAME.fullmatch(name) or users - {USER + email for email in self.tenant.users}:
            raise CommandError(f"{name} is no tenant of a smoke run: nothing of it was removed")

    def _is_at_rest(self) -> bool | None:
        """True once the import of every file has ended and is announced, and history follows."""
        name, dynamodb = self.tenant.name, _dynamodb()
        keys = self._keys(self._table("DirectoryTable"), name)
        if any(key["sk"]["S"].startswith(JOB) for key in keys):
            return None
        for upload in self._uploads():
            import_id = Arrival(upload, 0.0, "", None).import_id
            key = {"pk": {"S": import_id}, "sk": {"S": IMPORT}}
            found = dynamodb.get_item(
                TableName=self._table("ImportsTable"), Key=key, ConsistentRead=True
            )
            if "Item" not in found or "open" in found["Item"]:
                return None
        for account in ACCOUNTS:
            key = {"pk": {"S": f"{name}#{account}"}}
            found = dynamodb.get_item(
                TableName=self._table("AccountsTable"), Key=key, ConsistentRead=True
            ).get("Item")
            if found is None or int(found["version"]["N"]) <= 1:
                continue
            entry = {**key, "sk": found["version"]}
            if "Item" not in dynamodb.get_item(TableName=self._table("HistoryTable"), Key=entry):
                return None
        return True

    def _remove_what_is_found(self) -> int:
        """Removes what there is and returns how much; files first, so that none is processed."""
        name, stack = self.tenant.name, self.tenant.stack
        removed = _remove_objects(stack.output("ReportsBucket"), f"{name}/")
        for place in PLACES:
            removed += _remove_objects(stack.output("UploadsBucket"), f"{place}/{name}/")
        for key in list(self._imports()):
            removed += self._remove_import(key)
        for output, partition in self._partitions():
            removed += self._remove_partition(self._table(output), partition)
        self._remove_counters()
        return removed + self._remove_sign_in()

    def _uploads(self) -> Iterator[Upload]:
        bucket = self.tenant.stack.output("UploadsBucket")
        for place in PLACES:
            for key, version in _versions(bucket, f"{place}/{self.tenant.name}/"):
                yield Upload(bucket, key, version)

    def _imports(self) -> Iterator[Key]:
        pages = (
            _dynamodb()
            .get_paginator("query")
            .paginate(
                TableName=self._table("ImportsTable"),
                IndexName="by-tenant",
                KeyConditionExpression="tenant = :tenant",
                ExpressionAttributeValues={":tenant": {"S": self.tenant.name}},
            )
        )
        for page in pages:
            for item in page["Items"]:
                yield {"pk": item["pk"], "sk": item["sk"]}

    def _remove_import(self, key: Key) -> int:
        table, import_id = self._table("ImportsTable"), key["pk"]["S"]
        item = _dynamodb().get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        removed = _remove_objects(self.tenant.stack.output("WorkBucket"), f"{import_id}/")
        if "ticket" in item:
            removed += self._remove_partition(table, f"ticket#{item['ticket']['S']}")
        # The import itself last: the others are found by it.
        return removed + self._remove_partition(table, import_id)

    def _partitions(self) -> Iterator[tuple[str, str]]:
        name = self.tenant.name
        yield "DirectoryTable", name
        yield "ImportsTable", f"tenant#{name}"
        for account in ACCOUNTS:
            yield "AccountsTable", f"{name}#{account}"
            yield "HistoryTable", f"{name}#{account}"
        for email in self.tenant.users:
            yield "PortfolioTable", f"{name}#{email}"

    def _remove_partition(self, table: str, partition: str) -> int:
        keys = list(self._keys(table, partition))
        _delete(table, keys)
        return len(keys)

    def _keys(self, table: str, partition: str) -> Iterator[Key]:
        pages = (
            _dynamodb()
            .get_paginator("query")
            .paginate(
                TableName=table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": partition}},
                ConsistentRead=True,
                ProjectionExpression="pk, sk",
            )
        )
        for page in pages:
            for item in page["Items"]:
                yield {name: item[name] for name in ("pk", "sk") if name in item}

    def _remove_counters(self) -> None:
        """The counters of the last hour; older ones have expired."""
        newest = int(time.time() // WINDOW_SECONDS) * WINDOW_SECONDS
        windows = range(newest - KEPT_SECONDS, newest + 2 * WINDOW_SECONDS, WINDOW_SECONDS)
        keys: list[Key] = [
            {"pk": {"S": f"requests#{self.tenant.name}#{begin}"}, "sk": {"S": "requests"}}
            for begin in windows
        ]
        _delete(self._table("ImportsTable"), keys)

    def _remove_sign_in(self) -> int:
        try:
            user_pools().admin_delete_user(
                UserPoolId=self.tenant.stack.output("UserPoolId"), Username=self.tenant.admin
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "UserNotFoundException":
                raise
            return 0
        return 1

    def _remove_queue(self) -> None:
        sqs: Any = boto3.client("sqs")
        try:
            sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=self.tenant.queue)["QueueUrl"])
        except ClientError as error:
            if "NonExistentQueue" not in error.response["Error"]["Code"]:
                raise

    def _table(self, output: str) -> str:
        return self.tenant.stack.output(output)


def _dynamodb() -> Any:
    return boto3.client("dynamodb")


def _delete(table: str, keys: list[Key]) -> None:
    """Deletes the items; missing ones cost only the request."""
    waiting = list(keys)
    while waiting:
        some, waiting = waiting[:ITEMS_A_BATCH], waiting[ITEMS_A_BATCH:]
        requests = [{"DeleteRequest": {"Key": key}} for key in some]
        answer = _dynamodb().batch_write_item(RequestItems={table: requests})
        left = answer.get("UnprocessedItems", {}).get(table, ())
        waiting += [one["DeleteRequest"]["Key"] for one in left]


def _remove_objects(bucket: str, prefix: str) -> int:
    """Deletes every version of the objects and their markers; returns how many there were."""
    s3: Any = boto3.client("s3")
    found = list(_versions(bucket, prefix, with_markers=True))
    for key, version in found:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    return len(found)


def _versions(bucket: str, prefix: str, *, with_markers: bool = False) -> Iterator[tuple[str, str]]:
    """Key and version of all objects under a prefix."""
    pages: Any = boto3.client("s3").get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix):
        markers = page.get("DeleteMarkers", ()) if with_markers else ()
        for one in (*page.get("Versions", ()), *markers):
            yield one["Key"], one["VersionId"]
