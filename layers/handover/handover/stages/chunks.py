"""Working one chunk: read its lines, decide each, write what changes, keep the outcomes.

A chunk may be worked any number of times: by a worker that was stopped half-way and another that
goes on, or for a message that came twice. What a line has done already is found on the account.
"""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from handover.aws import objects, queues
from handover.errors import RetryLaterError
from handover.model import (
    Account,
    Line,
    LineResult,
    Mode,
    Outcome,
    Repeat,
    State,
)
from handover.patience import Patience
from handover.reading import lines as lines_of
from handover.reports import errors_part, results_part, tally
from handover.rules import (
    AccountWrite,
    Claim,
    Facts,
    Instruction,
    Plan,
    account_only,
    instruction_of,
    plan,
    repeated_line,
)
from handover.runtime import Invocation, Wiring, logger, metrics, rfc3339
from handover.stages.facts import facts_for, likely_accounts
from handover.stages.plans import ImportPlan, parts_key, plan_from, repeats_from, repeats_key
from handover.store.batches import STATEMENTS_A_BATCH
from handover.store.imports import ImportItem, Settlement, Taken, pending_chunks

# Accounts are looked up for so many lines at a time, so that the facts are fresh when written.
LINES_AT_A_TIME = 1000

PlanLine = Callable[[Instruction, Account | None], Plan]


@dataclass(frozen=True, slots=True)
class _Work:
    """A chunk in hand: its import and plan, its bytes, and whether anything may be written.

    `data` is None when the uploaded object is gone.
    """

    item: ImportItem
    plan: ImportPlan
    taken: Taken
    data: bytes | None
    repeats: dict[int, Repeat]
    may_write: bool
    claim: Claim


def work_chunk(
    wiring: Wiring, import_id: str, number: int, run: Invocation, *, may_write: bool
) -> None:
    """Settles the chunk unless it is settled; sends the finalize message after the last one.

    With `may_write` false nothing is written: lines that have had their effect keep it, all
    others become `not_processed`. Raises RetryLaterError while another worker has the chunk, and
    when the time is used up.
    """
    imports = wiring.tables.imports
    taken = imports.take_chunk(import_id, number, run.attempt, now=run.now, until=run.lease_until)
    # The import is read after the chunk was taken: whoever settled it or cancelled the import
    # before that is seen, and nobody can settle it now but this run.
    item = imports.find(import_id)
    if item is None:
        raise RetryLaterError("there is no such import yet")
    if number in pending_chunks(item):
        if taken is None:
            raise RetryLaterError("another worker has this chunk")
        if item.state != State.PROCESSING:
            return
        item = _settle(wiring, item, taken, run, may_write)
    if item.state == State.PROCESSING and not pending_chunks(item):
        queues.send(wiring.finalize_queue, {"v": 1, "import_id": import_id})


def _settle(
    wiring: Wiring, item: ImportItem, taken: Taken, run: Invocation, may_write: bool
) -> ImportItem:
    try:
        work = _gather(wiring, item, taken, run, may_write)
        with _no_search_for_cycles():
            results = _results(wiring, work, run.patience)
    except RetryLaterError:
        # Raised between two calls, when nothing is under way any more: the next worker need not
        # wait until this one is certainly over.
        wiring.tables.imports.free_chunk(item.pk, taken.chunk.number, run.attempt)
        raise
    counts = tally(results)
    number = taken.chunk.number
    header, dialect = work.plan.header, work.plan.dialect
    objects.write(
        wiring.work_bucket,
        parts_key(item.pk, number, run.attempt, "results"),
        results_part(results, header=header, dialect=dialect),
    )
    if counts.with_errors:
        objects.write(
            wiring.work_bucket,
            parts_key(item.pk, number, run.attempt, "errors"),
            errors_part(results, header=header, dialect=dialect),
        )
    metrics.add_metric("LinesSettled", "Count", counts.lines)
    metrics.add_metric("LinesRejected", "Count", counts.rejected)
    logger.info(
        "chunk settled", extra={"import_id": item.pk, "chunk": number, "lines": counts.lines}
    )
    return wiring.tables.imports.settle(
        item.pk, Settlement(number, run.attempt, bool(counts.with_errors), counts)
    )


def _gather(
    wiring: Wiring, item: ImportItem, taken: Taken, run: Invocation, may_write: bool
) -> _Work:
    """All that is to be read before the first account; raises RetryLaterError if it is not there.

    Without the uploaded object only a chunk that may not be written can end.
    """
    body = wiring.tables.imports.plan(item.pk)
    if body is None:
        raise RetryLaterError("the plan of this import is not there yet")
    plan = plan_from(body)
    chunk = taken.chunk
    data = objects.read_range(plan.upload, chunk.start, chunk.end)
    may_write = may_write and not item.cancelled_by
    if data is None and may_write:
        raise RetryLaterError("the uploaded object is gone")
    if data is not None and zlib.crc32(data) != chunk.checksum:
        raise RetryLaterError("the bytes read are not those that were validated")
    repeats: dict[int, Repeat] = {}
    if taken.repeats:
        stored = objects.read(wiring.work_bucket, repeats_key(item.pk, chunk.number))
        if stored is None and may_write:
            raise RetryLaterError("the repeats of this chunk are not there")
        repeats = repeats_from(stored or b"[]")
    claim = Claim(
        import_id=item.pk,
        order=item.order,
        actor=item.uploader or item.source,
        at=rfc3339(run.now),
        rivals=plan.rivals,
    )
    return _Work(item, plan, taken, data, repeats, may_write, claim)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Values are freed when nobody refers to them; Python does not look for circles of them.

    What lines become has no circles and stays until the chunk is done. To search it again and
    again takes a sixth of a worker's time, and a chunk is small enough to do without.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _results(wiring: Wiring, work: _Work, patience: Patience) -> list[LineResult]:
    chunk = work.taken.chunk
    if work.data is None:
        return _gone(work)
    found = lines_of(work.data, chunk=chunk, dialect=work.plan.dialect, header=work.plan.header)
    if not work.may_write and work.taken.attempts == 1:
        return [LineResult(line, Outcome.NOT_PROCESSED) for line in found]
    return _decide(wiring, work, list(found), patience)


