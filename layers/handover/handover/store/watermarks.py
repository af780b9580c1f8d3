"""How far something has come, or how fast: what is known of sources, tenants, sweeps and queues.

Each is one small item in the table of imports. It only saves work: the imports themselves, the
bucket and the queues hold the facts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import Struct
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from handover.rules.resending import NOTED_SECONDS, Seen
from handover.store.connection import Model
from handover.store.items import item_at, updated_if

WATERMARK, SEEN, PACE = "watermark", "seen#", "pace#"


class WatermarkItem(Model):
    """How far something has come, or how fast; the key says what it is about.

    A tenant: the time up to which every upload is known to have ended. A part of the upload bucket:
    the key after which the sweep continues, None at its start. The open imports: the opening time
    after which the sweep continues. A queue: its `Seen`. A source: the pace of its last file; its
    last `files` as JSON, and in `version` how often that list was written.
    """

    class Meta:
        """The table of these items."""

        table = "imports"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=WATERMARK)
    ended_until = UnicodeAttribute(null=True)
    looked_until = UnicodeAttribute(null=True)
    lines_a_second = NumberAttribute(null=True)
    newest_taken = NumberAttribute(null=True)
    probed_at = NumberAttribute(null=True)
    probes = NumberAttribute(null=True)
    files = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)


class SeenFile(Struct, frozen=True):
    """A file of a source: the fingerprint of its bytes, and its import with its precedence."""

    fingerprint: str
    precedence: str
    import_id: str

    @property
    def received_at(self) -> str:
        """When S3 received it, in RFC 3339."""
        return self.precedence.partition("#")[0]


class Watermarks(Struct, frozen=True):
    """The watermarks in the table of imports."""

    table: str

    # What sources have sent

    def seen_files(self, tenant: str, source: str) -> tuple[list[SeenFile], int]:
        """The remembered files of a source, in their order, and the list's version."""
        item = item_at(WatermarkItem, f"tenant#{tenant}", SEEN + source)
        if item is None:
            return [], 0
        return [SeenFile(*one) for one in json.loads(item.files)], int(item.version)

    def remember_files(
        self, tenant: str, source: str, files: Sequence[SeenFile], version: int
    ) -> bool:
        """Replaces the list; false when it has another version by now."""
        rows = [[one.fingerprint, one.precedence, one.import_id] for one in files]
        known = WatermarkItem.version
        return updated_if(
            WatermarkItem(f"tenant#{tenant}", SEEN + source),
            [WatermarkItem.files.set(json.dumps(rows)), known.set(version + 1)],
            (known == version) if version else known.does_not_exist(),
        )

    # How fast lines are processed

    def pace(self, tenant: str, source: str) -> float:
        """The lines a second of one worker on the last file of the source; 0 = not known."""
        item = item_at(WatermarkItem, f"tenant#{tenant}", PACE + source, is_consistent=False)
        return float(item.lines_a_second) if item is not None else 0.0

    def note_pace(self, tenant: str, source: str, lines_a_second: float) -> None:
        """Records the pace for the next file of the source."""
        WatermarkItem(f"tenant#{tenant}", f"{PACE}{source}").update(
            [WatermarkItem.lines_a_second.set(round(lines_a_second, 3))]
        )

    # What is known to have ended

    def watermark(self, tenant: str) -> str:
        """The time up to which every upload of the tenant has ended; "" when none is known."""
        item = item_at(WatermarkItem, f"tenant#{tenant}", WATERMARK, is_consistent=False)
        return item.ended_until if item is not None else ""

    def raise_watermark(self, tenant: str, until: str) -> None:
        """Moves the watermark up to `until`, never down."""
        updated_if(
            WatermarkItem(f"tenant#{tenant}"),
            [WatermarkItem.ended_until.set(until)],
            WatermarkItem.ended_until.does_not_exist() | (WatermarkItem.ended_until < until),
        )

    def looked_until(self, part: str) -> str:
        """The last key of that part of the bucket that was checked; "" = begin again."""
        item = item_at(WatermarkItem, f"sweep#{part}", WATERMARK)
        return (item.looked_until or "") if item is not None else ""

    def look_on_from(self, part: str, key: str) -> None:
        """Records the key after which the next check of that part begins; "" = begin again."""
        looked = WatermarkItem.looked_until
        WatermarkItem(f"sweep#{part}").update([looked.set(key) if key else looked.remove()])

    # What is known of a queue

    def seen(self, queue: str) -> Seen:
        """What workers and sweeps have recorded about a queue."""
        item = item_at(WatermarkItem, f"taken#{queue}", WATERMARK)
        if item is None:
            return Seen()
        return Seen(
            float(item.newest_taken or 0), float(item.probed_at or 0), int(item.probes or 0)
        )

    def note_taken(self, queue: str, sent_at: float) -> None:
        """Records that a message sent then was taken, unless a similarly new one is recorded.

        Every worker calls this for every message. So most calls only read, without consistency: a
        partition takes 3,000 reads a second and 1,000 writes.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
        """
        newest = WatermarkItem.newest_taken
        key = f"taken#{queue}"
        item = item_at(WatermarkItem, key, WATERMARK, is_consistent=False)
        noted = item.newest_taken if item is not None else None
        if noted is None or sent_at > noted + NOTED_SECONDS:
            updated_if(
                WatermarkItem(key),
                [newest.set(sent_at)],
                newest.does_not_exist() | (newest < sent_at),
            )

    def probed(self, queue: str, seen: Seen) -> None:
        """Records the last probe for all imports of a queue."""
        WatermarkItem(f"taken#{queue}").update(
            [
                WatermarkItem.probed_at.set(seen.probed_at),
                WatermarkItem.probes.set(seen.probes),
            ]
        )
