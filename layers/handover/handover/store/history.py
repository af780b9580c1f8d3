"""What happened to accounts, and which accounts a user holds: written from the table's stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from handover.model import Account, Mark, SeatChange
from handover.patience import Patience
from handover.profiles import WORKFLOW_ROLE
from handover.rules import address_in, is_address, is_pending, pending_seat
from handover.store.batches import (
    Item,
    Statement,
    Unmet,
    insertion,
    put_items,
    read_items,
    write_each,
)
from handover.store.connection import Model

# Under this name a tenant's portfolio lists all that waits for users; no seat has it.
LEDGER = pending_seat("")
# The same for the accounts of a portal; no address has a space in it.
PORTAL = "portal: "
# So that a name is a key, in whatever script it is written.
MAX_PORTAL_CHARS = 400
# How long it is remembered that somebody no longer holds an account. Records of the stream live
# 24 hours, so no older one can come back after that and be taken for news.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
TOMBSTONE_SECONDS = 7 * 24 * 3600


class HistoryItem(Model):
    """One effective change of one account; `sk` is the account's version after it."""

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = NumberAttribute(range_key=True)
    import_id = UnicodeAttribute()
    line = NumberAttribute()
    actor = UnicodeAttribute()
    at = UnicodeAttribute()
    changes = UnicodeAttribute()


class HoldingItem(Model):
    """One account that a user holds, or held until lately, in one role."""

    class Meta:
        """The table's name is set by `connect`."""

        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    held = BooleanAttribute()
    # When and by which import it came to be held; "" when no import did it.
    at = UnicodeAttribute(default="")
    import_id = UnicodeAttribute(default="")


@dataclass(frozen=True, slots=True)
class Holding:
    """That a user holds an account in a role (`is_held`), or no longer does, since a version.

    `at` and `import_id` tell of the change that made it so, "" when it was no assignment.
    """

    tenant: str
    user: str
    role: str
    account_id: str
    version: int
    is_held: bool
    at: str = ""
    import_id: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An account that waits in one role for the user of an address."""

    address: str
    role: str
    account_id: str
    since: str
    import_id: str

    @property
    def place(self) -> str:
        """Its place in the ledger."""
        return _ledger_place(self.address, self.role, self.account_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an account's history."""

    tenant: str
    account_id: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class History:
    """The table of histories."""

    table: str

    def put(self, entries: Iterable[Entry], patience: Patience, *, days: int = 0) -> None:
        """Stores entries under account and version; the same entry again changes nothing.

        DynamoDB removes them so many days after their change; 0 is never.
        """
        put_items(self.table, (_history_item(entry, days) for entry in entries), patience)

    def of(
        self, tenant: str, account_id: str, *, after: int = 0, is_newest_first: bool = False
    ) -> Iterator[Entry]:
        """The entries of an account after a version of it, oldest first unless told otherwise."""
        for item in HistoryItem.query(
            f"{tenant}#{account_id}",
            HistoryItem.sk > after,
            consistent_read=True,
            scan_index_forward=not is_newest_first,
        ):
            changes = tuple(
                SeatChange(role, tuple(change["before"]), tuple(change["after"]))
                for role, change in json.loads(item.changes).items()
            )
            mark = Mark(
                item.import_id, "", int(item.line), item.actor, item.at, int(item.sk), changes
            )
            yield Entry(tenant, account_id, mark)


