"""The portfolios: the accounts of each user, written from the stream of the accounts' table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from handover.deadline import Deadline
from handover.flight import answers_of
from handover.model import Account
from handover.profiles.profile import WORKFLOW_ROLE
from handover.rules.addresses import is_address
from handover.rules.pending import address_in, is_pending, pending_assignee
from handover.store.batches import (
    Item,
    Statement,
    Unmet,
    insertion,
    read_items,
    write_each,
)
from handover.store.connection import Model
from handover.store.items import item_at
from handover.together import together

# Under this name a portfolio lists all of a tenant's pending assignments; no assignee has it.
LEDGER = pending_assignee("")
# The same for the accounts of a portal; no address contains a space.
PORTAL = "portal: "
# A longer name might not fit a key: a character takes up to four bytes.
MAX_PORTAL_CHARS = 400
# How long to remember that somebody no longer holds an account. A record of the stream lives 24
# hours, so no older record can arrive after this time and be taken for a new one.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
TOMBSTONE_SECONDS = 7 * 24 * 3600

# A key takes 1,000 write units a second, and an account that changes hands uses one. So giving one
# user 10 million accounts takes three hours under one key, and 10 minutes under 16. The index of a
# tenant's accounts has the same limit.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
SHARDS = 16
# A portfolio is spread when one batch of the stream (100 records) changes SPREAD_FROM_CHANGES of
# its accounts and it lists LARGE_FROM. Portfolios that seldom change are still read in one query.
SPREAD_FROM_CHANGES = 16
LARGE_FROM = 1000
# The home of a spread portfolio has an item with this sort key. No holding has it: no role is "".
SPREAD = "#spread"
# The first part of a portfolio has this many items of each shard, later parts more and more.
FIRST_ROWS = 16
# Lists show "1,000" for a user who holds more: a count reads every row, some 100 bytes each.
MAX_COUNTED = 1000
ROWS_GROW = 4
MAX_ROWS = 1024

Key = tuple[str, str]


class HoldingItem(Model):
    """One account that a user holds, or held until recently, in one role."""

    class Meta:
        """The table of these items."""

        table = "portfolios"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    held = BooleanAttribute()
    # When and by which import it was assigned; "" when no import did it.
    at = UnicodeAttribute(default="")
    import_id = UnicodeAttribute(default="")


class Holding(Struct, frozen=True):
    """Since `version` of the account, a user holds it in a role (`is_held`), or no longer does.

    `at` and `import_id` are those of the change that caused this; "" if it was no assignment.
    """

    tenant: str
    user: str
    role: str
    account_id: str
    version: int
    is_held: bool
    at: str = ""
    import_id: str = ""


class Waiting(Struct, frozen=True):
    """A role of an account that waits for the user of an address."""

    address: str
    role: str
    account_id: str
    since: str
    import_id: str

    @property
    def place(self) -> str:
        """Its place in the ledger."""
        return _ledger_place(self.address, self.role, self.account_id)


class Portfolios(Struct, frozen=True):
    """The table of portfolios: for each user the accounts they hold.

    A portfolio is stored under one key, its home, until it is large and busy; then it is spread
    over SHARDS keys. If an item is at both places, the higher version is the newer one. A portfolio
    is read at both, so that it can be moved while it is read and written.
    """

    table: str
    # True when large portfolios are spread; otherwise all new items are written at home.
    spreads: bool = False

    def put(self, holdings: Sequence[Holding], now: float, deadline: Deadline) -> None:
        """Brings the portfolios up to date; newer items stay.

        The last of several holdings with one user, role and account counts.
        """
        waiting = {_holding_key(holding): holding for holding in holdings}
        changes = Counter(home for home, _ in waiting)
        # These versions may be outdated: then the write is refused, and they are read again.
        spread, known = together(
            lambda: self._spread(changes, deadline),
            lambda: self._versions(waiting, deadline, is_consistent=False),
        )
        places = {key: self._places(key, is_spread=key[0] in spread) for key in waiting}
        # The write's condition covers only one place, so two places are read consistently.
        known = {key: version for key, version in known.items() if key[0] not in spread}
        known |= self._versions(
            (place for key in waiting if key[0] in spread for place in places[key]), deadline
        )
        while waiting:
            news = {
                key: holding
                for key, holding in waiting.items()
                if not any(
                    place in known and known[place] >= holding.version for place in places[key]
                )
            }
            outcomes = write_each(
                [
                    holding_write(
                        self.table, _item(places[key][0], holding, now), known.get(places[key][0])
                    )
                    for key, holding in news.items()
                ],
                deadline,
            )
            unmet = [
                key
                for key, outcome in zip(news, outcomes, strict=True)
                if isinstance(outcome, Unmet)
            ]
            known |= {places[key][0]: holding.version for key, holding in news.items()}
            # Outdated items must not outlive the ones that replace them. If a run is stopped before
            # this, its next try removes them.
            self._remove_outdated(
                [places[key] for key in waiting if key not in unmet], known, deadline
            )
            waiting = {key: news[key] for key in unmet}
            known = self._versions((place for key in waiting for place in places[key]), deadline)

    def _places(self, key: Key, *, is_spread: bool) -> tuple[Key, ...]:
        """The place where a holding is written, then the other place where it may be stored."""
        if not is_spread:
            return (key,)
        shard = shard_place(*key)
        return (shard, key) if self.spreads else (key, shard)

    def _remove_outdated(
        self, places: Iterable[tuple[Key, ...]], known: Mapping[Key, int], deadline: Deadline
    ) -> None:
        statements = [
            holding_removal(self.table, other, known[other])
            for here, *others in places
            for other in others
            if other in known and here in known and known[other] <= known[here]
        ]
        # If an item has changed meanwhile, whoever changed it removes it.
        write_each(statements, deadline)

    def _spread(self, changes: Mapping[str, int], deadline: Deadline) -> set[str]:
        """The homes whose portfolios are spread; spreads those that are busy and large."""
        found = self.spread_among(changes, deadline)
        if not self.spreads:
            return found
        busy = [
            home
            for home, many in changes.items()
            if many >= SPREAD_FROM_CHANGES and home not in found
        ]
        newly = answers_of(partial(self._spread_if_large, home) for home in busy)
        return found | {home for homes in newly for home in homes}

    def _spread_if_large(self, home: str) -> tuple[str, ...]:
        if not _is_large(home):
            return ()
        self.mark_spread(home)
        return (home,)

    def spread_among(self, homes: Iterable[str], deadline: Deadline) -> set[str]:
        """Which of the homes (no repetition) have spread portfolios."""
        keys = ({"pk": {"S": home}, "sk": {"S": SPREAD}} for home in homes)
        return {item["pk"]["S"] for item in read_items(self.table, keys, deadline)}

    def mark_spread(self, home: str) -> None:
        """Makes readers look at the portfolio's shards too, from now on and permanently.

        The mark is never removed: a reader that finds no mark at the home has read everything.
        """
        HoldingItem(home, SPREAD, version=0, held=False).save()

    def of(self, tenant: str, user: str, *, after: str = "") -> Iterator[tuple[str, str]]:
        """Role and account id of everything that a user holds, ordered by role, then by id.

        `after` is "role#account id" of the last item of the previous page.
        """
        for item in self._held(tenant, user, after=after):
            role, _, account_id = item.sk.partition("#")
            yield role, account_id

    def in_role(self, tenant: str, user: str, role: str) -> Iterator[str]:
        """The ids of the accounts that a user holds in a role, in byte order."""
        for item in self._held(tenant, user, beginning=f"{role}#"):
            yield item.sk.partition("#")[2]

    def count(self, tenant: str, user: str) -> int:
        """How many roles of accounts a user holds, or an address waits for; at most MAX_COUNTED."""
        return sum(1 for _ in islice(self.of(tenant, user), MAX_COUNTED))

    def awaited(self, tenant: str, *, after: str = "") -> Iterator[str]:
        """The addresses that accounts wait for, in order, without reading all accounts of each.

        `after` is the last address of the previous page.
        """
        # The character after the space: skips everything that waits for the address. No address
        # begins with a character before it.
        while one := next(self.waiting(tenant, after=f"{after}!"), None):
            yield one.address
            after = one.address

    def roles(self, tenant: str, user: str) -> Iterator[str]:
        """The roles in which a user holds an account, in order, without reading all accounts."""
        after = ""
        while found := next(self.of(tenant, user, after=after), None):
            yield found[0]
            # The character after "#": skips everything that is held in the role.
            after = f"{found[0]}$"

    def is_awaited(self, tenant: str, address: str) -> bool:
        """True when an account waits for a user of that normal address."""
        # A text that is not an address may be longer than a key.
        if not is_address(address):
            return False
        return next(self.of(tenant, pending_assignee(address)), None) is not None

    def holders_among(self, tenant: str, users: Iterable[str], deadline: Deadline) -> set[str]:
        """Which of the users (no repetition) hold an account."""
        asked = [user for user in users if _is_key(tenant, user)]
        at_home = answers_of(partial(self._holds_at_home, tenant, one, deadline) for one in asked)
        found = {user for user, holds in zip(asked, at_home, strict=True) if holds}
        others = {f"{tenant}#{user}": user for user in asked if user not in found}
        spread = [others[home] for home in self.spread_among(others, deadline)]
        at_shards = answers_of(partial(self._holds, tenant, user) for user in spread)
        return found | {user for user, holds in zip(spread, at_shards, strict=True) if holds}

    def _holds_at_home(self, tenant: str, user: str, deadline: Deadline) -> bool:
        """True when the home shows that the user holds an account; if not, a shard still may."""
        deadline.check()
        page = _page(f"{tenant}#{user}", "", "", FIRST_ROWS)
        return any(item.held for item in page.items) or (
            page.end is not None and self._holds(tenant, user)
        )

    def _holds(self, tenant: str, user: str) -> bool:
        return next(self._held(tenant, user), None) is not None

    def waiting(self, tenant: str, *, after: str = "") -> Iterator[Waiting]:
        """All pending assignments of the tenant, by address, role and account.

        `after` is the place of the last one of the previous page.
        """
        for item in self._held(tenant, LEDGER, after=after):
            address, _, rest = item.sk.partition(" ")
            role, _, account_id = rest.partition("#")
            yield Waiting(address, role, account_id, item.at, item.import_id)

    def _held(
        self, tenant: str, user: str, *, after: str = "", beginning: str = ""
    ) -> Iterator[HoldingItem]:
        """What a user holds, by sort key, lazily.

        For each part it reads the home, then the mark, then the shards, then the home again. A
        mover stores an item at its new place before removing it from the old one, so the item is
        seen at one of them, in whichever direction it moves.
        """
        if not _is_key(tenant, user):
            return
        home = f"{tenant}#{user}"
        is_spread = False
        rows = FIRST_ROWS
        while True:
            pages = [_page(home, after, beginning, rows * SHARDS)]
            is_spread = is_spread or _is_spread(home)
            if is_spread:
                pages += answers_of(
                    partial(_page, pk, after, beginning, rows) for pk in shards_of(home)
                )
                pages.append(_page(home, after, beginning, rows * SHARDS))
            end = min((page.end for page in pages if page.end is not None), default=None)
            newest: dict[str, HoldingItem] = {}
            for item in (item for page in pages for item in page.items):
                known = newest.get(item.sk)
                if (end is None or item.sk <= end) and (
                    known is None or known.version < item.version
                ):
                    newest[item.sk] = item
            yield from (newest[sk] for sk in sorted(newest) if newest[sk].held)
            if end is None:
                return
            after = end
            rows = min(ROWS_GROW * rows, MAX_ROWS)

    def _versions(
        self, keys: Iterable[Key], deadline: Deadline, *, is_consistent: bool = True
    ) -> dict[Key, int]:
        found = read_items(
            self.table,
            ({"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys),
            deadline,
            attributes=("pk", "sk", "version"),
            is_consistent=is_consistent,
        )
        return {(item["pk"]["S"], item["sk"]["S"]): int(item["version"]["N"]) for item in found}


class _Page(Struct, frozen=True):
    """Some items of a key, and the sort key of the last one if there are more."""

    items: list[HoldingItem]
    end: str | None


def _page(pk: str, after: str, beginning: str, rows: int) -> _Page:
    condition = HoldingItem.sk.startswith(beginning) if beginning else None
    found = HoldingItem.query(
        pk,
        condition if beginning or not after else HoldingItem.sk > after,
        consistent_read=True,
        limit=rows,
        last_evaluated_key=({"pk": {"S": pk}, "sk": {"S": after}} if beginning and after else None),
    )
    items = list(found)
    last = found.last_evaluated_key
    return _Page(items, last["sk"]["S"] if last is not None else None)


def _is_spread(home: str) -> bool:
    return item_at(HoldingItem, home, SPREAD) is not None


def _is_large(home: str) -> bool:
    found = HoldingItem.query(home, attributes_to_get=["pk", "sk"], limit=LARGE_FROM)
    return sum(1 for _ in found) == LARGE_FROM


def holding_write(table: str, item: Item, known: int | None) -> Statement:
    """The write of a portfolio's item over its known version."""
    if known is None:
        return insertion(table, item)
    values = {name: value for name, value in item.items() if name not in ("pk", "sk")}
    sets = " ".join(f'SET "{name}"=?' for name in values)
    return Statement(
        f'UPDATE "{table}" {sets} WHERE "pk"=? AND "sk"=? AND "version"=?',
        [*values.values(), item["pk"], item["sk"], {"N": str(known)}],
    )


