"""What people can see of accounts: who is assigned now, or was; all accounts, or somebody's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice, takewhile

from msgspec import Struct
from msgspec.structs import replace

from handover.access.acts import note
from handover.access.people import Person
from handover.audit import Act
from handover.deadline import Deadline
from handover.errors import InvalidRequestError, NotFoundError
from handover.model import Account, ChangeReceipt, User
from handover.profiles.fields import is_field
from handover.profiles.profile import WORKFLOW_ROLE
from handover.reports.receipts import receipt_to_dict
from handover.rules.addresses import normal_address, normal_login, normalized_name
from handover.rules.pending import address_in, is_pending, pending_assignee
from handover.rules.sizes import holders
from handover.runtime import Resources, rfc3339
from handover.store.history import Entry
from handover.store.portfolios import portal_assignee
from handover.use_cases.paging import Page, Room, cursor_at, page_of, place_at

HISTORY_PLACES = re.compile(r"[0-9]{1,18}")
LIST_PLACES = re.compile(r".+", re.DOTALL)
# A user, a role and an account; neither addresses nor roles contain line ends.
HOLDER_PLACES = re.compile(r"[^\n]+\n[^\n#]+#.+", re.DOTALL)
PORTFOLIO_PLACES = re.compile(r"[^#]+#.+", re.DOTALL)
PORTAL_PLACES = re.compile(r"[^#]+#.+", re.DOTALL)
# A page ends here even if it is not full, so that the answer is in time and in one piece.
MAX_LOOKED_AT = 2000
# How many accounts are read at a time at first, and how many holders.
AT_A_TIME = 100
HOLDERS_AT_A_TIME = 1000

JsonObject = dict[str, object]


class AccountFilters(Struct, frozen=True):
    """Which accounts are listed: all, those of a status ("active", "inactive"), or of a portal.

    `holder` is the name, address or login name of a user who holds them, in `role` or in any.
    `beginning` is the beginning of their ids, in which letter case counts.
    """

    status: str = ""
    portal: str = ""
    holder: str = ""
    role: str = ""
    beginning: str = ""

    def admits(self, account: Account) -> bool:
        """True for an account that is listed."""
        return (
            (not self.status or self.status == status_of(account))
            and (not self.portal or self.portal in account.portals)
            and account.account_id.startswith(self.beginning)
        )


def status_of(account: Account) -> str:
    """The account's status as a word."""
    return "active" if account.is_active else "inactive"


def account_of(
    resources: Resources, person: Person, account_id: str, deadline: Deadline
) -> JsonObject:
    """The account and who is assigned to it; raises NotFoundError."""
    account = account_for(resources, person, account_id, deadline)
    return all_to_dict(resources, person.tenant, [account], deadline)[0]


def account_at(
    resources: Resources, person: Person, account_id: str, at: str, deadline: Deadline
) -> JsonObject:
    """The account with its assignments at an instant, or at the end of a day (UTC).

    Names and directory fields are the present ones; `at` says which instant. Raises NotFoundError,
    and InvalidRequestError when `at` is neither a date nor an instant.
    """
    instant = _instant(at)
    account = account_for(resources, person, account_id, deadline)
    # History is written from a stream, a little later. The account still has what history lacks.
    known = {receipt.version: receipt for receipt in account.receipts}
    newest = resources.tables.history.of(person.tenant, account_id, is_newest_first=True)
    lately = sorted(known.values(), key=lambda receipt: -receipt.version)
    assigned = dict(account.assigned)
    version = account.version
    since = takewhile(lambda receipt: receipt.at > instant, _newest(lately, newest))
    for receipt in since:
        assigned |= {
            change.role: change.before for change in receipt.changes if not is_field(change.role)
        }
        version = receipt.version - 1
    then = replace(account, assigned=assigned, version=version)
    return all_to_dict(resources, person.tenant, [then], deadline)[0] | {"at": instant}


def _newest(lately: Sequence[ChangeReceipt], entries: Iterable[Entry]) -> Iterator[ChangeReceipt]:
    """All receipts, each once, newest first; `lately` may hold some that the entries lack."""
    stored = (entry.receipt for entry in entries)
    first = next(stored, None)
    if first is None:
        return iter(lately)
    since = (receipt for receipt in lately if receipt.version > first.version)
    return chain(since, [first], stored)


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
            "at", f"found {at!r}, expected a date (2026-12-31) or an instant (2026-12-31T18:00:00Z)"
        ) from wrong


def note_export(resources: Resources, person: Person, asked: Mapping[str, str | None]) -> None:
    """Stores the audit entry of an export, with its filters, before its first page."""
    filters = {name: text for name, text in asked.items() if text is not None}
    note(resources, person.actor, Act.ACCOUNTS_EXPORTED, "accounts", filters)


