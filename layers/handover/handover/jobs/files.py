"""The lines of a job's file: whom to remove, resolve, restore or replace."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from operator import itemgetter

from handover.aws.objects import Upload
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.flight import answers_of, begun
from handover.jobs.job import Job
from handover.jobs.upload import csv_pieces
from handover.model import Account, JobKind, Outcome, RoleChange, User
from handover.pipeline.import_plan import ImportPlan, plan_from
from handover.pipeline.report_lines import text_lines_of
from handover.pipeline.summaries import RESULTS, report_key
from handover.profiles.made import SEPARATOR, removing, resolving
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.parsing import parse_profile, profile_json
from handover.profiles.profile import NOBODY, Holds, Profile
from handover.reading.guards import unguard
from handover.reading.parsing import rows as rows_of
from handover.reports.parsed_changes import changes_from_cells
from handover.reports.parts import RESULTS_COLUMNS
from handover.rules.opco_wall import are_apart
from handover.rules.pending import pending_assignee
from handover.runtime import Resources
from handover.store.tickets import TicketItem

# The header's role when there is nothing to do, because a file needs at least one.
ANY_ROLE = "account_manager"
CHANGED = frozenset({Outcome.UPDATED, Outcome.CLEARED, Outcome.PENDING})

ACCOUNTS_AT_A_TIME = 1000

Row = Sequence[str]
# An account id, and who is named on its line, by role.
Named = tuple[str, dict[str, list[str]]]
Sieve = Callable[[Iterable[Named]], Iterable[Named]]


def pieces_of(
    resources: Resources, ticket_id: str, ticket: TicketItem, job: Job, deadline: Deadline
) -> Iterator[bytes]:
    """The file of the job, lazily; its profile is stored on the ticket.

    Reading it raises ObjectGoneError for an undo whose results are no longer kept.
    """
    match job.kind:
        case JobKind.REMOVAL:
            # Their pending assignments go too: a later user of the same address must get nothing.
            gone = [assignee for user in job.users for assignee in (user, pending_assignee(user))]
            cell_of = {assignee: assignee for assignee in gone}
            return _of_assignees(resources, (ticket_id, ticket), cell_of, removing, iter, deadline)
        case JobKind.RESOLUTION:
            cell_of = {pending_assignee(user): user for user in job.users}
            sieve = _inside_the_wall(resources, ticket.tenant, job.users, deadline)
            return _of_assignees(
                resources, (ticket_id, ticket), cell_of, resolving, sieve, deadline
            )
        case JobKind.UNDO:
            return _undo(resources, ticket, job, deadline)
        case JobKind.OWNER:
            return _owner(resources, ticket, job, deadline)


def _of_assignees(
    resources: Resources,
    issued: tuple[str, TicketItem],
    cell_of: Mapping[str, str],
    profile_for: Callable[[Sequence[str]], Profile],
    sieve: Sieve,
    deadline: Deadline,
) -> Iterator[bytes]:
    """One line for each account with one of the assignees; `cell_of` gives the cell of each.

    `issued` is the ticket with its id. `sieve` keeps only lines that can have an effect.
    """
    ticket_id, ticket = issued
    portfolios = resources.tables.portfolios

    def roles_of(assignee: str) -> list[str]:
        return list(portfolios.roles(ticket.tenant, assignee))

    held = {
        role for roles in answers_of(partial(roles_of, one) for one in cell_of) for role in roles
    }
    # The first run that gets here fixes the columns for all runs. Assignments that are made later,
    # in other roles, are rechecked after `pipeline.publish` has seen them.
    wider = profile_for(sorted(held) or [ANY_ROLE])
    body = resources.tables.tickets.settle_profile(ticket_id, json.dumps(profile_json(wider)))
    profile = parse_profile(body)
    roles = [column.role for column in profile.columns if column.role]

    def places(role: str, assignee: str) -> Iterator[tuple[bytes, str, str]]:
        for account_id in portfolios.in_role(ticket.tenant, assignee, role):
            yield account_id.encode(), role, cell_of[assignee]

    def found() -> Iterator[Named]:
        sources = begun(places(role, assignee) for role in roles for assignee in cell_of)
        for account, of_account in groupby(heapq.merge(*sources), key=itemgetter(0)):
            deadline.check()
            cells: dict[str, list[str]] = {}
            for _, role, name in of_account:
                cells.setdefault(role, []).append(name)
            yield account.decode(), cells

    def rows() -> Iterator[Row]:
        for account_id, cells in sieve(found()):
            yield account_id, *(SEPARATOR.join(cells.get(role, ())) for role in roles)

    return csv_pieces(_labels(profile), rows())


def _inside_the_wall(
    resources: Resources, tenant: str, addresses: Sequence[str], deadline: Deadline
) -> Sieve:
    """A sieve that leaves out users whom the wall between opcos keeps off an account.

    They go on waiting. Their lines would be rejected in every resolution file, together with the
    other users whom these lines name.
    """
    directory = resources.tables.directory
    if directory.settings(tenant).opco_wall is not OpcoWall.ALWAYS:
        return iter
    users = directory.users(tenant, dict.fromkeys(addresses), deadline)

    def kept(found: Iterable[Named]) -> Iterator[Named]:
        rest = iter(found)
        while part := list(islice(rest, ACCOUNTS_AT_A_TIME)):
            accounts = resources.tables.accounts.read(
                tenant, dict.fromkeys(account_id for account_id, _ in part), deadline
            )
            for account_id, cells in part:
                account = accounts.get(account_id)
                named = {
                    role: [
                        name
                        for name in names
                        if account is None or not _is_kept_off(users.get(name), account)
                    ]
                    for role, names in cells.items()
                }
                if any(named.values()):
                    yield account_id, named

    return kept


def _is_kept_off(user: User | None, account: Account) -> bool:
    return user is not None and are_apart(user, account)


def _owner(
    resources: Resources, ticket: TicketItem, job: Job, deadline: Deadline
) -> Iterator[bytes]:
    """One line for each account that the user holds in the role."""
    portfolios = resources.tables.portfolios
    (holder,) = job.users

    def rows() -> Iterator[Row]:
        for account_id in portfolios.in_role(ticket.tenant, holder, job.role):
            deadline.check()
            yield account_id, holder, job.cell

    return csv_pieces(_labels(_profile_of(ticket)), rows())


def _undo(
    resources: Resources, ticket: TicketItem, job: Job, deadline: Deadline
) -> Iterator[bytes]:
    """One line for each account that the import changed: its holders before and after it."""
    imports = resources.tables.imports
    item, body = imports.find(job.undo_of), imports.plan(job.undo_of)
    if item is None or body is None:
        raise RetryLaterError("the import that is to be undone is not there")
    profile = _profile_of(ticket)
    places = {
        column.role: place
        for place, column in enumerate(profile.columns)
        if column.holds in (Holds.USERS, Holds.WORKFLOW)
    }
    results = Upload(resources.reports_bucket, report_key(item, f"{RESULTS}.csv"), "")

    def rows() -> Iterator[Row]:
        for account_id, changes in _changes(results, plan_from(body), frozenset(places), deadline):
            row = [account_id, *[""] * (len(profile.columns) - 1)]
            for change in changes:
                place = places[change.role]
                row[place], row[place + 1] = _cell(change.before), _cell(change.after)
            yield row

    return csv_pieces(_labels(profile), rows())


def _changes(
    results: Upload, plan: ImportPlan, known: frozenset[str], deadline: Deadline
) -> Iterator[tuple[str, tuple[RoleChange, ...]]]:
    """The accounts that an import changed and how, from its results.csv."""
    account = plan.binding.key
    reader = rows_of(text_lines_of(results, deadline), delimiter=plan.dialect.delimiter)
    next(reader, None)
    for row in reader:
        cells = dict(zip(RESULTS_COLUMNS, row[-len(RESULTS_COLUMNS) :], strict=False))
        if cells.get("outcome") not in CHANGED:
            continue
        role, before, after = (unguard(cells[name]) for name in ("role", "before", "after"))
        try:
            changes = changes_from_cells(role, before, after, known=known)
        except ValueError:
            # An address with several parts: the line itself must report that it names nobody.
            changes = (RoleChange(min(known), (before,), (after,)),)
        yield unguard(row[account]).strip(), changes


def _profile_of(ticket: TicketItem) -> Profile:
    if ticket.profile_body is None:
        raise RetryLaterError("the ticket has no profile")
    return parse_profile(ticket.profile_body)


def _labels(profile: Profile) -> list[str]:
    return [column.label for column in profile.columns]


def _cell(holders: Iterable[str]) -> str:
    return SEPARATOR.join(holders) or NOBODY
