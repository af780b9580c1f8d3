"""The clearing guard: would this file remove the managers of more accounts than it should?

A blank cell can be a mistake that clears a whole column, so a file that would clear a manager on
many of its lines waits for an Admin. Only assignments that would really be removed count: a nightly
file that says None for accounts without a manager is normal.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from handover.aws import objects
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import Account
from handover.pipeline.import_plan import ImportPlan
from handover.profiles.settings import Settings
from handover.reading.csv_lines import lines
from handover.reading.scan import Scan
from handover.reports.summary import NOT_COUNTED
from handover.rules.instructions import Instruction, instruction_of
from handover.runtime import Resources
from handover.store.import_items import ImportItem

ACCOUNTS_AT_A_TIME = 1000
# Counting must leave the invocation time to store the plan. A file that cannot be counted in
# time waits for an Admin, like one with too many clearings.
RESERVE_SECONDS = 120.0


def would_clear(
    resources: Resources,
    item: ImportItem,
    plan: ImportPlan,
    scanned: Scan,
    settings: Settings,
    deadline: Deadline,
) -> dict[str, Any] | None:
    """Why an Admin must approve the import first; None when it may continue.

    Most files ask for too few clearings to matter and are not checked further. For the others,
    accounts are looked up only until the answer is certain.
    """
    most = max(settings.clear_guard_lines, scanned.lines * settings.clear_guard_percent // 100)
    if scanned.clearing <= most:
        return None
    hurry = Deadline(deadline.deadline - min(RESERVE_SECONDS, deadline.left / 4))
    cleared = 0
    waiting = _clearing(plan, scanned, deadline)
    try:
        while batch := list(islice(waiting, ACCOUNTS_AT_A_TIME)):
            hurry.check()
            accounts = resources.tables.accounts.read(
                item.tenant, dict.fromkeys(asked.record_id for asked in batch), hurry
            )
            cleared += sum(_clears(asked, accounts.get(asked.record_id)) for asked in batch)
            if cleared > most:
                return _approval("would clear more than the tenant's limit", cleared, scanned.lines)
    except RetryLaterError:
        return _approval(NOT_COUNTED, scanned.clearing, scanned.lines)
    return None


def _clearing(plan: ImportPlan, scanned: Scan, deadline: Deadline) -> Iterator[Instruction]:
    """The lines that ask to clear a role, lazily."""
    binding = plan.binding
    for chunk in scanned.chunks:
        deadline.check()
        data = objects.read_range(plan.upload, chunk.start, chunk.end)
        if data is None:
            raise objects.ObjectGoneError(plan.upload.key)
        for line in lines(data, chunk=chunk, dialect=plan.dialect, header=plan.header):
            asked = instruction_of(line, binding, plan.profile)
            if isinstance(asked, Instruction) and any(not one.names for one in asked.requests):
                yield asked


def _clears(asked: Instruction, account: Account | None) -> bool:
    return account is not None and any(
        not request.names
        and bool(held := account.assigned.get(request.role, ()))
        and (request.instead_of is None or held == (request.instead_of,))
        for request in asked.requests
    )


def _approval(reason: str, cleared: int, line_count: int) -> dict[str, Any]:
    return {"reason": reason, "would_clear": cleared, "lines": line_count}
