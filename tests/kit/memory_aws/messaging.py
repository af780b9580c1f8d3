"""SQS, SNS, EventBridge and CloudWatch: what is sent lands in lists; the simulation delivers."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.hooks import Twist

Params = dict[str, Any]
Answer = dict[str, Any]

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES: Final = 1024 * 1024
MAX_ENTRIES: Final = 10
MAX_DELAY_SECONDS: Final = 900
MAX_VISIBILITY_SECONDS: Final = 43200
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_NOTIFICATION_BYTES: Final = 256 * 1024
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MAX_EVENT_BYTES: Final = 256 * 1024

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTRY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way into a queue."""

    queue_url: str
    body: str
    message_id: str
    sent_at: float
    delay_seconds: int
    attributes: dict[str, Any]
    group_id: str | None


@dataclass(frozen=True, slots=True)
class Notification:
    """A message published to a topic."""

    topic_arn: str
    message: str
    subject: str | None
    attributes: dict[str, Any]
    message_id: str
    published_at: float


@dataclass(frozen=True, slots=True)
class Event:
    """An event put on a bus; `entry` is what the caller gave."""

    bus: str
    entry: dict[str, Any]
    event_id: str
    put_at: float


class Ids:
    """Ids that do not depend on other messages, so that a run stays the same after another one."""

    def __init__(self) -> None:
        self.given: Counter[str] = Counter()

    def new(self, content: str) -> str:
        """A unique id, also for things with the same content."""
        digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8)
        name = digest.hexdigest()
        self.given[name] += 1
        return f"{name}-{self.given[name]:04d}"


