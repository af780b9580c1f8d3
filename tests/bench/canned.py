"""A server that answers for DynamoDB, S3, SQS and EventBridge at once, with prepared answers.

It takes the place of AWS to measure the client: real requests over real connections, signed and
parsed as usual, with hardly any time for the answers. It checks nothing.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

# In an item of `Canned.items`, the place of the requested key.
KEY = "\N{SYMBOL FOR SUBSTITUTE}"
_ESCAPED_KEY = json.dumps(KEY)[1:-1].encode()
_KEYS = rb'"(?:pk|sk)": ?\{"S": ?"(%b[^"]*)"'
_HASH_KEY = re.compile(rb'"pk": ?\{"S": ?"([^"]*)"')
_SORT_KEY = re.compile(rb'"sk": ?\{"S": ?"([^"]*)"')
_TABLE_OF_REQUEST = re.compile(rb'"RequestItems": ?\{("[^"]+")')
_BOTH_KEYS = re.compile(rb'"pk": ?\{"S": ?"([^"]*)"\}, ?"sk": ?\{"S": ?"([^"]*)"')
_ATTRIBUTES = re.compile(rb'"ExpressionAttributeNames": ?(\{[^}]*\})')
_RANGE = re.compile(rb"range: ?bytes=(\d+)-(\d+)")
_RECEIVE_BYTES = 1 << 20
# S3's answer to a listing without results.
_EMPTY = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@dataclass(frozen=True, slots=True)
class Canned:
    """All the answers.

    `items`: for each table the beginning of the requested keys, and the item under each of them.
    `rows`: what GetItem, UpdateItem and BatchGetItem of another table answer, by both keys.
    `objects`: what S3 holds, by bucket and key. Both names are joined by a slash.
    """

    items: Mapping[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    rows: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    objects: Mapping[str, bytes] = field(default_factory=dict)


@contextmanager
def served(canned: Canned, *, delay_seconds: float = 0.0) -> Iterator[str]:
    """The address of a process that gives these answers while the context lasts.

    `delay_seconds` is the time of each answer, however many requests come side by side.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(canned, delay_seconds, theirs), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(canned: Canned, delay_seconds: float, port: Connection) -> None:
    answers = _Answers(canned)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            threading.Thread(
                target=_converse, args=(connection, answers, delay_seconds), daemon=True
            ).start()