def _decide(
    wiring: Wiring,
    work: _Work,
    lines: Sequence[Line],
    patience: Patience,
) -> list[LineResult]:
    """The results of the lines in their order, all that had to be written being stored."""
    binding, profile = work.plan.binding, work.plan.profile
    results: list[LineResult | None] = [None] * len(lines)
    asked: dict[int, Instruction] = {}
    for place, line in enumerate(lines):
        if line.number in work.repeats:
            # Without a write nobody can say that the line it repeats applies.
            results[place] = (
                repeated_line(line, work.repeats[line.number], binding.account_label)
                if work.may_write
                else LineResult(line, Outcome.NOT_PROCESSED)
            )
            continue
        understood = instruction_of(line, binding, profile)
        if isinstance(understood, Instruction):
            asked[place] = understood
        else:
            results[place] = LineResult(line, Outcome.REJECTED, rejection=understood)
    facts = (
        facts_for(wiring, work.item.tenant, asked.values(), binding.ways, patience)
        if work.may_write
        else None
    )
    places = iter(asked)
    while batch := {place: asked[place] for place in islice(places, LINES_AT_A_TIME)}:
        for place, planned in _apply(wiring, work, batch, facts, patience).items():
            results[place] = _result(lines[place], planned)
    return [result for result in results if result is not None]


def _apply(
    wiring: Wiring,
    work: _Work,
    asked: dict[int, Instruction],
    facts: Facts | None,
    patience: Patience,
) -> dict[int, Plan]:
    """The plans of these lines, made on accounts read now and stored where that is wanted."""
    accounts = wiring.tables.accounts.read(
        work.item.tenant, dict.fromkeys(one.account_id for one in asked.values()), patience
    )
    plan_line = _planner(wiring, work, asked.values(), facts, accounts, patience)
    plans = {place: plan_line(one, accounts.get(one.account_id)) for place, one in asked.items()}
    if work.may_write and work.item.mode == Mode.RUN:
        _write(wiring, asked, plans, plan_line, patience)
    return plans


def _planner(
    wiring: Wiring,
    work: _Work,
    asked: Iterable[Instruction],
    facts: Facts | None,
    accounts: Mapping[str, Account],
    patience: Patience,
) -> PlanLine:
    if facts is None:
        return lambda one, account: account_only(one, account, work.claim)
    likely = likely_accounts(
        wiring,
        work.item.tenant,
        dict.fromkeys(one.account_id for one in asked),
        accounts,
        patience,
    )
    known = replace(facts, likely=likely) if likely else facts
    return lambda one, account: plan(one, account, known, work.plan.profile, work.claim)


def _write(
    wiring: Wiring,
    asked: dict[int, Instruction],
    plans: dict[int, Plan],
    plan_line: PlanLine,
    patience: Patience,
) -> None:
    """Stores what the plans want stored; a plan that met a newer account is made again."""
    waiting = [place for place, planned in plans.items() if planned.write is not None]
    tries = 0
    while waiting:
        again: list[int] = []
        for begin in range(0, len(waiting), STATEMENTS_A_BATCH):
            part = waiting[begin : begin + STATEMENTS_A_BATCH]
            writes = {place: write for place in part if (write := plans[place].write) is not None}
            again += _write_part(wiring, writes, asked, plans, plan_line, patience)
        waiting = again
        if waiting:
            patience.wait(tries)
            tries += 1


def _write_part(
    wiring: Wiring,
    writes: dict[int, AccountWrite],
    asked: dict[int, Instruction],
    plans: dict[int, Plan],
    plan_line: PlanLine,
    patience: Patience,
) -> list[int]:
    places = {write.account.account_id: place for place, write in writes.items()}
    again: list[int] = []
    for write, account in wiring.tables.accounts.write(list(writes.values()), patience):
        place = places[write.account.account_id]
        plans[place] = plan_line(asked[place], account)
        if plans[place].write is not None:
            again.append(place)
    return again


def _result(line: Line, planned: Plan) -> LineResult:
    return LineResult(line, planned.outcome, planned.changes, planned.rejection, planned.message)


def _gone(work: _Work) -> list[LineResult]:
    """One result for each line of a chunk whose file was deleted; what it held is not known."""
    chunk = work.taken.chunk
    return [
        LineResult(
            Line(chunk.first_line + place, ()),
            Outcome.NOT_PROCESSED,
            message="the uploaded file was deleted before this line was processed",
        )
        for place in range(chunk.lines)
    ]
