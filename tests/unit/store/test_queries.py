"""What each list asks DynamoDB for, written by hand: all parameters of each query.

They decide which rows come and in which order, whether they are the last written, and the costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

import pytest
from handover.deadline import Deadline
from handover.model import Account, User
from handover.store import users
from handover.store.moving import NameMover, PortfolioMover, UserMover
from handover.store.name_places import NAMES_MARK
from handover.store.portfolios import Holding, Portfolios
from handover.store.tables import Tables
from handover.store.user_places import MARK, Spreading, put_mark

from tests.kit.memory_aws import Twist
from tests.kit.memory_aws import queries as memory_queries
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, TENANT, Pipeline

SOON = Deadline(9e9)
ID = "0" * 32
DIGITS = "0123456789abcdef"
NOW = "2026-11-29T10:00:00Z"
Step = Callable[[Tables], object]


@dataclass
class Queries(Mishap):
    """Notes each query and scan."""

    asked: list[str] = field(default_factory=list)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Notes what the call asks for."""
        if operation in ("Query", "Scan"):
            self.asked.append(described(params))
        return super().before(number, service, operation, params)


def described(params: dict[str, Any]) -> str:
    """A query in one line, with values, and names that have only a number, at their places."""
    names = params.get("ExpressionAttributeNames", {})
    values = params.get("ExpressionAttributeValues", {})

    def plain(text: str) -> str:
        text = re.sub(r"#\d+", lambda found: str(names[found[0]]), text)
        text = re.sub(r":\w+", lambda found: next(iter(values[found[0]].values())), text)
        return re.sub(r"[()]", "", text.replace("begins_with (sk, ", "sk BEGINS (")).replace(
            "begins_withsk, ", "sk BEGINS "
        )

    parts = [params["TableName"].removesuffix("Table")]
    if "IndexName" in params:
        parts.append(f"by {params['IndexName']}")
    if "KeyConditionExpression" in params:
        parts.append(plain(params["KeyConditionExpression"]))
    if "ExclusiveStartKey" in params:
        start = "|".join(one["S"] for one in params["ExclusiveStartKey"].values())
        parts.append(f"after {start}")
    if not params.get("ScanIndexForward", True):
        parts.append("backwards")
    if "Limit" in params:
        parts.append(f"at most {params['Limit']}")
    if "ProjectionExpression" in params:
        parts.append(f"only {plain(params['ProjectionExpression'])}")
    if not params.get("ConsistentRead"):
        parts.append("of moments ago")
    return ", ".join(parts)


def at_shards(query: str) -> list[str]:
    """The query of each shard's key, for a query of the home's key."""
    return [query.replace(TENANT, f"{TENANT}~{digit}") for digit in DIGITS]


USER_PART = "Directory, pk = lumina AND sk BEGINS user#, at most 12"
NAME_PART = "Directory, pk = lumina AND sk BEGINS name#zz, at most 50"
ADDRESSES = "Directory, pk = lumina AND sk BEGINS user#, at most 50000, only pk, sk, of moments ago"
HELD = f"Portfolio, pk = lumina#{AMINA}"