@dataclass(frozen=True, slots=True)
class Portfolios:
    """The table of portfolios: for each user the accounts they hold."""

    table: str

    def put(self, holdings: Sequence[Holding], now: float, patience: Patience) -> None:
        """Brings the portfolios up to date; what is newer there stays.

        The last of several holdings with one user, role and account counts.
        """
        waiting = {_holding_key(holding): holding for holding in holdings}
        known = self._versions(waiting, patience)
        while waiting:
            news = {
                key: holding
                for key, holding in waiting.items()
                if known.get(key, -1) < holding.version
            }
            statements = [
                self._statement(holding, known.get(key), now) for key, holding in news.items()
            ]
            outcomes = write_each(statements, patience)
            unmet = {
                key: outcome
                for key, outcome in zip(news, outcomes, strict=True)
                if isinstance(outcome, Unmet)
            }
            waiting = {key: news[key] for key in unmet}
            known = self._versions(waiting, patience)

    def of(self, tenant: str, user: str, *, after: str = "") -> Iterator[tuple[str, str]]:
        """Role and account id of all that a user holds, in that order.

        `after` is where to begin: "role#account id" of the last one that is known.
        """
        if not _is_key(tenant, user):
            return
        beginning = HoldingItem.sk > after if after else None
        for item in HoldingItem.query(f"{tenant}#{user}", beginning, consistent_read=True):
            if item.held:
                role, _, account_id = item.sk.partition("#")
                yield role, account_id

    def in_role(self, tenant: str, user: str, role: str) -> Iterator[str]:
        """The ids of the accounts that a user holds in a role, in the order of their bytes."""
        if not _is_key(tenant, user):
            return
        of_role = HoldingItem.sk.startswith(f"{role}#")
        for item in HoldingItem.query(f"{tenant}#{user}", of_role, consistent_read=True):
            if item.held:
                yield item.sk.partition("#")[2]

    def roles(self, tenant: str, user: str) -> Iterator[str]:
        """The roles in which a user holds an account, each found without reading all of it."""
        after = ""
        while found := next(self.of(tenant, user, after=after), None):
            yield found[0]
            # The character after "#": behind all that is held in the role.
            after = f"{found[0]}$"

    def is_awaited(self, tenant: str, address: str) -> bool:
        """True when an account waits for a user of that normal address."""
        # What is no address may be longer than a key.
        if not is_address(address):
            return False
        return next(self.of(tenant, pending_seat(address)), None) is not None

    def waiting(self, tenant: str, *, after: str = "") -> Iterator[Waiting]:
        """All that waits for users of the tenant, by address, role and account.

        `after` is the place of the last one that is known.
        """
        beginning = HoldingItem.sk > after if after else None
        for item in HoldingItem.query(_ledger(tenant), beginning, consistent_read=True):
            if item.held:
                address, _, rest = item.sk.partition(" ")
                role, _, account_id = rest.partition("#")
                yield Waiting(address, role, account_id, item.at, item.import_id)

    def _versions(
        self, keys: Iterable[tuple[str, str]], patience: Patience
    ) -> dict[tuple[str, str], int]:
        wanted = ({"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys)
        found = read_items(self.table, wanted, patience, attributes=("pk", "sk", "version"))
        return {(item["pk"]["S"], item["sk"]["S"]): int(item["version"]["N"]) for item in found}

    def _statement(self, holding: Holding, known: int | None, now: float) -> Statement:
        pk, sk = _holding_key(holding)
        expires = 0 if holding.is_held else int(now) + TOMBSTONE_SECONDS
        body: dict[str, Any] = {
            "version": {"N": str(holding.version)},
            "held": {"BOOL": holding.is_held},
            "expires": {"N": str(expires)},
            "at": {"S": holding.at},
            "import_id": {"S": holding.import_id},
        }
        if known is None:
            return insertion(self.table, {"pk": {"S": pk}, "sk": {"S": sk}, **body})
        return Statement(
            f'UPDATE "{self.table}" SET "version"=? SET "held"=? SET "expires"=? SET "at"=? '
            'SET "import_id"=? WHERE "pk"=? AND "sk"=? AND "version"=?',
            [*body.values(), {"S": pk}, {"S": sk}, {"N": str(known)}],
        )


def holdings_of(before: Account | None, after: Account) -> list[Holding]:
    """What a change of an account means for the portfolios of those it concerns."""
    had = _seats(before) if before is not None else set()
    has = _seats(after)
    mark = after.marks[-1] if after.marks else None
    is_assignment = mark is not None and mark.version == after.version
    at, import_id = (mark.at, mark.import_id) if mark is not None and is_assignment else ("", "")
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
    # What waits for a user stands in the tenant's ledger too.
    ledger = [
        replace(one, user=LEDGER, role=f"{address_in(one.user)} {one.role}")
        for one in found
        if is_pending(one.user)
    ]
    return found + ledger


def _ledger(tenant: str) -> str:
    return f"{tenant}#{LEDGER}"


def _ledger_place(address: str, role: str, account_id: str) -> str:
    # No address holds a space.
    return f"{address} {role}#{account_id}"


# A longer key can neither be stored nor be asked for, so nobody holds anything under it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_KEY_BYTES = 2048


def _is_key(tenant: str, user: str) -> bool:
    return len(f"{tenant}#{user}".encode()) <= MAX_KEY_BYTES


def portal_seat(portal: str) -> str:
    """Under whose name a tenant's portfolio lists all accounts of a portal that somebody holds."""
    return PORTAL + portal


def _seats(account: Account) -> set[tuple[str, str]]:
    """Who holds the account in which role; its portals hold it in every role that somebody has."""
    portals = [portal_seat(name) for name in account.portals if 0 < len(name) <= MAX_PORTAL_CHARS]
    return {
        (role, holder)
        for role, users in account.assigned.items()
        if role != WORKFLOW_ROLE and users
        for holder in (*users, *portals)
    }


def _holding_key(holding: Holding) -> tuple[str, str]:
    return f"{holding.tenant}#{holding.user}", f"{holding.role}#{holding.account_id}"


def _history_item(entry: Entry, days: int) -> Item:
    mark = entry.mark
    changes = {
        change.role: {"before": change.before, "after": change.after} for change in mark.changes
    }
    item = {
        "pk": {"S": f"{entry.tenant}#{entry.account_id}"},
        "sk": {"N": str(mark.version)},
        "import_id": {"S": mark.import_id},
        "line": {"N": str(mark.line)},
        "actor": {"S": mark.actor},
        "at": {"S": mark.at},
        "changes": {"S": json.dumps(changes, ensure_ascii=False)},
    }
    if days:
        changed = datetime.fromisoformat(mark.at)
        item["expires"] = {"N": str(int((changed + timedelta(days=days)).timestamp()))}
    return item
