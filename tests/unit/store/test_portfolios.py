"""Portfolios as items: which version is left, at which key, and when they are spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import Account, ChangeReceipt, RoleChange
from handover.profiles.profile import WORKFLOW_ROLE
from handover.store import portfolios
from handover.store.batches import put_items
from handover.store.portfolios import Holding, Portfolios, holdings_of

from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import Pipeline
from tests.unit.store.test_call_sizes import Operations

SOON = Deadline(9e9)
TABLE = "PortfolioTable"
NOW = 1_000_000.9
HOME, SHARD = "t#a", "t~f#a"
SPREAD_MARK = {
    "pk": {"S": HOME},
    "sk": {"S": "#spread"},
    "version": {"N": "0"},
    "held": {"BOOL": False},
    "at": {"S": ""},
    "import_id": {"S": ""},
}
# Versions by key.
Versions = Mapping[str, int]


def holding(version: int = 5, *, account_id: str = "K1", is_held: bool = True) -> Holding:
    return Holding("t", "a", "m", account_id, version, is_held, "10:00", "i")


def stored(pipeline: Pipeline, found: Versions) -> None:
    put_items(
        TABLE,
        (
            {
                "pk": {"S": pk},
                "sk": {"S": "m#K1"},
                "version": {"N": str(version)},
                "held": {"BOOL": True},
                "expires": {"N": "0"},
                "at": {"S": ""},
                "import_id": {"S": ""},
            }
            for pk, version in found.items()
        ),
        SOON,
    )


def versions(pipeline: Pipeline) -> dict[str, int]:
    return {
        pk: int(item["version"]["N"])
        for (pk, sk), item in pipeline.memory.dynamodb.tables[TABLE].items.items()
        if sk == "m#K1"
    }


@pytest.mark.parametrize(
    ("is_held", "expires"),
    # The second is a week later.
    [(True, "0"), (False, "1604800")],
)
def test_a_holding_is_stored_whole_and_one_that_ended_for_a_week(
    pipeline: Pipeline, expires: str, *, is_held: bool
) -> None:
    Portfolios(TABLE).put([holding(is_held=is_held)], NOW, SOON)

    assert list(pipeline.memory.dynamodb.tables[TABLE].items.values()) == [
        {
            "pk": {"S": "t#a"},
            "sk": {"S": "m#K1"},
            "version": {"N": "5"},
            "held": {"BOOL": is_held},
            "expires": {"N": expires},
            "at": {"S": "10:00"},
            "import_id": {"S": "i"},
        }
    ]


@pytest.mark.parametrize(
    ("before", "is_spread", "spreads", "after"),
    [
        ({}, False, True, {HOME: 5}),
        ({HOME: 4}, False, True, {HOME: 5}),
        ({HOME: 6}, False, True, {HOME: 6}),
        ({}, True, True, {SHARD: 5}),
        ({HOME: 4}, True, True, {SHARD: 5}),
        ({HOME: 6}, True, True, {HOME: 6}),
        ({SHARD: 4}, True, True, {SHARD: 5}),
        ({SHARD: 6}, True, True, {SHARD: 6}),
        ({HOME: 3, SHARD: 4}, True, True, {SHARD: 5}),
        # The same version at both places, as a move that was stopped leaves it.
        ({HOME: 6, SHARD: 6}, True, True, {SHARD: 6}),
        ({}, True, False, {HOME: 5}),
        ({SHARD: 4}, True, False, {HOME: 5}),
        ({SHARD: 6}, True, False, {SHARD: 6}),
    ],
)
def test_the_newest_version_is_left_where_new_items_are_stored(
    before: Versions, after: Versions, pipeline: Pipeline, *, is_spread: bool, spreads: bool
) -> None:
    table = Portfolios(TABLE, spreads=spreads)
    stored(pipeline, before)
    if is_spread:
        table.mark_spread(HOME)

    table.put([holding()], NOW, SOON)

    assert versions(pipeline) == after


@pytest.mark.parametrize(
    ("at_home", "at_shard", "listed"),
    [((6, True), (5, False), True), ((5, True), (6, False), False), ((5, False), (6, True), True)],
)
def test_of_an_item_at_both_places_the_newer_one_is_read(
    at_home: tuple[int, bool], at_shard: tuple[int, bool], pipeline: Pipeline, *, listed: bool
) -> None:
    table = Portfolios(TABLE, spreads=True)
    table.mark_spread(HOME)
    stored(pipeline, {HOME: at_home[0], SHARD: at_shard[0]})
    of_table = pipeline.memory.dynamodb.tables[TABLE]
    for pk, (_, is_held) in ((HOME, at_home), (SHARD, at_shard)):
        of_table.items[pk, "m#K1"] = {**of_table.items[pk, "m#K1"], "held": {"BOOL": is_held}}

    assert list(table.of("t", "a")) == ([("m", "K1")] if listed else [])


def test_an_unchanged_version_is_not_written_again(pipeline: Pipeline) -> None:
    stored(pipeline, {HOME: 5})

    Portfolios(TABLE).put([holding(is_held=False)], NOW, SOON)

    (item,) = pipeline.memory.dynamodb.tables[TABLE].items.values()
    assert item["held"] == {"BOOL": True}


def test_the_last_of_several_changes_of_one_holding_counts(pipeline: Pipeline) -> None:
    Portfolios(TABLE).put([holding(7), holding(5), holding(6)], NOW, SOON)

    assert versions(pipeline) == {HOME: 6}


@pytest.mark.parametrize("now_there", [4, 6])
def test_a_version_that_was_read_too_early_is_read_again(
    pipeline: Pipeline, now_there: int
) -> None:
    stored(pipeline, {HOME: 3})
    stored(pipeline, {HOME: now_there})

    with incident(pipeline.memory, Mishap("BatchGetItem", twists=[Twist(stale=True)] * 2)) as reads:
        Portfolios(TABLE).put([holding()], NOW, SOON)

    assert versions(pipeline) == {HOME: max(5, now_there)}
    # Marks and versions, and the version that was refused.
    assert reads.seen == 3


def test_an_item_that_was_moved_since_an_outdated_read_is_not_removed_again(
    pipeline: Pipeline,
) -> None:
    table = Portfolios(TABLE, spreads=True)
    table.mark_spread(HOME)
    stored(pipeline, {HOME: 3})
    of_table = pipeline.memory.dynamodb.tables[TABLE]
    of_table.write((HOME, "m#K1"), of_table.items[HOME, "m#K1"], None)
    stored(pipeline, {SHARD: 3})

    calls = Operations(twists=[Twist(stale=True)] * 3)
    with incident(pipeline.memory, calls):
        table.put([holding()], NOW, SOON)

    assert versions(pipeline) == {SHARD: 5}
    # Marks, versions, and those of both places as they are now; then one write.
    assert calls.made == ["BatchGetItem"] * 3 + ["BatchExecuteStatement"]


def test_an_older_item_is_removed_only_after_a_newer_one_is_stored(pipeline: Pipeline) -> None:
    table = Portfolios(TABLE, spreads=True)
    table.mark_spread(HOME)
    stored(pipeline, {HOME: 3})
    newer = iter([{SHARD: 6}])

    class Meanwhile(Operations):
        def before(self, number: int, service: str, operation: str, params: Any) -> Twist | None:
            if operation == "BatchExecuteStatement" and (found := next(newer, None)):
                hook, pipeline.memory.hook = pipeline.memory.hook, None
                stored(pipeline, found)
                pipeline.memory.hook = hook
            return super().before(number, service, operation, params)

    calls = Meanwhile()
    with incident(pipeline.memory, calls):
        table.put([holding()], NOW, SOON)

    assert versions(pipeline) == {SHARD: 6}
    # The write is refused, so both places are read again before the home's item is removed.
    assert calls.made[-3:] == ["BatchExecuteStatement", "BatchGetItem", "BatchExecuteStatement"]


@pytest.mark.parametrize(
    ("there", "changes", "spreads", "is_spread"),
    [
        (3, 2, True, True),
        (4, 2, True, True),
        (2, 2, True, False),
        (3, 1, True, False),
        (3, 2, False, False),
    ],
    ids=["large and busy", "larger", "not large", "not busy", "older code is in use"],
)
def test_a_portfolio_is_spread_once_it_is_large_and_busy(
    there: int,
    changes: int,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    *,
    spreads: bool,
    is_spread: bool,
) -> None:
    monkeypatch.setattr(portfolios, "LARGE_FROM", 3)
    monkeypatch.setattr(portfolios, "SPREAD_FROM_CHANGES", 2)
    Portfolios(TABLE).put([holding(account_id=f"A{at}") for at in range(there)], NOW, SOON)

    Portfolios(TABLE, spreads=spreads).put(
        [holding(account_id=f"B{at}") for at in range(changes)], NOW, SOON
    )

    items = pipeline.memory.dynamodb.tables[TABLE].items
    assert items.get((HOME, "#spread")) == (SPREAD_MARK if is_spread else None)
    assert {pk != HOME for pk, sk in items if sk.startswith("m#B")} == {is_spread}
    assert {pk for pk, sk in items if sk.startswith("m#A")} == {HOME}


def test_a_portfolio_that_is_spread_is_not_marked_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolios, "SPREAD_FROM_CHANGES", 1)
    table = Portfolios(TABLE, spreads=True)
    table.mark_spread(HOME)

    with incident(pipeline.memory, Mishap("Query")) as calls:
        table.put([holding()], NOW, SOON)

    assert calls.seen == 0


def test_holders_at_shards_are_found_and_former_ones_are_not(pipeline: Pipeline) -> None:
    table = Portfolios(TABLE, spreads=True)
    for user in ("a", "b", "c"):
        table.mark_spread(f"t#{user}")
    table.put(
        [
            Holding("t", "a", "m", "K1", 1, is_held=True),
            Holding("t", "b", "m", "K1", 1, is_held=False),
        ],
        NOW,
        SOON,
    )

    assert table.holders_among("t", ["a", "b", "c"], SOON) == {"a"}


def test_no_holder_is_looked_for_when_the_time_is_over(pipeline: Pipeline) -> None:
    with incident(pipeline.memory, Mishap()) as calls, pytest.raises(RetryLaterError):
        Portfolios(TABLE).holders_among("t", ["a"], Deadline(0.0))

    assert calls.seen == 0


@pytest.mark.parametrize("is_held", [True, False])
def test_a_holder_is_found_behind_many_former_holdings(
    pipeline: Pipeline, *, is_held: bool
) -> None:
    table = Portfolios(TABLE)
    ended = [holding(account_id=f"A{at:02d}", is_held=False) for at in range(40)]
    table.put([*ended, holding(account_id="B", is_held=is_held)], NOW, SOON)

    assert table.holders_among("t", ["a"], SOON) == ({"a"} if is_held else set())


# What follows from a change of an account


def receipt(version: int) -> ChangeReceipt:
    change = RoleChange("m", (), ("a",))
    return ChangeReceipt("i", "o", 1, "ines", "10:00", version, (change,))


def test_a_change_by_an_import_says_when_and_by_which(pipeline: Pipeline) -> None:
    before = Account("t", "K1", 1, assigned={"m": ("b",)}, receipts=(receipt(1),))
    after = Account("t", "K1", 2, assigned={"m": ("a",)}, receipts=(receipt(1), receipt(2)))

    assert holdings_of(before, after) == [
        Holding("t", "a", "m", "K1", 2, True, "10:00", "i"),
        Holding("t", "b", "m", "K1", 2, False, "10:00", "i"),
    ]


def test_a_change_by_something_else_says_neither(pipeline: Pipeline) -> None:
    after = Account("t", "K1", 3, assigned={"m": ("a",)}, receipts=(receipt(2),))

    assert holdings_of(None, after) == [Holding("t", "a", "m", "K1", 3, True, "", "")]


def test_who_waits_is_in_the_ledger_too(pipeline: Pipeline) -> None:
    after = Account("t", "K1", 1, assigned={"m": ("pending:a@x.example",)})

    assert holdings_of(None, after) == [
        Holding("t", "pending:a@x.example", "m", "K1", 1, True),
        Holding("t", "pending:", "a@x.example m", "K1", 1, True),
    ]


def test_portals_hold_every_assigned_role_but_no_workflow() -> None:
    account = Account(
        "t",
        "K1",
        1,
        portals=("S", "", "x" * 400, "y" * 401),
        assigned={"m": ("a",), "n": (), WORKFLOW_ROLE: ("Dunning",)},
    )

    assert [(one.role, one.user) for one in holdings_of(None, account)] == [
        ("m", "a"),
        ("m", "portal: S"),
        ("m", f"portal: {'x' * 400}"),
    ]


@pytest.mark.parametrize(("length", "is_key"), [(2044, True), (2045, False)])
def test_a_portfolio_is_read_if_its_name_fits_a_key(
    length: int, pipeline: Pipeline, *, is_key: bool
) -> None:
    # A key has 2,048 bytes, and those of shards have "~0#" after the tenant.
    with incident(pipeline.memory, Mishap("Query")) as calls:
        assert list(Portfolios(TABLE).of("t", "x" * length)) == []

    assert calls.seen == is_key
