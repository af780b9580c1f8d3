"""A memory AWS that makes every call at an emulator too, to compare whole runs.

The functions get the emulator's answers, so a run is one on the emulator; the memory AWS
answers the same calls beside it and brings what the simulation needs: the stream's records, what
is in the queues, S3's events. The first answer that differs ends the run, and `differences` tells
what the two hold in the end.
"""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from tests.kit.memory_aws.comparison import Outcome, normal, sorted_maps, table_items
from tests.kit.memory_aws.emulator import client
from tests.kit.memory_aws.failures import ServiceError
from tests.kit.memory_aws.hooks import PLAIN, Twist
from tests.kit.memory_aws.memory import MemoryAws, Snapshot

SERVICES: Final = ("dynamodb", "s3", "sqs", "sns", "events")
# The parts of an answer that Handover reads; the others are ids, times, headers.
_COMPARED: Final = {
    "s3": ("ContentLength", "ContentRange", "ETag", "Metadata", "IsTruncated"),
    "events": ("FailedEntryCount",),
}
_MAKE_IDS: Final = ("PutObject", "CreateMultipartUpload", "CompleteMultipartUpload")
# They concern a delivery, and the simulation delivers: an emulator does not know its handles.
_OF_DELIVERIES: Final = ("ChangeMessageVisibility", "DeleteMessage")
_IDS: Final = ("VersionId", "VersionIdMarker", "UploadId")
_LISTED: Final = ("Key", "Size", "ETag", "IsLatest", "VersionId")
_TOPIC_QUEUE, _BUS_QUEUE = "LicenceNotifications", "LicenceEvents"
_ALL_EVENTS: Final = json.dumps({"source": [{"prefix": ""}]})
_BATCH: Final = 25
_ARRIVAL_SECONDS: Final = 5.0
# The originals, before they are replaced to answer from memory and to move the clock.
_base: Any = BaseClient
_send = _base._make_api_call
_now, _sleep = time.monotonic, time.sleep


class DifferenceError(BaseException):
    """The two answered differently; no function may treat it as a failure of AWS."""