def holding_removal(table: str, key: Key, version: int) -> Statement:
    """The removal of a portfolio's item, if it still has that version."""
    pk, sk = key
    return Statement(
        f'DELETE FROM "{table}" WHERE "pk"=? AND "sk"=? AND "version"=?',
        [{"S": pk}, {"S": sk}, {"N": str(version)}],
    )


def shard_place(home: str, sk: str) -> Key:
    """The place of an item when the portfolio is spread."""
    return f"{shards_of(home)[crc32(sk.encode()) % SHARDS]}", sk


def shards_of(home: str) -> list[str]:
    """The keys over which the portfolio with that home is spread; no tenant contains a `~`."""
    tenant, _, user = home.partition("#")
    return [f"{tenant}~{number:x}#{user}" for number in range(SHARDS)]


def home_of(pk: str) -> str:
    """The home of the portfolio that has a part under that key."""
    tenant, _, user = pk.partition("#")
    return f"{tenant.partition('~')[0]}#{user}"


def _item(key: Key, holding: Holding, now: float) -> Item:
    pk, sk = key
    expires = 0 if holding.is_held else int(now) + TOMBSTONE_SECONDS
    return {
        "pk": {"S": pk},
        "sk": {"S": sk},
        "version": {"N": str(holding.version)},
        "held": {"BOOL": holding.is_held},
        "expires": {"N": str(expires)},
        "at": {"S": holding.at},
        "import_id": {"S": holding.import_id},
    }