class Sqs:
    """`outbox` holds what was sent; the simulation takes from it.

    `depths` holds what GetQueueAttributes answers for a queue, `visibility` what
    ChangeMessageVisibility has set: (queue, receipt handle, seconds). `deleted` holds the
    (queue, receipt handle) of DeleteMessage.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.queues: dict[str, str] = {}
        self.outbox: list[Message] = []
        self.depths: dict[str, dict[str, str]] = {}
        self.visibility: list[tuple[str, str, int]] = []
        self.deleted: list[tuple[str, str]] = []
        self.ids = Ids()
        self._clock = clock

    def create_queue(self, name: str) -> str:
        """The URL of a new queue."""
        url = f"https://sqs.us-east-1.amazonaws.com/000000000000/{name}"
        self.queues[url] = name
        return url

    def restore(self) -> None:
        """Empty again."""
        self.outbox, self.depths, self.visibility, self.deleted = [], {}, [], []
        self.ids = Ids()

    def _queue(self, params: Params) -> str:
        url: str = params["QueueUrl"]
        if url not in self.queues:
            raise ServiceError(
                "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."
            )
        return url

    def _send(self, url: str, entry: Params) -> Answer:
        body = entry["MessageBody"]
        message = Message(
            url,
            body,
            self.ids.new(f"{url} {body}"),
            self._clock(),
            entry.get("DelaySeconds", 0),
            entry.get("MessageAttributes", {}),
            entry.get("MessageGroupId"),
        )
        self.outbox.append(message)
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": message.message_id, "MD5OfMessageBody": digest}

    def send_message(self, params: Params, _twist: Twist) -> Answer:
        """SendMessage."""
        url = self._queue(params)
        _check_message(params)
        if _size(params) > MAX_MESSAGE_BYTES:
            raise ServiceError("InvalidParameterValue", "Message is longer than 1048576 bytes")
        return self._send(url, params)

    def send_message_batch(self, params: Params, twist: Twist) -> Answer:
        """SendMessageBatch; a failed entry does not fail the call."""
        url = self._queue(params)
        entries = params["Entries"]
        _check_entries(entries)
        if sum(map(_size, entries)) > MAX_MESSAGE_BYTES:
            raise ServiceError(
                "AWS.SimpleQueueService.BatchRequestTooLong",
                "Batch requests cannot be longer than 1048576 bytes.",
            )
        sent: list[Answer] = []
        failed: list[Answer] = []
        for place, entry in enumerate(entries):
            code = twist.member_errors.get(place)
            fault = False
            if code is None:
                try:
                    _check_message(entry)
                except ServiceError as error:
                    code, fault = error.code, True
            if code is None:
                sent.append({"Id": entry["Id"], **self._send(url, entry)})
            else:
                failed.append({"Id": entry["Id"], "SenderFault": fault, "Code": code})
        return {key: found for key, found in (("Successful", sent), ("Failed", failed)) if found}

    def change_message_visibility(self, params: Params, _twist: Twist) -> Answer:
        """ChangeMessageVisibility: noted in `visibility`."""
        url = self._queue(params)
        seconds = params["VisibilityTimeout"]
        if not 0 <= seconds <= MAX_VISIBILITY_SECONDS:
            raise ServiceError("InvalidParameterValue", "VisibilityTimeout must be 0 to 43200")
        self.visibility.append((url, params["ReceiptHandle"], seconds))
        return {}

    def delete_message(self, params: Params, _twist: Twist) -> Answer:
        """DeleteMessage: noted in `deleted`."""
        self.deleted.append((self._queue(params), params["ReceiptHandle"]))
        return {}

    def get_queue_attributes(self, params: Params, _twist: Twist) -> Answer:
        """GetQueueAttributes, from `depths`; nothing waits in a queue that is not there."""
        url = self._queue(params)
        known = {
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
            "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{self.queues[url]}",
            **self.depths.get(url, {}),
        }
        expected = params.get("AttributeNames", [])
        if "All" in expected:
            return {"Attributes": known}
        shown = {name: known[name] for name in expected if name in known}
        return {"Attributes": shown} if shown else {}

    def get_queue_url(self, params: Params, _twist: Twist) -> Answer:
        """GetQueueUrl."""
        for url, name in self.queues.items():
            if name == params["QueueName"]:
                return {"QueueUrl": url}
        raise ServiceError(
            "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."
        )


def _check_entries(entries: list[Params]) -> None:
    if not entries:
        raise ServiceError(
            "AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry"
        )
    if len(entries) > MAX_ENTRIES:
        raise ServiceError(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are 10. You have sent {len(entries)}.",
        )
    ids = [entry["Id"] for entry in entries]
    if not all(map(_ENTRY_ID.match, ids)):
        raise ServiceError(
            "AWS.SimpleQueueService.InvalidBatchEntryId", "A batch entry id can only contain ..."
        )
    if len(set(ids)) != len(ids):
        raise ServiceError(
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id repeated within the batch"
        )


def _check_message(entry: Params) -> None:
    body = entry["MessageBody"]
    if not body:
        raise ServiceError("MissingParameter", "The parameter MessageBody is missing.")
    if _FORBIDDEN.search(body):
        raise ServiceError("InvalidMessageContents", "Message contains characters not allowed")
    if not 0 <= entry.get("DelaySeconds", 0) <= MAX_DELAY_SECONDS:
        raise ServiceError("InvalidParameterValue", "DelaySeconds must be 0 to 900")


def _size(entry: Params) -> int:
    total = len(entry["MessageBody"].encode("utf-8", "surrogatepass"))
    for name, attribute in entry.get("MessageAttributes", {}).items():
        total += len(name) + sum(len(content) for content in attribute.values())
    return total


class Sns:
    """`published` grows with each notification; `watch` sees each as it is published."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.topics: set[str] = set()
        self.families: set[str] = set()
        self.published: list[Notification] = []
        self.watch: Callable[[Notification], None] | None = None
        self.ids = Ids()
        # By topic, protocol and endpoint; none is ever confirmed.
        self.subscribed: dict[tuple[str, str, str], None] = {}
        self._clock = clock

    def create_topic(self, name: str) -> str:
        """The ARN of a new topic."""
        arn = f"arn:aws:sns:us-east-1:000000000000:{name}"
        self.topics.add(arn)
        return arn

    def create_topics(self, beginning: str) -> str:
        """The prefix of the ARNs of a family of topics, each of which exists."""
        family = f"arn:aws:sns:us-east-1:000000000000:{beginning}"
        self.families.add(family)
        return family

    def restore(self) -> None:
        """Empty again."""
        self.published = []
        self.subscribed = {}
        self.ids = Ids()

    def _check_topic(self, topic: str) -> None:
        if topic not in self.topics and not topic.startswith(tuple(self.families)):
            raise ServiceError("NotFound", "Topic does not exist", 404)

    def subscribe(self, params: Params, _twist: Twist) -> Answer:
        """Subscribe; an endpoint that is subscribed already keeps its subscription."""
        topic, protocol, endpoint = (params[key] for key in ("TopicArn", "Protocol", "Endpoint"))
        self._check_topic(topic)
        self.subscribed[topic, protocol, endpoint] = None
        return {"SubscriptionArn": "pending confirmation"}

    def list_subscriptions_by_topic(self, params: Params, _twist: Twist) -> Answer:
        """ListSubscriptionsByTopic, one page."""
        self._check_topic(params["TopicArn"])
        return {
            "Subscriptions": [
                {
                    "SubscriptionArn": "PendingConfirmation",
                    "Owner": "000000000000",
                    "Protocol": protocol,
                    "Endpoint": endpoint,
                    "TopicArn": topic,
                }
                for topic, protocol, endpoint in self.subscribed
                if topic == params["TopicArn"]
            ]
        }

    def publish(self, params: Params, _twist: Twist) -> Answer:
        """Publish to a topic."""
        topic = params.get("TopicArn") or params.get("TargetArn") or ""
        self._check_topic(topic)
        message, subject = params["Message"], params.get("Subject")
        attributes = params.get("MessageAttributes", {})
        size = len(message.encode()) + sum(
            len(name) + sum(len(content) for content in attribute.values())
            for name, attribute in attributes.items()
        )
        if not message or size > MAX_NOTIFICATION_BYTES:
            raise ServiceError("InvalidParameter", "Invalid parameter: Message too long or empty")
        if subject is not None and not _is_subject(subject):
            raise ServiceError("InvalidParameter", "Invalid parameter: Subject")
        notification = Notification(
            topic,
            message,
            subject,
            attributes,
            self.ids.new(message),
            self._clock(),
        )
        self.published.append(notification)
        if self.watch is not None:
            self.watch(notification)
        return {"MessageId": notification.message_id}


