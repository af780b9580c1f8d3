"""Following the directory: its stream's changes become jobs, and jobs become files.

Every step may be repeated, late or twice: a recheck reads the present state, a job's file is
written once, and a file that was written twice anyway counts once (`check_ticket`).

Nothing is lost between this module and publication. A user is marked as deleted, or exists, before
their holdings are listed here; publication stores holdings before it reads the user. So whichever
runs second sees the first, and asks for a recheck.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from msgspec import Struct

from handover.access.sign_ins import set_sign_in, sync_sign_in
from handover.audit import Act, Actor, Door
from handover.aws.objects import ObjectGoneError
from handover.deadline import Deadline
from handover.errors import InvalidRequestError
from handover.flight import answers_of, make_all
from handover.jobs.files import pieces_of
from handover.jobs.job import (
    MAX_USERS,
    Job,
    act_of,
    job_from,
    job_json,
    job_shown,
    job_ticket,
)
from handover.jobs.upload import is_uploaded, upload_job_file
from handover.model import JobKind, User
from handover.pipeline.parking import Stream
from handover.pipeline.upload_keys import ticket_time
from handover.profiles.fields import ACTIVE, DELETED
from handover.profiles.opco_wall import OpcoWall
from handover.rules.opco_wall import are_apart
from handover.rules.pending import pending_assignee
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.jobs import JOB, RECHECK
from handover.store.tickets import TicketItem
from handover.store.user_places import MOVED, USER, tenant_of

ACCOUNTS_AT_A_TIME = 100


class News(Struct, frozen=True):
    """One change of an item of a directory; an image is None where there was, or is, no item."""

    event_id: str
    at: float
    tenant: str
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def news_of(records: Sequence[Mapping[str, Any]]) -> list[News]:
    """The changes that records of the table's stream report, in their order."""
    return [
        News(
            record["eventID"],
            float(record["dynamodb"]["ApproximateCreationDateTime"]),
            tenant_of(record["dynamodb"]["Keys"]["pk"]["S"]),
            record["dynamodb"]["Keys"]["sk"]["S"],
            record["dynamodb"].get("OldImage") or None,
            record["dynamodb"].get("NewImage") or None,
        )
        for record in records
    ]


def follow(resources: Resources, news: Sequence[News], run: Invocation) -> None:
    """Carries out what the changes require."""
    looks: dict[str, list[News]] = {}
    doors: dict[str, dict[str, tuple[str, str] | None]] = {}
    for one in news:
        if _asks_for_a_recheck(one):
            looks.setdefault(one.tenant, []).append(one)
        images = _of_sign_in(one)
        if images is not None:
            whose = doors.setdefault(one.tenant, {})
            address = one.key.removeprefix(USER)
            noted_as = one.event_id, rfc3339(one.at)
            whose[address] = noted_as if _allows_or_bars(*images) else whose.get(address)
    for tenant, whose in doors.items():
        _settle_sign_ins(resources, Actor(tenant, "", Door.DIRECTORY), whose, run.deadline)
    for tenant, of_tenant in looks.items():
        _look(resources, tenant, of_tenant, run.deadline)
    for one in news:
        if one.key.startswith(JOB) and one.after is not None:
            run.deadline.check()
            ticket_id = one.key.removeprefix(JOB)
            run_job(resources, one.tenant, ticket_id, job_from(_text(one.after, "body")), run)


def _follow_records(
    resources: Resources, records: Sequence[Mapping[str, Any]], run: Invocation
) -> None:
    follow(resources, news_of(records), run)


CHANGES_OF_DIRECTORIES = Stream(
    "follow", lambda resources: resources.tables.directory.table, _follow_records
)


def run_job(resources: Resources, tenant: str, ticket_id: str, job: Job, run: Invocation) -> None:
    """Writes the job's file, unless it exists, and removes the job."""
    tickets, jobs = resources.tables.tickets, resources.tables.jobs
    ticket = tickets.find(ticket_id)
    if ticket is None:
        ticket = tickets.issue_once(ticket_id, job_ticket(tenant, "", job, run.now))
    if not ticket.cancelled_by and not is_uploaded(resources, ticket_id, ticket):
        if job.kind is JobKind.REMOVAL and ticket.uploader:
            # From here on, anything that a file assigns to them is rechecked.
            precedence = f"{rfc3339(run.now)}#{JobKind.REMOVAL.value}"
            make_all(
                partial(jobs.mark_deleted, tenant, address, ticket_id, precedence, run.deadline)
                for address in job.users
            )
            actor = Actor(tenant, ticket.uploader, Door.DIRECTORY)
            at = rfc3339(run.now)
            whose = {address: (_digest((ticket_id, address)), at) for address in job.users}
            _settle_sign_ins(resources, actor, whose, run.deadline)
        _write(resources, ticket_id, ticket, job, run.deadline)
        metrics.add_metric("JobsRun", "Count", 1)
        logger.info("job run", extra={"ticket": ticket_id, "kind": job.kind.value})
    jobs.remove(tenant, ticket_id)


def _write(
    resources: Resources, ticket_id: str, ticket: TicketItem, job: Job, deadline: Deadline
) -> None:
    pieces = pieces_of(resources, ticket_id, ticket, job, deadline)
    try:
        upload_job_file(resources, ticket_id, ticket, pieces, deadline)
    except ObjectGoneError as gone:
        # No later run finds the results, and other changes must not wait for this job.
        resources.tables.tickets.cancel(ticket_id, str(gone))
        logger.warning("undo without results", extra={"ticket": ticket_id})


