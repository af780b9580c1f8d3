"""Records: accounts and users with their fields as roles, for directory files.

A record has its item's version and receipts, so that it is read, decided and written like an
account. The precedences of its fields are in an attribute of their own, which has the fields by
precedence, because one file sets many of them. Assignments neither read nor write this attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from handover.deadline import Deadline
from handover.model import Record
from handover.profiles.fields import ACTIVE, FIELD, FIELDS, STATUS, About, Form, is_field
from handover.rules.decision import RecordWrite
from handover.rules.directory_planner import is_new
from handover.store.accounts import account_from, account_keys, item_from
from handover.store.batches import Item, Statement, insertion, read_items, update, write_each
from handover.store.receipts import receipt_value, texts_in, texts_value

FIELD_ORDERS = "fact_orders"


class Records(Protocol):
    """A table of records."""

    def read(self, tenant: str, names: Iterable[str], deadline: Deadline, /) -> dict[str, Record]:
        """The records of the tenant that exist among `names` (no repetition), by name."""

    def write(
        self, writes: Sequence[RecordWrite], deadline: Deadline, /
    ) -> list[tuple[RecordWrite, Record | None]]:
        """Stores the writes; returns those that met another version, with the record as it is now.

        The record is None if there is none. No two writes may concern the same record.
        """


class AccountRecords(Struct, frozen=True):
    """The accounts; the oldest file that creates one decides its initial assignments."""

    table: str

    def read(self, tenant: str, names: Iterable[str], deadline: Deadline) -> dict[str, Record]:
        """The accounts that exist among `names`, by id."""
        items = read_items(self.table, account_keys(tenant, names), deadline)
        return {record.record_id: record for record in map(_account_record, items)}

    def write(
        self, writes: Sequence[RecordWrite], deadline: Deadline
    ) -> list[tuple[RecordWrite, Record | None]]:
        """Stores the writes, as `Records.write` says."""
        return write_records(self, writes, self._statement, _account_record, deadline)

    def _statement(self, write: RecordWrite) -> Statement:
        record = write.record
        key = {"pk": {"S": f"{record.tenant}#{record.record_id}"}}
        values = field_values(write, About.ACCOUNTS)
        if is_new(record):
            return insertion(self.table, _new_account(write) | values | key)
        if _assignees_in(write.assigned) != _assignees_in(record.assigned):
            # An older import than the one that created the account decides its initial assignments.
            account = _new_account(write)
            values |= {name: account[name] for name in ("assigned", "orders")}
        return update(self.table, {**key, **values}, record.version)


def _assignees_in(assigned: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Who holds which role, without the fields."""
    return {role: users for role, users in assigned.items() if not is_field(role)}


def _new_account(write: RecordWrite) -> dict[str, Any]:
    record = write.record
    roles = _assignees_in(write.assigned)
    precedences = {
        role: precedence for role, precedence in write.precedences.items() if not is_field(role)
    }
    return item_from(
        Record(record.tenant, record.record_id, version=1, assigned=roles, precedences=precedences)
    )


def _account_record(item: Item) -> Record:
    account = account_from(item)
    return Record(
        account.tenant,
        account.account_id,
        account.version,
        opco=account.opco,
        assigned={**account.assigned, **fields_in(item, About.ACCOUNTS)},
        precedences={**account.precedences, **field_orders_in(item)},
        receipts=account.receipts,
    )


def write_records(
    records: Records,
    writes: Sequence[RecordWrite],
    statement: Callable[[RecordWrite], Statement],
    record_from: Callable[[Item], Record],
    deadline: Deadline,
) -> list[tuple[RecordWrite, Record | None]]:
    """What `Records.write` returns, with one statement for each write."""
    outcomes = write_each([statement(write) for write in writes], deadline)
    unmet = [
        (write, outcome)
        for write, outcome in zip(writes, outcomes, strict=True)
        if outcome is not None
    ]
    # A failed INSERT does not return the existing item.
    unseen = [write.record for write, outcome in unmet if not outcome.item]
    found = (
        records.read(unseen[0].tenant, [record.record_id for record in unseen], deadline)
        if unseen
        else {}
    )
    return [
        (write, record_from(outcome.item) if outcome.item else found.get(write.record.record_id))
        for write, outcome in unmet
    ]


def fields_in(item: Item, about: About) -> dict[str, tuple[str, ...]]:
    """The fields of an item as roles; an empty text has no holder."""
    fields: dict[str, tuple[str, ...]] = {}
    for role, form in FIELDS[about].items():
        value = item.get(role.removeprefix(FIELD))
        if form in (Form.LIST, Form.SET):
            fields[role] = texts_in(value) if value else ()
        else:
            text = value["S"] if value else ""
            fields[role] = (text,) if text else ()
    fields[STATUS] = fields[STATUS] or (ACTIVE,)
    return fields


def field_values(write: RecordWrite, about: About) -> dict[str, Any]:
    """The attributes of a record that a write changes, except its key and version.

    A new record gets all its fields.
    """
    record = write.record
    values: dict[str, Any] = {}
    for role, form in FIELDS[about].items():
        assignee = write.assigned.get(role, ())
        if is_new(record) or assignee != record.assigned.get(role, ()):
            values[role.removeprefix(FIELD)] = (
                texts_value(assignee)
                if form in (Form.LIST, Form.SET)
                else {"S": assignee[0] if assignee else ""}
            )
    values[FIELD_ORDERS] = field_orders_value(write.precedences)
    values["marks"] = {"L": [receipt_value(receipt) for receipt in write.receipts]}
    return values


def field_orders_in(item: Item) -> dict[str, str]:
    """The precedence of the import that last set each field."""
    if FIELD_ORDERS not in item:
        return {}
    return {
        f"{FIELD}{name}": precedence
        for precedence, names in item[FIELD_ORDERS]["M"].items()
        for name in texts_in(names)
    }


def field_orders_value(precedences: Mapping[str, str]) -> dict[str, Any]:
    """The value with the precedences of fields among `precedences`."""
    names_by_precedence: dict[str, list[str]] = {}
    for role, precedence in precedences.items():
        if is_field(role):
            names_by_precedence.setdefault(precedence, []).append(role.removeprefix(FIELD))
    return {
        "M": {precedence: texts_value(names) for precedence, names in names_by_precedence.items()}
    }