QUERIES: dict[str, tuple[Step, Sequence[str]]] = {
    "the newest imports": (
        lambda tables: tables.imports.newest(TENANT, 7, None),
        [
            (
                "Imports, by by-tenant, tenant = lumina AND listed_at BETWEEN 0 AND ~, backwards, "
                "at most 9, of moments ago"
            )
        ],
    ),
    "the imports between two times": (
        lambda tables: tables.imports.newest(TENANT, 7, "2026-11-22", "2026-11-01"),
        [
            (
                "Imports, by by-tenant, tenant = lumina AND listed_at BETWEEN 2026-11-01 AND "
                "2026-11-22, backwards, at most 9, of moments ago"
            )
        ],
    ),
    "imports after the end of the time": (
        lambda tables: tables.imports.newest(TENANT, 7, "2026-11-01", "2026-11-22"),
        [],
    ),
    "the number of imports of a day": (
        lambda tables: tables.imports.count_on(TENANT, date(2026, 1, 1)),
        [
            (
                "Imports, by by-tenant, tenant = lumina AND listed_at BETWEEN 2026-01-01T AND "
                "2026-01-01T~, at most 10000, of moments ago"
            )
        ],
    ),
    "open imports": (
        lambda tables: list(tables.imports.open_imports()),
        ["Imports, by open, open = 1, of moments ago"],
    ),
    "open imports since a time": (
        lambda tables: list(tables.imports.open_imports("2026-11-22")),
        ["Imports, by open, open = 1 AND opened_at >= 2026-11-22, of moments ago"],
    ),
    "settled chunks": (
        lambda tables: tables.chunks.settled_chunks(ID),
        [f"Imports, pk = {ID} AND sk BEGINS chunk#"],
    ),
    "a page of users": (
        lambda tables: next(tables.people.listed(TENANT, AMINA, 7), None),
        [f"Directory, pk = lumina AND sk BEGINS user#, after lumina|user#{AMINA}, at most 7"],
    ),
    "users of the beginning of a name": (
        lambda tables: list(tables.people.called(TENANT, "zz", None, SOON)),
        [NAME_PART],
    ),
    "users of the beginning of a name after a place": (
        lambda tables: list(tables.people.called(TENANT, "zz", "zz#a@x.example", SOON)),
        [NAME_PART.replace(", at", ", after lumina|name#zz#a@x.example, at")],
    ),
    "users of a whole name": (
        lambda tables: tables.directory.users_by_name(TENANT, ["zz"], SOON),
        ["Directory, pk = lumina AND sk BEGINS name#zz#"],
    ),
    "the addresses to compare with": (
        lambda tables: list(tables.directory.addresses(TENANT)),
        [ADDRESSES],
    ),
    "all roles": (
        lambda tables: list(tables.directory.roles(TENANT)),
        ["Directory, pk = lumina AND sk BEGINS role#"],
    ),
    "a page of roles": (
        lambda tables: list(tables.directory.roles(TENANT, "b", 7)),
        ["Directory, pk = lumina AND sk BEGINS role#, after lumina|role#b, at most 7"],
    ),
    "a page of workflows": (
        lambda tables: list(tables.directory.workflows(TENANT, "b", 7)),
        ["Directory, pk = lumina AND sk BEGINS workflow#, after lumina|workflow#b, at most 7"],
    ),
    "a page of sources": (
        lambda tables: list(tables.setup.sources(TENANT, "b", 7)),
        ["Directory, pk = lumina AND sk BEGINS source#, after lumina|source#b, at most 7"],
    ),
    "a tenant's own profiles": (
        lambda tables: tables.setup.own_profiles(TENANT),
        ["Directory, pk = lumina AND sk BEGINS profile#"],
    ),
    "verified domains": (
        lambda tables: list(tables.domains.listed()),
        ["Directory, pk = #domains"],
    ),
    "accounts after an id on the last shard but one": (
        lambda tables: list(tables.accounts.listed(TENANT, after="K7")),
        [
            (
                "Accounts, by by-tenant, #shelf = lumina#e AND #pk > lumina#K7, at most 1000, "
                "of moments ago"
            ),
            (
                "Accounts, by by-tenant, #shelf = lumina#f AND #pk > lumina#, at most 1000, "
                "of moments ago"
            ),
        ],
    ),
    "accounts that begin so": (
        lambda tables: list(tables.accounts.beginning(TENANT, "K", after="K1")),
        [
            f"Accounts, by by-tenant, #shelf = lumina#{digit} AND "
            "#pk BETWEEN lumina#K1 AND lumina#K\U0010ffff, at most 20, of moments ago"
            for digit in DIGITS
        ],
    ),
    "a history after a version": (
        lambda tables: list(tables.history.of(TENANT, "K1", after=3)),
        ["History, pk = lumina#K1 AND sk > 3"],
    ),
    "a history, newest first": (
        lambda tables: list(tables.history.of(TENANT, "K1", is_newest_first=True)),
        ["History, pk = lumina#K1 AND sk > 0, backwards"],
    ),
    "a portfolio": (
        lambda tables: list(tables.portfolios.of(TENANT, AMINA)),
        [f"{HELD}, at most 256"],
    ),
    "a portfolio after a place": (
        lambda tables: list(tables.portfolios.of(TENANT, AMINA, after="m#K1")),
        [f"{HELD} AND sk > m#K1, at most 256"],
    ),
    "what a user holds in a role": (
        lambda tables: list(tables.portfolios.in_role(TENANT, AMINA, "m")),
        [f"{HELD} AND sk BEGINS m#, at most 256"],
    ),
    "what waits for addresses": (
        lambda tables: list(tables.portfolios.waiting(TENANT)),
        ["Portfolio, pk = lumina#pending:, at most 256"],
    ),
    "addresses that are awaited": (
        lambda tables: list(tables.portfolios.awaited(TENANT, after="a@x.example")),
        ["Portfolio, pk = lumina#pending: AND sk > a@x.example!, at most 256"],
    ),
    "addresses that are awaited, from the first on": (
        lambda tables: list(tables.portfolios.awaited(TENANT)),
        ["Portfolio, pk = lumina#pending: AND sk > !, at most 256"],
    ),
    "whether a busy portfolio is large": (
        lambda tables: Portfolios(tables.portfolios.table, spreads=True).put(
            [Holding(TENANT, AMINA, "m", f"A{at}", 1, is_held=True) for at in range(16)], 0.0, SOON
        ),
        [f"{HELD}, at most 1000, only pk, sk, of moments ago"],
    ),
    "whether a user holds anything": (
        lambda tables: tables.portfolios.holders_among(TENANT, [AMINA], SOON),
        [f"{HELD}, at most 16"],
    ),
    "requests about an account": (
        lambda tables: list(tables.requests.of(TENANT, "K1")),
        ["Requests, pk = lumina#K1 AND sk BEGINS request#, backwards"],
    ),
    "requests before one": (
        lambda tables: list(tables.requests.of(TENANT, "K1", before="r3")),
        ["Requests, pk = lumina#K1 AND sk BETWEEN request# AND request#r3, backwards"],
    ),
    "notes after one": (
        lambda tables: list(tables.requests.notes(TENANT, "K1", "r3", after="n1")),
        ["Requests, pk = lumina#K1 AND sk BETWEEN note#r3#n1 AND note#r3#~"],
    ),
    "entries of the audit trail": (
        lambda tables: list(tables.audit.newest(TENANT, before="", since="", now=NOW, rows=7)),
        [
            f"Audit, pk = lumina#2026-11#{shard} AND sk BETWEEN 0 AND ~, backwards, at most 7"
            for shard in range(4)
        ],
    ),
    "entries of the audit trail before a place, back to a time": (
        lambda tables: list(
            tables.audit.newest(
                TENANT, before="2027-02-01T1#n", since="2027-01-31", now=NOW, rows=7
            )
        ),
        [
            f"Audit, pk = lumina#{month}#{shard} AND sk BETWEEN 2027-01-31 AND 2027-02-01T1#n, "
            "backwards, at most 7"
            for month in ("2027-02", "2027-01")
            for shard in range(4)
        ],
    ),
    "entries that were left open": (
        lambda tables: list(tables.audit.left_open(after="", until="2026-12-03")),
        ["Audit, by open, open = open AND sk BETWEEN 0 AND 2026-12-03, of moments ago"],
    ),
    "entries that were left open after a place": (
        lambda tables: list(tables.audit.left_open(after="2026-12-02#n", until="2026-12-03")),
        ["Audit, by open, open = open AND sk BETWEEN 2026-12-02#n AND 2026-12-03, of moments ago"],
    ),
    "portfolios to spread": (
        lambda tables: list(PortfolioMover(tables.portfolios).spread(SOON)),
        ["Portfolio, only pk, sk"],
    ),
    "users to move": (
        lambda tables: list(UserMover(tables.directory.table).gather(TENANT, SOON)),
        at_shards("Directory, pk = lumina AND sk BEGINS user#"),
    ),
    "names to move": (
        lambda tables: NameMover(tables.directory.table).is_spread("other", SOON),
        [
            "Directory, pk = other AND sk BEGINS login#",
            "Directory, pk = other AND sk BEGINS name#",
        ],
    ),
}
OF_SHARDS: dict[str, tuple[Step, Sequence[str]]] = {
    "a page of users": (
        lambda tables: list(tables.people.listed(TENANT, None, 7)),
        [USER_PART, *at_shards(USER_PART), USER_PART],
    ),
    "users of the beginning of a name": (
        lambda tables: list(tables.people.called(TENANT, "zz", None, SOON)),
        [NAME_PART, *at_shards(NAME_PART), NAME_PART],
    ),
    "users of a whole name": (
        lambda tables: tables.directory.users_by_name(TENANT, ["zz"], SOON),
        [f"Directory, pk = {pk} AND sk BEGINS name#zz#" for pk in ("lumina~1", TENANT, "lumina~1")],
    ),
    "the addresses to compare with": (
        lambda tables: list(tables.directory.addresses(TENANT)),
        [ADDRESSES, *at_shards(ADDRESSES), ADDRESSES],
    ),
}


