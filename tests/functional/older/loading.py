"""Loads what an earlier version of the code has stored and sent into an AWS in memory.

Each folder here is named for a version and has what its own functions have left: the items of the
tables and the objects (`stored-*.json`), the messages, records of streams and sign-ins
(`stack.json`), and what its API then answered (`answers.json`). Today's code cannot write them
again, so the files are never changed.

In an item, a text, a whole number, true and false stand for DynamoDB's values of these types. A
list stands for a text in parts, where a number is the place of a part among the `shared` ones.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from functions.assign import app as assign
from functions.convert import app as convert
from functions.finalize import app as finalize
from functions.validate import app as validate
from tests.kit.memory_aws import MemoryAws, Version
from tests.kit.memory_aws.cognito import SignIn
from tests.kit.memory_aws.stream_records import Change
from tests.kit.memory_aws.values import Item
from tests.kit.pipeline import Pipeline, s3_event, with_body

FOLDER = Path(__file__).parent
# Each queue's function, and the captured payload that its messages replace.
HANDLERS = {
    "IntakeQueue": (validate.lambda_handler, "validate-ticket"),
    "ConvertQueue": (convert.lambda_handler, "convert-workbook"),
    "ChunksQueue": (assign.lambda_handler, "assign-chunk"),
    "FinalizeQueue": (finalize.lambda_handler, "finalize-import"),
}


@dataclass
class Older:
    """Today's functions on a stack that an earlier version has left.

    `names` has the ids of imports, tickets and requests by what they are. `messages` are those in
    the queues, each after its queue's name, at first as the earlier version has written them.
    `answers` are what its API has answered to an Admin, by path.
    """

    pipeline: Pipeline
    version: str
    names: dict[str, str]
    messages: list[tuple[str, Any]]
    answers: dict[str, Any]

    def id_of(self, name: str) -> str:
        """The id of the import of that name, also if the name gives its ticket."""
        found = self.names[name]
        ticket = self.pipeline.resources.tables.tickets.find(found)
        return str(ticket.import_id) if ticket is not None else found

    def deliver(self) -> None:
        """Delivers messages and records until only messages are left that functions return."""
        tables, returned = self.pipeline.memory.dynamodb.tables, list[tuple[str, Any]]()
        while self._is_more_sent() or any(table.stream for table in tables.values()):
            for queue, body in self.messages:
                handler, payload = HANDLERS[queue]
                if self.pipeline.invoke(handler, with_body(payload, body), seconds=30.0):
                    returned.append((queue, body))
            self.messages = []
            if tables["AccountsTable"].stream:
                self.pipeline.publish()
            if tables["DirectoryTable"].stream:
                self.pipeline.follow()
        self.messages = returned

    def _is_more_sent(self) -> bool:
        """Takes in what today's code has sent, and the events of its objects; false when none."""
        memory = self.pipeline.memory
        self.messages += [
            (memory.sqs.queues[message.queue_url], json.loads(message.body))
            for message in memory.sqs.outbox
        ]
        memory.sqs.outbox.clear()
        events = memory.s3.buckets[self.pipeline.resources.uploads_bucket].events
        self.messages += [
            ("IntakeQueue", json.loads(s3_event(created)["Records"][0]["body"]))
            for created in events
        ]
        events.clear()
        return bool(self.messages)


def load(pipeline: Pipeline, version: str) -> Older:
    """The stack that this version has left, in place of all that the pipeline has."""
    memory, stack = pipeline.memory, _read(version)
    items, shared = stack["tables"], stack["shared"]
    pipeline.clock.now = stack["now"]
    for name, table in memory.dynamodb.tables.items():
        # What older code has stored is not judged, only what today's code writes.
        watch, table.watch = table.watch, None
        for key, item in list(table.items.items()):
            table.write(key, item, None)
        for row in items.get(name, ()):
            item = _item(row, shared)
            table.write(table.key_of(item), None, item)
        table.watch = watch
        table.stream[:] = (
            Change(name, place, stack["now"], _image(old), _image(new), table.keys.names)
            for place, (old, new) in enumerate(stack["streams"].get(name, ()), start=1)
        )
    _put_objects(memory, stack["buckets"])
    for email, sign_in in stack["sign_ins"].items():
        memory.pools.sign_ins[email] = SignIn(**sign_in | {"groups": set(sign_in["groups"])})
    messages = [(queue, json.loads(body)) for queue, body in stack["messages"]]
    return Older(pipeline, version, stack["names"], messages, stack["answers"])


@cache
def _read(version: str) -> dict[str, Any]:
    """The files of a version as one; rows of the same table or bucket come one after another."""
    merged: dict[str, Any] = {"tables": {}, "buckets": {}}
    for path in sorted((FOLDER / version).glob("*.json")):
        for name, part in json.loads(path.read_bytes()).items():
            if name not in ("tables", "buckets"):
                merged[name] = part
                continue
            for place, rows in part.items():
                merged[name].setdefault(place, []).extend(rows)
    return merged


def _image(row: dict[str, Any] | None) -> Item | None:
    return _item(row, ()) if row is not None else None


def _item(row: dict[str, Any], shared: Any) -> Item:
    return {name: _value(value, shared) for name, value in row.items()}


def _value(value: Any, shared: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            return {"S": "".join(shared[part] if isinstance(part, int) else part for part in value)}
        case {"L": members}:
            return {"L": [_value(one, shared) for one in members]}
        case {"M": members}:
            return {"M": {name: _value(one, shared) for name, one in members.items()}}
    content: dict[str, Any] = value
    return content


def _put_objects(memory: MemoryAws, objects: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in objects.items():
        bucket = memory.s3.buckets[name]
        for row in rows:
            body = row["text"].encode() if "text" in row else base64.b64decode(row["base64"])
            version = Version(
                row["key"],
                row["version"],
                body,
                row["etag"],
                row["modified"],
                row["headers"],
                row.get("metadata", {}),
            )
            bucket.objects[version.key] = (*bucket.objects.get(version.key, ()), version)
        # Later versions get later ids.
        memory.s3._written[name] = 10_000