def history_of(
    resources: Resources,
    person: Person,
    account_id: str,
    *,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> Page[JsonObject]:
    """What happened to the account, oldest first; raises NotFoundError."""
    after = int(place_at(cursor, HISTORY_PLACES) or 0)
    account = account_for(resources, person, account_id, deadline)
    entries = resources.tables.history.of(person.tenant, account.account_id, after=after)
    return page_of(
        entries,
        limit,
        lambda entry: str(entry.receipt.version),
        lambda entry: receipt_to_dict(entry.receipt),
    )


def accounts_page(
    resources: Resources,
    person: Person,
    filters: AccountFilters,
    *,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> Page[JsonObject]:
    """The accounts that match; by id if its beginning is given, else in an arbitrary order.

    A page may hold fewer than `limit`, even none, when few match: follow the cursor. An unknown
    holder has no accounts; an address may be that of a pending user.
    """
    if not filters.holder:
        place = place_at(cursor, LIST_PLACES, key=lambda place: f"{person.tenant}#{place}")
        stored = resources.tables.accounts
        ids = (
            stored.beginning(person.tenant, filters.beginning, after=place or "")
            if filters.beginning
            else stored.listed(person.tenant, after=place or "")
        )
        every = ((account_id, account_id) for account_id in ids)
        return _page(
            resources, person, every, lambda _, account: filters.admits(account), limit, deadline
        )
    place = place_at(cursor, HOLDER_PLACES, key=lambda place: place.partition("\n")[2])
    holders = sorted(holders_called(resources, person.tenant, filters.holder, deadline))

    def is_listed(at: str, account: Account) -> bool:
        # List an account once, even if it is held in two roles, or by two people of the same name.
        return filters.admits(account) and at == min(
            _ways(account, holders, filters.role), default=None
        )

    places = _held(resources, person.tenant, holders, filters.role, place)
    return _page(resources, person, places, is_listed, limit, deadline)


def _ways(account: Account, holders: Sequence[str], role: str) -> list[str]:
    """The places of the account in the list of all that the holders hold."""
    return [
        f"{assignee}\n{in_role}#{account.account_id}"
        for in_role, assignee in _assignees(account)
        if assignee in holders and role in ("", in_role)
    ]


def holders_called(resources: Resources, tenant: str, holder: str, deadline: Deadline) -> set[str]:
    """The assignees that a name, an address or a login name stands for; none for an unknown name.

    An address may also be a login name, if people sign in elsewhere with their address.
    """
    directory = resources.tables.directory
    address = normal_address(holder)
    login = normal_login(holder)
    by_login = directory.users_by_login(tenant, [login], deadline)
    found = {user.email for user in by_login.values()}
    if "@" in holder:
        return found | {address, pending_assignee(address)}
    look = normalized_name(holder)
    named = directory.users_by_name(tenant, [look], deadline).get(look, [])
    return found | {user.email for user in named}


def _held(
    resources: Resources, tenant: str, holders: Sequence[str], role: str, place: str | None
) -> Iterator[tuple[str, str]]:
    """Place and account of everything that they hold, by user, role and account."""
    begun, _, rest = (place or "").partition("\n")
    for holder in holders:
        if holder < begun:
            continue
        after = rest if holder == begun else ""
        for in_role, account_id in resources.tables.portfolios.of(tenant, holder, after=after):
            if role in ("", in_role):
                yield f"{holder}\n{in_role}#{account_id}", account_id


def portal_managers(
    resources: Resources,
    person: Person,
    portal: str,
    *,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> Page[JsonObject]:
    """Who holds which accounts of a portal, by role and account; empty for an unknown portal."""
    place = place_at(cursor, PORTAL_PLACES) or ""
    held = resources.tables.portfolios.of(person.tenant, portal_assignee(portal), after=place)
    found = list(islice(held, limit + 1))
    ids = dict.fromkeys(account_id for _, account_id in found[:limit])
    accounts = resources.tables.accounts.read(person.tenant, ids, deadline)
    # The portfolio follows the account within moments; the account is authoritative.
    there = [
        (role, accounts[account_id])
        for role, account_id in found[:limit]
        if account_id in accounts and portal in accounts[account_id].portals
    ]
    rows: list[JsonObject] = []
    room = Room(limit)
    for part in _parts(there):
        users = _people(resources, person.tenant, [account for _, account in part], deadline)
        for role, account in part:
            row = _managers_to_dict(role, account, users)
            if not room.takes(row):
                return Page(rows, cursor_at(place))
            rows.append(row)
            place = f"{role}#{account.account_id}"
    return Page(rows, cursor_at("#".join(found[limit - 1])) if len(found) > limit else None)


def _managers_to_dict(role: str, account: Account, users: Mapping[str, User]) -> JsonObject:
    return {
        "role": role,
        "account_id": account.account_id,
        "name": account.name,
        "people": [
            _person_to_dict(assignee, users.get(address_in(assignee)))
            for assignee in account.assigned.get(role, ())
        ],
    }


def _page(
    resources: Resources,
    person: Person,
    places: Iterator[tuple[str, str]],
    is_listed: Callable[[str, Account], bool],
    limit: int,
    deadline: Deadline,
) -> Page[JsonObject]:
    rows: list[JsonObject] = []
    room = Room(limit)
    last = ""
    looked_at, size = 0, AT_A_TIME
    while looked_at < MAX_LOOKED_AT:
        batch = list(islice(places, min(size, MAX_LOOKED_AT - looked_at)))
        if not batch:
            return Page(rows, None)
        # When few match, read more at a time: their calls are in flight together.
        looked_at, size = looked_at + len(batch), 2 * size
        known = resources.tables.accounts.read(
            person.tenant, dict.fromkeys(account_id for _, account_id in batch), deadline
        )
        found = [
            (place, known[account_id])
            for place, account_id in batch
            if account_id in known and is_listed(place, known[account_id])
        ]
        for place, row in _rows(resources, person.tenant, found[: limit - len(rows)], deadline):
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
    resources: Resources, tenant: str, found: Sequence[tuple[str, Account]], deadline: Deadline
) -> Iterator[tuple[str, JsonObject]]:
    """Each place with its account as a dict, lazily: a page may end early, by its bytes."""
    for part in _parts(found):
        accounts = all_to_dict(resources, tenant, [account for _, account in part], deadline)
        yield from zip((place for place, _ in part), accounts, strict=True)


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
    yield part


def account_for(
    resources: Resources, person: Person, account_id: str, deadline: Deadline
) -> Account:
    """The tenant's account of that id; raises NotFoundError."""
    found = resources.tables.accounts.read(person.tenant, [account_id], deadline)
    if account_id not in found:
        raise NotFoundError("there is no such account")
    return found[account_id]


def all_to_dict(
    resources: Resources, tenant: str, accounts: Sequence[Account], deadline: Deadline
) -> list[JsonObject]:
    """The accounts as the API returns them, with the people as the directory has them now."""
    users = _people(resources, tenant, accounts, deadline)
    return [_to_dict(account, users) for account in accounts]


def _people(
    resources: Resources, tenant: str, accounts: Iterable[Account], deadline: Deadline
) -> dict[str, User]:
    addresses = dict.fromkeys(
        address_in(assignee) for account in accounts for _, assignee in _assignees(account)
    )
    return resources.tables.directory.users(tenant, addresses, deadline)


def _assignees(account: Account) -> Iterator[tuple[str, str]]:
    for role, roles in account.assigned.items():
        if role != WORKFLOW_ROLE:
            for assignee in roles:
                yield role, assignee


def _to_dict(account: Account, users: Mapping[str, User]) -> JsonObject:
    people: dict[str, list[JsonObject]] = {}
    for role, assignee in _assignees(account):
        people.setdefault(role, []).append(
            _person_to_dict(assignee, users.get(address_in(assignee)))
        )
    return {
        "account_id": account.account_id,
        "name": account.name,
        "customer_id": account.customer_id,
        "opco": account.opco,
        "status": status_of(account),
        "portals": list(account.portals),
        "assigned": {role: list(roles) for role, roles in sorted(account.assigned.items())},
        "people": dict(sorted(people.items())),
        "version": account.version,
    }


def _person_to_dict(assignee: str, user: User | None) -> JsonObject:
    return {
        "email": address_in(assignee),
        "name": user.name if user is not None else "",
        "phone": user.phone if user is not None else "",
        "mobile": user.mobile if user is not None else "",
        "is_pending": is_pending(assignee),
    }


def portfolio_of(
    resources: Resources, person: Person, email: str, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The accounts that a user of the tenant holds, by role; raises NotFoundError."""
    place = place_at(cursor, PORTFOLIO_PLACES)
    user = resources.tables.directory.user(person.tenant, normal_address(email))
    if user is None:
        raise NotFoundError("there is no such user")
    return page_of(
        resources.tables.portfolios.of(person.tenant, user.email, after=place or ""),
        limit,
        "#".join,
        lambda holding: {"role": holding[0], "account_id": holding[1]},
    )
