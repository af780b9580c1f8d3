"""The audit trail's table: entries are added, and nothing is ever changed or removed.

An entry is one item. The outcome that closes an open entry is another item, with the next sort key;
only the first outcome of an entry counts. The entries of a tenant and a month are spread over
SHARDS keys. The index `open` lists the entries that were open when they were written; how far the
sweep has read it is stored in `watermarks`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from handover.audit import Act, AuditEntry, Door, Outcome
from handover.store.batches import Item
from handover.store.connection import Model
from handover.store.items import item_at, saved_if

# A key takes 1,000 write units a second. An entry in a transaction takes two for each KB, and the
# API answers at most 1,000 requests of a tenant a second: four keys take 2,000 entries.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
SHARDS = 4
# The audit trail began in this month, so no entry is older.
FIRST_MONTH = "2026-11"
# An entry's place with this sign is the key of its outcome, which sorts right after the entry.
CLOSES = "~"
OPEN = "open"


class OpenEntries(GlobalSecondaryIndex["AuditItem"]):
    """The entries that were open when they were written, of all tenants, by place."""

    class Meta:
        """Keys only, as in the template."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class AuditItem(Model):
    """An entry, or the outcome of one; `sk` says which."""

    class Meta:
        """The table of these items."""

        table = "audit"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    act = UnicodeAttribute(null=True)
    actor = UnicodeAttribute(null=True)
    door = UnicodeAttribute(null=True)
    about = UnicodeAttribute(null=True)
    before = UnicodeAttribute(null=True)
    after = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    # Only on entries that were open when they were written.
    open = UnicodeAttribute(null=True)
    # Only on outcomes.
    outcome = UnicodeAttribute(null=True)
    at = UnicodeAttribute(null=True)
    expires = NumberAttribute(null=True)
    open_index = OpenEntries()


class Audit(Struct, frozen=True):
    """The table of the audit trail; entries are kept for `days`, 0 = for ever."""

    table: str
    days: int = 0

    def addition(self, entry: AuditEntry) -> Item:
        """The write of an entry, for the transaction of its act; refused if the entry exists."""
        item = self._item(entry)
        return {"Put": item.get_save_kwargs_from_instance(AuditItem.pk.does_not_exist())}

    def add(self, entry: AuditEntry) -> None:
        """Stores an entry by itself; storing it again changes nothing."""
        saved_if(self._item(entry), AuditItem.pk.does_not_exist())

    def close(self, entry: AuditEntry, outcome: Outcome, at: str) -> bool:
        """Stores the outcome of an open entry; false when it has an outcome already."""
        item = AuditItem(
            _key(entry.tenant, entry.place),
            entry.place + CLOSES,
            outcome=outcome.value,
            at=at,
            expires=self._expires(at),
        )
        return saved_if(item, AuditItem.pk.does_not_exist())

    def newest(
        self, tenant: str, *, before: str, since: str, now: str, rows: int
    ) -> Iterator[AuditEntry]:
        """The tenant's entries before that place, newest first, back to the time `since`; lazily.

        With `before` "", they begin at `now`. `rows` is how many the caller will read.
        """
        first = max(since[: len(FIRST_MONTH)], FIRST_MONTH)
        # Clocks differ, so an entry may be a little newer than now.
        month = (before or _later(now))[: len(FIRST_MONTH)]
        while month >= first:
            parts = (
                _entries(tenant, f"{tenant}#{month}#{shard}", before, since, rows)
                for shard in range(SHARDS)
            )
            yield from heapq.merge(*parts, key=lambda one: one.place, reverse=True)
            month = _month_before(month)

    def left_open(self, *, after: str, until: str) -> Iterator[AuditEntry]:
        """The entries after that place, up to the time `until`, that were open when written.

        Oldest first, of all tenants. Each may have been closed since then: `outcome` says so.
        """
        place = AuditItem.sk.between(after or "0", until)
        for key in AuditItem.open_index.query(OPEN, place):
            if key.sk == after:
                continue
            entry = item_at(AuditItem, key.pk, key.sk)
            if entry is not None:
                closed = item_at(AuditItem, key.pk, key.sk + CLOSES)
                yield _entry(key.pk.partition("#")[0], entry, closed)

    def _item(self, entry: AuditEntry) -> AuditItem:
        return AuditItem(
            _key(entry.tenant, entry.place),
            entry.place,
            act=entry.act.value,
            actor=entry.actor or None,
            door=entry.door.value,
            about=entry.about,
            before=_text(entry.before),
            after=_text(entry.after),
            reason=entry.reason or None,
            open=OPEN if entry.outcome is Outcome.OPEN else None,
            expires=self._expires(entry.at),
        )

    def _expires(self, at: str) -> float | None:
        if not self.days:
            return None
        return int((datetime.fromisoformat(at) + timedelta(days=self.days)).timestamp())


def _key(tenant: str, place: str) -> str:
    month, shard = place[: len(FIRST_MONTH)], crc32(place.encode()) % SHARDS
    return f"{tenant}#{month}#{shard}"


def _entries(tenant: str, pk: str, before: str, since: str, rows: int) -> Iterator[AuditEntry]:
    # A time sorts before the places that begin with it, and an outcome after its entry.
    place = AuditItem.sk.between(since or "0", before or CLOSES)
    found = AuditItem.query(
        pk, place, consistent_read=True, scan_index_forward=False, page_size=rows
    )
    yield from _closed(tenant, (item for item in found if item.sk != before))


def _closed(tenant: str, items: Iterable[AuditItem]) -> Iterator[AuditEntry]:
    """The entries among items that come newest first, each with its outcome."""
    closes: AuditItem | None = None
    for item in items:
        if item.outcome is not None:
            closes = item
            continue
        is_of_it = closes is not None and closes.sk == item.sk + CLOSES
        yield _entry(tenant, item, closes if is_of_it else None)
        closes = None


def _entry(tenant: str, item: AuditItem, closes: AuditItem | None) -> AuditEntry:
    at, _, name = item.sk.partition("#")
    entry = AuditEntry(
        tenant=tenant,
        name=name,
        at=at,
        act=Act(item.act),
        actor=item.actor or "",
        door=Door(item.door),
        about=item.about or "",
        before=json.loads(item.before) if item.before is not None else None,
        after=json.loads(item.after) if item.after is not None else None,
        reason=item.reason or "",
        outcome=Outcome.OPEN if item.open else Outcome.DONE,
    )
    if closes is None:
        return entry
    return replace(entry, outcome=Outcome(closes.outcome), closed_at=closes.at)


def _text(value: object) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value is not None else None


def _month_before(month: str) -> str:
    first = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    return (first - timedelta(days=1)).isoformat()[: len(FIRST_MONTH)]


def _later(at: str) -> str:
    return (datetime.fromisoformat(at) + timedelta(days=1)).isoformat()