def queries(pipeline: Pipeline, step: Step) -> list[str]:
    noted = Queries()
    with incident(pipeline.memory, noted):
        step(pipeline.resources.tables)
    return noted.asked


@pytest.mark.parametrize("name", QUERIES)
def test_a_list_asks_for_its_rows(name: str, pipeline: Pipeline) -> None:
    step, expected = QUERIES[name]

    assert queries(pipeline, step) == list(expected)


@pytest.mark.parametrize("name", OF_SHARDS)
def test_a_list_of_spread_users_asks_every_key(name: str, pipeline: Pipeline) -> None:
    step, expected = OF_SHARDS[name]
    for mark in (MARK, NAMES_MARK):
        put_mark(pipeline.resources.tables.directory.table, TENANT, Spreading.SPREAD, 0, mark=mark)

    # Each shard is read up to its end, so the order of the keys of a group does not matter.
    assert sorted(queries(pipeline, step)) == sorted(expected)


def test_the_next_part_of_spread_users_begins_where_the_first_key_had_more(
    pipeline: Pipeline,
) -> None:
    tables = pipeline.resources.tables
    # Stored at the home, which has one more than its part of a page.
    tables.directory.put_users(
        "t", [User(f"u{at:02d}@x", f"n{at:02d}", frozenset()) for at in range(13)], SOON
    )
    for mark in (MARK, NAMES_MARK):
        put_mark(tables.directory.table, "t", Spreading.PREPARED, 0, mark=mark)

    found = queries(pipeline, lambda tables: list(tables.people.listed("t", None, 7)))

    first = "Directory, pk = t AND sk BEGINS user#, at most 12"
    assert len(found) == 36
    assert (found[0], found[17]) == (first, first)
    assert found[18] == "Directory, pk = t AND sk BEGINS user#, after t|user#u11@x, at most 12"


