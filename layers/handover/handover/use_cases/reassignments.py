"""Reassigning many accounts at once, and pending users: what people ask for without a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from handover.access.acts import entry_of
from handover.access.assigners import check_assigner
from handover.access.people import Person, only_admins
from handover.access.profiles import profile_for
from handover.audit import Outcome
from handover.deadline import Deadline
from handover.errors import InvalidRequestError
from handover.jobs.job import Job, act_of, ask_job, job_shown, job_ticket, named
from handover.jobs.upload import ask_file, csv_pieces
from handover.model import JobKind, Mode
from handover.pipeline.tickets import new_ticket
from handover.profiles.made import handing_over, narrowed
from handover.profiles.profile import NOBODY, WORKFLOW_ROLE, Holds, Profile, UnknownUser
from handover.reading.limits import MAX_FIELD_CHARS
from handover.rules.addresses import normal_address
from handover.rules.instructions import is_plain
from handover.rules.pending import address_in, is_pending, pending_assignee
from handover.runtime import Resources, metrics
from handover.store.portfolios import Waiting
from handover.use_cases.paging import Page, page_of, place_at

MAX_ACCOUNTS = 10_000
MAX_CHARS = 2_048
ADDRESS_PLACES = re.compile(r"[^\s@]+@[^\s@]+")
PENDING_PLACES = re.compile(r"[^ ]+ [^#]+#.+", re.DOTALL)


class Handing(Struct, frozen=True):
    """Who must hold a role from now on, and on which accounts.

    `role` "" means the first role of the profile, and an empty `to` means nobody. Either
    `account_ids` names the accounts, or they are those that `held_by` holds in the role; then only
    that holder is replaced. The other of the two is None. `held_by` is the address of a user, or
    one that accounts wait for (`pending:<address>` where a user has that address as well).
    """

    profile: str
    to: tuple[str, ...]
    role: str = ""
    account_ids: tuple[str, ...] | None = None
    held_by: str | None = None
    mode: Mode = Mode.RUN


def ask_owner(
    resources: Resources, person: Person, asked: Handing, now: float, deadline: Deadline
) -> str:
    """The ticket of the import that reassigns the accounts.

    Raises InvalidRequestError, which names the field, or ForbiddenError for somebody who may not
    upload such files.
    """
    profile = profile_for(resources, person, asked.profile)
    role = _role(profile, asked.role)
    check_assigner(resources, person, profile, [role])
    followed = narrowed if asked.held_by is None else handing_over
    holder = _holder(resources, person, asked.held_by)
    begin = f"change of {role} from {named(holder)}" if holder else f"change of {role}"
    job = Job(
        JobKind.OWNER,
        users=holder,
        role=role,
        cell=_cell(resources, person, profile, role, asked.to, deadline),
        mode=asked.mode,
        profile=followed(profile, role),
        filename=f"{begin} to {named(asked.to) or 'nobody'}.csv",
    )
    if (asked.account_ids is None) == (asked.held_by is None):
        raise InvalidRequestError("account_ids", "expected either account_ids or held_by")
    if asked.account_ids is None:
        return ask_job(resources, person, job, now)
    accounts = _accounts(asked.account_ids)
    ticket_id = new_ticket(now)
    ticket = job_ticket(person.tenant, person.email, job, now)
    act, about = act_of(job)
    shown = job_shown(job, ticket_id) | {"accounts": len(accounts)}
    entry = entry_of(person.actor, act, about, after=shown, outcome=Outcome.OPEN)
    # Everything is known, so the file can be written at once.
    labels = [column.label for column in narrowed(profile, role).columns]
    pieces = csv_pieces(labels, ((account, job.cell) for account in accounts))
    ask_file(resources, ticket_id, ticket, entry, pieces, deadline)
    metrics.add_metric("JobsAsked", "Count", 1)
    return ticket_id


def _role(profile: Profile, asked: str) -> str:
    roles = list(
        dict.fromkeys(
            column.role
            for column in profile.columns
            if column.holds in (Holds.USERS, Holds.WORKFLOW)
        )
    )
    if not roles or (asked and asked not in roles):
        expected = ", ".join(roles) or "a profile with a role"
        raise InvalidRequestError(
            "role", f"{asked!r} is no role of the profile, expected {expected}"
        )
    return asked or roles[0]


def _holder(resources: Resources, person: Person, held_by: str | None) -> tuple[str, ...]:
    if held_by is None:
        return ()
    address = normal_address(address_in(held_by.strip()))
    user = resources.tables.directory.user(person.tenant, address)
    if user is not None and not is_pending(held_by.strip()):
        return (user.email,)
    if not resources.tables.portfolios.is_awaited(person.tenant, address):
        raise InvalidRequestError(
            "held_by", "there is no user with that address, and no account waits for one"
        )
    return (pending_assignee(address),)


def _cell(
    resources: Resources,
    person: Person,
    profile: Profile,
    role: str,
    to: Sequence[str],
    deadline: Deadline,
) -> str:
    """The role's cell in the file, the same on each line."""
    names = [name.strip() for name in to]
    separator, definition = profile.list_separator, profile.roles.get(role)
    most = 1 if separator is None or definition is None else definition.max_users
    if most is not None and len(names) > most:
        raise InvalidRequestError("to", f"found {len(names)} users, expected at most {most}")
    for name in names:
        if not 1 <= len(name) <= MAX_CHARS or not is_plain(name):
            raise InvalidRequestError("to", f"to: found {name[:100]!r}, expected a user's address")
        if name.casefold() in {*profile.clear_words, NOBODY} or (
            role != WORKFLOW_ROLE and separator is not None and separator in name
        ):
            raise InvalidRequestError("to", f"{name!r} is not the address of one user")
    cell = (separator or "").join(names) or NOBODY
    if len(cell) > MAX_FIELD_CHARS:
        raise InvalidRequestError(
            "to",
            f"to: found {len(cell):,} characters, expected at most {MAX_FIELD_CHARS:,}, as a file "
            "may have for one role",
        )
    if role != WORKFLOW_ROLE:
        _check_users(resources, person, profile, names, deadline)
    return cell


