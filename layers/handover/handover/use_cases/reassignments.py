"""A new holder for many accounts at once, and who is awaited: what people ask without a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handover.access.assigners import check_assigner
from handover.access.people import Person, only_admins
from handover.access.profiles import profile_for
from handover.deadline import Patience
from handover.errors import InvalidRequestError
from handover.jobs.job import Errand, ask_errand, errand_ticket, named
from handover.jobs.upload import csv_pieces, hand_in
from handover.model import ErrandKind, Mode
from handover.pipeline.tickets import new_ticket
from handover.profiles import WORKFLOW_ROLE, Holds, Profile, UnknownUser, handing_over, narrowed
from handover.profiles.made import NOBODY
from handover.reading import MAX_FIELD_CHARS
from handover.rules import address_in, is_pending, is_plain, normal_address, pending_seat
from handover.runtime import Wiring, metrics
from handover.store.history import Waiting
from handover.use_cases.paging import Page, page_of, place_at

MOST_ACCOUNTS = 10_000
MOST_CHARS = 2_048
PENDING_PLACES = re.compile(r"[^ ]+ [^#]+#.+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Handing:
    """Who is to hold a role of which accounts from now on.

    `role` "" = the first of the profile. Nobody in `to` = nobody. The accounts are named, or are
    those that `held_by` holds in the role, whose place alone is taken; one of the two is None.
    `held_by` is the address of a user, or one that accounts wait for (`pending:<address>` where
    there is a user of that address as well).
    """

    profile: str
    to: tuple[str, ...]
    role: str = ""
    account_ids: tuple[str, ...] | None = None
    held_by: str | None = None
    mode: Mode = Mode.RUN


def ask_owner(
    wiring: Wiring, person: Person, asked: Handing, now: float, patience: Patience
) -> str:
    """The ticket of the import that hands the accounts over.

    Raises InvalidRequestError, which names the field, or ForbiddenError for somebody who may not
    upload such files.
    """
    profile = profile_for(wiring, person, asked.profile)
    role = _role(profile, asked.role)
    check_assigner(wiring, person, profile, [role])
    followed = narrowed if asked.held_by is None else handing_over
    holder = _holder(wiring, person, asked.held_by)
    begin = f"change of {role} from {named(holder)}" if holder else f"change of {role}"
    errand = Errand(
        ErrandKind.OWNER,
        users=holder,
        role=role,
        cell=_cell(wiring, person, profile, role, asked.to, patience),
        mode=asked.mode,
        profile=followed(profile, role),
        filename=f"{begin} to {named(asked.to) or 'nobody'}.csv",
    )
    if (asked.account_ids is None) == (asked.held_by is None):
        raise InvalidRequestError("account_ids", "wanted either account_ids or held_by")
    if asked.account_ids is None:
        return ask_errand(wiring, person, errand, now)
    accounts = _accounts(asked.account_ids)
    ticket_id = new_ticket(now)
    ticket = errand_ticket(person.tenant, person.email, errand, now)
    wiring.tables.imports.issue(ticket_id, ticket)
    # All is known, so the file can be written here and now.
    labels = [column.label for column in narrowed(profile, role).columns]
    pieces = csv_pieces(labels, ((account, errand.cell) for account in accounts))
    hand_in(wiring, ticket_id, ticket, pieces, patience)
    metrics.add_metric("ErrandsAsked", "Count", 1)
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
        wanted = ", ".join(roles) or "a profile with a role"
        raise InvalidRequestError("role", f"{asked!r} is no role of the profile; wanted {wanted}")
    return asked or roles[0]


def _holder(wiring: Wiring, person: Person, held_by: str | None) -> tuple[str, ...]:
    if held_by is None:
        return ()
    address = normal_address(address_in(held_by.strip()))
    user = wiring.tables.directory.user(person.tenant, address)
    if user is not None and not is_pending(held_by.strip()):
        return (user.email,)
    if not wiring.tables.portfolios.is_awaited(person.tenant, address):
        raise InvalidRequestError(
            "held_by", "there is no user with that address, and no account waits for one"
        )
    return (pending_seat(address),)


def _cell(
    wiring: Wiring,
    person: Person,
    profile: Profile,
    role: str,
    to: Sequence[str],
    patience: Patience,
) -> str:
    """What the file says for the role on each line."""
    names = [name.strip() for name in to]
    separator, seat = profile.list_separator, profile.seats.get(role)
    most = 1 if separator is None or seat is None else seat.max_users
    if most is not None and len(names) > most:
        raise InvalidRequestError("to", f"found {len(names)} users; wanted at most {most}")
    for name in names:
        if not 1 <= len(name) <= MOST_CHARS or not is_plain(name):
            raise InvalidRequestError("to", f"to: found {name[:100]!r}, wanted a user's address")
        if name.casefold() in {*profile.clear_words, NOBODY} or (
            role != WORKFLOW_ROLE and separator is not None and separator in name
        ):
            raise InvalidRequestError("to", f"{name!r} is not the address of one user")
    cell = (separator or "").join(names) or NOBODY
    if len(cell) > MAX_FIELD_CHARS:
        raise InvalidRequestError(
            "to",
            f"to: found {len(cell):,} characters, wanted at most {MAX_FIELD_CHARS:,}, as a file "
            "may have for one role",
        )
    if role != WORKFLOW_ROLE:
        _check_users(wiring, person, profile, names, patience)
    return cell


def _check_users(
    wiring: Wiring, person: Person, profile: Profile, names: Sequence[str], patience: Patience
) -> None:
    """Raises InvalidRequestError when every line would be rejected because of a user."""
    wanted = dict.fromkeys(map(normal_address, names))
    users = wiring.tables.directory.users(person.tenant, wanted, patience)
    for address in wanted:
        user = users.get(address)
        if user is None and profile.unknown_user is UnknownUser.PENDING:
            continue
        if user is None or not user.is_active:
            raise InvalidRequestError("to", f"{address!r} is not the address of an active user")


def _accounts(asked: Sequence[str]) -> list[str]:
    accounts = list(dict.fromkeys(account.strip() for account in asked))
    if not 1 <= len(accounts) <= MOST_ACCOUNTS:
        raise InvalidRequestError(
            "account_ids", f"found {len(accounts):,} accounts; wanted 1 to {MOST_ACCOUNTS:,}"
        )
    for one in accounts:
        if not 1 <= len(one) <= MOST_CHARS or not is_plain(one):
            raise InvalidRequestError(
                "account_ids",
                f"account_ids: found {one[:100]!r}, wanted 1 to {MOST_CHARS:,} plain characters",
            )
    return accounts


def pending_page(
    wiring: Wiring, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The accounts that wait for users of addresses that nobody has yet, by address.

    Raises ForbiddenError for everybody but an Admin.
    """
    only_admins(person, "see who is awaited")
    place = place_at(cursor, PENDING_PLACES)
    waiting = wiring.tables.portfolios.waiting(person.tenant, after=place or "")
    return page_of(waiting, limit, lambda one: one.place, _told)


def _told(one: Waiting) -> dict[str, object]:
    return {
        "address": one.address,
        "role": one.role,
        "account_id": one.account_id,
        "since": one.since or None,
        "import_id": one.import_id or None,
    }
