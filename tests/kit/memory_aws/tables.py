"""A DynamoDB table in memory: items, sorted partitions, indexes and the stream of changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tests.kit.memory_aws.failures import ServiceError, invalid
from tests.kit.memory_aws.stream_records import Change
from tests.kit.memory_aws.values import (
    MAX_ITEM_BYTES,
    Item,
    canonical_number,
    decimal_of,
    item_size,
    value_size,
)

# A key as Python compares it: the hash value alone, or (hash value, range value).
Key = Any

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_HASH_BYTES: Final = 2048
MAX_RANGE_BYTES: Final = 1024
# An eventually consistent read usually shows what was written a second before.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
STALE_SECONDS: Final = 5.0
# Below this an attribute cannot make an item of at most 90 attributes too large.
_SMALL_BYTES: Final = 1000
_FEW_ATTRIBUTES: Final = 90
_SHORT: Final = _SMALL_BYTES // 4  # a character has at most four bytes
_SCALARS: Final = frozenset(("S", "N", "B"))
_TINY: Final = frozenset(("BOOL", "NULL"))
_LARGE_ITEM_BYTES: Final = 90_000

Watch = Callable[[str, Key, Item | None, Item | None], None]


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The names and types of a table's or an index's key attributes."""

    hash_name: str
    hash_kind: str
    range_name: str | None = None
    range_kind: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The key attributes, hash first."""
        return (self.hash_name,) if self.range_name is None else (self.hash_name, self.range_name)

    @staticmethod
    def read(key_schema: list[dict[str, str]], definitions: list[dict[str, str]]) -> KeySchema:
        """From KeySchema and AttributeDefinitions, as CloudFormation and CreateTable have them."""
        kinds = {entry["AttributeName"]: entry["AttributeType"] for entry in definitions}
        roles = {entry["KeyType"]: entry["AttributeName"] for entry in key_schema}
        range_name = roles.get("RANGE")
        return KeySchema(
            roles["HASH"],
            kinds[roles["HASH"]],
            range_name,
            None if range_name is None else kinds[range_name],
        )


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; `projected` is None when it holds whole items."""

    name: str
    keys: KeySchema
    projected: frozenset[str] | None

    def view(self, item: Item) -> Item:
        """The attributes of an item that the index holds."""
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in self.projected}


class _Entry(NamedTuple):
    order: Any
    key: Key


class Snapshot(NamedTuple):
    """A table's contents; it shares every item with the table."""

    items: dict[Key, Item]
    partitions: dict[Any, tuple[Any, ...]]
    indexes: tuple[dict[Any, tuple[_Entry, ...]], ...]
    large: frozenset[Key]
    stream: tuple[Change, ...]
    sequence: int


