"""Imports: where each stands, which chunks are still pending, and who is working on what.

Every step is one conditional update, so a step taken twice, late or by two at once counts once.
An answer that was lost on the way is recognised by the attempt that the item names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.exceptions import DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import Chunk, FileWarning, Mode, Refusal, State
from handover.reports import Counts, warnings_json
from handover.rules.resending import NOTED_SECONDS, ChunkSeen, Seen
from handover.store.batches import put_items, read_items
from handover.store.connection import Model
from handover.store.progress import COUNTED, Progress, Settlement, count_chunk, read_progress

# A refusal may quote a header of 64 KB; it stands in listings and in notifications of 256 KB.
MAX_REFUSAL_CHARS = 1_000
IMPORT, PLAN, TICKET, CHUNK, WATERMARK = "import", "plan", "ticket", "chunk#", "watermark"
SEEN, PACE, NO_CHUNK = "seen#", "pace#", 0


class ByTenant(GlobalSecondaryIndex["ImportItem"]):
    """The imports of a tenant, by the time S3 received them."""

    class Meta:
        """Keys only: who lists imports reads the items themselves."""

        index_name = "by-tenant"
        projection = KeysOnlyProjection()

    tenant = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Open(GlobalSecondaryIndex["ImportItem"]):
    """What has not ended, or has ended and nobody was told: the sweeper's list."""

    class Meta:
        """Keys only: the sweeper reads the items themselves."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    opened_at = UnicodeAttribute(range_key=True)


class ImportItem(Model):
    """One import. Times are RFC 3339 in UTC, leases seconds since the epoch."""

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=IMPORT)
    tenant = UnicodeAttribute()
    profile = UnicodeAttribute(default="")
    source = UnicodeAttribute()
    uploader = UnicodeAttribute(default="")
    filename = UnicodeAttribute()
    mode = UnicodeAttribute(default=Mode.RUN.value)
    state = UnicodeAttribute(default=State.VALIDATING.value)
    received_at = UnicodeAttribute()
    finished_at = UnicodeAttribute(null=True)
    bucket = UnicodeAttribute()
    key = UnicodeAttribute()
    version_id = UnicodeAttribute()
    # The place of the import among all of the tenant: S3's time, then S3's sequencer.
    order = UnicodeAttribute()
    ticket = UnicodeAttribute(null=True)
    # How many files were posted with its form after its own, and when the last one was; and of
    # such a file, the import that tells of it.
    replays = NumberAttribute(default=0)
    replayed_at = UnicodeAttribute(null=True)
    # When validation ended, when the lines could be worked first (for an import that waits for an
    # Admin: once that was decided), and when the import got its final state. None of imports that
    # went that far before these were kept.
    validated_at = UnicodeAttribute(null=True)
    working_at = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    # Set when there is an index of its lines beside results.csv.
    is_indexed = BooleanAttribute(default=False)
    # As many as there were when the import came to its end, which is told once and for all.
    replays_notified = NumberAttribute(null=True, attr_name="replays_told")
    replay_of = UnicodeAttribute(null=True)
    # What it does, when Handover wrote the file itself, and which import it takes back.
    job = UnicodeAttribute(null=True, attr_name="errand")
    undo_of = UnicodeAttribute(null=True)
    # The import that it came from, when it applies or corrects one, and the import whose object it
    # reads, when its own is a pointer.
    follows = UnicodeAttribute(null=True)
    object_of = UnicodeAttribute(null=True)
    # Who wrote the object, as S3 told; none when S3's word never came.
    principal = UnicodeAttribute(null=True)
    # The principal of the registered source that the object's writer was proven to be.
    proven_by = UnicodeAttribute(null=True)
    encoding = UnicodeAttribute(null=True)
    delimiter = UnicodeAttribute(null=True)
    refusal: MapAttribute[str, Any] = MapAttribute(null=True)
    approval: MapAttribute[str, Any] = MapAttribute(null=True)
    # What people should know of the file though it was taken in, as JSON.
    warnings = UnicodeAttribute(null=True)
    approved_by = UnicodeAttribute(null=True)
    cancelled_by = UnicodeAttribute(null=True)
    lines = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    cleared = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    pending_users = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    duplicate = NumberAttribute(default=0)
    superseded = NumberAttribute(default=0)
    not_processed = NumberAttribute(default=0)
    worked_ms = NumberAttribute(default=0)
    # How many chunks it was cut into; what has become of them stands on its progress and on their
    # own items. None before, and for imports that were begun when both were kept here: those have
    # the chunks that are not settled in `pending`, and for each other one in `settled` the attempt
    # whose parts count.
    chunks = NumberAttribute(null=True)
    pending = NumberSetAttribute(null=True)
    settled: MapAttribute[str, str] = MapAttribute(default=dict)
    lease_by = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    # When a sweep last sent messages of the import again, how often it has for that need, which
    # chunk that was, if it was one as a probe, and whether a worker has taken that message.
    resent_at = NumberAttribute(default=0)
    resent_for = UnicodeAttribute(default="")
    resends = NumberAttribute(default=0)
    probe = NumberAttribute(null=True)
    probe_taken = BooleanAttribute(default=False)
    # Set once the import had to wait for older ones to end before it could be decided.
    waits = BooleanAttribute(default=False)
    approval_notified = BooleanAttribute(default=False, attr_name="told_approval")
    # None of a replay, which stands in no list.
    listed_at = UnicodeAttribute(null=True)
    open = UnicodeAttribute(null=True)
    opened_at = UnicodeAttribute(null=True)
    by_tenant = ByTenant()
    open_index = Open()


class PlanItem(Model):
    """What validation decided about an import, once and for all; `body` is JSON."""

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=PLAN)
    body = UnicodeAttribute()


class ChunkItem(Model):
    """One chunk of an import and who is working on it."""

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

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
    # The most lines that a run has decided without ending the chunk, and how often the chunk had
    # been handed on when the message was sent that it was last taken with.
    decided = NumberAttribute(default=0)
    handed_on = NumberAttribute(default=0)
    # How long the workers have had it that have given it back or settled it.
    worked_ms = NumberAttribute(default=0)
    # Once it is settled: the attempt whose parts count, whether they hold lines with errors, and
    # what its lines came to.
    settled_by = UnicodeAttribute(null=True)
    has_errors = BooleanAttribute(default=False)
    updated = NumberAttribute(default=0)
    cleared = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    pending_users = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    duplicate = NumberAttribute(default=0)
    superseded = NumberAttribute(default=0)
    not_processed = NumberAttribute(default=0)
    # When a worker last took it.
    taken_at = NumberAttribute(null=True)


class TicketItem(Model):
    """The right to upload one file, once."""

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=TICKET)
    tenant = UnicodeAttribute()
    uploader = UnicodeAttribute()
    profile = UnicodeAttribute()
    filename = UnicodeAttribute()
    mode = UnicodeAttribute()
    mapping = UnicodeAttribute(default="{}")
    # Of a job: its kind and source, the users it is about, the import that it takes back, and
    # the profile that its file follows.
    job = UnicodeAttribute(null=True, attr_name="errand")
    source = UnicodeAttribute(null=True)
    users: ListAttribute[str] = ListAttribute(null=True)
    undo_of = UnicodeAttribute(null=True)
    profile_body = UnicodeAttribute(null=True)
    # As of the import. `preview_of` is the dry run whose changes alone may be applied.
    follows = UnicodeAttribute(null=True)
    object_of = UnicodeAttribute(null=True)
    preview_of = UnicodeAttribute(null=True)
    issued_at = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    import_id = UnicodeAttribute(null=True)
    # Of files posted with the form again: how many, when the last one, and the import that tells.
    replays = NumberAttribute(default=0)
    replayed_at = UnicodeAttribute(null=True)
    replayed = UnicodeAttribute(null=True)
    cancelled_by = UnicodeAttribute(null=True)
    expires = NumberAttribute()


class WatermarkItem(Model):
    """How far something has come, or how fast: of a tenant's source, the pace of its last file.

    Of a tenant: up to which time every upload is known to have ended. Of a part of the upload
    bucket: behind which key the sweeper has yet to look, none at its start; of the open
    imports likewise, by the time at which they were opened. Of a queue: what is `Seen` of it. Of a
    source: its last `files` as JSON, and how often that list was written.
    """

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

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


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file of a source: what its bytes came to, and the import with its place in the order."""

    fingerprint: str
    order: str
    import_id: str

    @property
    def received_at(self) -> str:
        """When S3 received it, in RFC 3339."""
        return self.order.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Replays:
    """The files that were posted with the form of a ticket after the first import's.

    `last_at` is when the last of them came, in RFC 3339.
    """

    first_import: str
    number: int
    last_at: str


