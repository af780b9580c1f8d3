"""Checks every call that the functions make, in every test that uses the pipeline driver.

Stored items and objects have the shapes of `tests.kit.shapes`. Reads are consistent, except those
listed here with a reason. Metrics have the names and units that are listed here.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient

from tests.kit.memory_aws import MemoryAws
from tests.kit.shapes import OBJECTS, wrong_in_item, wrong_in_object


@dataclass(frozen=True, slots=True)
class Eventual:
    """A read that may be moments old, and why: the operation, the table and a pattern of the key.

    With `is_partial` it may be old only if it reads some attributes: decisions need whole items.
    """

    operation: str
    table: str
    key: str
    is_partial: bool
    why: str


# A key is its "partition key|sort key"; a query has the values of its condition.
EVENTUAL = (
    Eventual(
        "GetItem",
        "ImportsTable",
        r"tenant#.*\|pace#.*",
        is_partial=False,
        why="a pace only chooses the size of chunks",
    ),
    Eventual(
        "GetItem",
        "ImportsTable",
        r"tenant#.*\|watermark",
        is_partial=False,
        why="a lower watermark only lists more versions",
    ),
    Eventual(
        "GetItem",
        "ImportsTable",
        r"taken#.*\|watermark",
        is_partial=False,
        why="the write that follows has a condition",
    ),
    Eventual(
        "BatchGetItem",
        "PortfolioTable",
        r".*",
        is_partial=True,
        why="a write over an outdated version is refused, and the version is read again",
    ),
    Eventual(
        "Query",
        "PortfolioTable",
        r".*",
        is_partial=True,
        why="a portfolio that is counted too early is spread a batch later",
    ),
    Eventual(
        "Query",
        "DirectoryTable",
        r".*\|user#",
        is_partial=True,
        why="addresses are only compared, to find a likely one",
    ),
)
# What a batch reads of items of which it needs little, by table and sort key: parsing what is read
# takes the largest part of a worker's time.
PARTS: Mapping[tuple[str, str], frozenset[str]] = {
    ("PortfolioTable", r"(?!#spread$).*"): frozenset({"pk", "sk", "version"}),
    ("RequestsTable", r"sign"): frozenset({"pk"}),
    ("ImportsTable", r"chunk#.*"): frozenset({"sk", "lease_until", "taken_at"}),
}
# Every metric: its unit, and whether it counts one thing at a time.
ONE_EACH = frozenset(
    {
        "AccountsEdited",
        "ActsLeftOpen",
        "ChunksHandedOn",
        "EventsOfOtherBuckets",
        "ImportsApplied",
        "ImportsApproved",
        "ImportsAwaitingApproval",
        "ImportsCancelled",
        "ImportsEnded",
        "ImportsEndedCancelled",
        "ImportsEndedDone",
        "ImportsEndedError",
        "ImportsEndedRefused",
        "ImportsRefused",
        "ImportsResent",
        "InvitationsNotMade",
        "InvitationsNotSent",
        "JobsAsked",
        "JobsRun",
        "MessagesAbandoned",
        "MessagesFailed",
        "MessagesPutOff",
        "RecordsParked",
        "RequestsAnswered",
        "RequestsCreated",
        "RequestsFailed",
        "RequestsNotCounted",
        "RequestsOverLimit",
        "TenantsWithoutTopic",
        "TicketsIssued",
        "UsersCreated",
        "WorkbooksConverted",
        "WorkbooksRefused",
    }
)
MANY_AT_ONCE = frozenset(
    {
        "LinesCorrected",
        "LinesRead",
        "LinesRejected",
        "LinesSettled",
        "RecordsReplayed",
        "UploadsWithoutImport",
    }
)


# The JSON of these objects is for people, or rare; all other JSON has no spaces between its parts.
COMPACT: Mapping[str, Any] = {"separators": (",", ":")}
FORMS: Mapping[str, Mapping[str, Any]] = {
    r"[^/]+/[^/]+/summary\.json": {"indent": 2},
    r"parked/.+": {},
    r"[^/]+/workbook\.json": {},
    r"in/[^/]+/[^/]+\.csv": {},
}


@dataclass
class Witness:
    """Stands between the functions and an AWS in memory; `wrong` is what must not have been.

    `counts` is what was counted so far, by metric.
    """

    memory: MemoryAws
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for table in self.memory.dynamodb.tables.values():
            table.watch = self._written

    def call(self, client: BaseClient, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """What the memory answers, after a look at the call."""
        look = _LOOKS.get(operation)
        if look is not None:
            self.wrong += look(params)
        return self.memory.call(client, operation, params)

    def counted(self, add_metric: Callable[..., None]) -> Callable[..., None]:
        """`add_metric` of the metrics, after a look at what is counted."""

        def add(name: str, unit: str, value: float) -> None:
            is_one = name in ONE_EACH and value == 1
            if unit != "Count" or not (is_one or name in MANY_AT_ONCE):
                self.wrong.append(f"metric {name}: found {value} {unit}")
            self.counts[name] += int(value)
            add_metric(name, unit, value)

        return add

    def _written(self, table: str, _key: Any, old: Any, new: Any) -> None:
        if new is not None and (wrong := wrong_in_item(table, new, old)):
            self.wrong.append(wrong)


def _items_asked(params: dict[str, Any]) -> Iterator[str]:
    for table, asked in params["RequestItems"].items():
        for key in asked["Keys"]:
            yield from _outdated("BatchGetItem", table, _values(key), asked)
            yield from _too_much(table, key, asked)


def _item_asked(params: dict[str, Any]) -> Iterator[str]:
    yield from _outdated("GetItem", params["TableName"], _values(params["Key"]), params)


def _queried(params: dict[str, Any]) -> Iterator[str]:
    # An index is never read consistently.
    if "IndexName" not in params:
        values = _values(params["ExpressionAttributeValues"])
        yield from _outdated("Query", params["TableName"], values, params)


def _outdated(operation: str, table: str, key: str, asked: Mapping[str, Any]) -> Iterator[str]:
    """That the read may show an outdated item, if it may not."""
    if asked.get("ConsistentRead") is True or any(
        (one.operation, one.table) == (operation, table)
        and (not one.is_partial or "ProjectionExpression" in asked)
        and re.fullmatch(one.key, key, re.DOTALL)
        for one in EVENTUAL
    ):
        return
    yield f"{operation} of {table}, {key!r}: found a read that may be outdated"


def _too_much(table: str, key: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """That the read gets other attributes than it needs."""
    sk = key.get("sk", {}).get("S", "")
    for (of_table, pattern), expected in PARTS.items():
        if of_table == table and re.fullmatch(pattern, sk, re.DOTALL):
            found = set(asked.get("ExpressionAttributeNames", {}).values())
            if found != expected:
                yield f"{table}, {sk!r}: found a read of {sorted(found)}, expected {expected}"


def _object_put(params: dict[str, Any]) -> Iterator[str]:
    if params["Bucket"] in OBJECTS and "ContentType" in params:
        wrong = wrong_in_object(params["Bucket"], params["Key"], params["ContentType"])
        if wrong:
            yield wrong
        elif params["ContentType"] == "application/json" and isinstance(params.get("Body"), bytes):
            yield from _wordy(params["Key"], params["Body"])


def _wordy(key: str, body: bytes) -> Iterator[str]:
    """That the JSON of an object takes more bytes than it needs, or has another form."""
    text = _plain(body).decode("utf-8", "surrogatepass")
    form = next((one for pattern, one in FORMS.items() if re.fullmatch(pattern, key)), COMPACT)
    data = json.loads(text)
    if text.rstrip("\n") not in {
        json.dumps(data, ensure_ascii=one, **form) for one in (True, False)
    }:
        yield f"{key}: found other JSON than expected, {text[:200]!r}"


def _plain(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return body


def _values(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    return "|".join(str(content) for value in attributes.values() for content in value.values())


_LOOKS: Mapping[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "BatchGetItem": _items_asked,
    "GetItem": _item_asked,
    "Query": _queried,
    "PutObject": _object_put,
    "CreateMultipartUpload": _object_put,
}
