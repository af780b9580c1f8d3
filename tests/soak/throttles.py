"""A busy DynamoDB: the emulator throttles one call, and one statement, in a given number.

Runs in the emulator's process in the place of the corrections, which it applies first.
A throttled call has no effect. What it did is counted in a file in the emulator's folder.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

import json
import mmap
import random
import runpy
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHARE = 0.01
COUNTS = "throttles"
CALLS, STATEMENTS, LEFT_OUT, ALL_CALLS, ALL_STATEMENTS = range(5)
LAYOUT = struct.Struct("=5q")
OPERATIONS = (
    "_get_item",
    "_put_item",
    "_update_item",
    "_query",
    "_batch_get_item",
    "_batch_write_item",
    "_batch_execute_statement",
)


def apply() -> None:
    """Applies the corrections and then the throttles."""
    corrections = Path(__file__).resolve().parents[1] / "local" / "corrections.py"
    runpy.run_path(str(corrections))["apply"]()
    from ministack.core.responses import error_response_json
    from ministack.services import dynamodb

    path = Path(COUNTS)
    path.write_bytes(bytes(LAYOUT.size))
    with path.open("r+b") as file:
        counts = mmap.mmap(file.fileno(), LAYOUT.size)
    tick = _counter(counts)
    dynamodb._batch_execute_statement = _by_statement(dynamodb._batch_execute_statement, tick)
    dynamodb._batch_get_item = _left_out(dynamodb._batch_get_item, tick, _without_keys)
    dynamodb._batch_write_item = _left_out(dynamodb._batch_write_item, tick, _without_puts)
    for name in OPERATIONS:
        whole = _whole(getattr(dynamodb, name), tick, error_response_json)
        setattr(dynamodb, name, whole)


def read_counts(home: Path) -> tuple[int, ...]:
    """Calls and statements throttled, batches cut short, and all calls and statements there were.

    Zeros where no throttles are in force.
    """
    path = home / COUNTS
    return LAYOUT.unpack(path.read_bytes()) if path.exists() else (0,) * 5


def _counter(counts: mmap.mmap) -> Callable[[int], None]:
    def tick(which: int) -> None:
        (now,) = struct.unpack_from("=q", counts, which * 8)
        struct.pack_into("=q", counts, which * 8, now + 1)

    return tick


def _drawn() -> bool:
    return random.random() < SHARE


def _whole(operation: Any, tick: Callable[[int], None], refuse: Any) -> Any:
    def throttled(data: Any) -> Any:
        tick(ALL_CALLS)
        if _drawn():
            tick(CALLS)
            return refuse("ThrottlingException", "Rate of requests exceeds the allowed", 400)
        return operation(data)

    return throttled


def _by_statement(operation: Any, tick: Callable[[int], None]) -> Any:
    def throttled(data: Any) -> Any:
        statements = data["Statements"]
        busy = {place for place in range(len(statements)) if _drawn()}
        for _ in statements:
            tick(ALL_STATEMENTS)
        for _ in busy:
            tick(STATEMENTS)
        if not busy:
            return operation(data)
        taken = [one for place, one in enumerate(statements) if place not in busy]
        error = {"Error": {"Code": "ThrottlingError", "Message": "busy"}}
        if not taken:
            return 200, {"Content-Type": "application/x-amz-json-1.0"}, _body([error] * len(busy))
        status, headers, body = operation({**data, "Statements": taken})
        if status != 200:
            return status, headers, body
        answers = iter(json.loads(body)["Responses"])
        both = [error if place in busy else next(answers) for place in range(len(statements))]
        return status, headers, _body(both)

    return throttled


def _body(responses: list[Any]) -> bytes:
    return json.dumps({"Responses": responses}).encode()


def _left_out(operation: Any, tick: Callable[[int], None], cut: Any) -> Any:
    """In one batch of a given number, the last part is left out and named in the answer."""

    def partial(data: Any) -> Any:
        if not _drawn():
            return operation(data)
        rest, left, name = cut(data)
        if rest is None:
            return operation(data)
        tick(LEFT_OUT)
        status, headers, body = operation(rest)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        for table, more in left.items():
            if answer.setdefault(name, {}).get(table):
                return status, headers, body
            answer[name][table] = more
        return status, headers, json.dumps(answer).encode()

    return partial


def _without_keys(data: Any) -> tuple[Any, Any, str]:
    (table, expected), *others = data["RequestItems"].items()
    if others or len(expected["Keys"]) < 2:
        return None, None, ""
    half = len(expected["Keys"]) // 2
    rest = {**data, "RequestItems": {table: {**expected, "Keys": expected["Keys"][:half]}}}
    return rest, {table: {**expected, "Keys": expected["Keys"][half:]}}, "UnprocessedKeys"


def _without_puts(data: Any) -> tuple[Any, Any, str]:
    (table, puts), *others = data["RequestItems"].items()
    if others or len(puts) < 2:
        return None, None, ""
    half = len(puts) // 2
    rest = {**data, "RequestItems": {table: puts[:half]}}
    return rest, {table: puts[half:]}, "UnprocessedItems"