def test_the_next_part_of_names_begins_where_the_first_key_had_more(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = pipeline.resources.tables
    monkeypatch.setattr(users, "NAMES_A_READ", 2)
    tables.directory.put_users(
        "t", [User(f"u{at}@x", f"n{at}", frozenset()) for at in range(3)], SOON
    )

    found = queries(pipeline, lambda tables: list(tables.people.called("t", "n", None, SOON)))

    assert found == [
        "Directory, pk = t AND sk BEGINS name#n, at most 2",
        "Directory, pk = t AND sk BEGINS name#n, after t|name#n1#u1@x, at most 2",
    ]


@pytest.mark.parametrize(("length", "calls"), [(565, 16), (566, 0)])
def test_ids_that_begin_so_are_looked_for_if_they_fit_a_key(
    length: int, calls: int, pipeline: Pipeline
) -> None:
    # A key has 576 bytes: the tenant and its separator take seven, the end of the range four.
    found = queries(pipeline, lambda tables: list(tables.accounts.beginning(TENANT, "x" * length)))

    assert len(found) == calls


def test_accounts_are_listed_over_all_pages(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = pipeline.resources.tables.accounts
    ids = [f"A{place:02d}" for place in range(40)]
    accounts.put_fields([Account("t", one, 1) for one in ids], SOON)
    monkeypatch.setattr(memory_queries, "MAX_PAGE_BYTES", 1)

    assert sorted(islice(accounts.listed("t"), 50)) == ids
    assert list(islice(accounts.beginning("t", "A"), 50)) == ids
    assert list(islice(accounts.beginning("t", "A1", after="A17"), 50)) == ["A18", "A19"]


def test_a_spread_portfolio_is_read_at_home_then_at_its_shards_then_at_home_again(
    pipeline: Pipeline,
) -> None:
    portfolios = pipeline.resources.tables.portfolios
    portfolios.mark_spread(f"{TENANT}#{AMINA}")
    held = [Holding(TENANT, AMINA, "m", f"A{place:05d}", 1, is_held=True) for place in range(257)]
    portfolios.put(held, 0.0, SOON)

    found = queries(pipeline, lambda tables: list(tables.portfolios.of(TENANT, AMINA)))

    # The mark is the first row of the home.
    first, more = f"{HELD}, at most 256", f"{HELD} AND sk > m#A00254, at most 1024"
    shards = [
        part.replace("lumina#", f"lumina~{digit}#").replace(most, rows)
        for part, most, rows in ((first, "256", "16"), (more, "1024", "64"))
        for digit in DIGITS
    ]
    assert found == [first, *shards[:16], first, more, *shards[16:], more]


def test_the_next_part_of_a_role_begins_after_its_last_account(pipeline: Pipeline) -> None:
    portfolios = pipeline.resources.tables.portfolios
    ids = [f"A{place:05d}" for place in range(257)]
    held = [Holding(TENANT, AMINA, "m", one, 1, is_held=True) for one in ids]
    portfolios.put([*held, Holding(TENANT, AMINA, "n", "K1", 1, is_held=True)], 0.0, SOON)
    listed: list[str] = []

    found = queries(
        pipeline, lambda tables: listed.extend(tables.portfolios.in_role(TENANT, AMINA, "m"))
    )

    of_role = f"{HELD} AND sk BEGINS m#"
    assert found == [
        f"{of_role}, at most 256",
        f"{of_role}, after lumina#{AMINA}|m#A00255, at most 1024",
    ]
    assert listed == ids


def moved(tables: Tables) -> None:
    tables.portfolios.put([Holding(TENANT, AMINA, "m", "K1", 1, is_held=True)], 0.0, SOON)
    list(PortfolioMover(tables.portfolios, large_from=1).spread(SOON))


# The attributes that are read of items of which little is needed: parsing takes most of the time.
WHOLE = {""}
PLACE = {"pk", "sk", "version"}
PARTS: dict[str, tuple[Step, list[set[str]]]] = {
    "accounts, to decide on assignments": (
        lambda tables: tables.accounts.of_assignments.read(TENANT, ["K1"], SOON),
        [{"pk", "version", "opco", "status", "assigned", "orders", "marks"}],
    ),
    "states of imports": (
        lambda tables: tables.imports.states([ID], SOON),
        [{"pk", "state", "mode"}],
    ),
    "imports that wait": (
        lambda tables: tables.imports.orders_of_waiting([ID], SOON),
        [{"pk", "state", "order", "waits"}],
    ),
    "leases of chunks": (
        lambda tables: tables.chunks.seen(ID, [1], SOON),
        [{"sk", "lease_until", "taken_at"}],
    ),
    "accounts with requests": (
        lambda tables: tables.requests.with_any(TENANT, ["K1"], SOON),
        [{"pk"}],
    ),
    "the mark and the versions of a portfolio": (
        lambda tables: tables.portfolios.put(
            [Holding(TENANT, AMINA, "m", "K1", 1, is_held=True)], 0.0, SOON
        ),
        [WHOLE, PLACE],
    ),
    "versions at the new places of a portfolio": (
        moved,
        [WHOLE, PLACE, PLACE],
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_only_the_needed_attributes_are_read(name: str, pipeline: Pipeline) -> None:
    step, expected = PARTS[name]
    noted = Parts()

    with incident(pipeline.memory, noted):
        step(pipeline.resources.tables)

    assert noted.asked == expected


@dataclass
class Parts(Mishap):
    """Notes the attributes that each batch reads."""

    asked: list[set[str]] = field(default_factory=list)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Notes the names in the projection."""
        if operation == "BatchGetItem":
            (of_table,) = params["RequestItems"].values()
            names = of_table.get("ExpressionAttributeNames", {})
            found = of_table.get("ProjectionExpression", "").split(", ")
            self.asked.append({names.get(one, "") for one in found})
        return super().before(number, service, operation, params)
