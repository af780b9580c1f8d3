"""Imports: the state of each, which chunks are still pending, and what people have decided.

Every step is one conditional update: taken twice, late or by two runs at once, it counts once. If
DynamoDB's answer is lost, the attempt that the item names shows that the step was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from handover.deadline import Deadline
from handover.model import FileWarning, Mode, Refusal, State
from handover.reports.stored_warnings import warnings_json
from handover.store.batches import Item, read_items
from handover.store.import_items import IMPORT, PLAN, ImportItem, PlanItem
from handover.store.items import item_at, items_at, key_of, saved_if, updated_if
from handover.store.progress import (
    COUNTED,
    PROGRESS,
    Progress,
    counts_of,
    no_progress,
    progress_in,
)

# A refusal may quote a header of 64 KB, but is part of listings and of notifications of 256 KB.
MAX_REFUSAL_CHARS = 1_000
NO_CHUNK = 0
# They sort before and after every place of a listing; a place is a time and an import.
FIRST_PLACE, LAST_PLACE = "0", "~"
# A count of so many keys of some 150 bytes costs at most 190 read units.
MAX_COUNTED = 10_000


def end_of(day: date) -> str:
    """The place after all imports of a day (UTC)."""
    return f"{day}T{LAST_PLACE}"


class ValidatedFile(Struct, frozen=True):
    """What validation found out about a file: how many chunks and lines, and how to read it.

    `on_error` is "" if failing lines do not affect the others. With `is_check` the file is only
    checked: the import becomes a dry run, and another import applies the file.
    """

    chunks: int
    lines: int
    encoding: str
    delimiter: str
    warnings: Sequence[FileWarning] = ()
    on_error: str = ""
    is_check: bool = False


def pending_chunks(item: ImportItem) -> frozenset[int]:
    """The numbers of the chunks of a stored import that are not settled and counted."""
    return frozenset(int(number) for number in item.pending or ())


class Imports(Struct, frozen=True):
    """The imports in their table, which also holds chunks, tickets and watermarks."""

    table: str

    # Reading

    def find(self, import_id: str) -> ImportItem | None:
        """The import as it is now, with its progress; None when there is none."""
        return self._found(import_id, PROGRESS).item

    def find_with_plan(self, import_id: str) -> tuple[ImportItem | None, str | None]:
        """The import as `find` gives it, and its plan as JSON; None before it is validated."""
        found = self._found(import_id, PROGRESS, PLAN)
        return found.item, found.plan

    def states(
        self, import_ids: Iterable[str], deadline: Deadline
    ) -> dict[str, tuple[State, Mode]]:
        """State and mode of the imports that exist among `import_ids` (no repetition)."""
        keys = (key_of(import_id, IMPORT) for import_id in import_ids)
        found = read_items(self.table, keys, deadline, attributes=("pk", "state", "mode"))
        return {
            item["pk"]["S"]: (State(item["state"]["S"]), Mode(item["mode"]["S"])) for item in found
        }

    def plan(self, import_id: str) -> str | None:
        """The plan of the import as JSON; None before the import is validated."""
        item = item_at(PlanItem, import_id, PLAN)
        return item.body if item is not None else None

    def newest(
        self, tenant: str, limit: int, before: str | None, since: str = ""
    ) -> tuple[list[ImportItem], str | None]:
        """The newest imports of a tenant, at most `limit`, and `before` for the next page, if any.

        They come newest first, from before the place `before` (None = now) back to the place
        `since` ("" = the oldest).
        """
        first, last = since or FIRST_PLACE, before or LAST_PLACE
        if first > last:
            return [], None
        condition = ImportItem.listed_at.between(first, last)
        # One more key shows whether more follow; another replaces the one at `before` itself.
        found = ImportItem.by_tenant.query(
            tenant, condition, scan_index_forward=False, limit=limit + 2
        )
        keys = [key for key in found if key.listed_at != before]
        page = keys[:limit]
        items = {
            item.pk: item for item in ImportItem.batch_get([(key.pk, IMPORT) for key in page], True)
        }
        cursor = str(page[-1].listed_at) if len(keys) > limit else None
        return [self._with_progress(items[key.pk]) for key in page], cursor

    def count_on(self, tenant: str, day: date) -> int:
        """How many imports a tenant received on a day (UTC), at most MAX_COUNTED."""
        condition = ImportItem.listed_at.between(f"{day}T", end_of(day))
        return ImportItem.by_tenant.count(tenant, condition, limit=MAX_COUNTED)

    def _with_progress(self, item: ImportItem) -> ImportItem:
        """An item that was read alone, with its progress if that is on another item."""
        if not _counts_elsewhere(item):
            return item
        progress = items_at(self.table, [key_of(item.pk, PROGRESS)])
        return _shown(item, next(iter(progress), {}))

    def open_imports(self, since: str = "") -> Iterator[ImportItem]:
        """The imports that have not ended or whose end was not announced, oldest first.

        Each is read as it is now. A `since` leaves out those that were opened before that time.
        """
        condition = ImportItem.opened_at >= since if since else None
        for key in ImportItem.open_index.query("1", condition):
            item = self.find(key.pk)
            if item is not None and item.open:
                yield item

    # Intake

    def register(self, item: ImportItem, also: Item | None = None) -> ImportItem:
        """Stores `item` if there is no import of that id; returns the import as stored."""
        if saved_if(item, ImportItem.pk.does_not_exist(), also):
            return item
        return self.find(item.pk) or item

    def lease(self, import_id: str, attempt: str, *, now: float, until: float) -> bool:
        """Leases the import to `attempt` for validation until then; false if another has it."""
        return updated_if(
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
        """Releases the lease early, if this attempt still has it."""
        updated_if(
            ImportItem(import_id),
            [ImportItem.lease_until.set(0)],
            (ImportItem.state == State.VALIDATING.value) & (ImportItem.lease_by == attempt),
        )

    def let_wait(self, import_id: str, attempt: str, now: float) -> None:
        """Releases the import unvalidated; a sweep starts its validation again."""
        updated_if(
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
        """The precedences, by id, of those imports (no repetition) that wait for older ones."""
        keys = (key_of(import_id, IMPORT) for import_id in import_ids)
        names = ("pk", "state", "order", "waits")
        return {
            item["pk"]["S"]: item["order"]["S"]
            for item in read_items(self.table, keys, deadline, attributes=names)
            if item["state"]["S"] == State.VALIDATING and item.get("waits", {}).get("BOOL")
        }

    def refuse(
        self, import_id: str, attempt: str, refusal: Refusal, *, at: str, replay_of: str = ""
    ) -> bool:
        """Refuses the import, so that nothing of it is written; false without the lease.

        A replay of the import `replay_of` is listed and announced only by that import.
        """
        unlisted = [ImportItem.replay_of.set(replay_of), ImportItem.listed_at.remove()]
        return updated_if(
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

    def begin(
        self,
        import_id: str,
        attempt: str,
        file: ValidatedFile,
        *,
        approval: dict[str, Any] | None,
        at: str,
    ) -> ImportItem | None:
        """Lets the import go on to its chunks, or with `approval` wait for an Admin; returns it.

        None if this attempt has no lease. `at` is the time at which the import was validated. An
        import that was cancelled meanwhile no longer needs approval.
        """
        still_mine = (ImportItem.state == State.VALIDATING.value) & (ImportItem.lease_by == attempt)
        warned = ImportItem.warnings
        actions: list[Action] = [
            ImportItem.chunks.set(file.chunks),
            # During a deployment, older code looks here for the chunks. It finds one that does not
            # exist, and so neither processes nor ends the import.
            ImportItem.pending.set({NO_CHUNK}) if file.chunks else ImportItem.pending.remove(),
            ImportItem.lines.set(file.lines),
            ImportItem.encoding.set(file.encoding),
            ImportItem.delimiter.set(file.delimiter),
            ImportItem.validated_at.set(at),
            warned.set(warnings_json(file.warnings)) if file.warnings else warned.remove(),
        ]
        if file.on_error:
            actions.append(ImportItem.on_error.set(file.on_error))
        if file.is_check:
            actions += [ImportItem.mode.set(Mode.DRY_RUN.value), ImportItem.is_check.set(True)]
        works = [ImportItem.state.set(State.PROCESSING.value), ImportItem.working_at.set(at)]
        begun = ImportItem(import_id)
        if approval is None:
            is_begun = updated_if(begun, [*actions, *works], still_mine)
        else:
            is_begun = updated_if(
                begun,
                [
                    *actions,
                    ImportItem.state.set(State.AWAITING_APPROVAL.value),
                    ImportItem.approval.set(approval),
                ],
                still_mine & ImportItem.cancelled_by.does_not_exist(),
            ) or updated_if(
                begun, [*actions, *works], still_mine & ImportItem.cancelled_by.exists()
            )
        # All chunks show as pending: one that a sweep has sent and that is counted may come again.
        progress = no_progress(chunks=file.chunks, lines=file.lines)
        return with_progress(begun, progress) if is_begun else None

    def _found(self, import_id: str, *others: str) -> _Found:
        """The import and its plan, with the items of these sort keys read in the same call."""
        keys = [key_of(import_id, sort_key) for sort_key in (IMPORT, *others)]
        items = {item["sk"]["S"]: item for item in items_at(self.table, keys)}
        if IMPORT not in items:
            return _Found(None, None)
        item = ImportItem.from_raw_data(dict(items[IMPORT]))
        plan = items.get(PLAN)
        shown = _shown(item, items.get(PROGRESS, {}))
        return _Found(shown, plan["body"]["S"] if plan is not None else None)

    # Decisions of people

    def approve(
        self, import_id: str, approver: str, *, at: str, reason: str = "", also: Item | None = None
    ) -> bool:
        """Lets the import continue from `awaiting_approval`; false if it is in another state.

        `at` is the present time.
        """
        return updated_if(
            ImportItem(import_id),
            [
                ImportItem.state.set(State.PROCESSING.value),
                ImportItem.working_at.set(at),
                ImportItem.approved_by.set(approver),
                *([ImportItem.approve_reason.set(reason)] if reason else []),
            ],
            ImportItem.state == State.AWAITING_APPROVAL.value,
            also,
        )

    def cancel(
        self, import_id: str, canceller: str, *, at: str, reason: str = "", also: Item | None = None
    ) -> bool:
        """Cancels the import; true when nothing more of it is started and it will end cancelled.

        An import that waits for approval continues to its chunks, which are then all settled
        without writing. `at` is the present time.
        """
        decided: list[Action] = [
            ImportItem.cancelled_by.set(canceller),
            *([ImportItem.cancel_reason.set(reason)] if reason else []),
        ]
        waiting = updated_if(
            ImportItem(import_id),
            [
                ImportItem.state.set(State.PROCESSING.value),
                ImportItem.working_at.set(at),
                *decided,
            ],
            ImportItem.state == State.AWAITING_APPROVAL.value,
            also,
        )
        return waiting or updated_if(
            ImportItem(import_id),
            decided,
            ImportItem.state.is_in(State.VALIDATING.value, State.PROCESSING.value)
            & ImportItem.cancelled_by.does_not_exist(),
            also,
        )

    # Ending

    def start_finalizing(self, item: ImportItem, *, at: str) -> ImportItem:
        """Moves the import from `processing` to `finalizing`; returns it after that.

        `at` becomes its `finished_at`, if it has none. It stays as it is while chunks are pending.
        Once none is, its counts never change, so those that the caller has read are stored on it.
        """
        if pending_chunks(item):
            return item
        counts = counts_of(item)
        left = ImportItem(item.pk)
        is_first = updated_if(
            left,
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
        return left if is_first else self.find(item.pk) or item

    def end(
        self, import_id: str, state: State, *, at: str, is_indexed: bool, has_workbook: bool
    ) -> None:
        """Gives the import its final state, unless it has one; `at` becomes its `ended_at`.

        `is_indexed` says whether its lines have an index, `has_workbook` whether its report is
        also stored as a workbook.
        """
        updated_if(
            ImportItem(import_id),
            [
                ImportItem.state.set(state.value),
                ImportItem.ended_at.set(at),
                ImportItem.is_indexed.set(is_indexed),
                ImportItem.has_workbook.set(has_workbook),
            ],
            ImportItem.state == State.FINALIZING.value,
        )

    def mark_notified(self, import_id: str) -> None:
        """Records that the end was announced: the sweep need not check the import any more."""
        updated_if(
            ImportItem(import_id),
            [ImportItem.open.remove(), ImportItem.opened_at.remove()],
            ImportItem.state.is_in(*(state.value for state in State if state.is_final)),
        )

    def approval_notified(self, import_id: str) -> None:
        """Records that an Admin was notified that the import waits."""
        updated_if(
            ImportItem(import_id),
            [ImportItem.approval_notified.set(True)],
            ImportItem.state == State.AWAITING_APPROVAL.value,
        )

    def resent(
        self, import_id: str, need: str, *, now: float, resends: int, probe: int | None
    ) -> None:
        """Records that a sweep sends messages: for which need, how often, and the probe's chunk."""
        updated_if(
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
        """Records that a worker has taken the message that a sweep sent as a probe."""
        updated_if(
            ImportItem(import_id),
            [ImportItem.probe_taken.set(True)],
            (ImportItem.probe == probe) & (ImportItem.state == State.PROCESSING.value),
        )


class _Found(Struct, frozen=True):
    """An import and its plan, each None if there is none."""

    item: ImportItem | None
    plan: str | None


def _counts_elsewhere(item: ImportItem) -> bool:
    """True while the pending chunks and the counts of an import are on its progress item."""
    return item.chunks is not None and item.state in (
        State.PROCESSING.value,
        State.AWAITING_APPROVAL.value,
    )


def _shown(item: ImportItem, progress: Item) -> ImportItem:
    """The item, with the content of its progress item while that one has the progress."""
    if not _counts_elsewhere(item):
        return item
    chunks, lines = int(item.chunks), int(item.lines)
    return with_progress(item, progress_in(progress, chunks=chunks, lines=lines))


def with_progress(item: ImportItem, progress: Progress) -> ImportItem:
    """The item itself, changed to show this progress."""
    item.pending = {float(number) for number in progress.pending}
    item.worked_ms = progress.worked_ms
    for attribute, field in COUNTED.items():
        setattr(item, attribute, getattr(progress.counts, field))
    return item
