"""The users of a tenant one at a time: listed, found by name, created and edited.

A user is several items: the user, and the items that map login name and name to the address. They
are written together or not at all.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import partial
from itertools import islice
from typing import Any

from msgspec import Struct

from handover.deadline import Deadline, current
from handover.flight import answers_of
from handover.model import User
from handover.profiles.fields import FIELDS, About
from handover.rules.addresses import normal_login, normalized_name
from handover.store.batches import Item, transact
from handover.store.directory import (
    Directory,
    DirectoryItem,
    UserItem,
    is_claimed,
    status_of,
    user_in,
    user_item_of,
    user_update,
)
from handover.store.directory_records import FIELD_ORDERS, field_orders_value
from handover.store.items import key_of
from handover.store.name_places import (
    MAX_NAME_BYTES,
    NAME,
    is_name_key,
    login_put,
    login_removal,
    name_key,
    name_places,
    name_removals,
    read_logins,
)
from handover.store.user_places import SHARDS, USER, UserPlaces, absence, user_places

# How many addresses of a name are looked up at a time.
NAMES_A_READ = 50
# A user takes some 300 bytes, and a read unit covers 4 KB.
MIN_ROWS_OF_A_SHARD = 12


class Stored(Enum):
    """The result of storing a user; OVERTAKEN: the user has changed meanwhile."""

    DONE = auto()
    LOGIN_TAKEN = auto()
    OVERTAKEN = auto()


class People(Struct, frozen=True):
    """The users in the table of directories."""

    table: str

    def listed(self, tenant: str, after: str | None, rows: int) -> Iterator[User]:
        """The users after the address `after`, including deleted ones; lazily, `rows` at a time."""
        places = user_places(self.table, tenant)
        if places.state is None:
            found = UserItem.query(
                tenant,
                UserItem.sk.startswith(USER),
                consistent_read=True,
                page_size=rows,
                last_evaluated_key=_place(tenant, USER, after),
            )
            return (user_in(item) for item in found)
        return self._listed_at(places, after, rows)

    def _listed_at(self, places: UserPlaces, after: str | None, rows: int) -> Iterator[User]:
        """As `listed`, from all keys, part by part: home, shards and home again.

        So a user who is moved meanwhile is seen at one of them. A part has some rows of each shard,
        which together are more than the `rows` of a page.
        """
        of_each = max(MIN_ROWS_OF_A_SHARD, 2 * rows // SHARDS)
        while True:
            users: dict[str, User] = {}
            ends: list[str] = []
            for group in places.groups:
                for part, has_more in answers_of(
                    partial(_users_at, pk, after, of_each) for pk in group
                ):
                    users |= {user.email: user for user in part}
                    if has_more and part:
                        ends.append(part[-1].email)
            end = min(ends, default=None)
            yield from (users[email] for email in sorted(users) if end is None or email <= end)
            if end is None:
                return
            after = end

    def called(
        self, tenant: str, beginning: str, after: str | None, deadline: Deadline
    ) -> Iterator[tuple[str, User]]:
        """Users whose normalized names begin with a text, each with their place in the list.

        Ordered by name, then by address; lazily, including deleted users.
        """
        # A longer key can be neither stored nor queried, so nobody has such a name.
        if len(beginning.encode()) > MAX_NAME_BYTES:
            return
        places = self._named(tenant, beginning, after)
        while part := list(islice(places, NAMES_A_READ)):
            yield from self._holding(tenant, part, deadline)

    def _named(self, tenant: str, beginning: str, after: str | None) -> Iterator[str]:
        """The places in the index of names that begin with a text, in order, lazily.

        They are read from all keys, part by part, as in `_listed_at`.
        """
        groups = name_places(self.table, tenant).groups
        while True:
            named: set[str] = set()
            ends: list[str] = []
            for group in groups:
                for part, has_more in answers_of(
                    partial(_names_at, pk, beginning, after) for pk in group
                ):
                    named.update(part)
                    if has_more and part:
                        ends.append(part[-1])
            end = min(ends, default=None)
            yield from sorted(place for place in named if end is None or place <= end)
            if end is None:
                return
            after = end

    def _holding(
        self, tenant: str, places: Sequence[str], deadline: Deadline
    ) -> Iterator[tuple[str, User]]:
        """The users who still have the names that the index lists, in the order of `places`."""
        # A name and an address may contain the separator, so every split is tried.
        partings = [(place, name, email) for place in places for name, email in _partings(place)]
        addresses = dict.fromkeys(email for _, _, email in partings)
        users = Directory(self.table).users(tenant, addresses, deadline)
        for place, name, email in partings:
            # The index may be outdated: the user may have another name by now.
            if (user := users.get(email)) and normalized_name(user.name) == name:
                yield place, user

    def store(
        self,
        tenant: str,
        before: User | None,
        after: User,
        *,
        now: float,
        precedence: str,
        also: Item | None = None,
    ) -> Stored:
        """Stores a user in place of what was read as `before`, None = no user.

        A login name of another user who is not deleted is never taken over, whatever is written
        meanwhile, including by a directory file. All fields of the user get this `precedence`:
        an older file that still writes does not change them. Raises RetryLaterError when the table
        is busy.
        """
        places = user_places(self.table, tenant)
        pk, *others = places.of(after.email)
        if before is not None:
            there = user_item_of(places, after.email)
            if there is None:
                return Stored.OVERTAKEN
            pk = there.pk
        actions = [self._user_update(pk, before, after, precedence)]
        if before is None:
            actions += [absence(self.table, other, after.email) for other in others]
        with_login = self._login_actions(tenant, places, before, after, now)
        if with_login is None:
            return Stored.LOGIN_TAKEN
        actions += [*with_login, *self._name_actions(tenant, before, after)]
        if also is not None:
            actions.append(also)
        return Stored.DONE if transact(actions) else Stored.OVERTAKEN

    def _login_actions(
        self, tenant: str, places: UserPlaces, before: User | None, after: User, now: float
    ) -> list[Item] | None:
        """The actions that give the user the login name and free the old; None if it is taken."""
        login = normal_login(after.login_name)
        old_login = normal_login(before.login_name) if before else login
        asked = {name for name in (login, old_login) if name}
        if not asked:
            return []
        of_names = name_places(self.table, tenant)
        known = read_logins(self.table, of_names, asked, current())
        actions: list[Item] = []
        if login:
            found = known.get(login)
            if found is not None and (holder := _address_in(found.body)) != after.email:
                free = self._free(places, holder, login, json.loads(found.body), now)
                if free is None:
                    return None
                actions += free
            # No two writes leave the same body, so a condition on it detects any write in between.
            body = json.dumps({"email": after.email, "once": secrets.token_hex(8)})
            actions += login_put(self.table, of_names, login, body, found)
        if old_login != login:
            found = known.get(old_login)
            if found is not None and _address_in(found.body) == after.email:
                actions.append(login_removal(self.table, old_login, found))
        return actions

    def _free(
        self, places: UserPlaces, holder: str, login: str, claim: Any, now: float
    ) -> list[Item] | None:
        """The conditions that `holder` no longer has the login name; None while they have it."""
        item = user_item_of(places, holder)
        if item is None:
            if is_claimed(claim, now):
                return None
            return [absence(self.table, one, holder) for one in places.of(holder)]
        user = user_in(item)
        has_login = normal_login(user.login_name) == login
        if (not user.is_deleted and has_login) or is_claimed(claim, now):
            return None
        return [self._check_as_read(item.pk, user)]

    def _user_update(self, pk: str, before: User | None, after: User, precedence: str) -> Item:
        update = user_update(self.table, pk, after)
        precedences = dict.fromkeys(FIELDS[About.USERS], precedence)
        update["UpdateExpression"] += f", #{FIELD_ORDERS} = :{FIELD_ORDERS}"
        update["ExpressionAttributeNames"][f"#{FIELD_ORDERS}"] = FIELD_ORDERS
        update["ExpressionAttributeValues"][f":{FIELD_ORDERS}"] = field_orders_value(precedences)
        update["ExpressionAttributeNames"]["#pk"] = "pk"
        if before is None:
            condition = "attribute_not_exists(#pk)"
        else:
            condition, seen = _as_read(before)
            update["ExpressionAttributeValues"] |= seen
        return {"Update": {**update, "ConditionExpression": condition}}

    def _check_as_read(self, pk: str, user: User) -> Item:
        """The condition that the user is stored there and is as it was read."""
        condition, values = _as_read(user)
        names = ("pk", "name", "login_name", "status")
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": key_of(pk, USER + user.email),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {f"#{name}": name for name in names},
                "ExpressionAttributeValues": values,
            }
        }

    def _name_actions(self, tenant: str, before: User | None, after: User) -> Iterator[Item]:
        name = normalized_name(after.name)
        old = normalized_name(before.name) if before else name
        places = name_places(self.table, tenant)
        if name:
            item = name_key(places, name, after.email)
            yield {"Put": {"TableName": self.table, "Item": item}}
        # A file may have brought a name that is too long for a key: no item exists for it.
        if old != name and is_name_key(old, after.email):
            yield from name_removals(self.table, places, old, after.email)


def _users_at(pk: str, after: str | None, rows: int) -> tuple[list[User], bool]:
    """The users of a key after an address, at most `rows`, and whether there are more."""
    found = UserItem.query(
        pk,
        UserItem.sk.startswith(USER),
        consistent_read=True,
        limit=rows,
        last_evaluated_key=_place(pk, USER, after),
    )
    return [user_in(item) for item in found], found.last_evaluated_key is not None


def _names_at(pk: str, beginning: str, after: str | None) -> tuple[list[str], bool]:
    """The places of a key in the index of names, as `_users_at` gives users."""
    found = DirectoryItem.query(
        pk,
        DirectoryItem.sk.startswith(NAME + beginning),
        consistent_read=True,
        limit=NAMES_A_READ,
        last_evaluated_key=_place(pk, NAME, after),
    )
    return [item.sk[len(NAME) :] for item in found], found.last_evaluated_key is not None


def _as_read(user: User) -> tuple[str, dict[str, Any]]:
    """The condition that the user's name, login name and status are as read, with its values."""
    seen = {"name": user.name, "login_name": user.login_name, "status": status_of(user)}
    parts = ["attribute_exists(#pk)"]
    for name, value in seen.items():
        part = f"#{name} = :old_{name}"
        # Default values may not be stored at all.
        is_usual = value in ("", "active")
        parts.append(f"(attribute_not_exists(#{name}) OR {part})" if is_usual else part)
    return " AND ".join(parts), {f":old_{name}": {"S": value} for name, value in seen.items()}


def _address_in(body: str) -> str:
    return str(json.loads(body)["email"])


def _partings(place: str) -> Iterator[tuple[str, str]]:
    parts = place.split("#")
    for at in range(1, len(parts)):
        yield "#".join(parts[:at]), "#".join(parts[at:])


def _place(tenant: str, kind: str, after: str | None) -> dict[str, Any] | None:
    return dict(key_of(tenant, kind + after)) if after is not None else None
