"""Who plans the lines of a file: what they are about says where it is stored and by which rules.

What the rules look at is gathered here, for all lines of a chunk or for some of them at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from handover.deadline import Deadline
from handover.model import Account, Repeat, User
from handover.pipeline.lookups import likely_accounts, lookup_context_for
from handover.profiles import About, Binding, OpcoWall, Profile
from handover.rules import (
    Decision,
    DirectoryContext,
    Instruction,
    WriteContext,
    account_only,
    is_made_later,
    login_asked,
    plan,
    plan_record,
)
from handover.runtime import Resources
from handover.store.directory_records import Records

PlanLine = Callable[[Instruction, Account | None], Decision]
PlanLines = Callable[[Collection[Instruction], Mapping[str, Account], Deadline], PlanLine]


@dataclass(frozen=True, slots=True)
class Work:
    """The work on some lines: whose they are, how they are understood, what may come of them.

    Without `may_write` lines are not decided: those that have had their effect keep it. A dry run
    decides all and writes nothing. `repeats` are lines that another line stands for.
    """

    tenant: str
    binding: Binding
    profile: Profile
    wall: OpcoWall
    context: WriteContext
    repeats: Mapping[int, Repeat]
    may_write: bool
    is_dry_run: bool
    now: float


@dataclass(frozen=True, slots=True)
class Planner:
    """Where what lines are about is read and written, and what plans some of them.

    `for_lines` is given the lines, and what they are about as far as it exists.
    """

    store: Records
    for_lines: PlanLines


def planner_of(
    resources: Resources, work: Work, asked: Collection[Instruction], deadline: Deadline
) -> Planner:
    """The planner of a chunk's lines, with all that is looked up for the whole chunk."""
    if work.profile.about is About.ASSIGNMENTS:
        return Planner(resources.tables.accounts, _assigning(resources, work, asked, deadline))
    store = _store_of(resources, work.profile.about)
    return Planner(store, _recording(resources, work))


def _store_of(resources: Resources, about: About) -> Records:
    if about is About.ACCOUNTS:
        return resources.tables.account_records
    return resources.tables.user_records


def _known_only(work: Work) -> PlanLine:
    return lambda one, found: account_only(one, found, work.context)


def _assigning(
    resources: Resources, work: Work, asked: Iterable[Instruction], deadline: Deadline
) -> PlanLines:
    if not work.may_write:
        return lambda _asked, _accounts, _deadline: _known_only(work)
    lookup = lookup_context_for(
        resources,
        work.tenant,
        asked,
        work.binding.ways,
        work.wall,
        deadline,
        import_id=work.context.import_id,
    )

    def for_lines(
        lines: Collection[Instruction], accounts: Mapping[str, Account], deadline: Deadline
    ) -> PlanLine:
        ids = dict.fromkeys(one.account_id for one in lines)
        likely = likely_accounts(resources, work.tenant, ids, accounts, deadline)
        known = replace(lookup, likely=likely) if likely else lookup
        return lambda one, account: plan(one, account, known, work.profile, work.context)

    return for_lines


def _recording(resources: Resources, work: Work) -> PlanLines:
    if not work.may_write:
        return lambda _asked, _records, _deadline: _known_only(work)

    def for_lines(
        lines: Collection[Instruction], records: Mapping[str, Account], deadline: Deadline
    ) -> PlanLine:
        known = _directory_context(resources, work, lines, records, deadline)

        def plan_line(one: Instruction, record: Account | None) -> Decision:
            there = record or Account(work.tenant, one.account_id, 0)
            return plan_record(one, there, known, work.profile, work.context)

        return plan_line

    return for_lines


def _directory_context(
    resources: Resources,
    work: Work,
    asked: Iterable[Instruction],
    records: Mapping[str, Account],
    deadline: Deadline,
) -> DirectoryContext:
    """Users are looked up for new accounts only: in all others nobody is assigned."""
    new = [
        one
        for one in asked
        if one.account_id not in records or is_made_later(records[one.account_id], work.context)
    ]
    lookup = lookup_context_for(
        resources,
        work.tenant,
        new,
        work.binding.ways,
        work.wall,
        deadline,
        import_id=work.context.import_id,
    )
    if work.profile.about is About.USERS:
        return DirectoryContext(lookup, logins=_logins(resources, work, asked, records, deadline))
    return DirectoryContext(lookup, _default_manager(resources, work.tenant) if new else None)


def _default_manager(resources: Resources, tenant: str) -> User | None:
    directory = resources.tables.directory
    address = directory.settings(tenant).default_account_manager
    user = directory.user(tenant, address) if address else None
    return user if user is not None and user.is_active else None


def _logins(
    resources: Resources,
    work: Work,
    asked: Iterable[Instruction],
    records: Mapping[str, Account],
    deadline: Deadline,
) -> dict[str, str]:
    """Who has the login names that these lines ask for; whoever asks first for a free one."""
    expected: dict[str, str] = {}
    for one in asked:
        there = records.get(one.account_id) or Account(work.tenant, one.account_id, 0)
        if login := login_asked(one, there, work.context):
            expected.setdefault(login, one.account_id)
    users = resources.tables.user_records
    look = users.holders_of_logins if work.is_dry_run else users.claim_logins
    return look(work.tenant, expected, work.context.order, work.now, deadline)
