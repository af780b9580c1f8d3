"""How many calls a step costs, and how many rows each asks for: what AWS bills and limits.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.deadline import Deadline
from handover.model import Account, Record, User
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.rules.decision import RecordWrite
from handover.rules.pending import pending_assignee
from handover.store.batches import Statement, put_items, read_items, write_each
from handover.store.import_items import ImportItem
from handover.store.moving import PortfolioMover
from handover.store.name_places import NAMES_MARK, put_logins, put_names
from handover.store.portfolios import Holding
from handover.store.tables import Tables
from handover.store.user_places import MARK, Spreading, put_mark
from msgspec.structs import replace

from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline
from tests.unit.store.test_writes import (
    ID,
    SETTLEMENT,
    begun,
    ended,
    issued,
    replayed,
    ticket,
    used,
)

SOON = Deadline(9e9)


@dataclass
class Calls(Mishap):
    """Notes the members of each call of a kind."""

    sizes: list[int] = field(default_factory=list)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Counts what the call asks for."""
        if self.operation in ("", operation):
            self.sizes.append(_members(params))
        return super().before(number, service, operation, params)


def _members(params: dict[str, Any]) -> int:
    match params:
        case {"RequestItems": requests}:
            return sum(
                len(one.get("Keys", one) if isinstance(one, dict) else one)
                for one in requests.values()
            )
        case {"Statements": members} | {"TransactItems": members}:
            return len(members)
        case _:
            return int(params.get("Limit", 0))


def sizes(pipeline: Pipeline, operation: str, step: Callable[[Tables], object]) -> list[int]:
    calls = Calls(operation)
    with incident(pipeline.memory, calls):
        step(pipeline.resources.tables)
    return calls.sizes


def _key(place: int) -> dict[str, Any]:
    return {"pk": {"S": f"{TENANT}#A{place}"}}


def _put(number: int) -> Callable[[Tables], object]:
    return lambda _: put_items("ImportsTable", map(_plan, range(number)), SOON)


def _plan(place: int) -> dict[str, Any]:
    return {"pk": {"S": f"{place}"}, "sk": {"S": "plan"}, "body": {"S": "{}"}}


def _read(number: int) -> Callable[[Tables], object]:
    return lambda _: read_items("AccountsTable", map(_key, range(number)), SOON)


def _write(number: int) -> Callable[[Tables], object]:
    removal = 'DELETE FROM "AccountsTable" WHERE "pk"=? AND "version"=?'
    statements = [Statement(removal, [_key(place)["pk"], {"N": "1"}]) for place in range(number)]
    return lambda _: write_each(statements, SOON)


def _users(number: int) -> Callable[[Tables], object]:
    users = [User(f"u{place}@x.example", "", frozenset()) for place in range(number)]
    return lambda tables: tables.directory.put_users(TENANT, users, SOON)


@pytest.mark.parametrize(
    ("operation", "step", "most"),
    [
        ("BatchGetItem", _read, 100),
        ("BatchExecuteStatement", _write, 25),
        ("BatchWriteItem", _put, 25),
        ("TransactWriteItems", _users, 25),
    ],
    ids=["keys", "statements", "puts", "users"],
)
def test_a_call_is_as_full_as_it_may_be(
    operation: str, step: Callable[[int], Callable[[Tables], object]], most: int, pipeline: Pipeline
) -> None:
    assert sizes(pipeline, operation, step(most)) == [most]
    assert sizes(pipeline, operation, step(2 * most + 1)) == [most, most, 1]
    assert sizes(pipeline, operation, step(0)) == []