def _asks_for_a_recheck(one: News) -> bool:
    """True when a user is new, is active again, has moved to another opco, or is deleted.

    Also true where a recheck is asked for.
    """
    if one.after is None or not one.key.startswith(USER):
        return one.after is not None and one.key.startswith(RECHECK)
    if one.before is None and MOVED in one.after:
        # A user who was only moved to another key is not new.
        return False
    before = _status(one.before) if one.before is not None else None
    after = _status(one.after)
    if after == DELETED:
        # A user deleted by a job loses their assignments through that job.
        deleted_by = _text(one.after, "deleted_by")
        is_by_job = deleted_by and (
            one.before is None or deleted_by != _text(one.before, "deleted_by")
        )
        return before != DELETED and not is_by_job
    if after != ACTIVE or one.before is None:
        return after == ACTIVE
    # Assignments that waited behind the wall between opcos may now be possible.
    return before != ACTIVE or _text(one.before, "opco") != _text(one.after, "opco")


def _of_sign_in(one: News) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """A user before and after a change that may change their sign-in; new users have none."""
    if not one.key.startswith(USER) or one.before is None or one.after is None:
        return None
    before, after = ((_status(image), image.get("roles")) for image in (one.before, one.after))
    return (one.before, one.after) if before != after else None


def _allows_or_bars(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True when the change of a user allows or bars a sign-in, and is more than other roles."""
    return _status(before) != _status(after)


def _look(resources: Resources, tenant: str, news: Sequence[News], deadline: Deadline) -> None:
    """Asks for removal jobs for deleted users with holdings, and resolution jobs for new users."""
    addresses = dict.fromkeys(one.key.partition("#")[2] for one in news)
    users = resources.tables.directory.users(tenant, addresses, deadline)
    roles = {
        address: [pending_assignee(address), *([address] if user.is_deleted else [])]
        for address, user in users.items()
        if user.is_deleted or user.is_active
    }
    every = [assignee for of_user in roles.values() for assignee in of_user]
    held = resources.tables.portfolios.holders_among(tenant, every, deadline)
    holders = [address for address, of_user in roles.items() if not held.isdisjoint(of_user)]
    deleted = [address for address in holders if users[address].is_deleted]
    active = [address for address in holders if users[address].is_active]
    awaited = answers_of(
        partial(_is_awaited, resources, tenant, users[address], deadline) for address in active
    )
    come = [address for address, is_awaited in zip(active, awaited, strict=True) if is_awaited]
    # The same batch gives the same tickets, so it may be delivered again.
    seed = "\0".join(sorted(one.event_id for one in news))
    at = max(one.at for one in news)
    for kind, whom in ((JobKind.REMOVAL, deleted), (JobKind.RESOLUTION, come)):
        for begin in range(0, len(whom), MAX_USERS):
            some = tuple(sorted(whom)[begin : begin + MAX_USERS])
            ticket_id = own_ticket(at, (seed, kind.value, *some))
            _ask_own_job(resources, tenant, ticket_id, Job(kind, some), at)


def _ask_own_job(resources: Resources, tenant: str, ticket_id: str, job: Job, at: float) -> None:
    """Stores a job that nobody asked for, with its audit entry; once for each ticket."""
    entry = Actor(tenant, "", Door.DIRECTORY).entry(
        Act.REMOVAL_BEGUN if job.kind is JobKind.REMOVAL else Act.RESOLUTION_BEGUN,
        act_of(job)[1],
        name=ticket_id,
        at=rfc3339(at),
        after=job_shown(job, ticket_id),
    )
    also = resources.tables.audit.addition(entry)
    resources.tables.jobs.ask_once(tenant, ticket_id, job_json(job), also)


def _settle_sign_ins(
    resources: Resources,
    actor: Actor,
    whose: Mapping[str, tuple[str, str] | None],
    deadline: Deadline,
) -> None:
    """Updates the existing sign-ins of users, as an Admin's edit does.

    `whose` gives, for each address, the name and the time of the audit entry that notes that its
    sign-in is allowed or barred, so that a repeated change is noted once. None = neither.
    """
    users = resources.tables.directory.users(actor.tenant, whose, deadline)
    for address, user in users.items():
        deadline.check()
        try:
            noted_as = whose[address]
            if noted_as is None:
                sync_sign_in(resources, actor.tenant, user, invites=False)
            else:
                set_sign_in(resources, actor, user, invites=False, noted_as=noted_as)
        except InvalidRequestError:
            # An address that the user pool does not accept has no sign-in.
            logger.info("no sign-in can have this address")


def own_ticket(at: float, reasons: Iterable[str]) -> str:
    """The ticket of a job that nobody asked for: always the same for the same reasons."""
    return f"{ticket_time(at)}-{_digest(reasons)}"


def _digest(texts: Iterable[str]) -> str:
    joined = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:16]


def _is_awaited(resources: Resources, tenant: str, user: User, deadline: Deadline) -> bool:
    """True when an account waits for the user and the wall between opcos does not stop it.

    A file for other accounts would change nothing, and would be written again on every recheck.
    """
    waiting = (
        account
        for _, account in resources.tables.portfolios.of(tenant, pending_assignee(user.email))
    )
    is_walled: bool | None = None
    while ids := list(islice(waiting, ACCOUNTS_AT_A_TIME)):
        deadline.check()
        accounts = resources.tables.accounts.read(tenant, dict.fromkeys(ids), deadline)
        if not all(are_apart(user, account) for account in accounts.values()):
            return True
        if is_walled is None:
            is_walled = resources.tables.directory.settings(tenant).opco_wall is OpcoWall.ALWAYS
        if not is_walled:
            return True
    return False


def _status(image: Mapping[str, Any]) -> str:
    return _text(image, "status") or ACTIVE


def _text(image: Mapping[str, Any], name: str) -> str:
    value = image.get(name) or {}
    return str(value.get("S", ""))
