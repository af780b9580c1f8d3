"""The users of a tenant: who they are, and what Admins can do with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from handover.access.acts import done_outside, entry_of, noted
from handover.access.people import Person, only_admins
from handover.access.sign_ins import note_invitation, set_sign_in, sync_sign_in
from handover.audit import Act, Outcome
from handover.aws import sign_ins
from handover.aws.sign_ins import Settled
from handover.deadline import Deadline
from handover.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    RetryLaterError,
)
from handover.jobs.job import MAX_USERS, Job, ask_job
from handover.model import ADMIN, JobKind, User
from handover.rules.addresses import is_address, normal_address, normal_login, normalized_name
from handover.rules.directory_lines import MAX_USER_TEXT_CHARS
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.directory import status_of
from handover.store.name_places import MAX_LOGIN_BYTES, MAX_NAME_BYTES
from handover.store.users import Stored
from handover.use_cases.paging import Page, page_among, place_at
from handover.use_cases.settings import MAX_USER_ROLES

DEFAULT_MANAGER_TAG = "Default Account Manager"
ADDRESS_PLACES = re.compile(r"[^\s@]+@[^\s@]+")
# Mail can reach such an address: its domain has a dot.
MAIL_PATTERN = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
# The end of an edit's precedence, in the place of the sequencer of a file's.
EDIT = "edit"
# A page ends here even if it is not full, so that the answer is in time.
MAX_LOOKED_AT = 2000
# How often a user is read again after a concurrent change.
TRIES = 4


def users_page(
    resources: Resources,
    person: Person,
    *,
    name: str,
    counts: bool = False,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> Page[dict[str, object]]:
    """The users who are not deleted, by address; those whose name begins with `name`, by name.

    With `counts` each says how many roles of accounts they hold. A page may hold fewer than
    `limit`, even none, when many are deleted: follow the cursor.
    """
    people = resources.tables.people
    users: Iterator[tuple[str, User]]
    if look := normalized_name(name):
        after = place_at(cursor, re.compile(re.escape(look) + ".*", re.DOTALL))
        users = people.called(person.tenant, look, after, deadline)
    else:
        after = place_at(cursor, ADDRESS_PLACES)
        there = people.listed(person.tenant, after, limit + 1)
        users = ((user.email, user) for user in there)
    default = resources.tables.directory.settings(person.tenant).default_account_manager

    def shown(user: User) -> dict[str, object]:
        held = resources.tables.portfolios.count(person.tenant, user.email) if counts else None
        return _to_dict(user, default) | ({"held": held} if held is not None else {})

    return page_among(
        users,
        limit,
        lambda one: one[0],
        lambda one: shown(one[1]),
        is_listed=lambda one: not one[1].is_deleted,
        most=MAX_LOOKED_AT,
    )


def user_of(resources: Resources, person: Person, email: str) -> dict[str, object]:
    """The user with that address, a deleted one too; raises NotFoundError."""
    user = _known(resources, person, email)
    return _to_dict(
        user, resources.tables.directory.settings(person.tenant).default_account_manager
    )


def _known(resources: Resources, person: Person, email: str) -> User:
    user = resources.tables.directory.user(person.tenant, normal_address(email))
    if user is None:
        raise NotFoundError("there is no such user")
    return user


def _to_dict(user: User, default_manager: str) -> dict[str, object]:
    return {
        **_fields(user),
        "tags": [DEFAULT_MANAGER_TAG] if user.email == default_manager else [],
    }


def _fields(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "name": user.name,
        "roles": sorted(user.roles),
        "opco": user.opco,
        "status": status_of(user),
        "employee_id": user.employee_id,
        "phone": user.phone,
        "mobile": user.mobile,
        "login_name": user.login_name,
    }


def create_user(resources: Resources, person: Person, user: User, now: float) -> dict[str, object]:
    """Creates the user and, if active, invites them to sign in; returns the user.

    The answer is the same when nobody can be invited under the address, because it signs in for
    another tenant or its domain is verified for one: no Admin learns who exists elsewhere.
    Repeating the request, as after an outage between the two steps, gives the same answer. Raises
    InvalidRequestError, which names the field, and ConflictError for an address or login name that
    is taken.
    """
    only_admins(person, "create users")
    user = _checked(user)
    for _ in range(TRIES):
        known = resources.tables.directory.user(person.tenant, user.email)
        if known == user:
            break
        if known is not None and not known.is_deleted:
            raise ConflictError(f"there is a user {user.email} already; edit that one")
        if _stored(resources, person, known, user, Act.USER_CREATED, now):
            metrics.add_metric("UsersCreated", "Count", 1)
            break
    else:
        raise RetryLaterError("the user is being changed by others")
    set_sign_in(resources, person.actor, user, invites=True)
    return user_of(resources, person, user.email)


def edit_user(resources: Resources, person: Person, user: User, now: float) -> dict[str, object]:
    """Edits the user and returns them; listings and searches by name follow a changed name.

    Raises InvalidRequestError, which names the field, NotFoundError, and ConflictError for a login
    name that is taken, a deleted user, or Admins who would lock themselves out.
    """
    only_admins(person, "edit users")
    known = _known(resources, person, user.email)
    user = _checked(user)
    if user.email == person.email and not (user.is_active and ADMIN in user.roles):
        raise ConflictError("you cannot lock yourself out: have another Admin do this")
    if not user.is_active:
        _check_no_default(resources, person, [user.email])
    for _ in range(TRIES):
        if known.is_deleted:
            raise ConflictError("the user was deleted; create them again to have them back")
        if known == user or _stored(resources, person, known, user, Act.USER_EDITED, now):
            break
        known = _known(resources, person, user.email)
    else:
        raise RetryLaterError("the user is being changed by others")
    set_sign_in(resources, person.actor, user, invites=True)
    return user_of(resources, person, user.email)


def invite_again(resources: Resources, person: Person, email: str) -> dict[str, object]:
    """Invites the user again and returns them; an unanswered invitation expires within days.

    The answer is the same when nobody can be invited under the address. Raises NotFoundError, and
    ConflictError for a user who is not active, or who has already signed in to this tenant.
    """
    only_admins(person, "invite users")
    user = _known(resources, person, email)
    if not user.is_active:
        raise ConflictError("the user is not active")
    entry = entry_of(person.actor, Act.INVITED_AGAIN, f"user {user.email}", outcome=Outcome.OPEN)
    resources.tables.audit.add(entry)
    with done_outside(resources, entry):
        _invite_again(resources, person, user)
    return user_of(resources, person, user.email)


def _invite_again(resources: Resources, person: Person, user: User) -> None:
    """Raises ConflictError for a user who has already signed in."""
    before = sign_ins.tenant_of(resources.user_pool, user.email)
    sync_sign_in(resources, person.tenant, user, invites=True)
    if before == person.tenant:
        settled = sign_ins.invite_again(resources.user_pool, user.email)
        if settled is Settled.ANSWERED:
            raise ConflictError("the user has a password already")
        note_invitation(person.tenant, settled)


def delete_users(
    resources: Resources, person: Person, emails: Sequence[str], run: Invocation
) -> str:
    """Deletes the users; returns the ticket of the import that removes their assignments.

    For an address without a user, the pending assignments are removed. Raises InvalidRequestError
    for addresses without a user and without pending assignments, and ConflictError for the caller's
    own address and the default account manager's.
    """
    only_admins(person, "delete users")
    if not 1 <= len(emails) <= MAX_USERS:
        raise InvalidRequestError("emails", f"emails: expected 1 to {MAX_USERS} addresses")
    addresses = list(dict.fromkeys(normal_address(email) for email in emails))
    known = resources.tables.directory.users(person.tenant, addresses, run.deadline)
    for email in addresses:
        if email not in known and not resources.tables.portfolios.is_awaited(person.tenant, email):
            shown = email[:MAX_USER_TEXT_CHARS]
            raise InvalidRequestError("emails", f"emails: {shown!r} is no user; nobody was deleted")
    if person.email in addresses:
        raise ConflictError("you cannot delete yourself: have another Admin do this")
    _check_no_default(resources, person, addresses)
    removal = Job(JobKind.REMOVAL, users=tuple(addresses))
    before = {"users": {email: status_of(user) for email, user in known.items()}}
    ticket = ask_job(resources, person, removal, run.now, before)
    logger.info("removal asked for", extra={"ticket": ticket, "users": len(addresses)})
    return ticket


def delete_user(resources: Resources, person: Person, email: str, run: Invocation) -> str:
    """As `delete_users`, for one; raises NotFoundError for an address without a user."""
    only_admins(person, "delete users")
    address = normal_address(email)
    if not resources.tables.portfolios.is_awaited(person.tenant, address):
        _known(resources, person, address)
    return delete_users(resources, person, [address], run)


def _stored(
    resources: Resources,
    person: Person,
    known: User | None,
    user: User,
    act: Act,
    now: float,
) -> bool:
    """False when the user has changed meanwhile; raises ConflictError for a taken login name."""
    precedence = f"{rfc3339(now)}#{EDIT}"
    also = noted(
        resources,
        person.actor,
        act,
        f"user {user.email}",
        before=_fields(known) if known is not None else None,
        after=_fields(user),
    )
    stored = resources.tables.people.store(
        person.tenant, known, user, now=now, precedence=precedence, also=also
    )
    if stored is Stored.LOGIN_TAKEN:
        raise ConflictError(f"login_name: {user.login_name!r} is another user's already")
    return stored is Stored.DONE


def _check_no_default(resources: Resources, person: Person, emails: Sequence[str]) -> None:
    default = resources.tables.directory.settings(person.tenant).default_account_manager
    if default in emails:
        raise ConflictError(
            f"{default} is the {DEFAULT_MANAGER_TAG}; set another one, or none, first"
        )


def _checked(user: User) -> User:
    """The user with a normalized address and trimmed texts; raises InvalidRequestError."""
    email = normal_address(user.email)
    if not is_address(email) or not MAIL_PATTERN.fullmatch(email):
        raise InvalidRequestError("email", f"email: {email[:MAX_USER_TEXT_CHARS]!r} is no address")
    texts = {
        name: _text(name, getattr(user, name))
        for name in ("name", "opco", "employee_id", "phone", "mobile", "login_name")
    }
    if not texts["name"]:
        raise InvalidRequestError("name", "name: expected the name of the user")
    if len(normalized_name(texts["name"]).encode()) + len(email.encode()) > MAX_NAME_BYTES:
        raise InvalidRequestError("name", "name: expected a shorter one")
    if len(user.roles) > MAX_USER_ROLES:
        raise InvalidRequestError(
            "roles", f"roles: found {len(user.roles)}, expected at most {MAX_USER_ROLES}"
        )
    # Some characters grow many times in bytes in the form used for comparison.
    if len(normal_login(texts["login_name"]).encode()) > MAX_LOGIN_BYTES:
        raise InvalidRequestError("login_name", "login_name: expected a shorter one")
    roles = frozenset(_text("roles", role) for role in user.roles)
    if "" in roles or any(";" in role for role in roles):
        raise InvalidRequestError("roles", "roles: expected names of user roles without ';'")
    return replace(user, email=email, roles=roles, **texts)


def _text(field: str, text: str) -> str:
    found = text.strip()
    if len(found) > MAX_USER_TEXT_CHARS or not found.isprintable():
        raise InvalidRequestError(
            field,
            f"{field}: found {found[:MAX_USER_TEXT_CHARS]!r}, expected at most "
            f"{MAX_USER_TEXT_CHARS} characters without control characters",
        )
    return found