class DoubledAws(MemoryAws):
    """The memory AWS with an emulator beside it, at `endpoint`; None is moto in this process.

    `reset` empties the emulator. `followed` are operations that the emulator does not have:
    what they change is copied. Only calls that a hook sees are doubled.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        endpoint: str | None,
        reset: Callable[[], None],
        *,
        followed: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(clock)
        self.seen: Counter[str] = Counter()
        self._reset = reset
        self._followed = followed
        self._clients = {service: client(service, endpoint) for service in SERVICES}
        self._is_behind = True
        self._ids: dict[str, str] = {}
        self._last: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        self._sent: Counter[tuple[str, str]] = Counter()

    def restore(self, snapshot: Snapshot) -> None:
        """Back to the snapshot; the emulator follows at the next call that is doubled."""
        super().restore(snapshot)
        self._is_behind = True

    def execute(
        self, service: str, operation: str, params: dict[str, Any], twist: Twist = PLAIN
    ) -> dict[str, Any]:
        """The emulator's answer; raises DifferenceError when the memory AWS has another."""
        is_doubled = service in self._clients and operation not in _OF_DELIVERIES
        if self.hook is None or not is_doubled:
            return super().execute(service, operation, params, twist)
        if twist.stale or twist.member_errors:
            raise ValueError(
                "no emulator can be made to answer stale, or for parts of a batch only"
            )
        if self._is_behind:
            self._begin()
        if service == "s3":
            self._follow_uploads()
        self.seen["calls"] += 1
        if operation in self._followed:
            return self._copied(service, operation, params)
        sent_before = len(self.sqs.outbox)
        mine, error = self._mine(service, operation, params)
        for message in self.sqs.outbox[sent_before:]:
            self._sent[self.sqs.queues[message.queue_url], message.body] += 1
        theirs, other = self._theirs(service, operation, params)
        if mine != theirs:
            raise DifferenceError(f"{operation} {params}\nmemory:   {mine}\nemulator: {theirs}")
        self.seen["errors agreed on"] += error is not None
        if error is not None:
            raise error
        return other

    # Both sides of a call

    def _mine(
        self, service: str, operation: str, params: dict[str, Any]
    ) -> tuple[Outcome, ServiceError | None]:
        try:
            answer = super().execute(service, operation, params)
        except ServiceError as error:
            return _refused(error.code, error.members.get("Item")), error
        self._last = answer
        return Outcome(None, self._shown(service, answer, {})), None

    def _theirs(
        self, service: str, operation: str, params: dict[str, Any]
    ) -> tuple[Outcome, dict[str, Any]]:
        request = self._translated(params)
        try:
            answer = _send(self._clients[service], operation, request)
        except ClientError as error:
            return _refused(error.response["Error"]["Code"], error.response.get("Item")), {}
        if service == "dynamodb":
            return Outcome(None, self._shown(service, answer, {})), answer
        if "Range" in params and "ContentRange" not in answer:
            self._cut(params["Range"], answer)
        if operation in _MAKE_IDS:
            self._ids |= {self._last[name]: answer[name] for name in _IDS if name in self._last}
        back = {theirs: mine for mine, theirs in self._ids.items()}
        return Outcome(None, self._shown(service, answer, back)), self._last

    def _cut(self, request: str, answer: dict[str, Any]) -> None:
        """Cuts the requested range from a version that ministack has answered as a whole.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        self.seen["known: ranges of versions"] += 1
        body = answer["Body"].read()
        first, last = map(int, request.removeprefix("bytes=").split("-"))
        part = body[first : last + 1]
        answer["Body"] = StreamingBody(io.BytesIO(part), len(part))
        answer["ContentLength"] = len(part)
        answer["ContentRange"] = f"bytes {first}-{first + len(part) - 1}/{len(body)}"

    def _shown(self, service: str, answer: dict[str, Any], back: dict[str, str]) -> Any:
        """The compared parts of an answer, with version ids by the memory's names."""
        if service == "dynamodb":
            return sorted_maps(normal(answer))
        shown = {
            name: answer[name]
            for name in _COMPARED.get(service, ())
            if answer.get(name) not in (None, {}, False)
        }
        for name in ("Successful", "Failed"):
            shown[name] = sorted(entry["Id"] for entry in answer.get(name) or ())
        if "VersionId" in answer:
            shown["VersionId"] = back.get(answer["VersionId"], answer["VersionId"])
        for name in ("Contents", "Versions", "DeleteMarkers"):
            shown[name] = [_entry(entry, back) for entry in answer.get(name) or ()]
        if "Body" in answer:
            shown["Body"] = answer["Body"].read()
            answer["Body"] = StreamingBody(io.BytesIO(shown["Body"]), len(shown["Body"]))
        return shown

    def _translated(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same request with the emulator's own ids, and without delays."""
        request = {name: value for name, value in params.items() if name != "DelaySeconds"}
        if "TopicArn" in request and request["TopicArn"] not in self._names:
            self._hear(request["TopicArn"])  # one of a family
        for name in ("QueueUrl", "TopicArn"):
            if name in request:
                request[name] = self._names[request[name]]
        for name in _IDS:
            if name in request:
                request[name] = self._ids.get(request[name], request[name])
        if "QueueUrl" in request and "Entries" in request:
            request["Entries"] = [
                {name: value for name, value in entry.items() if name != "DelaySeconds"}
                for entry in request["Entries"]
            ]
        return request

    def _copied(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer of the memory AWS; the items are copied to the emulator afterwards."""
        before = {name: dict(table.items) for name, table in self.dynamodb.tables.items()}
        answer = super().execute(service, operation, params)
        for name, table in self.dynamodb.tables.items():
            for key, item in table.items.items():
                if before[name].get(key) is not item:
                    self._ask("dynamodb", "PutItem", TableName=name, Item=item)
        self.seen["copied"] += 1
        return answer

    # The emulator's account

    def _ask(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = _send(self._clients[service], operation, params)
        return answer

    def _begin(self) -> None:
        """An emulator with the same resources that holds the same."""
        self._is_behind = False
        self._ids, self._names = {}, {}
        self._sent.clear()
        self._reset()
        self._make_tables()
        for name, bucket in self.s3.buckets.items():
            self._ask("s3", "CreateBucket", Bucket=name)
            if bucket.versioned:
                status = {"Status": "Enabled"}
                self._ask("s3", "PutBucketVersioning", Bucket=name, VersioningConfiguration=status)
        for url, name in self.sqs.queues.items():
            self._names[url] = self._queue(name)
        self._listen()

    def _make_tables(self) -> None:
        for name, table in self.dynamodb.tables.items():
            schemas = [table.keys, *(index.keys for index in table.indexes)]
            kinds = {
                attribute: kind
                for keys in schemas
                for attribute, kind in (
                    (keys.hash_name, keys.hash_kind),
                    (keys.range_name, keys.range_kind),
                )
                if attribute is not None
            }
            indexes = [
                {
                    "IndexName": index.name,
                    "KeySchema": _key_schema(index.keys),
                    "Projection": _projection(index, table),
                }
                for index in table.indexes
            ]
            more = {"GlobalSecondaryIndexes": indexes} if indexes else {}
            self._ask(
                "dynamodb",
                "CreateTable",
                TableName=name,
                KeySchema=_key_schema(table.keys),
                AttributeDefinitions=[
                    {"AttributeName": attribute, "AttributeType": kind}
                    for attribute, kind in kinds.items()
                ],
                BillingMode="PAY_PER_REQUEST",
                **more,
            )
            puts = [{"PutRequest": {"Item": item}} for item in table.items.values()]
            for first in range(0, len(puts), _BATCH):
                batch = {name: puts[first : first + _BATCH]}
                self._ask("dynamodb", "BatchWriteItem", RequestItems=batch)

    def _queue(self, name: str) -> str:
        url: str = self._ask("sqs", "CreateQueue", QueueName=name)["QueueUrl"]
        return url

    def _arn(self, url: str) -> str:
        answer = self._ask("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        return arn

    def _hear(self, topic: str) -> None:
        arn = self._ask("sns", "CreateTopic", Name=topic.rpartition(":")[2])["TopicArn"]
        self._names[topic] = arn
        queue = self._arn(self._queue(_TOPIC_QUEUE))
        raw = {"RawMessageDelivery": "true"}
        self._ask("sns", "Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=raw)

    def _listen(self) -> None:
        """Subscribes queues of our own to everything that is published and put."""
        for topic in self.sns.topics:
            self._hear(topic)
        for bus in self.events.buses - {"default"}:
            self._ask("events", "CreateEventBus", Name=bus)
            queue = self._arn(self._queue(_BUS_QUEUE))
            rule = {"Name": "all", "EventBusName": bus}
            self._ask("events", "PutRule", **rule, EventPattern=_ALL_EVENTS)
            target = {"Id": "queue", "Arn": queue}
            self._ask("events", "PutTargets", Rule="all", EventBusName=bus, Targets=[target])

    def _follow_uploads(self) -> None:
        """Repeats the uploads of people at the emulator."""
        for name, bucket in self.s3.buckets.items():
            for key, versions in bucket.objects.items() if bucket.versioned else ():
                for version in reversed(versions):
                    if version.version_id not in self._ids:
                        put = self._ask("s3", "PutObject", Bucket=name, Key=key, Body=version.body)
                        self._ids[version.version_id] = put["VersionId"]

    # In the end

    def differences(self) -> Iterator[str]:
        """The differences of the two: items, objects, messages, notifications and events."""
        for name, table in self.dynamodb.tables.items():
            mine = table_items(list(table.items.values()))
            if mine != table_items(self._items(name)):
                yield f"items of {name}"
            self.seen["items"] += len(mine)
        for name, bucket in self.s3.buckets.items():
            bodies = {
                (key, self._ids[version.version_id] if bucket.versioned else ""): version.body
                for key, versions in bucket.objects.items()
                for version in versions
            }
            if bodies != self._bodies(name):
                yield f"objects of {name}"
            self.seen["objects"] += len(bodies)
        for url, name in self.sqs.queues.items():
            sent = Counter({body: n for (queue, body), n in self._sent.items() if queue == name})
            if sent != self._received(self._names[url], sent.total()):
                yield f"messages in {name}"
            self.seen["messages"] += sent.total()
        published = Counter(json.loads(one.message)["sqs"] for one in self.sns.published)
        if published != self._received(self._queue(_TOPIC_QUEUE), published.total()):
            yield "notifications"
        self.seen["notifications"] += published.total()
        if "PutEvents" not in self._followed:
            yield from self._event_differences()

    def _event_differences(self) -> Iterator[str]:
        put = Counter(_canonical(one.entry["Detail"]) for one in self.events.put)
        received: Counter[str] = Counter()
        for body, count in self._received(self._queue(_BUS_QUEUE), put.total()).items():
            received[_canonical(json.dumps(json.loads(body)["detail"]))] += count
        if put != received:
            yield "events"
        self.seen["events"] += put.total()

    def _items(self, table: str) -> list[Any]:
        found: list[Any] = []
        after: dict[str, Any] = {}
        while True:
            page = self._ask("dynamodb", "Scan", TableName=table, ConsistentRead=True, **after)
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                return found
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _bodies(self, bucket: str) -> dict[tuple[str, str], bytes]:
        listed = self._ask("s3", "ListObjectVersions", Bucket=bucket).get("Versions") or ()
        is_versioned = self.s3.buckets[bucket].versioned
        found: dict[tuple[str, str], bytes] = {}
        for entry in listed:
            where = {"Bucket": bucket, "Key": entry["Key"]}
            if is_versioned:
                where["VersionId"] = entry["VersionId"]
            body = self._ask("s3", "GetObject", **where)["Body"].read()
            found[entry["Key"], entry["VersionId"] if is_versioned else ""] = body
        return found

    def _received(self, url: str, expected: int) -> Counter[str]:
        """The bodies in a queue; waits a little for missing ones."""
        bodies: Counter[str] = Counter()
        until = _now() + _ARRIVAL_SECONDS
        while True:
            answer = self._ask("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
            messages = answer.get("Messages") or ()
            bodies.update(message["Body"] for message in messages)
            if not messages and (bodies.total() >= expected or _now() > until):
                return bodies
            if not messages:
                _sleep(0.05)


def _refused(code: str, item: Any) -> Outcome:
    return Outcome(code, sorted_maps(normal(item)) if item else None)


def _entry(entry: dict[str, Any], back: dict[str, str]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: entry[name] for name in _LISTED if name in entry}
    if "VersionId" in kept:
        kept["VersionId"] = back.get(kept["VersionId"], kept["VersionId"])
    return kept


def _key_schema(keys: Any) -> list[dict[str, str]]:
    roles = zip(keys.names, ("HASH", "RANGE"), strict=False)
    return [{"AttributeName": name, "KeyType": role} for name, role in roles]


def _projection(index: Any, table: Any) -> dict[str, Any]:
    if index.projected is None:
        return {"ProjectionType": "ALL"}
    more = sorted(index.projected - {*index.keys.names, *table.keys.names})
    if not more:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": more}


def _canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)
