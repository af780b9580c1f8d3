"""Users as records, and the index that finds them by name and by login name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from handover.deadline import Deadline
from handover.model import Record
from handover.profiles.fields import About
from handover.rules.addresses import normalized_name
from handover.rules.decision import RecordWrite
from handover.rules.directory_planner import is_new, logins_since
from handover.store.batches import (
    Item,
    Statement,
    insertion,
    update,
    write_each,
)
from handover.store.directory import MAX_USER_BYTES, is_claimed
from handover.store.directory_records import (
    field_orders_in,
    field_values,
    fields_in,
    write_records,
)
from handover.store.items import key_of
from handover.store.name_places import (
    MAX_LOGIN_BYTES,
    LoginFound,
    name_places,
    put_names,
    read_logins,
    write_logins,
)
from handover.store.receipts import receipt_from
from handover.store.user_places import (
    USER,
    UserPlaces,
    create_users,
    read_users,
    tenant_of,
    user_places,
)
from handover.together import together


class UserRecords(Struct, frozen=True):
    """The users; a record's name is the user's normal address.

    `users` and `names` are the places of one tenant's users and names. If they are None, each call
    reads the places.
    """

    table: str
    users: UserPlaces | None = None
    names: UserPlaces | None = None

    def for_run(self, tenant: str) -> UserRecords:
        """The records for one run on one tenant, which reads the places only once."""
        users, names = together(
            lambda: user_places(self.table, tenant), lambda: name_places(self.table, tenant)
        )
        return UserRecords(self.table, users, names)

    def _names_of(self, tenant: str) -> UserPlaces:
        return self.names or name_places(self.table, tenant)

    def read(self, tenant: str, names: Iterable[str], deadline: Deadline) -> dict[str, Record]:
        """The users that exist among `names`, by address."""
        # A longer address cannot be a key, so nobody has it.
        short = (name for name in names if len(name.encode()) <= MAX_USER_BYTES)
        items = read_users(self.table, tenant, short, deadline, self.users)
        return {record.record_id: record for record in map(_user_record, items)}

    def write(
        self, writes: Sequence[RecordWrite], deadline: Deadline
    ) -> list[tuple[RecordWrite, Record | None]]:
        """Stores the writes, as `Records.write` says; the login names must be claimed before.

        Names are stored first, so that a user who is found by address is also found by name.
        """
        if not writes:
            return []
        tenant = writes[0].record.tenant
        put_names(self.table, tenant, _new_names(writes), deadline, self.names)
        places = self.users or user_places(self.table, tenant)
        if places.state is None:
            return write_records(self, writes, self._statement, _user_record, deadline)
        return self._write_at(places, writes, deadline)

    def _write_at(
        self, places: UserPlaces, writes: Sequence[RecordWrite], deadline: Deadline
    ) -> list[tuple[RecordWrite, Record | None]]:
        """As `write`, if a user may be at two places: updates try the places as `turns` says."""
        new = [write for write in writes if is_new(write.record)]
        items = [_new_item(write) for write in new]
        created = create_users(self.table, places, items, deadline)
        unseen = [write for write, is_created in zip(new, created, strict=True) if not is_created]
        unmet: list[tuple[RecordWrite, Record | None]] = []
        waiting = [write for write in writes if not is_new(write.record)]
        for turn in places.turns:
            outcomes = write_each(
                [
                    self._statement(write, places.of(write.record.record_id)[turn])
                    for write in waiting
                ],
                deadline,
            )
            tried, waiting = waiting, []
            for write, outcome in zip(tried, outcomes, strict=True):
                if outcome is not None and outcome.item:
                    unmet.append((write, _user_record(outcome.item)))
                elif outcome is not None:
                    waiting.append(write)
        unseen += waiting
        found = self.read(places.tenant, [one.record.record_id for one in unseen], deadline)
        return unmet + [(write, found.get(write.record.record_id)) for write in unseen]

    def claim_logins(
        self,
        tenant: str,
        asked: Mapping[str, str],
        precedence: str,
        now: float,
        deadline: Deadline,
    ) -> dict[str, str]:
        """Claims the normal login names that are free; returns the address that has each name.

        `asked` maps login names to addresses. A claim is valid for CLAIM_SECONDS, and as long as
        its user has the login name. A name that the import with that `precedence`, or a newer one,
        has given up is not free.
        """
        waiting = {
            login: email for login, email in asked.items() if len(login.encode()) <= MAX_LOGIN_BYTES
        }
        holders = dict(asked)
        places = self._names_of(tenant)
        tries = 0
        while waiting:
            known = read_logins(self.table, places, waiting, deadline)
            taken = self._taken(tenant, waiting, known, precedence, now, deadline)
            holders |= taken
            claims = {
                login: json.dumps({"email": email, "at": int(now)})
                for login, email in waiting.items()
                if login not in taken
            }
            stored = write_logins(self.table, places, claims, known, deadline)
            waiting = {login: waiting[login] for login in claims if login not in stored}
            if waiting:
                deadline.wait(tries)
                tries += 1
        return holders

    def holders_of_logins(
        self,
        tenant: str,
        asked: Mapping[str, str],
        precedence: str,
        now: float,
        deadline: Deadline,
    ) -> dict[str, str]:
        """As `claim_logins`, but claims nothing: free names stay free."""
        known = read_logins(self.table, self._names_of(tenant), asked, deadline)
        return {**asked, **self._taken(tenant, asked, known, precedence, now, deadline)}

    def _taken(
        self,
        tenant: str,
        asked: Mapping[str, str],
        known: Mapping[str, LoginFound],
        precedence: str,
        now: float,
        deadline: Deadline,
    ) -> dict[str, str]:
        """The addresses of other users who have the requested login names, by login name."""
        claims: dict[str, dict[str, Any]] = {
            login: json.loads(found.body) for login, found in known.items()
        }
        others = {
            login: str(claim["email"])
            for login, claim in claims.items()
            if claim["email"] != asked[login]
        }
        records = self.read(tenant, dict.fromkeys(others.values()), deadline)
        return {
            login: email
            for login, email in others.items()
            if is_claimed(claims[login], now)
            or (
                (record := records.get(email)) is not None
                and login in logins_since(record, precedence)
            )
        }

    def _statement(self, write: RecordWrite, pk: str = "") -> Statement:
        record = write.record
        key = key_of(pk or record.tenant, USER + record.record_id)
        if is_new(record):
            return insertion(self.table, {**key, **_new_item(write)})
        return update(self.table, {**key, **field_values(write, About.USERS)}, record.version)


def _new_item(write: RecordWrite) -> Item:
    """A new user, without partition key."""
    values = field_values(write, About.USERS)
    return {"sk": {"S": USER + write.record.record_id}, **values, "version": {"N": "1"}}


def _user_record(item: Item) -> Record:
    return Record(
        tenant=tenant_of(item["pk"]["S"]),
        account_id=item["sk"]["S"][len(USER) :],
        version=int(item["version"]["N"]) if "version" in item else 0,
        assigned=fields_in(item, About.USERS),
        precedences=field_orders_in(item),
        receipts=tuple([receipt_from(receipt["M"]) for receipt in item["marks"]["L"]])
        if "marks" in item
        else (),
    )


def _new_names(writes: Iterable[RecordWrite]) -> list[tuple[str, str]]:
    """The normalized names that the writes give to users, each with the user's address."""
    return [
        (normalized_name(name), write.record.record_id)
        for write in writes
        for name in write.assigned.get("#name", ())
        if write.assigned.get("#name") != write.record.assigned.get("#name", ())
    ]
