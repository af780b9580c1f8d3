"""Who plans the lines of a file: what they are about says where it is stored and by which rules.

What the rules look at is gathered here, for all lines of a chunk or for some of them at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from handover.deadline import Patience
from handover.model import Account, Repeat, User
from handover.pipeline.lookups import facts_for, likely_accounts
from handover.profiles import About, Binding, OpcoWall, Profile
from handover.rules import (
    Claim,
    Instruction,
    Plan,
    RecordFacts,
    account_only,
    is_made_later,
    login_asked,
    plan,
    plan_record,
)
from handover.runtime import Wiring
from handover.store.directory_records import Records

PlanLine = Callable[[Instruction, Account | None], Plan]
PlanLines = Callable[[Collection[Instruction], Mapping[str, Account], Patience], PlanLine]


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
    claim: Claim
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
    wiring: Wiring, work: Work, asked: Collection[Instruction], patience: Patience
) -> Planner:
    """The planner of a chunk's lines, with all that is looked up for the whole chunk."""
    if work.profile.about is About.ASSIGNMENTS:
        return Planner(wiring.tables.accounts, _assigning(wiring, work, asked, patience))
    store = _store_of(wiring, work.profile.about)
    return Planner(store, _recording(wiring, work))


def _store_of(wiring: Wiring, about: About) -> Records:
    if about is About.ACCOUNTS:
        return wiring.tables.account_records
    return wiring.tables.user_records


def _known_only(work: Work) -> PlanLine:
    return lambda one, found: account_only(one, found, work.claim)


def _assigning(
    wiring: Wiring, work: Work, asked: Iterable[Instruction], patience: Patience
) -> PlanLines:
    if not work.may_write:
        return lambda _asked, _accounts, _patience: _known_only(work)
    facts = facts_for(
        wiring,
        work.tenant,
        asked,
        work.binding.ways,
        work.wall,
        patience,
        import_id=work.claim.import_id,
    )

    def for_lines(
        lines: Collection[Instruction], accounts: Mapping[str, Account], patience: Patience
    ) -> PlanLine:
        ids = dict.fromkeys(one.account_id for one in lines)
        likely = likely_accounts(wiring, work.tenant, ids, accounts, patience)
        known = replace(facts, likely=likely) if likely else facts
        return lambda one, account: plan(one, account, known, work.profile, work.claim)

    return for_lines


def _recording(wiring: Wiring, work: Work) -> PlanLines:
    if not work.may_write:
        return lambda _asked, _records, _patience: _known_only(work)

    def for_lines(
        lines: Collection[Instruction], records: Mapping[str, Account], patience: Patience
    ) -> PlanLine:
        known = _record_facts(wiring, work, lines, records, patience)

        def plan_line(one: Instruction, record: Account | None) -> Plan:
            there = record or Account(work.tenant, one.account_id, 0)
            return plan_record(one, there, known, work.profile, work.claim)

        return plan_line

    return for_lines


def _record_facts(
    wiring: Wiring,
    work: Work,
    asked: Iterable[Instruction],
    records: Mapping[str, Account],
    patience: Patience,
) -> RecordFacts:
    """Users are looked up for new accounts only: in all others nobody is assigned."""
    new = [
        one
        for one in asked
        if one.account_id not in records or is_made_later(records[one.account_id], work.claim)
    ]
    facts = facts_for(
        wiring,
        work.tenant,
        new,
        work.binding.ways,
        work.wall,
        patience,
        import_id=work.claim.import_id,
    )
    if work.profile.about is About.USERS:
        return RecordFacts(facts, logins=_logins(wiring, work, asked, records, patience))
    return RecordFacts(facts, _default_manager(wiring, work.tenant) if new else None)


def _default_manager(wiring: Wiring, tenant: str) -> User | None:
    directory = wiring.tables.directory
    address = directory.settings(tenant).default_account_manager
    user = directory.user(tenant, address) if address else None
    return user if user is not None and user.is_active else None


def _logins(
    wiring: Wiring,
    work: Work,
    asked: Iterable[Instruction],
    records: Mapping[str, Account],
    patience: Patience,
) -> dict[str, str]:
    """Who has the login names that these lines ask for; whoever asks first for a free one."""
    wanted: dict[str, str] = {}
    for one in asked:
        there = records.get(one.account_id) or Account(work.tenant, one.account_id, 0)
        if login := login_asked(one, there, work.claim):
            wanted.setdefault(login, one.account_id)
    users = wiring.tables.user_records
    look = users.holders_of_logins if work.is_dry_run else users.claim_logins
    return look(work.tenant, wanted, work.claim.order, work.now, patience)
