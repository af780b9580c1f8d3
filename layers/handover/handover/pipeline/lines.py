"""The outcomes of the lines of a chunk: each is interpreted, decided, and written if needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from handover.deadline import Deadline
from handover.model import Line, LineResult, Outcome, Repeat
from handover.pipeline.planners import Planner, Work, planner_of
from handover.pipeline.previews import PreviewedPlanner
from handover.rules import (
    AccountWrite,
    Decision,
    Instruction,
    Preview,
    preview_of,
    repeated_line,
    repeated_login,
    understanding_of,
)
from handover.runtime import Resources
from handover.store.batches import STATEMENTS_A_BATCH

# Number of accounts looked up at a time, so that the data is fresh when written.
LINES_AT_A_TIME = 1000


@dataclass(slots=True)
class Decided:
    """How many lines that need a read a run has decided and stored so far.

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

    With `previews` nothing else is applied. `decided` is updated as lines are done, so it is still
    available when the time is used up.
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
    planner = planner_of(resources, work, asked.values(), deadline)
    if work.may_write and previews is not None:
        planner = PreviewedPlanner(planner, previews, work.context)
    may_store = work.may_write and not work.is_dry_run
    places = iter(asked)
    while batch := {place: asked[place] for place in islice(places, LINES_AT_A_TIME)}:
        plans = _apply(planner, work.tenant, batch, decided, deadline, may_store=may_store)
        for place, planned in plans.items():
            results[place] = _result(lines[place], planned)
    return [result for result in results if result is not None]


def _repeated(line: Line, repeat: Repeat, work: Work) -> LineResult:
    if repeat.is_login:
        return repeated_login(line, repeat, work.binding)
    return repeated_line(line, repeat, work.binding.account_label, work.profile.about)


def _apply(
    planner: Planner,
    tenant: str,
    asked: dict[int, Instruction],
    decided: Decided,
    deadline: Deadline,
    *,
    may_store: bool,
) -> dict[int, Decision]:
    """The decisions for these lines, made on fresh reads and stored where they need a write."""
    found = planner.store.read(
        tenant, dict.fromkeys(one.account_id for one in asked.values()), deadline
    )
    plans = planner.decide(asked, found, deadline)
    if may_store:
        _write(planner, asked, plans, decided, deadline)
    else:
        decided.lines += len(plans)
        decided.previews |= {
            one.line: preview_of(plans[place], found.get(one.account_id))
            for place, one in asked.items()
        }
    return plans


def _write(
    planner: Planner,
    asked: dict[int, Instruction],
    plans: dict[int, Decision],
    decided: Decided,
    deadline: Deadline,
) -> None:
    """Stores what the plans ask for; a plan that met a newer version is made again.

    In parts as large as one call to DynamoDB: `decided` counts the parts that are stored, which is
    what the next worker is told when the time is used up in between.
    """
    waiting = [place for place, planned in plans.items() if planned.write is not None]
    decided.lines += len(plans) - len(waiting)
    tries = 0
    while waiting:
        again: list[int] = []
        for begin in range(0, len(waiting), STATEMENTS_A_BATCH):
            part = waiting[begin : begin + STATEMENTS_A_BATCH]
            writes = {place: write for place in part if (write := plans[place].write) is not None}
            late = _write_part(planner, writes, asked, plans, deadline)
            decided.lines += len(part) - len(late)
            again += late
        waiting = again
        if waiting:
            deadline.wait(tries)
            tries += 1


def _write_part(
    planner: Planner,
    writes: dict[int, AccountWrite],
    asked: dict[int, Instruction],
    plans: dict[int, Decision],
    deadline: Deadline,
) -> list[int]:
    places = {write.account.account_id: place for place, write in writes.items()}
    unmet = planner.store.write(list(writes.values()), deadline)
    if not unmet:
        return []
    found = {places[write.account.account_id]: account for write, account in unmet}
    # The lookup context may depend on the record, such as a login name it has lost meanwhile.
    there = {record.account_id: record for record in found.values() if record is not None}
    decided = planner.decide({place: asked[place] for place in found}, there, deadline)
    plans.update(decided)
    return [place for place, planned in decided.items() if planned.write is not None]


def _result(line: Line, planned: Decision) -> LineResult:
    return LineResult(line, planned.outcome, planned.changes, planned.rejection, planned.message)
