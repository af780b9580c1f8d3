"""What a request costs in capacity units.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tests.kit.memory_aws.tables import Index, Table
from tests.kit.memory_aws.values import Item, item_size

WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4096


class Meter:
    """Adds up the units of one request, by table and index."""

    def __init__(self, *, factor: float = 1.0) -> None:
        self._factor = factor
        self._tables: dict[str, float] = {}
        self._indexes: dict[str, dict[str, float]] = {}
        self._reads = False

    def write(self, table: Table, old: Item | None, new: Item | None) -> None:
        """Counts a write: the larger of the two images, and the changes of each index."""
        size = max(item_size(old or {}), item_size(new or {}))
        units = self._factor * _units(size, WRITE_UNIT_BYTES)
        self._add(table, units)
        table.write_units += units
        for index in table.indexes:
            cost = _index_units(index, old, new)
            if cost:
                own = self._indexes.setdefault(table.name, {})
                own[index.name] = own.get(index.name, 0.0) + cost
                table.write_units += cost

    def read(
        self, table: Table, items: Iterable[Item], *, consistent: bool, index: Index | None = None
    ) -> None:
        """Counts one read of items together: Query and Scan add up before they round."""
        self._reads = True
        size = sum(map(item_size, items))
        units = self._factor * _units(size, READ_UNIT_BYTES) * (1.0 if consistent else 0.5)
        table.read_units += units
        if index is None:
            self._add(table, units)
        else:
            self._add(table, 0.0)
            own = self._indexes.setdefault(table.name, {})
            own[index.name] = own.get(index.name, 0.0) + units

    def _add(self, table: Table, units: float) -> None:
        self._tables[table.name] = self._tables.get(table.name, 0.0) + units

    def report(self, expected: str | None) -> list[dict[str, Any]]:
        """ConsumedCapacity for each table, as ReturnConsumedCapacity wants it."""
        if expected not in ("TOTAL", "INDEXES"):
            return []
        found = []
        for name, units in self._tables.items():
            indexes = self._indexes.get(name, {})
            entry: dict[str, Any] = {
                "TableName": name,
                "CapacityUnits": units + sum(indexes.values()),
            }
            if expected == "INDEXES":
                entry["Table"] = {"CapacityUnits": units}
                if indexes:
                    entry["GlobalSecondaryIndexes"] = {
                        index: {"CapacityUnits": cost} for index, cost in indexes.items()
                    }
            found.append(entry)
        return found


def _units(size: int, step: int) -> int:
    return max(1, -(-size // step))


def _index_units(index: Index, old: Item | None, new: Item | None) -> float:
    before, after = _held(index, old), _held(index, new)
    if before == after:
        return 0.0
    if before is None or after is None:
        return _units(item_size(before or after or {}), WRITE_UNIT_BYTES)
    costs = [_units(item_size(view), WRITE_UNIT_BYTES) for view in (before, after)]
    moved = any(before[name] != after[name] for name in index.keys.names)
    return float(sum(costs) if moved else max(costs))


def _held(index: Index, item: Item | None) -> Item | None:
    if item is None or any(name not in item for name in index.keys.names):
        return None
    return index.view(item)
