"""A worker: a process that passes events to one of the real handlers, as Lambda's event sources do.

It ends by SIGKILL at any instant, or by SIGALRM at the end of an invocation's time, as Lambda does.
Nothing is tidied up in either case.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from handover.aws import clients

from tests.soak.board import Board

QUEUE_KINDS = ("validate", "assign", "finalize")
STREAM_KIND = "publish"
POLL_SECONDS = 1
RECORDS_A_BATCH = 100  # as the template says
DOUBLED = "Doubled"
LATEST_DOUBLE_SECONDS = 20

Handler = Callable[[dict[str, Any], Any], Any]


@dataclass(frozen=True, slots=True)
class Post:
    """The work of one worker: its handler, its event source, and the time of an invocation.

    `source` is a queue's URL or a stream's ARN. `doubled` events in 1,000 are sent again.
    """

    kind: str
    source: str
    timeout_seconds: float
    doubled: int = 0
    checkpoint: Path | None = None


class Context:
    """The context that Lambda passes to a handler."""

    function_version = "$LATEST"
    memory_limit_in_mb = 512

    def __init__(self, kind: str, timeout_seconds: float) -> None:
        self.function_name = kind
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{kind}"
        self.aws_request_id = str(uuid.uuid4())
        self._deadline = time.monotonic() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the invocation ends."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def work(post: Post, handler: Handler, board: Board, place: int) -> None:
    """Works until killed, or until the foreman is gone."""
    if post.kind == STREAM_KIND:
        _read_stream(post, handler, board, place)
    else:
        _read_queue(post, handler, board, place)


def _invoke(post: Post, handler: Handler, event: dict[str, Any]) -> Any:
    # The alarm is not caught: it ends the process at once.
    signal.setitimer(signal.ITIMER_REAL, post.timeout_seconds)
    answer = handler(event, Context(post.kind, post.timeout_seconds))
    signal.setitimer(signal.ITIMER_REAL, 0)
    return answer


def _read_queue(post: Post, handler: Handler, board: Board, place: int) -> None:
    sqs = clients.sqs()
    foreman = os.getppid()
    while os.getppid() == foreman:
        answer = sqs.receive_message(
            QueueUrl=post.source,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=POLL_SECONDS,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=[DOUBLED],
        )
        for message in answer.get("Messages", []):
            board.set(place, "busy", 1)
            _double(post, message, board, place)
            result = _invoke(post, handler, {"Records": [_record(message)]})
            if result["batchItemFailures"]:
                board.add(place, "failed")
            else:
                sqs.delete_message(QueueUrl=post.source, ReceiptHandle=message["ReceiptHandle"])
                board.add(place, "handled")
            board.set(place, "busy", 0)


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
        "awsRegion": "us-east-1",
    }


def _double(post: Post, message: Mapping[str, Any], board: Board, place: int) -> None:
    """Sends some of the events again unchanged, at once or a little later."""
    drawn = int(hashlib.sha256(message["Body"].encode()).hexdigest()[:8], 16) % 1000
    if drawn >= post.doubled or DOUBLED in message.get("MessageAttributes", {}):
        return
    clients.sqs().send_message(
        QueueUrl=post.source,
        MessageBody=message["Body"],
        DelaySeconds=random.choice((0, 0, 1, random.randint(2, LATEST_DOUBLE_SECONDS))),
        MessageAttributes={DOUBLED: {"DataType": "String", "StringValue": "yes"}},
    )
    board.add(place, "doubled")


def _read_stream(post: Post, handler: Handler, board: Board, place: int) -> None:
    """Passes batches of the stream in order, and repeats from the first failed record."""
    streams: Any = boto3.client("dynamodbstreams")
    if post.checkpoint is None:
        raise ValueError("a reader of a stream needs a checkpoint")
    shard = streams.describe_stream(StreamArn=post.source)["StreamDescription"]["Shards"][0]
    if post.checkpoint.exists():
        iterator = post.checkpoint.read_text(encoding="utf-8")
    else:
        iterator = streams.get_shard_iterator(
            StreamArn=post.source,
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
    foreman = os.getppid()
    for number in itertools.count():
        if os.getppid() != foreman:
            return
        answer = streams.get_records(ShardIterator=iterator, Limit=RECORDS_A_BATCH)
        iterator = answer["NextShardIterator"]
        if answer["Records"]:
            board.set(place, "busy", 1)
            _invoke(post, handler, {"Records": answer["Records"]})
            board.add(place, "handled")
            board.set(place, "busy", 0)
        else:
            time.sleep(0.1)
        if answer["Records"] or number % 100 == 0:
            draft = post.checkpoint.with_suffix(".draft")
            draft.write_text(iterator, encoding="utf-8")
            draft.replace(post.checkpoint)


def log_lines(where: Path) -> list[dict[str, Any]]:
    """The JSON log lines of the handlers."""
    lines = where.read_text(encoding="utf-8", errors="replace").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
