"""The chunks of imports: who is working on each, and the counts of its lines in the end.

Every step is one conditional update: taken twice, late or by two workers at once, it counts once.
If DynamoDB's answer is lost, the attempt that the item names shows that the step was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import Chunk
from handover.rules.resending import ChunkSeen
from handover.store.batches import Item, put_items, read_items
from handover.store.import_items import IMPORT, PLAN, ImportItem
from handover.store.imports import with_progress
from handover.store.items import item_at, key_of, updated_if
from handover.store.progress import COUNTED, CountingModel, Settlement, count_chunk, counts_of

CHUNK = "chunk#"


class ChunkItem(CountingModel):
    """One chunk of an import and who is working on it."""

    class Meta:
        """The table of these items."""

        table = "imports"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    start = NumberAttribute()
    end = NumberAttribute()
    first_line = NumberAttribute()
    lines = NumberAttribute()
    checksum = NumberAttribute()
    repeats = NumberAttribute(default=0)
    logins = NumberAttribute(default=0)
    attempts = NumberAttribute(default=0)
    lease_by = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    # `decided`: the most lines that a run has decided without finishing the chunk. `handed_on`: how
    # often the chunk had been passed on, as the message says with which it was last taken.
    decided = NumberAttribute(default=0)
    handed_on = NumberAttribute(default=0)
    # Once it is settled: the attempt whose parts count, whether they hold lines with errors, and
    # the counts of its lines.
    settled_by = UnicodeAttribute(null=True)
    has_errors = BooleanAttribute(default=False)
    # When a worker last took it.
    taken_at = NumberAttribute(null=True)


class PlannedChunk(Struct, frozen=True):
    """A chunk, and how many repeats of keys and of login names are stored for it."""

    chunk: Chunk
    repeats: int = 0
    logins: int = 0


class SettledChunk(Struct, frozen=True):
    """A chunk that is settled: its number, its first line, and the attempt whose parts count."""

    number: int
    first_line: int
    attempt: str


class Taken(Struct, frozen=True):
    """A chunk that a worker has taken.

    `repeats` and `logins` are those of the `PlannedChunk`. `attempts` is how often workers have
    taken the chunk, `decided` the most lines that an earlier run has decided, `handed_on` how often
    the chunk has been passed on, and `worked_ms` how long workers had it.
    """

    chunk: Chunk
    repeats: int
    logins: int
    attempts: int
    decided: int
    handed_on: int
    worked_ms: int


class Chunks(Struct, frozen=True):
    """The chunks in the table of imports."""

    table: str

    def store(
        self, import_id: str, plan: str, chunks: Sequence[PlannedChunk], deadline: Deadline
    ) -> None:
        """Stores the plan and the chunks that validation has cut; a repetition changes nothing.

        The plan is written in one call with the first chunks.
        """
        plan_item: Item = {**key_of(import_id, PLAN), "body": {"S": plan}}
        chunk_items = (
            {
                **key_of(import_id, _chunk_key(one.chunk.number)),
                "start": {"N": str(one.chunk.start)},
                "end": {"N": str(one.chunk.end)},
                "first_line": {"N": str(one.chunk.first_line)},
                "lines": {"N": str(one.chunk.lines)},
                "checksum": {"N": str(one.chunk.checksum)},
                "repeats": {"N": str(one.repeats)},
                "logins": {"N": str(one.logins)},
                "attempts": {"N": "0"},
            }
            for one in chunks
        )
        put_items(self.table, chain((plan_item,), chunk_items), deadline)

    def take(
        self,
        import_id: str,
        number: int,
        attempt: str,
        *,
        now: float,
        until: float,
        handed_on: int | None = None,
    ) -> Taken | None:
        """Leases the chunk to `attempt` until then, and returns it.

        None while another attempt has it, once it is settled, and for an old message: one with a
        lower `handed_on` than that with which the chunk was last taken.
        """
        item = ChunkItem(import_id, _chunk_key(number))
        actions: list[Action] = []
        is_latest = ChunkItem.pk.exists()
        if handed_on is not None:
            actions.append(ChunkItem.handed_on.set(handed_on))
            is_latest &= ChunkItem.handed_on.does_not_exist() | (ChunkItem.handed_on <= handed_on)
        taken = updated_if(
            item,
            [
                ChunkItem.lease_by.set(attempt),
                ChunkItem.lease_until.set(until),
                ChunkItem.attempts.add(1),
                ChunkItem.taken_at.set(now),
                *actions,
            ],
            is_latest
            & ChunkItem.settled_by.does_not_exist()
            & (
                ChunkItem.lease_by.does_not_exist()
                | (ChunkItem.lease_by == attempt)
                | (ChunkItem.lease_until < now)
            ),
        )
        if not taken:
            return None
        chunk = Chunk(
            number=number,
            start=int(item.start),
            end=int(item.end),
            first_line=int(item.first_line),
            lines=int(item.lines),
            checksum=int(item.checksum),
        )
        return Taken(
            chunk,
            repeats=int(item.repeats),
            logins=int(item.logins),
            attempts=int(item.attempts),
            decided=int(item.decided),
            handed_on=int(item.handed_on),
            worked_ms=int(item.worked_ms),
        )

    def free(
        self, import_id: str, number: int, attempt: str, *, decided: int, worked_ms: int
    ) -> bool:
        """Releases the lease of the chunk early; true if this attempt still had it.

        `decided` is the most lines that a run has decided, `worked_ms` how long all runs had it.
        """
        return updated_if(
            ChunkItem(import_id, _chunk_key(number)),
            [
                ChunkItem.lease_until.set(0),
                ChunkItem.decided.set(decided),
                ChunkItem.worked_ms.set(worked_ms),
            ],
            (ChunkItem.lease_by == attempt) & ChunkItem.settled_by.does_not_exist(),
        )

    def seen(self, import_id: str, numbers: Iterable[int], deadline: Deadline) -> list[ChunkSeen]:
        """Until when these chunks are leased, and when they were last taken; in any order."""
        keys = (key_of(import_id, _chunk_key(number)) for number in numbers)
        names = ("sk", "lease_until", "taken_at")
        return [
            ChunkSeen(
                int(item["sk"]["S"].removeprefix(CHUNK)),
                _number(item, "lease_until"),
                _number(item, "taken_at"),
            )
            for item in read_items(self.table, keys, deadline, attributes=names)
        ]

    def settle(self, item: ImportItem, settlement: Settlement, deadline: Deadline) -> ImportItem:
        """Settles the chunk, unless an earlier attempt has; returns the import after that.

        First the chunk's item is settled for good, then the chunk is counted. A run that is stopped
        in between leaves a chunk that is settled but not counted: the next run counts it. Raises
        RetryLaterError when there is no such chunk.
        """
        if item.chunks is None:
            return self._settle_on_import(item.pk, settlement)
        counts = settlement.counts
        is_first = updated_if(
            ChunkItem(item.pk, _chunk_key(settlement.chunk)),
            [
                ChunkItem.settled_by.set(settlement.attempt),
                ChunkItem.has_errors.set(settlement.has_errors),
                ChunkItem.worked_ms.set(settlement.worked_ms),
                *(
                    Path([attribute]).set(getattr(counts, field))
                    for attribute, field in COUNTED.items()
                ),
            ],
            ChunkItem.pk.exists() & ChunkItem.settled_by.does_not_exist(),
        )
        known = settlement if is_first else self.settlement(item.pk, settlement.chunk)
        if known is None:
            raise RetryLaterError("there is no such chunk")
        return self.count(item, known, deadline)

    def settlement(self, import_id: str, number: int) -> Settlement | None:
        """The chunk's settlement, None while it is not settled."""
        item = item_at(ChunkItem, import_id, _chunk_key(number))
        if item is None or item.settled_by is None:
            return None
        return Settlement(
            number,
            item.settled_by,
            bool(item.has_errors),
            counts_of(item),
            int(item.worked_ms),
        )

    def handed_on(self, import_id: str, number: int) -> int:
        """How often the chunk had been passed on when it was last taken; 0 if it is not stored."""
        item = item_at(ChunkItem, import_id, _chunk_key(number))
        return int(item.handed_on) if item is not None else 0

    def count(self, item: ImportItem, settlement: Settlement, deadline: Deadline) -> ImportItem:
        """Counts a settled chunk, unless it is counted already; returns the import after that."""
        progress = count_chunk(
            self.table,
            item.pk,
            settlement,
            chunks=int(item.chunks),
            lines=int(item.lines),
            deadline=deadline,
        )
        return with_progress(item, progress)

    def settled_parts(self, item: ImportItem) -> dict[int, str]:
        """The attempt whose parts count, by settled chunk; "!" after it: there are errors."""
        if item.chunks is None:
            return {int(number): str(parts) for number, parts in item.settled.as_dict().items()}
        chunks = ChunkItem.query(item.pk, ChunkItem.sk.startswith(CHUNK), consistent_read=True)
        return {
            int(chunk.sk.removeprefix(CHUNK)): _parts(chunk.settled_by, has_errors=chunk.has_errors)
            for chunk in chunks
            if chunk.settled_by is not None
        }

    def settled_chunks(self, import_id: str) -> list[SettledChunk]:
        """The chunks of an import that are settled, in the order of their lines."""
        chunks = ChunkItem.query(import_id, ChunkItem.sk.startswith(CHUNK), consistent_read=True)
        return [
            SettledChunk(int(chunk.sk.removeprefix(CHUNK)), int(chunk.first_line), chunk.settled_by)
            for chunk in chunks
            if chunk.settled_by is not None
        ]

    def _settle_on_import(self, import_id: str, settlement: Settlement) -> ImportItem:
        """Settles a chunk of an import of older code, which keeps its chunks on its own item."""
        item = ImportItem(import_id)
        parts = _parts(settlement.attempt, has_errors=settlement.has_errors)
        actions: list[Action] = [
            ImportItem.pending.delete({settlement.chunk}),
            Path(["settled", str(settlement.chunk)]).set(parts),
            *(
                Path([attribute]).add(number)
                for attribute, field in COUNTED.items()
                if (number := getattr(settlement.counts, field))
            ),
        ]
        if updated_if(item, actions, ImportItem.pending.contains(settlement.chunk)):
            return item
        return ImportItem.get(import_id, IMPORT, consistent_read=True)


def _parts(attempt: str, *, has_errors: bool) -> str:
    return f"{attempt}{'!' if has_errors else ''}"


def _chunk_key(number: int) -> str:
    return f"{CHUNK}{number:05d}"


def _number(item: Mapping[str, Any], name: str) -> float:
    return float(item.get(name, {}).get("N", 0))
