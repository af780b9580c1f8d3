"""What people may know of accounts: who is assigned now, or was; all, or those of somebody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice, takewhile

from handover.access.people import Person
from handover.deadline import Patience
from handover.errors import InvalidRequestError, NotFoundError
from handover.model import Account, Mark, User
from handover.profiles import WORKFLOW_ROLE, is_fact
from handover.reports import mark_told
from handover.rules import (
    address_in,
    is_pending,
    look_of,
    normal_address,
    normal_login,
    pending_seat,
)
from handover.rules.sizes import holders
from handover.runtime import Wiring, rfc3339
from handover.store.history import Entry, portal_seat
from handover.use_cases.paging import MAX_PLACE_BYTES, Page, Room, cursor_at, page_of, place_at

HISTORY_PLACES = re.compile(r"[0-9]{1,18}")
LIST_PLACES = re.compile(r".+", re.DOTALL)
# A user, a role and an account; no address or role holds a line end.
HOLDER_PLACES = re.compile(r"[^\n]+\n[^\n#]+#.+", re.DOTALL)
MAX_HOLDER_BYTES = 2 * MAX_PLACE_BYTES
PORTFOLIO_PLACES = re.compile(r"[^#]+#.+", re.DOTALL)
PORTAL_PLACES = re.compile(r"[^#]+#.+", re.DOTALL)
# A page ends there though it is not full, so that it is answered in time and in one answer.
MOST_LOOKED_AT = 2000
# Accounts are read so many at a time, and the people of so many holders.
AT_A_TIME = 100
HOLDERS_AT_A_TIME = 1000

Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts are listed: all, or those of a status ("active", "inactive"), of a portal.

    `holder` is the name, address or login name of somebody who holds them, in `role` or in any.
    """

    status: str = ""
    portal: str = ""
    holder: str = ""
    role: str = ""

    def admits(self, account: Account) -> bool:
        """True for an account that is listed."""
        return (not self.status or self.status == status_of(account)) and (
            not self.portal or self.portal in account.portals
        )


def status_of(account: Account) -> str:
    """The account's status in a word."""
    return "active" if account.is_active else "inactive"


def account_of(wiring: Wiring, person: Person, account_id: str, patience: Patience) -> Told:
    """The account and who is assigned to it; raises NotFoundError."""
    account = account_for(wiring, person, account_id, patience)
    return told_all(wiring, person.tenant, [account], patience)[0]


def account_at(
    wiring: Wiring, person: Person, account_id: str, at: str, patience: Patience
) -> Told:
    """The account as it was assigned at an instant, or at the end of a day (UTC).

    Names and facts are those of now; `at` tells the instant. Raises NotFoundError, and
    InvalidRequestError for what is neither.
    """
    instant = _instant(at)
    account = account_for(wiring, person, account_id, patience)
    # The history follows from a stream; what it does not have yet is still on the account.
    known = {mark.version: mark for mark in account.marks}
    newest = wiring.tables.history.of(person.tenant, account_id, is_newest_first=True)
    lately = sorted(known.values(), key=lambda mark: -mark.version)
    assigned = dict(account.assigned)
    version = account.version
    since = takewhile(lambda mark: mark.at > instant, _newest(lately, newest))
    for mark in since:
        assigned |= {
            change.role: change.before for change in mark.changes if not is_fact(change.role)
        }
        version = mark.version - 1
    then = replace(account, assigned=assigned, version=version)
    return told_all(wiring, person.tenant, [then], patience)[0] | {"at": instant}


def _newest(lately: Sequence[Mark], entries: Iterable[Entry]) -> Iterator[Mark]:
    """All marks once, newest first; `lately` may hold some that the entries lack."""
    stored = (entry.mark for entry in entries)
    first = next(stored, None)
    above = first.version if first is not None else 0
    return chain(
        (mark for mark in lately if mark.version > above),
        [] if first is None else [first],
        stored,
    )


def _instant(at: str) -> str:
    try:
        if len(at) == len("2026-01-01"):
            day = datetime.combine(date.fromisoformat(at), datetime.min.time(), UTC)
            moment = day + timedelta(days=1, milliseconds=-1)
        else:
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
        return rfc3339(moment.timestamp())
    except (ValueError, OverflowError) as wrong:
        raise InvalidRequestError(
            "at", f"found {at!r}, wanted a date (2026-12-31) or an instant (2026-12-31T18:00:00Z)"
        ) from wrong