# What a list asks for in one call: no more than its reader shows, and what is needed to go on.
LIMITS: dict[str, tuple[Callable[[Tables], object], list[int]]] = {
    "a page of accounts": (lambda tables: next(tables.accounts.listed(TENANT), None), [1000] * 16),
    "what waits for an address": (
        lambda tables: list(tables.portfolios.of(TENANT, pending_assignee("a@x.example"))),
        [256],
    ),
    "entries of tomorrow, because clocks differ": (
        lambda tables: list(
            tables.audit.newest(TENANT, before="", since="", now="2026-11-30T10:00:00Z", rows=7)
        ),
        [7] * 8,
    ),
    "entries of the audit trail of two months": (
        lambda tables: list(
            tables.audit.newest(TENANT, before="", since="", now="2026-12-02T10:00:00Z", rows=7)
        ),
        [7] * 8,
    ),
    "entries of this month, two days before the next": (
        lambda tables: list(
            tables.audit.newest(TENANT, before="", since="", now="2026-11-29T10:00:00Z", rows=7)
        ),
        [7] * 4,
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_list_asks_for_what_it_shows(name: str, pipeline: Pipeline) -> None:
    step, expected = LIMITS[name]

    assert sizes(pipeline, "Query", step) == expected


@pytest.mark.parametrize(("rows", "of_each"), [(7, 12), (96, 12), (104, 13)])
def test_a_page_of_spread_users_asks_each_key_for_its_part(
    rows: int, of_each: int, pipeline: Pipeline
) -> None:
    put_mark("DirectoryTable", TENANT, Spreading.SPREAD, 0.0)

    found = sizes(pipeline, "Query", lambda tables: list(tables.people.listed(TENANT, None, rows)))

    # The home, 16 shards, and the home again.
    assert found == [of_each] * 18


def test_the_parts_of_a_portfolio_grow_fourfold(pipeline: Pipeline) -> None:
    held = [Holding(TENANT, AMINA, "m", f"A{place:05d}", 1, is_held=True) for place in range(1281)]
    pipeline.resources.tables.portfolios.put(held, pipeline.clock.now, SOON)

    found = sizes(pipeline, "Query", lambda tables: list(tables.portfolios.of(TENANT, AMINA)))

    assert found == [256, 1024, 4096]


@dataclass
class Operations(Mishap):
    """Notes the kind of each call."""

    made: list[str] = field(default_factory=list)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Notes the operation."""
        self.made.append(operation)
        return super().before(number, service, operation, params)


def newest(tables: Tables) -> object:
    return tables.imports.newest(TENANT, 9, None)


def settle_first(tables: Tables) -> object:
    item = ImportItem.get(ID, "import", consistent_read=True)
    return tables.chunks.settle(item, SETTLEMENT, SOON)


def hold(version: int) -> Callable[[Tables], None]:
    holding = Holding(TENANT, AMINA, "m", "K1", version, is_held=True)
    return lambda tables: tables.portfolios.put([holding], 0.0, SOON)


def two_at_a_shard(tables: Tables) -> None:
    items = [
        {
            "pk": {"S": f"{TENANT}~0#{AMINA}"},
            "sk": {"S": sk},
            "version": {"N": "1"},
            "held": {"BOOL": True},
            "expires": {"N": "0"},
            "at": {"S": ""},
            "import_id": {"S": ""},
        }
        for sk in ("m#K1", "m#K2")
    ]
    put_items(tables.portfolios.table, items, SOON)


OWNER = Role("owner", 1, frozenset())
ENTRY = AuditEntry(
    TENANT, "n", "2026-11-22T10:00:00.000Z", Act.ROLE_STORED, "ines", Door.CLI, "role owner"
)
READ_AND_WRITE = ["BatchGetItem", "BatchExecuteStatement"]
WRITE_AND_READ = ["BatchExecuteStatement", "BatchGetItem"]


def nothing(_: Tables) -> None:
    """Nothing is stored before."""


def store_role(tables: Tables, *, also: bool = False) -> None:
    entry = (lambda _before, _after: tables.audit.addition(ENTRY)) if also else None
    tables.setup.put_role(TENANT, OWNER, entry)


def store_profile(tables: Tables) -> None:
    own = replace(presets()["single-strict"], name="own")
    tables.setup.replace_profile(TENANT, None, own)


def settle_profile(tables: Tables) -> None:
    tables.tickets.settle_profile("T", "{}")


def with_profile(tables: Tables) -> None:
    issued(tables)
    settle_profile(tables)


def note_taken(tables: Tables) -> None:
    tables.watermarks.note_taken("chunks", 7000.0)


def mark_deleted(tables: Tables) -> None:
    tables.jobs.mark_deleted(TENANT, AMINA, "T", "1", SOON)


def claim(email: str) -> Callable[[Tables], object]:
    return lambda tables: tables.user_records.claim_logins(TENANT, {"own": email}, "1", 0.0, SOON)


def put_login(tables: Tables) -> None:
    put_logins(tables.directory.table, TENANT, {"own": AMINA}, SOON)


def put_many_logins(tables: Tables) -> None:
    logins = {f"own {place}": AMINA for place in range(26)}
    put_logins(tables.directory.table, TENANT, logins, SOON)


def spread(tables: Tables) -> None:
    for mark in (MARK, NAMES_MARK):
        put_mark(tables.directory.table, TENANT, Spreading.SPREAD, 0.0, mark=mark)


def spread_login(tables: Tables) -> None:
    spread(tables)
    put_logins(tables.directory.table, TENANT, {"own": BARAKA}, SOON)


def spread_user(tables: Tables) -> None:
    spread(tables)
    tables.directory.put_users(TENANT, [User("new@x.example", "", frozenset())], SOON)


def write_outdated(tables: Tables) -> object:
    fields = {"#status": ("active",)}
    record = Record(TENANT, "new@x.example", 7, assigned=fields)
    return tables.user_records.write([RecordWrite(record, fields, {}, ())], SOON)


NAMED = {"#status": ("active",), "#name": ("New",)}


def write_user(tables: Tables) -> object:
    record = Record(TENANT, "new@x.example", 0)
    return tables.user_records.write([RecordWrite(record, NAMED, {}, ())], SOON)


def write_phone(tables: Tables) -> object:
    record = Record(TENANT, "new@x.example", 1, assigned=NAMED)
    changed = {**NAMED, "#phone": ("1",)}
    return tables.user_records.write([RecordWrite(record, changed, {}, ())], SOON)


def write_account(version: int) -> Callable[[Tables], object]:
    fields = {"#status": ("active",)}
    record = Record(TENANT, "K1", version, assigned=fields if version else {})
    write = RecordWrite(record, fields, {}, ())
    return lambda tables: tables.account_records.write([write], SOON)


def one_chunk(tables: Tables) -> None:
    begun(tables, chunks=1)


# What is stored before, the step, and its calls: reads that tell nothing new are left out.
CALLS: dict[str, tuple[Callable[[Tables], object], Callable[[Tables], object], list[str]]] = {
    "an import's only chunk is settled": (
        one_chunk,
        settle_first,
        ["GetItem", "UpdateItem", "UpdateItem"],
    ),
    "a chunk of two is settled": (
        begun,
        settle_first,
        ["GetItem", "UpdateItem", "GetItem", "UpdateItem"],
    ),
    "accounts are stored": (
        nothing,
        lambda tables: tables.accounts.put_fields([Account(TENANT, "A", 1)], SOON),
        ["BatchGetItem", "BatchExecuteStatement"],
    ),
    "a holding is stored": (
        nothing,
        hold(1),
        ["BatchGetItem", "BatchGetItem", "BatchExecuteStatement"],
    ),
    "a newer holding is stored": (
        hold(1),
        hold(2),
        ["BatchGetItem", "BatchGetItem", "BatchExecuteStatement"],
    ),
    "an older holding is not stored": (hold(2), hold(1), ["BatchGetItem", "BatchGetItem"]),
    "a holder is looked for": (
        hold(1),
        lambda tables: tables.portfolios.holders_among(TENANT, [AMINA], SOON),
        ["Query"],
    ),
    "who holds nothing is looked for": (
        nothing,
        lambda tables: tables.portfolios.holders_among(TENANT, [AMINA], SOON),
        ["Query", "BatchGetItem"],
    ),
    "a portfolio is spread": (
        hold(1),
        lambda tables: list(PortfolioMover(tables.portfolios, large_from=1).spread(SOON)),
        ["Scan", "PutItem", "Query", *READ_AND_WRITE, "BatchExecuteStatement"],
    ),
    "two items of a shard are gathered": (
        two_at_a_shard,
        lambda tables: list(PortfolioMover(tables.portfolios).gather(SOON)),
        ["Scan", "Query", *READ_AND_WRITE, "BatchExecuteStatement"],
    ),
    "imports that have ended are listed": (ended, newest, ["Query", "BatchGetItem"]),
    "an import that is processed is listed": (
        begun,
        newest,
        ["Query", "BatchGetItem", "BatchGetItem"],
    ),
    "a role is stored": (nothing, store_role, ["GetItem", "PutItem"]),
    "a role is stored with the entry of the act": (
        nothing,
        lambda tables: store_role(tables, also=True),
        ["GetItem", "TransactWriteItems"],
    ),
    "a role is stored as it was": (store_role, store_role, ["GetItem"]),
    "a role is removed": (
        store_role,
        lambda tables: tables.setup.remove_role(TENANT, OWNER.role),
        ["GetItem", "DeleteItem"],
    ),
    "a role that does not exist is removed": (
        nothing,
        lambda tables: tables.setup.remove_role(TENANT, OWNER.role),
        ["GetItem"],
    ),
    "a profile is stored": (nothing, store_profile, ["GetItem", "PutItem"]),
    "a profile is stored in place of another that has changed": (
        store_profile,
        store_profile,
        ["GetItem"],
    ),
    "a ticket is issued once": (
        nothing,
        lambda tables: tables.tickets.issue_once("T", ticket()),
        ["PutItem"],
    ),
    "a ticket is issued again": (
        issued,
        lambda tables: tables.tickets.issue_once("T", ticket()),
        ["PutItem", "GetItem"],
    ),
    "a ticket gets its profile": (issued, settle_profile, ["UpdateItem"]),
    "a ticket keeps its profile": (with_profile, settle_profile, ["UpdateItem", "GetItem"]),
    "a ticket without replays has none to take over": (
        used,
        lambda tables: tables.tickets.take_over_replays(ID, "T"),
        ["GetItem"],
    ),
    "replays are taken over of a known ticket": (
        replayed,
        lambda tables: tables.tickets.take_over_replays(ID, "T", tables.tickets.find("T")),
        ["GetItem", "UpdateItem"],
    ),
    "a message is taken": (nothing, note_taken, ["GetItem", "UpdateItem"]),
    "a message as new is taken": (note_taken, note_taken, ["GetItem"]),
    "a user is marked as deleted": (nothing, mark_deleted, ["GetItem", *READ_AND_WRITE]),
    "a user is marked as deleted again": (mark_deleted, mark_deleted, ["GetItem", "BatchGetItem"]),
    "a login name is claimed": (nothing, claim(AMINA), ["GetItem", *READ_AND_WRITE]),
    "a login name that another user has is not claimed": (
        claim(BARAKA),
        claim(AMINA),
        # Whether that user has it still is on the user.
        ["GetItem", "BatchGetItem", "GetItem", "BatchGetItem"],
    ),
    "login names are put": (nothing, put_login, ["GetItem", "BatchWriteItem"]),
    "spread login names are put": (
        spread,
        put_many_logins,
        ["GetItem", *["BatchGetItem"] * 3, *["TransactWriteItems"] * 2],
    ),
    "a spread login name is put over another": (
        spread_login,
        put_login,
        ["GetItem", *READ_AND_WRITE],
    ),
    "a user is written with the name": (
        nothing,
        write_user,
        ["GetItem", "BatchWriteItem", "GetItem", "BatchExecuteStatement"],
    ),
    "a user whose name stays is written": (
        write_user,
        write_phone,
        ["GetItem", "BatchExecuteStatement"],
    ),
    "an account that exists is not created": (write_account(0), write_account(0), WRITE_AND_READ),
    "an account that has changed is not written": (
        write_account(0),
        write_account(7),
        ["BatchExecuteStatement"],
    ),
    "the tenant of a domain that is not verified": (
        nothing,
        lambda tables: tables.domains.tenant_of("ana@a.x.example"),
        ["GetItem", "GetItem"],
    ),
    "a user at a shard who has changed is not written": (
        spread_user,
        write_outdated,
        ["GetItem", "BatchExecuteStatement"],
    ),
    "a user at a shard is read": (
        spread_user,
        lambda tables: tables.directory.users(TENANT, ["new@x.example"], SOON),
        ["GetItem", "BatchGetItem"],
    ),
    "a user is read who may be at two places": (
        spread,
        lambda tables: tables.directory.users(TENANT, ["new@x.example"], SOON),
        ["GetItem", *["BatchGetItem"] * 3],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_step_makes_these_calls(name: str, pipeline: Pipeline) -> None:
    before, step, expected = CALLS[name]
    before(pipeline.resources.tables)
    operations = Operations()

    with incident(pipeline.memory, operations):
        step(pipeline.resources.tables)

    assert operations.made == expected


# What is asked for nothing, or only for what cannot be stored, costs no call.
NOTHING: dict[str, Callable[[Tables], object]] = {
    "accounts to store": lambda tables: tables.accounts.put_fields([], SOON),
    "accounts to read": lambda tables: tables.accounts.read(TENANT, [], SOON),
    "users to read": lambda tables: tables.directory.users(TENANT, [], SOON),
    "users to write": lambda tables: tables.user_records.write([], SOON),
    "names to index": lambda tables: put_names(
        tables.directory.table, TENANT, [("", AMINA), ("x" * 1100, AMINA)], SOON
    ),
    "an account id that is too long": lambda tables: tables.accounts.read(
        TENANT, ["x" * 1000], SOON
    ),
    "a text that is no address": lambda tables: tables.portfolios.is_awaited(TENANT, "ana"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_asked_for_without_a_call(name: str, pipeline: Pipeline) -> None:
    assert sizes(pipeline, "", NOTHING[name]) == []
