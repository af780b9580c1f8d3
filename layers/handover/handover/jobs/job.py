"""Jobs: changes to many accounts through a file that Handover writes itself.

Whoever asks gets a ticket, as for an uploaded file, and finds the import under it. The job is
stored, and the function that follows the directory's stream writes its file (`jobs.follow`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import Struct

from handover.access.acts import noted
from handover.access.people import Person
from handover.audit import Act, Json
from handover.model import JobKind, Mode
from handover.pipeline.tickets import MAX_FILENAME_CHARS, TICKET_SECONDS, new_ticket
from handover.profiles.parsing import profile_json
from handover.profiles.profile import Profile
from handover.runtime import Resources, metrics, rfc3339
from handover.store.tickets import TicketItem

# The source of files that nobody asked for: a directory change made them necessary.
OWN_SOURCE = "handover"
MAX_USERS = 100
# How many addresses appear in an import's name, so that it fits into a list of imports.
MAX_NAMED = 2


class Job(Struct, frozen=True):
    """A job; which fields it needs depends on its kind.

    `users` are normal addresses: the deleted users, the new users, or the one holder of the
    accounts. UNDO needs `undo_of`, the id of a final import. OWNER needs `role` and `cell`, the
    role's cell in the file. UNDO and OWNER need the `profile` that their file follows. `filename`
    is the name shown in lists of imports.
    """

    kind: JobKind
    users: tuple[str, ...] = ()
    undo_of: str = ""
    role: str = ""
    cell: str = ""
    mode: Mode = Mode.RUN
    profile: Profile | None = None
    filename: str = ""


def ask_job(
    resources: Resources, person: Person, job: Job, now: float, before: Json | None = None
) -> str:
    """The ticket of the job; its import will be found under it.

    `before` is what the job changes, as the audit trail shows it. The caller has checked the
    person's rights. When this raises, no job is stored.
    """
    ticket = new_ticket(now)
    resources.tables.tickets.issue(
        ticket,
        job_ticket(person.tenant, person.email, job, now),
        resources.tables.jobs.addition(person.tenant, ticket, job_json(job)),
        noted(resources, person.actor, *act_of(job), before=before, after=job_shown(job, ticket)),
    )
    metrics.add_metric("JobsAsked", "Count", 1)
    return ticket


def act_of(job: Job) -> tuple[Act, str]:
    """The act as which the audit trail notes the job, and what it is about."""
    if job.kind is JobKind.UNDO:
        return Act.IMPORT_UNDONE, f"import {job.undo_of}"
    if job.kind is JobKind.OWNER:
        return Act.ACCOUNTS_REASSIGNED, f"role {job.role}"
    about = f"user {job.users[0]}" if len(job.users) == 1 else f"users {named(job.users)}"
    return Act.USERS_DELETED, about


def job_shown(job: Job, ticket: str) -> dict[str, object]:
    """The job as the audit trail shows it: whom it is about, what it sets, and its ticket."""
    shown: dict[str, object] = {
        "ticket": ticket,
        "mode": job.mode.value,
        "users": list(job.users),
        "to": job.cell,
    }
    return {name: value for name, value in shown.items() if value}


def job_ticket(tenant: str, actor: str, job: Job, now: float) -> TicketItem:
    """The ticket of a job; `actor` is who asked, "" when nobody did."""
    profile = job.profile
    return TicketItem(
        tenant=tenant,
        uploader=actor,
        profile=profile.name if profile is not None else job.kind.value,
        filename=(job.filename or _name_of(job, actor))[:MAX_FILENAME_CHARS],
        mode=job.mode.value,
        source=None if actor else OWN_SOURCE,
        job=job.kind.value,
        undo_of=job.undo_of or None,
        users=list(job.users) or None,
        profile_body=json.dumps(profile_json(profile)) if profile is not None else None,
        issued_at=rfc3339(now),
        expires_at=rfc3339(now + TICKET_SECONDS),
        expires=int(now) + TICKET_SECONDS,
    )


def named(addresses: Sequence[str]) -> str:
    """The first addresses of a list, and how many more there are."""
    first, more = addresses[:MAX_NAMED], len(addresses) - MAX_NAMED
    if more > 0:
        return f"{', '.join(first)} and {more} more"
    return " and ".join(first)


def _name_of(job: Job, actor: str) -> str:
    """The display name for the import of an unnamed job: whom it is about, and why."""
    who = named(job.users)
    if job.kind is JobKind.REMOVAL:
        return f"removal of {who}, deleted by {actor or 'a directory file'}.csv"
    if job.kind is JobKind.RESOLUTION:
        return f"resolution of {who}, new in the directory.csv"
    return f"{job.kind.value}.csv"


def job_json(job: Job) -> str:
    """The job as it is stored; its mode, profile and name are on the ticket."""
    return json.dumps(
        {
            "kind": job.kind.value,
            "users": list(job.users),
            "undo_of": job.undo_of,
            "role": job.role,
            "cell": job.cell,
        }
    )


def job_from(text: str) -> Job:
    """The job that was stored, without the ticket's fields."""
    data = json.loads(text)
    return Job(
        JobKind(data["kind"]),
        tuple(data["users"]),
        data["undo_of"],
        data["role"],
        data["cell"],
    )
