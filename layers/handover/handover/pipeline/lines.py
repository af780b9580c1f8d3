"""The outcomes of the lines of a chunk: each is interpreted, decided, and written if needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice

from msgspec import Struct, field

from handover.deadline import Deadline
from handover.flight import Call, Pace, make_each
from handover.model import Account, Line, LineResult, Outcome, Repeat
from handover.pipeline.applying import PreviewedPlanner
from handover.pipeline.planners import Planner, Work, planner_of
from handover.reports.line_parts import is_text
from handover.rules.applying import Preview, preview_of
from handover.rules.decision import Decision, RecordWrite
from handover.rules.instructions import Instruction
from handover.rules.repeats import repeated_line, repeated_login
from handover.rules.understanding import understanding_of
from handover.runtime import Resources
from handover.store.batches import KEYS_A_READ, STATEMENTS_A_BATCH

# How many accounts are looked up at a time: so few that their data is fresh when written.
LINES_AT_A_TIME = 1000


class Decided(Struct):
    """How many lines a run has decided and stored so far, of those that need a read.

    `begun_at` is when the run began, in seconds since the epoch. A dry run keeps in `previews` its
    decision for each line that needed an account lookup.
    """

    begun_at: float
    lines: int = 0
    previews: dict[int, Preview] = field(default_factory=dict)


def results_of(
    resources: Resources,
    work: Work,
    lines: Sequence[Line],
    previews: Mapping[int, Preview] | None,
    decided: Decided,
    deadline: Deadline,
) -> list[LineResult]:
    """The results of the lines in their order, after storing everything that had to be written.

    With `previews`, only what they show is applied. `decided` is updated as lines are done, so it
    is right even when the time is used up.
    """
    binding, profile = work.binding, work.profile
    understand = understanding_of(profile)
    results: list[LineResult | None] = [None] * len(lines)
    asked: dict[int, Instruction] = {}
    for place, line in enumerate(lines):
        if line.number in work.repeats:
            # Without a write nobody can say whether the line that it repeats applies.
            results[place] = (
                _repeated(line, work.repeats[line.number], work)
                if work.may_write
                else LineResult(line, Outcome.NOT_PROCESSED)
            )
            continue
        understood = understand(line, binding, profile)
        if isinstance(understood, Instruction):
            asked[place] = understood
        else:
            results[place] = LineResult(line, Outcome.REJECTED, rejection=understood)
    is_previewed = previews is not None
    planner = planner_of(resources, work, asked.values(), deadline, is_previewed=is_previewed)
    if work.may_write and previews is not None:
        planner = PreviewedPlanner(planner, previews, work.context)
    may_store = work.may_write and not work.is_dry_run
    application = _Application(planner, work.tenant, decided, deadline, may_store=may_store)
    for plans, found in application.plans(_batches(asked)):
        for place, planned in plans.items():
            record = found.get(asked[place].record_id)
            results[place] = _result(lines[place], asked[place], planned, record)
    return [result for result in results if result is not None]


def _batches(asked: Mapping[int, Instruction]) -> Iterator[dict[int, Instruction]]:
    places = iter(asked)
    while batch := {place: asked[place] for place in islice(places, LINES_AT_A_TIME)}:
        yield batch


def _repeated(line: Line, repeat: Repeat, work: Work) -> LineResult:
    if repeat.is_login:
        return repeated_login(line, repeat, work.binding)
    return repeated_line(line, repeat, work.binding.key_label, work.profile.about)


class _Application:
    """Decides lines on fresh reads and stores what they need, several calls at a time.

    The records of the next lines are read while the last ones are written: no other line of the
    import is about the same record.
    """

    def __init__(
        self,
        planner: Planner,
        tenant: str,
        decided: Decided,
        deadline: Deadline,
        *,
        may_store: bool,
    ) -> None:
        self._planner, self._tenant, self._deadline = planner, tenant, deadline
        self._decided, self._may_store = decided, may_store
        self._pace = Pace()

    def plans(
        self, batches: Iterable[dict[int, Instruction]]
    ) -> Iterator[tuple[dict[int, Decision], dict[str, Account]]]:
        """The decisions on each batch of lines, after storing what they need.

        Each batch comes with the records, by id, on which it was decided.
        """
        following = iter(batches)
        asked = next(following, None)
        if asked is None:
            return
        reading = _Reading(asked)
        make_each(self._reads(reading), _take, self._pace)
        while asked is not None:
            after = next(following, None)
            found, reading = reading.found, _Reading(after or {})
            plans = self._planner.decide(asked, found, self._deadline)
            if self._may_store:
                self._write(asked, (plans, found), reading)
            else:
                make_each(self._reads(reading), _take, self._pace)
                self._decided.lines += len(plans)
                self._decided.previews |= {
                    one.line: preview_of(plans[place], found.get(one.record_id))
                    for place, one in asked.items()
                }
            yield plans, found
            asked = after

    def _reads(self, reading: _Reading) -> Iterator[Call[_Taking]]:
        """The calls that read the records of lines."""
        ids = list(dict.fromkeys(one.record_id for one in reading.asked.values()))
        for begin in range(0, len(ids), KEYS_A_READ):
            yield partial(self._read, ids[begin : begin + KEYS_A_READ], reading)

    def _read(self, ids: Sequence[str], reading: _Reading) -> _Taking:
        found = self._planner.store.read(self._tenant, ids, self._deadline)
        return lambda: reading.found.update(found)

    def _write(
        self,
        asked: dict[int, Instruction],
        decided: tuple[dict[int, Decision], dict[str, Account]],
        reading: _Reading,
    ) -> None:
        """Stores what the decisions ask for; decides again where a record has a newer version.

        It stores parts as large as one call to DynamoDB. `decided` counts the stored parts, so the
        next worker knows how far this one came if the time is used up.
        """
        plans, _ = decided
        waiting = [place for place, planned in plans.items() if planned.write is not None]
        self._decided.lines += len(plans) - len(waiting)
        reads = self._reads(reading)
        tries = 0
        while True:
            again: list[int] = []
            parts = (
                waiting[begin : begin + STATEMENTS_A_BATCH]
                for begin in range(0, len(waiting), STATEMENTS_A_BATCH)
            )
            writes = [partial(self._store, part, asked, decided, again) for part in parts]
            make_each(chain(writes, reads), _take, self._pace)
            if not again:
                return
            # Calls end in any order; the lines that are left keep the order of the file.
            waiting = sorted(again)
            self._deadline.wait(tries)
            tries += 1

    def _store(
        self,
        part: Sequence[int],
        asked: dict[int, Instruction],
        decided: tuple[dict[int, Decision], dict[str, Account]],
        again: list[int],
    ) -> _Taking:
        """Writes one part; taking the call decides again where another version was met."""
        plans, _ = decided
        writes = {place: write for place in part if (write := plans[place].write) is not None}
        unmet = self._planner.store.write(list(writes.values()), self._deadline)

        def take() -> None:
            late = self._decide_again(writes, unmet, asked, decided) if unmet else []
            self._decided.lines += len(part) - len(late)
            again.extend(late)

        return take

    def _decide_again(
        self,
        writes: Mapping[int, RecordWrite],
        unmet: Sequence[tuple[RecordWrite, Account | None]],
        asked: Mapping[int, Instruction],
        before: tuple[dict[int, Decision], dict[str, Account]],
    ) -> list[int]:
        """Decides these lines again; returns the places of those that must still be written."""
        places = {write.record.record_id: place for place, write in writes.items()}
        found = {places[write.record.record_id]: account for write, account in unmet}
        # The lookup context may depend on the record, such as a login name it has lost meanwhile.
        there = {record.record_id: record for record in found.values() if record is not None}
        decided = self._planner.decide(
            {place: asked[place] for place in found}, there, self._deadline
        )
        plans, records = before
        plans.update(decided)
        records.update(there)
        return [place for place, planned in decided.items() if planned.write is not None]


class _Reading(Struct):
    """The records of lines, as far as they have been read."""

    asked: Mapping[int, Instruction]
    found: dict[str, Account] = field(default_factory=dict)


# What is left to do in the worker's own thread when a call has ended.
_Taking = Callable[[], None]


def _take(_place: int, taking: _Taking) -> None:
    taking()


def _result(
    line: Line, asked: Instruction, planned: Decision, record: Account | None
) -> LineResult:
    """The result, with the holders and the opco of the account, by which its line can be found."""
    holders: set[str] = set()
    for change in planned.changes:
        if not is_text(change.role):
            holders.update(change.before, change.after)
    if record is not None:
        for request in asked.requests:
            if not is_text(request.role):
                holders.update(record.assigned.get(request.role, ()))
    return LineResult(
        line,
        planned.outcome,
        planned.changes,
        planned.rejection,
        planned.message,
        frozenset(holders),
        record.opco if record is not None else "",
    )