@dataclass(frozen=True, slots=True)
class PlannedChunk:
    """A chunk, and how many repeats are stored for it: of keys, and of login names."""

    chunk: Chunk
    repeats: int = 0
    logins: int = 0


@dataclass(frozen=True, slots=True)
class SettledChunk:
    """A chunk that is settled: its number, its first line, and the attempt whose parts count."""

    number: int
    first_line: int
    attempt: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A chunk in the hands of one worker, and how often a worker has taken it.

    `repeats` and `logins` are those of the `PlannedChunk`. `decided` is the most lines that a run
    before has decided, `handed_on` how often the chunk has been handed on, and `worked_ms` how
    long they had it.
    """

    chunk: Chunk
    repeats: int
    logins: int
    attempts: int
    decided: int = 0
    handed_on: int = 0
    worked_ms: int = 0


def counts_of(item: ImportItem | ChunkItem) -> Counts:
    """The counts of an import so far, or of a chunk once it is settled."""
    return Counts(
        lines=int(item.lines),
        updated=int(item.updated),
        cleared=int(item.cleared),
        unchanged=int(item.unchanged),
        pending=int(item.pending_users),
        rejected=int(item.rejected),
        duplicate=int(item.duplicate),
        superseded=int(item.superseded),
        not_processed=int(item.not_processed),
    )


def pending_chunks(item: ImportItem) -> frozenset[int]:
    """The numbers of the chunks that are not settled and counted, of an item that was found."""
    return frozenset(int(number) for number in item.pending or ())


@dataclass(frozen=True, slots=True)
class Imports:
    """The table of imports, their chunks, and the tickets they began with."""

    table: str

    # Reading

    def find(self, import_id: str) -> ImportItem | None:
        """The import as it is now."""
        try:
            return self._with_progress(ImportItem.get(import_id, IMPORT, consistent_read=True))
        except DoesNotExist:
            return None

    def states(
        self, import_ids: Iterable[str], deadline: Deadline
    ) -> dict[str, tuple[State, Mode]]:
        """State and mode of the imports that exist among `import_ids` (no repetition)."""
        keys = ({"pk": {"S": import_id}, "sk": {"S": IMPORT}} for import_id in import_ids)
        found = read_items(self.table, keys, deadline, attributes=("pk", "state", "mode"))
        return {
            item["pk"]["S"]: (State(item["state"]["S"]), Mode(item["mode"]["S"])) for item in found
        }

    def plan(self, import_id: str) -> str | None:
        """The plan of the import as JSON, once it has been validated."""
        try:
            return PlanItem.get(import_id, PLAN, consistent_read=True).body
        except DoesNotExist:
            return None

    def newest(
        self, tenant: str, limit: int, before: str | None
    ) -> tuple[list[ImportItem], str | None]:
        """The newest imports of a tenant and the cursor for `before` of the next page, if any."""
        condition = ImportItem.listed_at < before if before else None
        keys = list(
            ImportItem.by_tenant.query(tenant, condition, scan_index_forward=False, limit=limit + 1)
        )
        page = keys[:limit]
        items = {
            item.pk: item for item in ImportItem.batch_get([(key.pk, IMPORT) for key in page], True)
        }
        cursor = str(page[-1].listed_at) if len(keys) > limit else None
        found = [self._with_progress(items[key.pk]) for key in page if key.pk in items]
        return found, cursor

    def open_imports(self, since: str = "") -> Iterator[ImportItem]:
        """All that have not ended or were not announced, oldest first, as they are now.

        Only those that were opened at `since` or later, if that is not "".
        """
        condition = ImportItem.opened_at >= since if since else None
        for key in ImportItem.open_index.query("1", condition):
            item = self.find(key.pk)
            if item is not None and item.open:
                yield item

    # Intake

    def register(self, item: ImportItem) -> ImportItem:
        """The import as it stands, which is `item` if there was none under its id."""
        try:
            item.save(ImportItem.pk.does_not_exist())
        except PutError as error:
            _only_unmet(error)
            return self.find(item.pk) or item
        return item

    def lease(self, import_id: str, attempt: str, *, now: float, until: float) -> bool:
        """True when `attempt` may validate the import until then: nobody else does."""
        return _update(
            ImportItem(import_id),
            [ImportItem.lease_by.set(attempt), ImportItem.lease_until.set(until)],
            (ImportItem.state == State.VALIDATING.value)
            & (
                ImportItem.lease_by.does_not_exist()
                | (ImportItem.lease_by == attempt)
                | (ImportItem.lease_until < now)
            ),
        )

    def free(self, import_id: str, attempt: str) -> None:
        """Gives the import back before its time, if it is still this attempt's to validate."""
        _update(
            ImportItem(import_id),
            [ImportItem.lease_until.set(0)],
            (ImportItem.state == State.VALIDATING.value) & (ImportItem.lease_by == attempt),
        )

    def let_wait(self, import_id: str, attempt: str, now: float) -> None:
        """Gives the import back unvalidated; the sweeper has it tried again."""
        _update(
            ImportItem(import_id),
            [
                ImportItem.waits.set(True),
                ImportItem.resent_at.set(now),
                ImportItem.resends.set(0),
                ImportItem.lease_until.set(0),
            ],
            (ImportItem.state == State.VALIDATING.value) & (ImportItem.lease_by == attempt),
        )

    def orders_of_waiting(self, import_ids: Iterable[str], deadline: Deadline) -> dict[str, str]:
        """The orders of those among the imports (no repetition) that wait for older ones."""
        keys = ({"pk": {"S": import_id}, "sk": {"S": IMPORT}} for import_id in import_ids)
        names = ("pk", "state", "order", "waits")
        return {
            item["pk"]["S"]: item["order"]["S"]
            for item in read_items(self.table, keys, deadline, attributes=names)
            if item["state"]["S"] == State.VALIDATING and item.get("waits", {}).get("BOOL")
        }

    def refuse(
        self, import_id: str, attempt: str, refusal: Refusal, *, at: str, replay_of: str = ""
    ) -> bool:
        """True when the import is refused now; nothing of it will be written.

        A replay of the import `replay_of` is listed and announced by that one alone.
        """
        unlisted = [ImportItem.replay_of.set(replay_of), ImportItem.listed_at.remove()]
        return _update(
            ImportItem(import_id),
            [
                *(unlisted if replay_of else ()),
                ImportItem.state.set(State.FINALIZING.value),
                ImportItem.refusal.set(
                    {"code": refusal.code, "message": refusal.message[:MAX_REFUSAL_CHARS]}
                    | ({"line": refusal.line} if refusal.line is not None else {})
                ),
                ImportItem.finished_at.set(at),
                ImportItem.replays_notified.set(ImportItem.replays | 0),
            ],
            (ImportItem.state == State.VALIDATING.value) & (ImportItem.lease_by == attempt),
        )

    def store_plan(
        self,
        import_id: str,
        body: str,
        chunks: Sequence[PlannedChunk],
        deadline: Deadline,
    ) -> None:
        """Stores the plan and its chunks."""
        PlanItem(import_id, body=body).save()
        put_items(
            self.table,
            (
                {
                    "pk": {"S": import_id},
                    "sk": {"S": _chunk_key(one.chunk.number)},
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
            ),
            deadline,
        )

    def begin(
        self,
        import_id: str,
        attempt: str,
        *,
        chunks: int,
        lines: int,
        encoding: str,
        delimiter: str,
        approval: dict[str, Any] | None,
        at: str,
        warnings: Sequence[FileWarning] = (),
    ) -> bool:
        """True when the import goes on now: to its chunks, or to wait for an Admin.

        `at` is the time at which it was validated. An import that has been cancelled meanwhile has
        nothing to be approved any more.
        """
        still_mine = (ImportItem.state == State.VALIDATING.value) & (ImportItem.lease_by == attempt)
        actions: list[Action] = [
            ImportItem.chunks.set(chunks),
            # Code that looks here for the chunks, while it is being replaced, finds one that is
            # not there, and so neither works nor ends the import.
            ImportItem.pending.set({NO_CHUNK}) if chunks else ImportItem.pending.remove(),
            ImportItem.lines.set(lines),
            ImportItem.encoding.set(encoding),
            ImportItem.delimiter.set(delimiter),
            ImportItem.validated_at.set(at),
            ImportItem.warnings.set(warnings_json(warnings))
            if warnings
            else ImportItem.warnings.remove(),
        ]
        works = [ImportItem.state.set(State.PROCESSING.value), ImportItem.working_at.set(at)]
        if approval is None:
            return _update(ImportItem(import_id), [*actions, *works], still_mine)
        waits = _update(
            ImportItem(import_id),
            [
                *actions,
                ImportItem.state.set(State.AWAITING_APPROVAL.value),
                ImportItem.approval.set(approval),
            ],
            still_mine & ImportItem.cancelled_by.does_not_exist(),
        )
        return waits or _update(
            ImportItem(import_id),
            [*actions, *works],
            still_mine & ImportItem.cancelled_by.exists(),
        )

    # Chunks

    def take_chunk(
        self,
        import_id: str,
        number: int,
        attempt: str,
        *,
        now: float,
        until: float,
        handed_on: int | None = None,
    ) -> Taken | None:
        """The chunk, which is `attempt`'s until then.

        None while it is somebody else's, once it is settled, and once it was taken after being
        handed on more than `handed_on` times, if that is told.
        """
        item = ChunkItem(import_id, _chunk_key(number))
        actions: list[Action] = []
        is_latest = ChunkItem.pk.exists()
        if handed_on is not None:
            actions.append(ChunkItem.handed_on.set(handed_on))
            is_latest &= ChunkItem.handed_on.does_not_exist() | (ChunkItem.handed_on <= handed_on)
        taken = _update(
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

    def free_chunk(
        self, import_id: str, number: int, attempt: str, *, decided: int, worked_ms: int
    ) -> bool:
        """True when the chunk is given back before its time: it was still this attempt's.

        `decided` is the most lines that a run has decided, `worked_ms` how long all had it.
        """
        return _update(
            ChunkItem(import_id, _chunk_key(number)),
            [
                ChunkItem.lease_until.set(0),
                ChunkItem.decided.set(decided),
                ChunkItem.worked_ms.set(worked_ms),
            ],
            (ChunkItem.lease_by == attempt) & ChunkItem.settled_by.does_not_exist(),
        )

    def chunks_seen(
        self, import_id: str, numbers: Iterable[int], deadline: Deadline
    ) -> list[ChunkSeen]:
        """Who works on these chunks until when, and when they were last taken; in no order."""
        keys = ({"pk": {"S": import_id}, "sk": {"S": _chunk_key(number)}} for number in numbers)
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
        """The import after the chunk is settled, by this attempt or by an earlier one.

        First the chunk's item says so, once and for all, then the chunk is counted. Whoever is
        stopped in between leaves a chunk that is settled and pending: the next one counts it.
        """
        if item.chunks is None:
            return self._settle_on_import(item.pk, settlement)
        counts = settlement.counts
        is_first = _update(
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
        """What the chunk was settled with, None while it is not."""
        try:
            item = ChunkItem.get(import_id, _chunk_key(number), consistent_read=True)
        except DoesNotExist:
            return None
        if item.settled_by is None:
            return None
        return Settlement(
            number,
            item.settled_by,
            bool(item.has_errors),
            counts_of(item),
            int(item.worked_ms),
        )

    def handed_on(self, import_id: str, number: int) -> int:
        """How often the chunk had been handed on when it was last taken."""
        try:
            item = ChunkItem.get(import_id, _chunk_key(number), consistent_read=True)
        except DoesNotExist:
            return 0
        return int(item.handed_on)

    def count(self, item: ImportItem, settlement: Settlement, deadline: Deadline) -> ImportItem:
        """The import after a settled chunk is counted, now or before."""
        progress = count_chunk(
            self.table,
            item.pk,
            settlement,
            chunks=int(item.chunks or 0),
            lines=int(item.lines),
            deadline=deadline,
        )
        return _shown(item, progress)

    def settled_parts(self, item: ImportItem) -> dict[int, str]:
        """For each settled chunk the attempt whose parts count, with "!" for lines with errors."""
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

    def _with_progress(self, item: ImportItem) -> ImportItem:
        """The item with what is pending and counted, while that stands somewhere else."""
        if item.chunks is None or item.state not in (
            State.PROCESSING.value,
            State.AWAITING_APPROVAL.value,
        ):
            return item
        chunks, lines = int(item.chunks), int(item.lines)
        return _shown(item, read_progress(self.table, item.pk, chunks=chunks, lines=lines))

    def _settle_on_import(self, import_id: str, settlement: Settlement) -> ImportItem:
        """Settles a chunk of an import that keeps both on its own item."""
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
        if _update(item, actions, ImportItem.pending.contains(settlement.chunk)):
            return item
        return ImportItem.get(import_id, IMPORT, consistent_read=True)

    # Decisions of people

    def approve(self, import_id: str, approver: str, *, at: str) -> bool:
        """True when the import has left `awaiting_approval` by this approver's word, `at` now."""
        return _update(
            ImportItem(import_id),
            [
                ImportItem.state.set(State.PROCESSING.value),
                ImportItem.working_at.set(at),
                ImportItem.approved_by.set(approver),
            ],
            ImportItem.state == State.AWAITING_APPROVAL.value,
        )

    def cancel(self, import_id: str, canceller: str, *, at: str) -> bool:
        """True when the import will end cancelled: nothing more of it is begun.

        An import that waits for approval goes on, `at` now, to its chunks, which will all be told
        to write nothing.
        """
        waiting = _update(
            ImportItem(import_id),
            [
                ImportItem.state.set(State.PROCESSING.value),
                ImportItem.working_at.set(at),
                ImportItem.cancelled_by.set(canceller),
            ],
            ImportItem.state == State.AWAITING_APPROVAL.value,
        )
        return waiting or _update(
            ImportItem(import_id),
            [ImportItem.cancelled_by.set(canceller)],
            ImportItem.state.is_in(State.VALIDATING.value, State.PROCESSING.value)
            & ImportItem.cancelled_by.does_not_exist(),
        )

    # Ending

    def start_finalizing(self, import_id: str, *, at: str) -> None:
        """Leaves `processing` once no chunk is pending; `at` becomes the time it finished.

        What is counted never changes after that, and is kept on the import.
        """
        item = self.find(import_id)
        if item is None or pending_chunks(item):
            return
        counts = counts_of(item)
        _update(
            ImportItem(import_id),
            [
                ImportItem.state.set(State.FINALIZING.value),
                ImportItem.finished_at.set(ImportItem.finished_at | at),
                ImportItem.pending.remove(),
                ImportItem.replays_notified.set(ImportItem.replays | 0),
                ImportItem.worked_ms.set(item.worked_ms),
                *(
                    Path([attribute]).set(getattr(counts, field))
                    for attribute, field in COUNTED.items()
                ),
            ],
            ImportItem.state == State.PROCESSING.value,
        )

    def end(self, import_id: str, state: State, *, at: str, is_indexed: bool) -> None:
        """Gives the import its final state, unless it has one; `at` becomes when it got it.

        `is_indexed` says whether its lines have an index.
        """
        _update(
            ImportItem(import_id),
            [
                ImportItem.state.set(state.value),
                ImportItem.ended_at.set(at),
                ImportItem.is_indexed.set(is_indexed),
            ],
            ImportItem.state == State.FINALIZING.value,
        )

    def mark_notified(self, import_id: str) -> None:
        """Remembers that the end was announced: the sweeper need not look any more."""
        _update(
            ImportItem(import_id),
            [ImportItem.open.remove(), ImportItem.opened_at.remove()],
            ImportItem.state.is_in(*(state.value for state in State if state.is_final)),
        )

    def approval_notified(self, import_id: str) -> None:
        """Remembers that an Admin was told that the import waits."""
        _update(
            ImportItem(import_id),
            [ImportItem.approval_notified.set(True)],
            ImportItem.state == State.AWAITING_APPROVAL.value,
        )

    def resent(
        self, import_id: str, need: str, *, now: float, resends: int, probe: int | None
    ) -> None:
        """Remembers what a sweep sends: for what need, how often, and the probe."""
        _update(
            ImportItem(import_id),
            [
                ImportItem.resent_at.set(now),
                ImportItem.resent_for.set(need),
                ImportItem.resends.set(resends),
                ImportItem.probe.set(probe) if probe is not None else ImportItem.probe.remove(),
                ImportItem.probe_taken.set(False),
            ],
            ImportItem.pk.exists(),
        )

    def note_probe_taken(self, import_id: str, probe: int) -> None:
        """Remembers that a worker has taken the message that a sweep sent as a probe."""
        _update(
            ImportItem(import_id),
            [ImportItem.probe_taken.set(True)],
            (ImportItem.probe == probe) & (ImportItem.state == State.PROCESSING.value),
        )

    # Tickets

    def ticket(self, ticket: str) -> TicketItem | None:
        """The ticket of that id."""
        try:
            return TicketItem.get(f"{TICKET}#{ticket}", TICKET, consistent_read=True)
        except DoesNotExist:
            return None

    def issue(self, ticket: str, item: TicketItem) -> None:
        """Stores a new ticket."""
        item.pk = f"{TICKET}#{ticket}"
        item.save(TicketItem.pk.does_not_exist())

    def issue_once(self, ticket: str, item: TicketItem) -> TicketItem:
        """The ticket as it stands, which is `item` if there was none of that id."""
        try:
            self.issue(ticket, item)
        except PutError as error:
            _only_unmet(error)
            return TicketItem.get(item.pk, TICKET, consistent_read=True)
        return item

    def settle_profile(self, ticket: str, body: str) -> str:
        """The profile that the ticket's file follows: `body`, unless it was settled before."""
        item = TicketItem(f"{TICKET}#{ticket}")
        if _update(
            item,
            [TicketItem.profile_body.set(body)],
            TicketItem.pk.exists() & TicketItem.profile_body.does_not_exist(),
        ):
            return body
        found = TicketItem.get(item.pk, TICKET, consistent_read=True).profile_body
        return found if found is not None else body

    def use_ticket(self, ticket: str, import_id: str) -> bool:
        """True when the ticket is this import's: unused until now, or used by it before."""
        return _update(
            TicketItem(f"{TICKET}#{ticket}"),
            [TicketItem.import_id.set(import_id)],
            TicketItem.pk.exists()
            & TicketItem.cancelled_by.does_not_exist()
            & (TicketItem.import_id.does_not_exist() | (TicketItem.import_id == import_id)),
        )

    def record_replays(self, ticket: str, replays: Replays) -> None:
        """Has the first import of the ticket tell of the replays; fewer than it knows are no news.

        The ticket is told first and an import takes over what its ticket knows, so that it
        does not matter which of its files is heard of first.
        """
        _update(
            TicketItem(f"{TICKET}#{ticket}"),
            [
                TicketItem.replays.set(replays.number),
                TicketItem.replayed_at.set(replays.last_at),
                TicketItem.replayed.set(replays.first_import),
            ],
            TicketItem.pk.exists()
            & (TicketItem.replays.does_not_exist() | (TicketItem.replays < replays.number)),
        )
        self._tell_replays(replays.first_import, replays.number, replays.last_at)

    def take_over_replays(self, import_id: str, ticket: str) -> None:
        """Has an import tell of the replays that its ticket knows, if it is the first of them."""
        known = self.ticket(ticket)
        if known is not None and known.replayed == import_id and known.replayed_at:
            self._tell_replays(import_id, int(known.replays), known.replayed_at)

    def _tell_replays(self, import_id: str, number: int, at: str) -> None:
        _update(
            ImportItem(import_id),
            [ImportItem.replays.set(number), ImportItem.replayed_at.set(at)],
            ImportItem.pk.exists()
            & (ImportItem.replays.does_not_exist() | (ImportItem.replays < number)),
        )

    def cancel_ticket(self, ticket: str, canceller: str) -> bool:
        """True when nothing can be uploaded with the ticket any more."""
        return _update(
            TicketItem(f"{TICKET}#{ticket}"),
            [TicketItem.cancelled_by.set(canceller)],
            TicketItem.pk.exists() & TicketItem.import_id.does_not_exist(),
        )

    # What sources have sent

    def seen_files(self, tenant: str, source: str) -> tuple[list[SeenFile], int]:
        """The files that are remembered of a source, in their order, and the list's version."""
        try:
            item = WatermarkItem.get(f"tenant#{tenant}", SEEN + source, consistent_read=True)
        except DoesNotExist:
            return [], 0
        return [SeenFile(*one) for one in json.loads(item.files or "[]")], int(item.version or 0)

    def remember_files(
        self, tenant: str, source: str, files: Sequence[SeenFile], version: int
    ) -> bool:
        """True when the list is these files now, False when it has another version by then."""
        told = [[one.fingerprint, one.order, one.import_id] for one in files]
        known = WatermarkItem.version
        return _update(
            WatermarkItem(f"tenant#{tenant}", SEEN + source),
            [WatermarkItem.files.set(json.dumps(told)), known.set(version + 1)],
            (known == version) if version else known.does_not_exist(),
        )

    # How fast lines come about

    def pace(self, tenant: str, source: str) -> float:
        """The lines a second of one worker on the last file from there; 0 = not known."""
        try:
            item = WatermarkItem.get(f"tenant#{tenant}", f"{PACE}{source}")
        except DoesNotExist:
            return 0.0
        return float(item.lines_a_second or 0)

    def note_pace(self, tenant: str, source: str, lines_a_second: float) -> None:
        """Remembers the pace for the next file from there."""
        WatermarkItem(f"tenant#{tenant}", f"{PACE}{source}").update(
            [WatermarkItem.lines_a_second.set(round(lines_a_second, 3))]
        )

    # What is known to have ended

    def watermark(self, tenant: str) -> str:
        """The time up to which every upload of the tenant has ended; "" when none is known."""
        try:
            return WatermarkItem.get(f"tenant#{tenant}", WATERMARK).ended_until or ""
        except DoesNotExist:
            return ""

    def raise_watermark(self, tenant: str, until: str) -> None:
        """Moves the watermark up to `until`, never down."""
        _update(
            WatermarkItem(f"tenant#{tenant}"),
            [WatermarkItem.ended_until.set(until)],
            WatermarkItem.ended_until.does_not_exist() | (WatermarkItem.ended_until < until),
        )

    def looked_until(self, part: str) -> str:
        """The last key of that part of the bucket that was looked at; "" = begin again."""
        try:
            item = WatermarkItem.get(f"sweep#{part}", WATERMARK, consistent_read=True)
        except DoesNotExist:
            return ""
        return item.looked_until or ""

    def look_on_from(self, part: str, key: str) -> None:
        """Remembers behind which key the next look at that part begins; "" = again."""
        looked = WatermarkItem.looked_until
        WatermarkItem(f"sweep#{part}").update([looked.set(key) if key else looked.remove()])

    # What is seen of a queue

    def seen(self, queue: str) -> Seen:
        """What workers and sweeps have noted of a queue."""
        try:
            item = WatermarkItem.get(f"taken#{queue}", WATERMARK, consistent_read=True)
        except DoesNotExist:
            return Seen()
        return Seen(
            float(item.newest_taken or 0), float(item.probed_at or 0), int(item.probes or 0)
        )

    def note_taken(self, queue: str, sent_at: float) -> None:
        """Notes that a message sent then was taken, unless one about as new is noted.

        Every worker comes here with every message, so most only read, and not consistently: a
        partition takes 3,000 reads a second and 1,000 writes.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
        """
        newest = WatermarkItem.newest_taken
        key = f"taken#{queue}"
        try:
            noted = float(WatermarkItem.get(key, WATERMARK).newest_taken or 0)
        except DoesNotExist:
            noted = 0.0
        if sent_at > noted + NOTED_SECONDS:
            _update(
                WatermarkItem(key),
                [newest.set(sent_at)],
                newest.does_not_exist() | (newest < sent_at),
            )

    def probed(self, queue: str, seen: Seen) -> None:
        """Notes the last probe for all imports of a queue."""
        WatermarkItem(f"taken#{queue}").update(
            [
                WatermarkItem.probed_at.set(seen.probed_at),
                WatermarkItem.probes.set(seen.probes),
            ]
        )


def _shown(item: ImportItem, progress: Progress) -> ImportItem:
    """The item, which from now on shows this progress."""
    item.pending = {float(number) for number in progress.pending}
    item.worked_ms = progress.worked_ms
    for attribute, field in COUNTED.items():
        setattr(item, attribute, getattr(progress.counts, field))
    return item


def _parts(attempt: str, *, has_errors: bool) -> str:
    return f"{attempt}{'!' if has_errors else ''}"


def _chunk_key(number: int) -> str:
    return f"{CHUNK}{number:05d}"


def _number(item: Mapping[str, Any], name: str) -> float:
    return float(item.get(name, {}).get("N", 0))


def _update(item: Model, actions: list[Action], condition: Condition) -> bool:
    """True when the update was made, False when its condition did not hold."""
    try:
        item.update(actions, condition)
    except UpdateError as error:
        _only_unmet(error)
        return False
    return True


def _only_unmet(error: PutError | UpdateError) -> None:
    # A request that timed out has a cause whose response is None, which pynamodb stumbles over.
    response: dict[str, Any] = getattr(error.cause, "response", None) or {}
    if response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
        raise error