def history_of(
    wiring: Wiring,
    person: Person,
    account_id: str,
    *,
    limit: int,
    cursor: str | None,
    patience: Patience,
) -> Page[Told]:
    """What has become of the account, oldest first; raises NotFoundError."""
    after = int(place_at(cursor, HISTORY_PLACES) or 0)
    account = account_for(wiring, person, account_id, patience)
    entries = wiring.tables.history.of(person.tenant, account.account_id, after=after)
    return page_of(
        entries,
        limit,
        lambda entry: str(entry.mark.version),
        lambda entry: mark_told(entry.mark),
    )


def accounts_page(
    wiring: Wiring,
    person: Person,
    wanted: Wanted,
    *,
    limit: int,
    cursor: str | None,
    patience: Patience,
) -> Page[Told]:
    """The accounts that are wanted; all of the tenant's in an order that means nothing.

    A page may hold fewer than `limit`, even none, where few are wanted: the cursor leads on. Of
    a holder nobody knows there are none; an address may be one that is pending.
    """
    if not wanted.holder:
        place = place_at(cursor, LIST_PLACES)
        ids = wiring.tables.accounts.listed(person.tenant, after=place or "")
        every = ((account_id, account_id) for account_id in ids)
        return _page(
            wiring, person, every, lambda _, account: wanted.admits(account), limit, patience
        )
    place = place_at(cursor, HOLDER_PLACES, most_bytes=MAX_HOLDER_BYTES)
    holders = sorted(_holders(wiring, person.tenant, wanted.holder, patience))

    def is_wanted(at: str, account: Account) -> bool:
        # Who holds an account in two roles, or with another of that name, is told of once.
        return wanted.admits(account) and at == min(
            _ways(account, holders, wanted.role), default=""
        )

    places = _held(wiring, person.tenant, holders, wanted.role, place)
    return _page(wiring, person, places, is_wanted, limit, patience)


def _ways(account: Account, holders: Sequence[str], role: str) -> list[str]:
    """The places at which the account stands among what they hold."""
    return [
        f"{seat}\n{in_role}#{account.account_id}"
        for in_role, seat in _seats(account)
        if seat in holders and role in ("", in_role)
    ]


def _holders(wiring: Wiring, tenant: str, holder: str, patience: Patience) -> set[str]:
    """Under which names of seats they may hold something.

    An address is somebody's login name too, where people sign in elsewhere by their address.
    """
    directory = wiring.tables.directory
    address = normal_address(holder)
    login = normal_login(holder)
    by_login = directory.users_by_login(tenant, [login], patience) if login else {}
    found = {user.email for user in by_login.values()}
    if "@" in holder:
        return found | {address, pending_seat(address)}
    look = look_of(holder)
    named = directory.users_by_name(tenant, [look], patience).get(look, []) if look else []
    return found | {user.email for user in named}


def _held(
    wiring: Wiring, tenant: str, holders: Sequence[str], role: str, place: str | None
) -> Iterator[tuple[str, str]]:
    """Place and account of everything that they hold, by user, role and account."""
    begun, _, rest = (place or "").partition("\n")
    for holder in holders:
        if holder < begun:
            continue
        after = rest if holder == begun else ""
        for in_role, account_id in wiring.tables.portfolios.of(tenant, holder, after=after):
            if role in ("", in_role):
                yield f"{holder}\n{in_role}#{account_id}", account_id


def portal_managers(
    wiring: Wiring,
    person: Person,
    portal: str,
    *,
    limit: int,
    cursor: str | None,
    patience: Patience,
) -> Page[Told]:
    """Who holds which accounts of a portal, by role and account; none of one that nobody knows."""
    place = place_at(cursor, PORTAL_PLACES) or ""
    held = wiring.tables.portfolios.of(person.tenant, portal_seat(portal), after=place)
    found = list(islice(held, limit + 1))
    ids = dict.fromkeys(account_id for _, account_id in found[:limit])
    accounts = wiring.tables.accounts.read(person.tenant, ids, patience)
    # The portfolio follows the account within moments; the account is what counts.
    there = [
        (role, accounts[account_id])
        for role, account_id in found[:limit]
        if account_id in accounts and portal in accounts[account_id].portals
    ]
    rows: list[Told] = []
    room = Room(limit)
    for part in _parts(there):
        users = _people(wiring, person.tenant, [account for _, account in part], patience)
        for role, account in part:
            row = _managers_told(role, account, users)
            if not room.takes(row):
                return Page(rows, cursor_at(place))
            rows.append(row)
            place = f"{role}#{account.account_id}"
    return Page(rows, cursor_at("#".join(found[limit - 1])) if len(found) > limit else None)


def _managers_told(role: str, account: Account, users: Mapping[str, User]) -> Told:
    return {
        "role": role,
        "account_id": account.account_id,
        "name": account.name,
        "people": [
            _person_told(seat, users.get(address_in(seat)))
            for seat in account.assigned.get(role, ())
        ],
    }


