"""Planners for the lines of a file: what the lines are about decides the table and the rules.

The data that the rules need is gathered here, for all lines of a chunk or for part of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from handover.deadline import Deadline
from handover.model import Record, Repeat, User
from handover.pipeline.lookups import likely_accounts, lookup_context_for
from handover.profiles.columns import Binding
from handover.profiles.fields import About
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.profile import Profile
from handover.rules.decision import Decision, LookupContext, WriteContext
from handover.rules.directory_planner import (
    DirectoryContext,
    is_made_later,
    login_asked,
    plan_record,
)
from handover.rules.instructions import Instruction
from handover.rules.planner import plan
from handover.rules.precedence import account_only
from handover.runtime import Resources
from handover.store.directory_records import Records

if TYPE_CHECKING:
    from handover.store.user_records import UserRecords


class Work(Struct, frozen=True):
    """The work on some lines: whose they are, how they are read, and what they may change.

    Without `may_write` lines are not decided: lines that took effect keep their outcome. A dry run
    decides all lines and writes nothing. `repeats` are lines that another line replaces.
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


class Planner(Protocol):
    """Decides lines from the records that are read for them."""

    @property
    def store(self) -> Records:
        """Where the records of the lines are read and written."""

    def decide(
        self, asked: Mapping[int, Instruction], found: Mapping[str, Record], deadline: Deadline
    ) -> dict[int, Decision]:
        """The decision on each line; `found` are the records of the lines that exist."""


def planner_of(
    resources: Resources,
    work: Work,
    asked: Collection[Instruction],
    deadline: Deadline,
    *,
    is_previewed: bool,
) -> Planner:
    """The planner of a chunk's lines, with everything that is looked up once per chunk.

    A preview contains everything that an account holds, so all of the account is read when a
    preview is made or compared (`is_previewed`).
    """
    store = _store_of(resources, work.profile.about, is_whole=work.is_dry_run or is_previewed)
    if not work.may_write:
        return DonePlanner(store, work)
    if work.profile.about is About.USERS:
        users = resources.tables.user_records.for_run(work.tenant)
        return RecordPlanner(users, resources, work, users)
    if work.profile.about is About.ACCOUNTS:
        return RecordPlanner(store, resources, work)
    return AssignmentPlanner(store, resources, work, _lookup(resources, work, asked, deadline))


def _store_of(resources: Resources, about: About, *, is_whole: bool) -> Records:
    if about is About.ASSIGNMENTS:
        accounts = resources.tables.accounts
        return accounts if is_whole else accounts.of_assignments
    if about is About.ACCOUNTS:
        return resources.tables.account_records
    return resources.tables.user_records


class DonePlanner(Struct, frozen=True):
    """Decides nothing: the import may not write, so only earlier effects count."""

    store: Records
    work: Work

    def decide(
        self,
        asked: Mapping[int, Instruction],
        found: Mapping[str, Record],
        deadline: Deadline,  # noqa: ARG002 - nothing is looked up
    ) -> dict[int, Decision]:
        """What each line has done already, NOT_PROCESSED when nothing."""
        return {
            place: account_only(one, found.get(one.record_id), self.work.context)
            for place, one in asked.items()
        }


class AssignmentPlanner(Struct, frozen=True):
    """Decides who holds the roles of accounts; `lookup` is for all lines of the chunk."""

    store: Records
    resources: Resources
    work: Work
    lookup: LookupContext

    def decide(
        self, asked: Mapping[int, Instruction], found: Mapping[str, Record], deadline: Deadline
    ) -> dict[int, Decision]:
        """The decision on each line; similar ids are looked up for unknown accounts."""
        work = self.work
        ids = dict.fromkeys(one.record_id for one in asked.values())
        likely = likely_accounts(self.resources, work.tenant, ids, found, deadline)
        known = replace(self.lookup, likely=likely)
        return {
            place: plan(one, found.get(one.record_id), known, work.profile, work.context)
            for place, one in asked.items()
        }


class RecordPlanner(Struct, frozen=True):
    """Decides what the directory says of accounts or users; `users` is set for the latter."""

    store: Records
    resources: Resources
    work: Work
    users: UserRecords | None = None

    def decide(
        self, asked: Mapping[int, Instruction], found: Mapping[str, Record], deadline: Deadline
    ) -> dict[int, Decision]:
        """The decision on each line, with a lookup for these lines alone."""
        work = self.work
        known = self._context(asked.values(), found, deadline)
        decided: dict[int, Decision] = {}
        for place, one in asked.items():
            record = found.get(one.record_id) or Record(work.tenant, one.record_id, 0)
            decided[place] = plan_record(one, record, known, work.profile, work.context)
        return decided

    def _context(
        self, asked: Iterable[Instruction], records: Mapping[str, Record], deadline: Deadline
    ) -> DirectoryContext:
        """What is looked up; only new accounts need users, because only they get assignees."""
        work = self.work
        new = [
            one
            for one in asked
            if one.record_id not in records or is_made_later(records[one.record_id], work.context)
        ]
        lookup = _lookup(self.resources, work, new, deadline)
        if self.users is not None:
            logins = _logins(self.users, work, asked, records, deadline)
            return DirectoryContext(lookup, logins=logins)
        return DirectoryContext(
            lookup, _default_manager(self.resources, work.tenant) if new else None
        )


def _lookup(
    resources: Resources, work: Work, asked: Iterable[Instruction], deadline: Deadline
) -> LookupContext:
    return lookup_context_for(
        resources,
        work.tenant,
        asked,
        work.binding.ways,
        work.wall,
        deadline,
        import_id=work.context.import_id,
    )


def _default_manager(resources: Resources, tenant: str) -> User | None:
    directory = resources.tables.directory
    address = directory.settings(tenant).default_account_manager
    user = directory.user(tenant, address) if address else None
    return user if user is not None and user.is_active else None


def _logins(
    users: UserRecords,
    work: Work,
    asked: Iterable[Instruction],
    records: Mapping[str, Record],
    deadline: Deadline,
) -> dict[str, str]:
    """Who has the login names that these lines ask for; a free one goes to the first line."""
    logins: dict[str, str] = {}
    for one in asked:
        there = records.get(one.record_id) or Record(work.tenant, one.record_id, 0)
        if login := login_asked(one, there, work.context):
            logins.setdefault(login, one.record_id)
    look = users.holders_of_logins if work.is_dry_run else users.claim_logins
    return look(work.tenant, logins, work.context.precedence, work.now, deadline)