def holdings_of(before: Account | None, after: Account) -> list[Holding]:
    """The portfolio entries that follow from a change of an account, for all users concerned."""
    had = _assignees(before) if before is not None else set()
    has = _assignees(after)
    receipt = after.receipts[-1] if after.receipts else None
    is_assignment = receipt is not None and receipt.version == after.version
    at, import_id = (
        (receipt.at, receipt.import_id) if receipt is not None and is_assignment else ("", "")
    )
    found = [
        Holding(
            after.tenant,
            user,
            role,
            after.account_id,
            after.version,
            (role, user) in has,
            at,
            import_id,
        )
        for role, user in sorted(had ^ has)
    ]
    # Pending assignments are also in the tenant's list.
    ledger = [
        replace(one, user=LEDGER, role=f"{address_in(one.user)} {one.role}")
        for one in found
        if is_pending(one.user)
    ]
    return found + ledger


def _ledger_place(address: str, role: str, account_id: str) -> str:
    # No address holds a space.
    return f"{address} {role}#{account_id}"


# A longer key can be neither stored nor queried, so nobody holds anything under it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_KEY_BYTES = 2048


def _is_key(tenant: str, user: str) -> bool:
    return len(shards_of(f"{tenant}#{user}")[0].encode()) <= MAX_KEY_BYTES


def portal_assignee(portal: str) -> str:
    """The name under which a portfolio lists all assigned accounts of a portal."""
    return PORTAL + portal


def _assignees(account: Account) -> set[tuple[str, str]]:
    """Who holds the account in which role; its portals count as holders of every assigned role."""
    portals = [
        portal_assignee(name) for name in account.portals if 0 < len(name) <= MAX_PORTAL_CHARS
    ]
    return {
        (role, holder)
        for role, users in account.assigned.items()
        if role != WORKFLOW_ROLE and users
        for holder in (*users, *portals)
    }


def _holding_key(holding: Holding) -> Key:
    return f"{holding.tenant}#{holding.user}", f"{holding.role}#{holding.account_id}"