def _page(
    wiring: Wiring,
    person: Person,
    places: Iterator[tuple[str, str]],
    is_wanted: Callable[[str, Account], bool],
    limit: int,
    patience: Patience,
) -> Page[Told]:
    rows: list[Told] = []
    room = Room(limit)
    last = ""
    for _ in range(MOST_LOOKED_AT // AT_A_TIME):
        batch = list(islice(places, AT_A_TIME))
        if not batch:
            return Page(rows, None)
        known = wiring.tables.accounts.read(
            person.tenant, dict.fromkeys(account_id for _, account_id in batch), patience
        )
        found = [
            (place, known[account_id])
            for place, account_id in batch
            if account_id in known and is_wanted(place, known[account_id])
        ]
        for place, row in _rows(wiring, person.tenant, found[: limit - len(rows)], patience):
            if not room.takes(row):
                return Page(rows, cursor_at(last))
            rows.append(row)
            last = place
        if len(rows) == limit:
            is_last = last == batch[-1][0] and next(places, None) is None
            return Page(rows, None if is_last else cursor_at(last))
        last = batch[-1][0]
    return Page(rows, cursor_at(last) if next(places, None) is not None else None)


def _rows(
    wiring: Wiring, tenant: str, found: Sequence[tuple[str, Account]], patience: Patience
) -> Iterator[tuple[str, Told]]:
    """Each place with its account as it is told, lazily: a page may end by its bytes."""
    for part in _parts(found):
        told = told_all(wiring, tenant, [account for _, account in part], patience)
        yield from zip((place for place, _ in part), told, strict=True)


def _parts(found: Sequence[tuple[str, Account]]) -> Iterator[list[tuple[str, Account]]]:
    """The accounts in parts of at most HOLDERS_AT_A_TIME holders, or of one account."""
    part: list[tuple[str, Account]] = []
    people = 0
    for one in found:
        more = holders(one[1].assigned)
        if part and people + more > HOLDERS_AT_A_TIME:
            yield part
            part, people = [], 0
        part.append(one)
        people += more
    if part:
        yield part


def account_for(wiring: Wiring, person: Person, account_id: str, patience: Patience) -> Account:
    """The tenant's account of that id; raises NotFoundError."""
    found = wiring.tables.accounts.read(person.tenant, [account_id], patience)
    if account_id not in found:
        raise NotFoundError("there is no such account")
    return found[account_id]


def told_all(
    wiring: Wiring, tenant: str, accounts: Sequence[Account], patience: Patience
) -> list[Told]:
    """The accounts as the API tells them, with the people as the directory knows them now."""
    users = _people(wiring, tenant, accounts, patience)
    return [_told(account, users) for account in accounts]


def _people(
    wiring: Wiring, tenant: str, accounts: Iterable[Account], patience: Patience
) -> dict[str, User]:
    addresses = dict.fromkeys(
        address_in(seat) for account in accounts for _, seat in _seats(account)
    )
    return wiring.tables.directory.users(tenant, addresses, patience) if addresses else {}


def _seats(account: Account) -> Iterator[tuple[str, str]]:
    for role, seats in account.assigned.items():
        if role != WORKFLOW_ROLE:
            for seat in seats:
                yield role, seat


def _told(account: Account, users: Mapping[str, User]) -> Told:
    people: dict[str, list[Told]] = {}
    for role, seat in _seats(account):
        people.setdefault(role, []).append(_person_told(seat, users.get(address_in(seat))))
    return {
        "account_id": account.account_id,
        "name": account.name,
        "customer_id": account.customer_id,
        "opco": account.opco,
        "status": status_of(account),
        "portals": list(account.portals),
        "assigned": {role: list(seats) for role, seats in sorted(account.assigned.items())},
        "people": dict(sorted(people.items())),
        "version": account.version,
    }


def _person_told(seat: str, user: User | None) -> Told:
    return {
        "email": address_in(seat),
        "name": user.name if user is not None else "",
        "phone": user.phone if user is not None else "",
        "mobile": user.mobile if user is not None else "",
        "is_pending": is_pending(seat),
    }


def portfolio_of(
    wiring: Wiring, person: Person, email: str, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The accounts that a user of the tenant holds, by role; raises NotFoundError."""
    place = place_at(cursor, PORTFOLIO_PLACES)
    user = wiring.tables.directory.user(person.tenant, normal_address(email))
    if user is None:
        raise NotFoundError("there is no such user")
    return page_of(
        wiring.tables.portfolios.of(person.tenant, user.email, after=place or ""),
        limit,
        "#".join,
        lambda holding: {"role": holding[0], "account_id": holding[1]},
    )