@dataclass(slots=True)
class Table:
    """One table. `stream` grows with each change; the simulation takes from it."""

    name: str
    keys: KeySchema
    indexes: tuple[Index, ...] = ()
    streams: bool = False
    clock: Callable[[], float] = lambda: 0.0
    watch: Watch | None = None
    items: dict[Key, Item] = field(default_factory=dict)
    stream: list[Change] = field(default_factory=list)
    read_units: float = 0.0
    write_units: float = 0.0
    _partitions: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    _index_partitions: tuple[dict[Any, tuple[_Entry, ...]], ...] = ()
    _before: dict[Key, tuple[Item | None, float]] = field(default_factory=dict)
    _large: set[Key] = field(default_factory=set)
    _sequence: int = 0

    def __post_init__(self) -> None:
        self._index_partitions = tuple({} for _ in self.indexes)

    @staticmethod
    def create(properties: dict[str, Any], name: str, clock: Callable[[], float]) -> Table:
        """From the properties of an AWS::DynamoDB::Table, or the parameters of CreateTable."""
        definitions = properties["AttributeDefinitions"]
        keys = KeySchema.read(properties["KeySchema"], definitions)
        indexes = tuple(
            _read_index(entry, keys, definitions)
            for entry in properties.get("GlobalSecondaryIndexes") or ()
        )
        stream = properties.get("StreamSpecification") or {}
        streams = bool(stream) and stream.get("StreamEnabled", True)
        return Table(name, keys, indexes, streams, clock)

    # Keys

    def key_of(self, attributes: Item) -> Key:
        """The key in an item or a Key parameter; a wrong or empty key attribute is refused."""
        keys = self.keys
        hash_value = _key_value(attributes, keys.hash_name, keys.hash_kind, MAX_HASH_BYTES)
        if keys.range_name is None:
            return hash_value
        assert keys.range_kind is not None
        return hash_value, _key_value(attributes, keys.range_name, keys.range_kind, MAX_RANGE_BYTES)

    def strict_key_of(self, key: Item) -> Key:
        """The key in a Key parameter, which holds the key attributes and nothing else."""
        if len(key) != (1 if self.keys.range_name is None else 2):
            raise _mismatch()
        return self.key_of(key)

    def key_attributes(self, item: Item) -> Item:
        """The key attributes of an item."""
        return {name: item[name] for name in self.keys.names}

    def index(self, name: str) -> tuple[Index, int]:
        """The index of that name, and its place."""
        for place, index in enumerate(self.indexes):
            if index.name == name:
                return index, place
        raise invalid(f"The table does not have the specified index: {name}")

    # Writing

    def write(self, key: Key, old: Item | None, new: Item | None) -> None:
        """Puts or removes a checked item, and records the change."""
        if new is None:
            if old is None:
                return
            del self.items[key]
            self._large.discard(key)
        else:
            self.items[key] = new
        self._before[key] = (old, self.clock())
        if self.keys.range_name is not None and (old is None or new is None):
            self._move(key, present=new is not None)
        if self.indexes:
            self._reindex(key, old, new)
        if self.streams and old != new:
            self._sequence += 1
            self.stream.append(
                Change(self.name, self._sequence, self.clock(), old, new, self.keys.names)
            )
        if self.watch is not None:
            self.watch(self.name, key, old, new)

    def check(self, key: Key, old: Item | None, new: Item) -> None:
        """Raises ValidationException if DynamoDB would refuse the item."""
        self._check_size(key, old, new)
        for index in self.indexes:
            for name, kind in (
                (index.keys.hash_name, index.keys.hash_kind),
                (index.keys.range_name, index.keys.range_kind),
            ):
                if name is None or name not in new or (old and old.get(name) is new[name]):
                    continue
                if kind not in new[name]:
                    raise invalid(
                        "One or more parameter values were invalid: Type mismatch for Index Key "
                        f"{name} Expected: {kind} IndexName: {index.name}"
                    )
                if not new[name][kind]:
                    raise invalid(
                        "One or more parameter values are not valid. A value specified for a "
                        "secondary index key is not supported. The AttributeValue for a key "
                        f"attribute cannot contain an empty string value. IndexKey: {name}"
                    )

    def _check_size(self, key: Key, old: Item | None, new: Item) -> None:
        suspicious = key in self._large or len(new) > _FEW_ATTRIBUTES
        if not suspicious:
            known = old or {}
            for name, value in new.items():
                if known.get(name) is value:
                    continue
                for kind, content in value.items():
                    if kind in _SCALARS:
                        suspicious |= len(content) >= _SHORT
                    elif kind not in _TINY:
                        suspicious |= value_size(value) >= _SMALL_BYTES
        if not suspicious:
            return
        size = item_size(new)
        if size > MAX_ITEM_BYTES:
            what = "Item size" if old is None else "Item size to update"
            raise invalid(f"{what} has exceeded the maximum allowed size")
        if size > _LARGE_ITEM_BYTES:
            self._large.add(key)

    def _move(self, key: Key, *, present: bool) -> None:
        hash_value, range_value = key
        there = self._partitions.get(hash_value, ())
        place = bisect_left(there, range_value)
        if present:
            self._partitions[hash_value] = (*there[:place], range_value, *there[place:])
        elif len(there) == 1:
            del self._partitions[hash_value]
        else:
            self._partitions[hash_value] = there[:place] + there[place + 1 :]

    def _reindex(self, key: Key, old: Item | None, new: Item | None) -> None:
        for index, partitions in zip(self.indexes, self._index_partitions, strict=True):
            before = None if old is None else _index_place(index, old)
            after = None if new is None else _index_place(index, new)
            if before == after:
                continue
            if before is not None:
                hash_value, order = before
                left = tuple(e for e in partitions[hash_value] if e != (order, key))
                if left:
                    partitions[hash_value] = left
                else:
                    del partitions[hash_value]
            if after is not None:
                hash_value, order = after
                entries = (*partitions.get(hash_value, ()), _Entry(order, key))
                partitions[hash_value] = tuple(sorted(entries, key=_entry_order))

    # Reading

    def seen(self, key: Key, *, stale: bool) -> Item | None:
        """The item, or the older one that an eventually consistent read may still show."""
        if stale and key in self._before:
            old, when = self._before[key]
            if self.clock() - when <= STALE_SECONDS:
                return old
        return self.items.get(key)

    def partition(self, hash_value: Any, *, stale: bool) -> list[tuple[Any, Item]]:
        """(range value, item) of one partition in order of the sort key."""
        if self.keys.range_name is None:
            item = self.seen(hash_value, stale=stale)
            return [] if item is None else [(None, item)]
        if not stale:
            items = self.items
            return [
                (order, items[hash_value, order]) for order in self._partitions.get(hash_value, ())
            ]
        orders = set(self._partitions.get(hash_value, ()))
        orders |= {key[1] for key in self._before if key[0] == hash_value}
        shown = ((order, self.seen((hash_value, order), stale=True)) for order in sorted(orders))
        return [(order, item) for order, item in shown if item is not None]

    def index_partition(
        self, index: Index, place: int, hash_value: Any, *, stale: bool
    ) -> list[tuple[Any, Item]]:
        """(range value, item) of one index partition in order of the index's sort key."""
        if not stale:
            entries = self._index_partitions[place].get(hash_value, ())
            return [(entry.order, self.items[entry.key]) for entry in entries]
        found: list[tuple[Any, str, Item]] = []
        for key in {**self.items, **self._before}:
            item = self.seen(key, stale=True)
            where = None if item is None else _index_place(index, item)
            if item is not None and where is not None and where[0] == hash_value:
                found.append((where[1], repr(key), item))
        found.sort(key=lambda entry: (entry[0] is not None, entry[0], entry[1]))
        return [(order, item) for order, _text, item in found]

    def everything(self) -> list[Item]:
        """Every item, in the order of hashed keys that a Scan has: fixed, but not sorted."""
        return [self.items[key] for key in sorted(self.items, key=self.scan_order)]

    def scan_order(self, key: Key) -> tuple[int, Any]:
        """Where a Scan meets the key."""
        hash_value = key if self.keys.range_name is None else key[0]
        return _scatter(str(hash_value)), key

    # Simulation

    def snapshot(self) -> Snapshot:
        """The contents, for `restore`."""
        return Snapshot(
            dict(self.items),
            dict(self._partitions),
            tuple(dict(partitions) for partitions in self._index_partitions),
            frozenset(self._large),
            tuple(self.stream),
            self._sequence,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Back to the snapshot; nothing is stale then."""
        self.items = dict(snapshot.items)
        self._partitions = dict(snapshot.partitions)
        self._index_partitions = tuple(dict(partitions) for partitions in snapshot.indexes)
        self._large = set(snapshot.large)
        self.stream = list(snapshot.stream)
        self._sequence = snapshot.sequence
        self._before = {}
        self.read_units = self.write_units = 0.0


def _read_index(entry: dict[str, Any], keys: KeySchema, definitions: list[dict[str, str]]) -> Index:
    own = KeySchema.read(entry["KeySchema"], definitions)
    projection = entry["Projection"]
    projected = None
    if projection.get("ProjectionType", "ALL") != "ALL":
        projected = frozenset(
            (*own.names, *keys.names, *(projection.get("NonKeyAttributes") or ()))
        )
    return Index(entry["IndexName"], own, projected)


def _mismatch() -> ServiceError:
    return invalid("The provided key element does not match the schema")


def _key_value(attributes: Item, name: str, kind: str, limit: int) -> Any:
    try:
        content = attributes[name][kind]
    except KeyError:
        raise _mismatch() from None
    if kind == "N":
        return decimal_of(canonical_number(content))
    if not content:
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty string value. Key: {name}"
        )
    if len(content) * 4 > limit:
        size = len(content.encode()) if kind == "S" else len(content)
        if size > limit:
            raise invalid(f"Size of the key attribute {name} has exceeded {limit} bytes")
    return content


def _index_place(index: Index, item: Item) -> tuple[Any, Any] | None:
    keys = index.keys
    if keys.hash_name not in item:
        return None
    hash_value = plain_key(item[keys.hash_name])
    if keys.range_name is None:
        return hash_value, None
    if keys.range_name not in item:
        return None
    return hash_value, plain_key(item[keys.range_name])


def _entry_order(entry: _Entry) -> Any:
    return (entry.order is not None, entry.order, repr(entry.key))


def plain_key(value: dict[str, Any]) -> Any:
    """A key attribute's value as Python compares it."""
    return decimal_of(value["N"]) if "N" in value else next(iter(value.values()))


def _scatter(text: str) -> int:
    total = 2166136261
    for character in text.encode():
        total = ((total ^ character) * 16777619) & 0xFFFFFFFF
    return total
