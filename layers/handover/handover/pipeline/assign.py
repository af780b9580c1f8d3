"""Processing one chunk: read its lines, decide each, write what changes, store the outcomes.

A chunk can be processed any number of times: when a worker was stopped half-way and another
continues, or when a message was delivered twice. What a line has already done is recorded on the
account.
"""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from msgspec import Struct

from handover.aws import objects
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import Chunk, Line, LineResult, Mode, Outcome, Repeat, State
from handover.pipeline.applying import previews_bytes, previews_for
from handover.pipeline.import_plan import (
    ImportPlan,
    lines_key,
    logins_key,
    parts_key,
    plan_from,
    previews_key,
    repeats_from,
    repeats_key,
)
from handover.pipeline.lines import Decided, results_of
from handover.pipeline.messages import hand_on, send_finalize
from handover.pipeline.older_imports_list import older_open_imports_in
from handover.pipeline.planners import Work
from handover.reading.csv_lines import lines as lines_of
from handover.reports.counts import tally
from handover.reports.line_parts import lines_part
from handover.reports.parts import errors_part
from handover.rules.decision import WriteContext
from handover.rules.pacing import is_handed_on
from handover.rules.resending import is_probe
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.chunks import Taken
from handover.store.import_items import ImportItem
from handover.store.imports import pending_chunks
from handover.store.progress import Settlement
from handover.together import together


class _Chunk(Struct, frozen=True):
    """A chunk in progress: its plan, its bytes, and the work on its lines.

    `data` is None when the uploaded object, or what was validated of it, is gone.
    """

    plan: ImportPlan
    taken: Taken
    data: bytes | None
    work: Work


class _Turn(Struct, frozen=True):
    """One worker's turn with a chunk: its run, what it may do, and how far it has come.

    `handed_on` is how often the chunk was handed on, as the message says; None if it does not say.
    """

    run: Invocation
    decided: Decided
    handed_on: int | None
    may_write: bool


def work_chunk(
    resources: Resources,
    import_id: str,
    number: int,
    run: Invocation,
    *,
    handed_on: int | None = None,
    may_write: bool,
) -> None:
    """Settles the chunk unless it is settled; sends the finalize message after the last chunk.

    With `may_write` false nothing is written: lines that took effect keep their outcome, all others
    become `not_processed`. `handed_on` says how often the chunk had been handed on when the message
    was sent. A message with a lower number than the chunk's is obsolete and does nothing.

    A chunk that cannot be finished in this run is handed on with a fresh message if it made
    progress. Otherwise raises RetryLaterError, as it does while another worker has the chunk.
    """
    taken = resources.tables.chunks.take(
        import_id,
        number,
        run.attempt,
        now=run.now,
        until=run.lease_until,
        handed_on=handed_on,
    )
    turn = _Turn(run, Decided(begun_at=run.now), handed_on, may_write)
    try:
        _work_taken(resources, import_id, number, taken, turn)
    except RetryLaterError as late:
        # No work is in progress any more, unless a request got no answer. So the next worker need
        # not wait until this run must have ended.
        if taken is None or late.is_under_way or not _give_back(resources, import_id, taken, turn):
            raise


def _give_back(resources: Resources, import_id: str, taken: Taken, turn: _Turn) -> bool:
    """Frees the chunk for the next worker; True when a fresh message was sent for it."""
    number, decided = taken.chunk.number, turn.decided
    is_further = turn.may_write and is_handed_on(decided.lines, taken.decided)
    is_free = resources.tables.chunks.free(
        import_id,
        number,
        turn.run.attempt,
        decided=decided.lines if is_further else taken.decided,
        worked_ms=_worked_ms(taken, turn),
    )
    item = resources.tables.imports.find(import_id) if is_free and is_further else None
    if item is None:
        return False
    hand_on(resources, item, number, taken.handed_on + 1)
    metrics.add_metric("ChunksHandedOn", "Count", 1)
    logger.info(
        "chunk handed on",
        extra={"import_id": import_id, "chunk": number, "lines": decided.lines},
    )
    return True


def _worked_ms(taken: Taken, turn: _Turn) -> int:
    """How long workers have spent on the chunk so far, in milliseconds."""
    return taken.worked_ms + max(0, round((turn.run.now - turn.decided.begun_at) * 1000))


def _work_taken(
    resources: Resources, import_id: str, number: int, taken: Taken | None, turn: _Turn
) -> None:
    # Read the import only after taking the chunk: this sees whoever settled the chunk or cancelled
    # the import before, and from now on only this run can settle it.
    item, plan = resources.tables.imports.find_with_plan(import_id)
    if item is None:
        raise RetryLaterError("there is no such import yet")
    if item.probe == number and is_probe(turn.run.sent_at, float(item.resent_at)):
        resources.tables.imports.note_probe_taken(import_id, number)
    if number in pending_chunks(item):
        if taken is None:
            item = _count(resources, item, number, turn)
        elif item.state != State.PROCESSING:
            return
        else:
            item = _settle(resources, item, plan, taken, turn)
    if item.state == State.PROCESSING and not pending_chunks(item):
        send_finalize(resources, item)


def _count(resources: Resources, item: ImportItem, number: int, turn: _Turn) -> ImportItem:
    """Counts a chunk whose worker was stopped after it settled the chunk and before it counted it.

    Does nothing when a later message is responsible for the chunk.
    """
    chunks = resources.tables.chunks
    settled = chunks.settlement(item.pk, number)
    if settled is not None:
        return chunks.count(item, settled, turn.run.deadline)
    if turn.handed_on is not None and turn.handed_on < chunks.handed_on(item.pk, number):
        return item
    # The sweeper may send a second message for a chunk. It must not become a dead letter, which
    # would end the chunk, only because it met the other message's worker on each delivery.
    raise RetryLaterError("another worker has this chunk", is_busy=True)