def _is_subject(subject: str) -> bool:
    return 1 <= len(subject) <= 100 and subject.isascii() and subject.isprintable()


class Events:
    """`put` grows with each event that was accepted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.buses: set[str] = {"default"}
        self.put: list[Event] = []
        self.ids = Ids()
        self._clock = clock

    def create_bus(self, name: str) -> str:
        """The name of a new bus."""
        self.buses.add(name)
        return name

    def restore(self) -> None:
        """Empty again."""
        self.put = []
        self.ids = Ids()

    def put_events(self, params: Params, twist: Twist) -> Answer:
        """PutEvents; a failed entry does not fail the call."""
        entries = params["Entries"]
        if not 1 <= len(entries) <= MAX_ENTRIES:
            raise invalid("Member must have length less than or equal to 10")
        if sum(map(_event_size, entries)) > MAX_EVENT_BYTES:
            raise invalid("Total size of the entries in the request is over the limit.")
        answers: list[Answer] = []
        failures = 0
        for place, entry in enumerate(entries):
            code = twist.member_errors.get(place)
            bus = entry.get("EventBusName", "default").rpartition("/")[2]
            if code is None and not all(map(entry.get, ("Source", "DetailType", "Detail"))):
                code = "InvalidArgument"
            if code is not None:
                failures += 1
                answers.append({"ErrorCode": code, "ErrorMessage": code})
                continue
            event_id = self.ids.new(entry["Detail"])
            if bus in self.buses:
                self.put.append(Event(bus, dict(entry), event_id, self._clock()))
            answers.append({"EventId": event_id})
        return {"FailedEntryCount": failures, "Entries": answers}


def _event_size(entry: Params) -> int:
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")]
    texts += entry.get("Resources", [])
    return sum(len(text.encode()) for text in texts) + (14 if "Time" in entry else 0)


def put_metric_data(params: Params, twist: Twist) -> Answer:
    """CloudWatch's PutMetricData: accepted and forgotten."""
    return {}