def _converse(connection: socket.socket, answers: _Answers, delay_seconds: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = b""
    while True:
        while (end := waiting.find(b"\r\n\r\n")) < 0:
            received = connection.recv(_RECEIVE_BYTES)
            if not received:
                return
            waiting += received
        head, body = waiting[:end], waiting[end + 4 :]
        fields = head.lower()
        size = _number(fields, b"\r\ncontent-length:")
        if b"100-continue" in fields:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(body) < size:
            pieces, have = [body], len(body)
            while have < size:
                pieces.append(connection.recv(_RECEIVE_BYTES))
                have += len(pieces[-1])
            body = b"".join(pieces)
        waiting = body[size:]
        answer = answers.to(head, fields, body[:size])
        if delay_seconds:
            time.sleep(delay_seconds)
        connection.sendall(answer)


def _number(fields: bytes, name: bytes) -> int:
    at = fields.find(name)
    return int(fields[at + len(name) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


class _Answers:
    """The answers, made ready."""

    def __init__(self, canned: Canned) -> None:
        self._tables: dict[bytes, tuple[re.Pattern[bytes], dict[str, Any]]] = {}
        for table, (beginning, item) in canned.items.items():
            keys = re.compile(_KEYS % re.escape(beginning.encode()))
            self._tables[json.dumps(table).encode()] = keys, item
        self._around = lru_cache(self._around_key)
        self._rows = {key.encode(): json.dumps(item).encode() for key, item in canned.rows.items()}
        self._objects = {f"/{path}".encode(): body for path, body in canned.objects.items()}

    def to(self, head: bytes, fields: bytes, body: bytes) -> bytes:
        """The whole response to a request."""
        at = fields.find(b"\r\nx-amz-target:")
        if at < 0:
            return self._from_s3(head, fields)
        target = head[at + 2 :].split(b"\r\n", 1)[0].rpartition(b".")[2]
        text = self._from_table(target, body)
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n"
            b"x-amzn-RequestId: 0\r\nx-amz-crc32: %d\r\n\r\n%b"
            % (len(text), zlib.crc32(text), text)
        )

    def _from_table(self, operation: bytes, body: bytes) -> bytes:
        if operation == b"BatchGetItem":
            table = _TABLE_OF_REQUEST.findall(body)[0]
            if table not in self._tables:
                return self._of_rows(table, body)
            attributes = _ATTRIBUTES.search(body)
            before, after = self._around(table, attributes[1] if attributes else b"")
            pattern, _ = self._tables[table]
            items = [b"%b%b%b" % (before, key, after) for key in pattern.findall(body)]
            return b'{"Responses":{%b:[%b]},"UnprocessedKeys":{}}' % (table, b",".join(items))
        if operation == b"BatchWriteItem":
            return b'{"UnprocessedItems":{}}'
        if operation == b"BatchExecuteStatement":
            done = [b'{"TableName":"accounts"}'] * body.count(b'"Statement":')
            return b'{"Responses":[%b]}' % b",".join(done)
        if operation == b"PutEvents":
            put = [b'{"EventId":"0"}'] * body.count(b'"DetailType":')
            return b'{"FailedEntryCount":0,"Entries":[%b]}' % b",".join(put)
        if operation in (b"GetItem", b"UpdateItem"):
            name = b"Item" if operation == b"GetItem" else b"Attributes"
            hash_key, sort_key = _HASH_KEY.search(body), _SORT_KEY.search(body)
            if hash_key and sort_key:
                row = self._rows.get(b"%b/%b" % (hash_key[1], sort_key[1]))
                if row is not None:
                    return b'{"%b":%b}' % (name, row)
                if sort_key[1].startswith(b"#"):
                    # The mark of a spread tenant; this tenant is not spread.
                    return b"{}"
            if operation == b"GetItem":
                table = body.split(b'"TableName": ', 1)[1].split(b'"', 2)[1]
                before, after = self._around(b'"%b"' % table, b"")
                return b'{"Item":%b0%b}' % (before, after)
        return b"{}"

    def _around_key(self, table: bytes, attributes: bytes) -> tuple[bytes, bytes]:
        """The JSON before and after the key in the table's item, with the requested attributes.

        `attributes` is the JSON map from placeholders to names, empty when all are requested.
        """
        _, item = self._tables[table]
        if attributes:
            names = set(json.loads(attributes).values())
            item = {name: value for name, value in item.items() if name in names}
        before, _, after = json.dumps(item).encode().partition(_ESCAPED_KEY)
        return before, after

    def _of_rows(self, table: bytes, body: bytes) -> bytes:
        """The requested rows of a table, as far as they exist."""
        names = (b"%b/%b" % keys for keys in _BOTH_KEYS.findall(body))
        rows = b",".join(row for key in names if (row := self._rows.get(key)) is not None)
        return b'{"Responses":{%b:[%b]},"UnprocessedKeys":{}}' % (table, rows)

    def _from_s3(self, head: bytes, fields: bytes) -> bytes:
        method, path, _ = head.split(b" ", 2)
        if method != b"GET":
            return b'HTTP/1.1 200 OK\r\nETag: "0"\r\nContent-Length: 0\r\n\r\n'
        if b"list-type=2" in path:
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(_EMPTY), _EMPTY)
        body = self._objects[path.split(b"?", 1)[0]]
        expected = _RANGE.search(fields)
        start, end = (int(expected[1]), int(expected[2]) + 1) if expected else (0, len(body))
        return (
            b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n"
            b'Content-Range: bytes %d-%d/%d\r\nETag: "0"\r\n\r\n%b'
            % (end - start, start, end - 1, len(body), body[start:end])
        )