def _settle(
    resources: Resources, item: ImportItem, plan: str | None, taken: Taken, turn: _Turn
) -> ImportItem:
    run = turn.run
    found = _gather(resources, item, plan, taken, turn)
    with _no_search_for_cycles():
        results = _results(resources, found, turn.decided, run.deadline)
    counts, number = tally(results), taken.chunk.number
    # Write the parts first: once the chunk is settled, finalize may read them at once.
    together(*_part_writes(resources, item, found, results, turn))
    metrics.add_metric("LinesSettled", "Count", counts.lines)
    metrics.add_metric("LinesRejected", "Count", counts.rejected)
    logger.info(
        "chunk settled", extra={"import_id": item.pk, "chunk": number, "lines": counts.lines}
    )
    settlement = Settlement(
        number, run.attempt, bool(counts.with_errors), counts, _worked_ms(taken, turn)
    )
    return resources.tables.chunks.settle(item, settlement, run.deadline)


def _part_writes(
    resources: Resources,
    item: ImportItem,
    found: _Chunk,
    results: Sequence[LineResult],
    turn: _Turn,
) -> Iterator[Callable[[], object]]:
    """What writes the chunk's parts: its rows and their index, those in error, previews."""
    number, attempt = found.taken.chunk.number, turn.run.attempt
    header, dialect = found.plan.header, found.plan.dialect

    def write(key: str, body: bytes, content_type: str = "text/csv") -> Callable[[], object]:
        return partial(objects.write, resources.work_bucket, key, body, content_type)

    account = found.work.binding.key
    rows = lines_part(results, header=header, dialect=dialect, account=account)
    yield write(lines_key(item.pk, number, attempt), rows, "application/octet-stream")
    if tally(results).with_errors:
        errors = errors_part(results, header=header, dialect=dialect, is_job=item.job is not None)
        yield write(parts_key(item.pk, number, attempt, "errors"), errors)
    if found.work.is_dry_run:
        previews = turn.decided.previews if found.work.may_write else {}
        key = previews_key(item.pk, number, attempt)
        yield write(key, previews_bytes(previews), "application/json")


def _gather(
    resources: Resources, item: ImportItem, body: str | None, taken: Taken, turn: _Turn
) -> _Chunk:
    """Reads everything needed before the first account; raises RetryLaterError if it is missing.

    Without the uploaded object as it was validated, only a chunk that must not write can end.
    """
    run = turn.run
    if body is None:
        raise RetryLaterError("the plan of this import is not there yet")
    plan = plan_from(body)
    chunk = taken.chunk
    data = objects.read_range(plan.upload, chunk.start, chunk.end)
    may_write = turn.may_write and not item.cancelled_by
    if data is not None and zlib.crc32(data) != chunk.checksum:
        data = None
    if data is None and may_write:
        raise RetryLaterError("the bytes that were validated are not there")
    repeats: dict[int, Repeat] = {}
    if taken.repeats:
        repeats = _repeats(resources, repeats_key(item.pk, chunk.number), may_write)
    if taken.logins:
        # A line with both problems reports the login name, because fixing that takes several lines.
        repeats |= _repeats(resources, logins_key(item.pk, chunk.number), may_write)
    context = WriteContext(
        import_id=item.pk,
        precedence=item.precedence,
        actor=item.uploader or item.source,
        at=rfc3339(run.now),
        # Only a run that writes needs them.
        older_open_imports=older_open_imports_in(resources, plan)
        if may_write
        else plan.older_open_imports,
    )
    work = Work(
        item.tenant,
        plan.binding,
        plan.profile,
        plan.wall,
        context,
        repeats,
        may_write=may_write,
        is_dry_run=item.mode == Mode.DRY_RUN,
        now=run.now,
    )
    return _Chunk(plan, taken, data, work)


def _repeats(resources: Resources, key: str, may_write: bool) -> dict[int, Repeat]:
    stored = objects.read(resources.work_bucket, key)
    if stored is None and may_write:
        raise RetryLaterError("the repeats of this chunk are not there")
    return repeats_from(stored or b"[]")


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Turns Python's cyclic garbage collector off; reference counts still free values.

    Line results have no cycles and stay until the chunk is done. Searching them again and again
    takes a sixth of a worker's time, and a chunk is small enough to do without.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _results(
    resources: Resources, found: _Chunk, decided: Decided, deadline: Deadline
) -> list[LineResult]:
    chunk, plan = found.taken.chunk, found.plan
    if found.data is None:
        return _gone(chunk)
    lines = lines_of(found.data, chunk=chunk, dialect=plan.dialect, header=plan.header)
    if not found.work.may_write and found.taken.attempts == 1:
        return [LineResult(line, Outcome.NOT_PROCESSED) for line in lines]
    whole = list(lines)
    is_bound = plan.preview_of and found.work.may_write
    previews = previews_for(resources, found.work.context.import_id, whole) if is_bound else None
    return results_of(resources, found.work, whole, previews, decided, deadline)


def _gone(chunk: Chunk) -> list[LineResult]:
    """One result for each line of a chunk whose file was deleted; the content is unknown."""
    return [
        LineResult(
            Line(chunk.first_line + place, ()),
            Outcome.NOT_PROCESSED,
            message="the uploaded file was deleted before this line was processed",
        )
        for place in range(chunk.lines)
    ]
