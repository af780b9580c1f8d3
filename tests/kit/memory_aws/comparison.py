"""One call to the memory AWS and the same to an emulator: do they agree?"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from tests.kit.memory_aws.failures import ServiceError
from tests.kit.memory_aws.known_differences import KnownDifference
from tests.kit.memory_aws.memory import MemoryAws

_SETS: Final = ("SS", "NS", "BS")
# Missing or empty: clients see no difference.
_MAY_BE_EMPTY: Final = frozenset(("Attributes", "Item", "Items", "Failed", "Contents"))
_READS: Final = frozenset(("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"))
_UNTOLD: Final = frozenset(
    ("ResponseMetadata", "ConsumedCapacity", "Message", "message", "ItemCollectionMetrics")
)


class Outcome(NamedTuple):
    """An answer in comparable form, or the code of an error with what it carries.

    `message` is for people and for `known_differences`: emulators word theirs differently.
    """

    code: str | None
    answer: Any
    message: str = ""

    def same_as(self, other: Outcome) -> bool:
        """Whether they agree in everything but the message."""
        return self[:2] == other[:2]


def normal(answer: Any) -> Any:
    """An answer without what AWS leaves open: the order of sets, messages, request ids."""
    if isinstance(answer, dict):
        if len(answer) == 1:
            kind = next(iter(answer))
            if kind in _SETS:
                return {kind: sorted(answer[kind])}
        return {
            name: _responses(content) if name == "Responses" else normal(content)
            for name, content in answer.items()
            if name not in _UNTOLD and not (name in _MAY_BE_EMPTY and not content)
        }
    if isinstance(answer, list):
        return [normal(element) for element in answer]
    return answer


def _responses(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: sorted(map(normal, items), key=repr) for name, items in content.items()}
    return normal(content)


def sorted_maps(content: Any) -> Any:
    """The same, with the members of maps in a fixed order."""
    if isinstance(content, dict):
        return {name: sorted_maps(content[name]) for name in sorted(content)}
    if isinstance(content, list):
        return [sorted_maps(element) for element in content]
    return content


def _reasons(parsed: dict[str, Any]) -> Any:
    return [
        {name: normal(reason[name]) for name in ("Code", "Item") if reason.get(name)}
        for reason in parsed.get("CancellationReasons", [])
    ]


def _failed(code: str, message: str, parsed: dict[str, Any]) -> Outcome:
    item = parsed.get("Item")
    carried = {"item": normal(item) if item else None, "reasons": _reasons(parsed)}
    return Outcome(code, sorted_maps(carried), message)


def ours(memory: MemoryAws, service: str, operation: str, params: dict[str, Any]) -> Outcome:
    """The outcome of the memory AWS."""
    try:
        answer = memory.execute(service, operation, params)
    except ServiceError as error:
        return _failed(error.code, error.message, error.members)
    return Outcome(None, sorted_maps(normal(answer)))


def theirs(client: Any, operation: str, params: dict[str, Any]) -> Outcome:
    """The outcome of the emulator; a crash of moto, which runs in this process, is one too."""
    try:
        answer = client._make_api_call(operation, params)
    except ClientError as error:
        details = error.response["Error"]
        return _failed(details["Code"], details.get("Message", ""), dict(error.response))
    except (AttributeError, AssertionError, KeyError, TypeError, ValueError, IndexError) as error:
        return Outcome("Crash", None, repr(error))
    return Outcome(None, sorted_maps(normal(answer)))


def _unordered(outcome: Outcome) -> Outcome:
    if outcome.code is not None or "Items" not in outcome.answer:
        return outcome
    items = sorted(outcome.answer["Items"], key=repr)
    return outcome._replace(answer={**outcome.answer, "Items": items})


class Comparison:
    """Compares call by call and counts in `seen`."""

    def __init__(
        self, client: Any, known: tuple[KnownDifference, ...], *, leaves_traces: bool = False
    ) -> None:
        self._client = client
        self._leaves_traces = leaves_traces
        self._known = known
        self.seen: Counter[str] = Counter()

    def agree(self, memory: MemoryAws, operation: str, params: dict[str, Any]) -> bool:
        """Checks that both still have the same items; raises at an unknown difference."""
        mine = ours(memory, "dynamodb", operation, params)
        other = theirs(self._client, operation, params)
        if "IndexName" in params:
            # AWS leaves open in what order an index has items of equal key.
            mine, other = _unordered(mine), _unordered(other)
        self.seen["operations"] += 1
        if mine.same_as(other):
            self.seen["errors agreed on"] += mine.code is not None
            # moto stores part of a refused batch, and the key of a refused new item.
            refused = operation not in _READS and mine.code == "ValidationException"
            return not (self._leaves_traces and refused)
        for difference in self._known:
            if difference.explains(operation, params, mine, other):
                self.seen[f"known: {difference.name}"] += 1
                if operation in _READS:
                    return True
                # moto leaves traces of cancelled transactions.
                broken_off = self._leaves_traces or operation == "TransactWriteItems"
                return not broken_off and (mine.code is None) == (other.code is None)
        raise AssertionError(f"{operation} {params}\nmemory:   {mine}\nemulator: {other}")

    def state(self, table: str, left_out: set[str]) -> list[Any]:
        """All items of a table at the emulator, those of abandoned sequences left out."""
        pages = self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return _state([item for page in pages for item in page["Items"]], left_out)


def table_state(memory: MemoryAws, table: str, left_out: set[str]) -> list[Any]:
    """All items of a table in memory, those of abandoned sequences left out."""
    return _state(list(memory.dynamodb.tables[table].items.values()), left_out)


def _state(items: list[Any], left_out: set[str]) -> list[Any]:
    return table_items(
        [item for item in items if item["pk"]["S"].partition("-")[0] + "-" not in left_out]
    )


def table_items(items: list[Any]) -> list[Any]:
    """Items in comparable form."""
    return sorted((sorted_maps(normal(item)) for item in items), key=repr)