def _check_users(
    resources: Resources, person: Person, profile: Profile, names: Sequence[str], deadline: Deadline
) -> None:
    """Raises InvalidRequestError when every line would be rejected because of a user."""
    addresses = dict.fromkeys(map(normal_address, names))
    users = resources.tables.directory.users(person.tenant, addresses, deadline)
    for address in addresses:
        user = users.get(address)
        if user is None and profile.unknown_user is UnknownUser.PENDING:
            continue
        if user is None or not user.is_active:
            raise InvalidRequestError("to", f"{address!r} is not the address of an active user")


def _accounts(asked: Sequence[str]) -> list[str]:
    accounts = list(dict.fromkeys(account.strip() for account in asked))
    if not 1 <= len(accounts) <= MAX_ACCOUNTS:
        raise InvalidRequestError(
            "account_ids", f"found {len(accounts):,} accounts, expected 1 to {MAX_ACCOUNTS:,}"
        )
    for one in accounts:
        if not 1 <= len(one) <= MAX_CHARS or not is_plain(one):
            raise InvalidRequestError(
                "account_ids",
                f"account_ids: found {one[:100]!r}, expected 1 to {MAX_CHARS:,} plain characters",
            )
    return accounts


def pending_page(
    resources: Resources, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The accounts that wait for addresses without a user so far, by address.

    Raises ForbiddenError unless the person is an Admin.
    """
    only_admins(person, "see who is awaited")
    place = place_at(cursor, PENDING_PLACES)
    waiting = resources.tables.portfolios.waiting(person.tenant, after=place or "")
    return page_of(waiting, limit, lambda one: one.place, _to_dict)


def awaited_page(
    resources: Resources, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The addresses without a user that accounts wait for, by address.

    `accounts` counts roles of accounts, at most as `Portfolios.count` does. Raises ForbiddenError
    unless the person is an Admin.
    """
    only_admins(person, "see who is awaited")
    place = place_at(cursor, ADDRESS_PLACES)
    portfolios = resources.tables.portfolios
    return page_of(
        portfolios.awaited(person.tenant, after=place or ""),
        limit,
        str,
        lambda address: {
            "address": address,
            "accounts": portfolios.count(person.tenant, pending_assignee(address)),
        },
    )


def _to_dict(one: Waiting) -> dict[str, object]:
    return {
        "address": one.address,
        "role": one.role,
        "account_id": one.account_id,
        "since": one.since or None,
        "import_id": one.import_id or None,
    }
