"""Requests about accounts: holders of an account see them, add notes, and may create them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from handover.access.people import Person
from handover.deadline import Deadline
from handover.errors import ConflictError, ForbiddenError, NotFoundError
from handover.model import ADMIN, Account
from handover.pipeline.tickets import new_ticket
from handover.profiles.profile import WORKFLOW_ROLE
from handover.runtime import Invocation, Resources, metrics, rfc3339
from handover.store.requests import Note, Request
from handover.use_cases.accounts import account_for
from handover.use_cases.paging import Page, Room, cursor_at, page_of, place_at

NAME = r"[0-9A-Z]{1,32}-[0-9a-f]{16}"
NAMES = re.compile(NAME)
# The account, in letters that are safe in every path, and the request's name.
ID_PATTERN = re.compile(rf"([A-Za-z0-9_-]{{2,1400}})\.({NAME})")
# A role and an account, and the last request of it that was shown, if any.
MINE_PLACES = re.compile(rf"[^\n#]+#[^\n]+\n({NAME})?", re.DOTALL)
# How many accounts are checked at a time, and at most for a page.
AT_A_TIME = 100
MAX_LOOKED_AT = 5000

JsonObject = dict[str, object]


class NewRequest(Struct, frozen=True):
    """What a contact of the account asks for."""

    account_id: str
    subject: str
    description: str
    contact: str


def create_request(
    resources: Resources, person: Person, new: NewRequest, run: Invocation
) -> JsonObject:
    """Stores the request and returns it.

    Raises NotFoundError for an unknown account, ForbiddenError for people who do not hold it or may
    not create requests under the tenant's setting, and ConflictError for an inactive account.
    """
    account = account_for(resources, person, new.account_id, run.deadline)
    if not person.is_admin:
        _check_holder(person, account)
        if not resources.tables.directory.settings(
            person.tenant
        ).allow_account_manager_to_create_requests:
            raise ForbiddenError(
                "account managers may not create requests here; an Admin can allow it with the "
                "setting allow_account_manager_to_create_requests"
            )
    if not account.is_active:
        raise ConflictError("the account is inactive")
    request = Request(
        account_id=account.account_id,
        name=new_ticket(run.now),
        actor=person.email,
        at=rfc3339(run.now),
        subject=new.subject.strip(),
        description=new.description,
        contact=new.contact.strip(),
    )
    resources.tables.requests.put(person.tenant, request)
    metrics.add_metric("RequestsCreated", "Count", 1)
    return _to_dict(request) | {"description": request.description}


def requests_mine(
    resources: Resources, person: Person, *, limit: int, cursor: str | None, deadline: Deadline
) -> Page[JsonObject]:
    """The requests of all accounts that the person holds: by account, each newest first.

    A page may hold fewer than `limit`, even none, when few accounts have any.
    """
    place = place_at(cursor, MINE_PLACES, key=lambda place: place.rpartition("\n")[0])
    begun, _, last = (place or "").rpartition("\n")
    rows: list[JsonObject] = []
    room = Room(limit)
    shown = ""
    looked_at = 0
    held = _held_from(resources, person, begun, is_included=bool(last))
    while batch := list(islice(held, AT_A_TIME)):
        looked_at += len(batch)
        for at, account_id in _with_requests(resources, person, batch, deadline):
            deadline.check()
            before = last if at == begun else ""
            for request in resources.tables.requests.of(person.tenant, account_id, before=before):
                row = _to_dict(request)
                if not room.takes(row):
                    return Page(rows, cursor_at(shown))
                rows.append(row)
                shown = f"{at}\n{request.name}"
        if looked_at >= MAX_LOOKED_AT and len(batch) == AT_A_TIME:
            return Page(rows, cursor_at(f"{batch[-1][0]}\n"))
    return Page(rows, None)


def _held_from(
    resources: Resources, person: Person, begun: str, *, is_included: bool
) -> Iterator[tuple[str, str]]:
    """Place and account of what the person holds, from a given place on."""
    if is_included:
        yield begun, begun.partition("#")[2]
    for role, account_id in resources.tables.portfolios.of(
        person.tenant, person.email, after=begun
    ):
        yield f"{role}#{account_id}", account_id


def _with_requests(
    resources: Resources, person: Person, batch: list[tuple[str, str]], deadline: Deadline
) -> Iterator[tuple[str, str]]:
    """Accounts that have requests and that the person still holds, each in one role."""
    ids = dict.fromkeys(account_id for _, account_id in batch)
    some = resources.tables.requests.with_any(person.tenant, ids, deadline)
    accounts = resources.tables.accounts.read(person.tenant, some, deadline) if some else {}
    for at, account_id in batch:
        if account_id in accounts:
            roles = _roles(person, accounts[account_id])
            if at == min((f"{role}#{account_id}" for role in roles), default=None):
                yield at, account_id


def requests_of(
    resources: Resources,
    person: Person,
    account_id: str,
    *,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> Page[JsonObject]:
    """The requests of one account, newest first, for its holders and for Admins.

    Raises NotFoundError and ForbiddenError.
    """
    place = place_at(cursor, NAMES)
    account = account_for(resources, person, account_id, deadline)
    if not person.is_admin:
        _check_holder(person, account)
    found = resources.tables.requests.of(person.tenant, account_id, before=place or "")
    return page_of(found, limit, lambda request: request.name, _to_dict)


def request_of(
    resources: Resources,
    person: Person,
    request_id: str,
    *,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> JsonObject:
    """One request with a page of its notes; raises NotFoundError and ForbiddenError."""
    place = place_at(cursor, NAMES)
    request = _request_for(resources, person, request_id, deadline)
    notes = resources.tables.requests.notes(
        person.tenant, request.account_id, request.name, after=place or ""
    )
    page = page_of(notes, limit, lambda note: note.name, _note_to_dict)
    return _to_dict(request) | {
        "description": request.description,
        "notes": page.rows,
        "cursor": page.cursor,
    }


def add_note(
    resources: Resources, person: Person, request_id: str, text: str, run: Invocation
) -> JsonObject:
    """Stores the note and returns it; raises NotFoundError and ForbiddenError."""
    request = _request_for(resources, person, request_id, run.deadline)
    note = Note(new_ticket(run.now), person.email, rfc3339(run.now), text)
    resources.tables.requests.note(person.tenant, request.account_id, request.name, note)
    return _note_to_dict(note)


def _request_for(
    resources: Resources, person: Person, request_id: str, deadline: Deadline
) -> Request:
    found = ID_PATTERN.fullmatch(request_id)
    if found is not None and (account_id := _account_in(found[1])) is not None:
        request = resources.tables.requests.find(person.tenant, account_id, found[2])
        if request is not None:
            if not person.is_admin:
                _check_holder(person, account_for(resources, person, account_id, deadline))
            return request
    raise NotFoundError("there is no such request")


def _account_in(text: str) -> str | None:
    try:
        # Decoding ignores padding that is not needed.
        return base64.urlsafe_b64decode(f"{text}==").decode()
    except ValueError:
        return None


def _check_holder(person: Person, account: Account) -> None:
    if not _roles(person, account):
        raise ForbiddenError(f"only a holder of the account or the user role {ADMIN} may do this")


def _roles(person: Person, account: Account) -> list[str]:
    """The roles in which the person holds the account."""
    return [
        role
        for role, users in account.assigned.items()
        if role != WORKFLOW_ROLE and person.email in users
    ]


def _to_dict(request: Request) -> JsonObject:
    account = base64.urlsafe_b64encode(request.account_id.encode()).decode("ascii").rstrip("=")
    return {
        "request_id": f"{account}.{request.name}",
        "account_id": request.account_id,
        "subject": request.subject,
        "contact": request.contact,
        "created_by": request.actor,
        "created_at": request.at,
    }


def _note_to_dict(note: Note) -> JsonObject:
    return {"text": note.text, "created_by": note.actor, "created_at": note.at}
