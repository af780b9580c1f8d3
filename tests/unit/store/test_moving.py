"""Moves between homes and shards: every item, whole, at its new place, and how many went in a step.

`tests/functional/test_spread_*.py` move while others read and write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import User
from handover.store.moving import NameMover, PortfolioMover, UserMover
from handover.store.name_places import NAMES_MARK
from handover.store.portfolios import Holding, Portfolios
from handover.store.tables import Tables
from handover.store.user_places import MARK, Spreading, put_mark

from tests.kit.memory_aws import Twist, queries
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import Pipeline
from tests.unit.store.test_call_sizes import Calls, Operations

SOON = Deadline(9e9)
OVER = Deadline(0.0)
PORTFOLIOS, DIRECTORY = "PortfolioTable", "DirectoryTable"
Item = dict[str, Any]
REFUSED = Twist(member_errors={0: "ConditionalCheckFailed"})


def stored(pipeline: Pipeline, table: str, kind: str = "") -> dict[tuple[str, str], Item]:
    """The items of a table whose sort key begins so, without their keys, by key."""
    return {
        (item["pk"]["S"], item["sk"]["S"]): {
            name: value for name, value in item.items() if name not in ("pk", "sk")
        }
        for item in pipeline.memory.dynamodb.tables[table].items.values()
        if item["sk"]["S"].startswith(kind)
    }


def places(pipeline: Pipeline, table: str, kind: str = "") -> list[str]:
    """The keys of those items, in order."""
    return sorted("|".join(key) for key in stored(pipeline, table, kind))


def replace(pipeline: Pipeline, table: str, key: tuple[str, str], new: Item | None) -> None:
    """Another writer replaces an item, or removes it."""
    of_table = pipeline.memory.dynamodb.tables[table]
    of_table.write(key, of_table.items.get(key), new)


# Portfolios

AT_HOME = ["t#a|m#K1", "t#a|m#K2", "t#a|m#K3", "t#b|m#K1", "t#b|m#K2"]
# Those of b are fewer than three.
AT_SHARDS = ["t#a|#spread", "t#b|m#K1", "t#b|m#K2", "t~3#a|m#K3", "t~5#a|m#K2", "t~f#a|m#K1"]


def held(tables: Tables) -> PortfolioMover:
    """Two portfolios at their homes, of which one has three items, and who moves those."""
    portfolios = Portfolios(tables.portfolios.table)
    holdings = [
        Holding("t", user, "m", f"K{number}", 4, is_held=number != 2, at="10:00", import_id="i")
        for user, last in (("a", 3), ("b", 2))
        for number in range(1, last + 1)
    ]
    portfolios.put(holdings, 0.0, SOON)
    return PortfolioMover(portfolios, large_from=3)


def test_large_portfolios_are_spread_and_gathered_again(pipeline: Pipeline) -> None:
    mover = held(pipeline.resources.tables)
    before = stored(pipeline, PORTFOLIOS)
    assert places(pipeline, PORTFOLIOS) == AT_HOME

    assert list(mover.spread(SOON)) == [3]

    assert places(pipeline, PORTFOLIOS) == AT_SHARDS
    spread = stored(pipeline, PORTFOLIOS)
    assert {sk: item for (pk, sk), item in spread.items() if "~" in pk} == {
        sk: item for (pk, sk), item in before.items() if pk == "t#a"
    }
    assert list(mover.spread(SOON)) == []

    assert sorted(mover.gather(SOON)) == [1, 1, 1]

    assert places(pipeline, PORTFOLIOS) == ["t#a|#spread", *AT_HOME]
    gathered = stored(pipeline, PORTFOLIOS)
    assert gathered | before == gathered
    assert list(mover.gather(SOON)) == []


@pytest.mark.parametrize(("at_shard", "left", "copied"), [(3, 4, 3), (4, 4, 2), (5, 5, 2)])
def test_of_an_item_at_both_places_the_newer_one_is_left(
    pipeline: Pipeline, at_shard: int, left: int, copied: int
) -> None:
    mover = held(pipeline.resources.tables)
    items = pipeline.memory.dynamodb.tables[PORTFOLIOS].items
    other = {**items["t#a", "m#K1"], "pk": {"S": "t~f#a"}, "version": {"N": str(at_shard)}}
    replace(pipeline, PORTFOLIOS, ("t~f#a", "m#K1"), other)

    calls = Calls("BatchExecuteStatement")
    with incident(pipeline.memory, calls):
        assert list(mover.spread(SOON)) == [3]

    assert places(pipeline, PORTFOLIOS) == AT_SHARDS
    assert items["t~f#a", "m#K1"]["version"] == {"N": str(left)}
    assert calls.sizes == [copied, 3]


def test_only_items_at_the_home_make_a_portfolio_large(pipeline: Pipeline) -> None:
    """Neither its mark nor what has been moved before."""
    mover = held(pipeline.resources.tables)
    mover.portfolios.mark_spread("t#b")
    item = pipeline.memory.dynamodb.tables[PORTFOLIOS].items["t#b", "m#K1"]
    for number in (4, 5, 6):
        moved = {**item, "pk": {"S": "t~0#b"}, "sk": {"S": f"m#K{number}"}}
        replace(pipeline, PORTFOLIOS, ("t~0#b", f"m#K{number}"), moved)

    assert list(mover.spread(SOON)) == [3]

    assert [one for one in places(pipeline, PORTFOLIOS) if one.startswith("t#b")] == [
        "t#b|#spread",
        "t#b|m#K1",
        "t#b|m#K2",
    ]


@pytest.mark.parametrize(
    ("refusals", "moved"),
    # A copy is refused, or the removal that follows it: what is left is tried once more.
    [(1, [2, 1]), (2, [2, 1]), (3, [2, 0])],
)
def test_an_item_that_changes_meanwhile_is_tried_once_more(
    pipeline: Pipeline, refusals: int, moved: list[int]
) -> None:
    mover = held(pipeline.resources.tables)
    twists = {
        1: [REFUSED],
        2: [Twist(), REFUSED],
        3: [REFUSED, Twist(), REFUSED],
    }[refusals]

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=twists)):
        assert list(mover.spread(SOON)) == moved

    assert (places(pipeline, PORTFOLIOS) == AT_SHARDS) == (sum(moved) == 3)


def test_a_move_of_a_portfolio_ends_after_its_second_try(pipeline: Pipeline) -> None:
    mover = held(pipeline.resources.tables)
    refused = Twist(member_errors=dict.fromkeys(range(3), "ConditionalCheckFailed"))

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[refused] * 9)):
        assert list(mover.spread(SOON)) == [0, 0]


# Users and names

EMAILS = ("ana@x.example", "bo@x.example", "cy@x.example")


def named(tables: Tables) -> None:
    """Three users at the home, the first as older code stored her, without a version."""
    users = [User(email, f"N {email[:2]}", frozenset(), login_name=email[:2]) for email in EMAILS]
    tables.directory.put_users("t", users, SOON)


def forget_version(pipeline: Pipeline) -> None:
    key = "t", f"user#{EMAILS[0]}"
    item = dict(pipeline.memory.dynamodb.tables[DIRECTORY].items[key])
    del item["version"]
    replace(pipeline, DIRECTORY, key, item)


USERS_AT_HOME = [f"t|user#{email}" for email in EMAILS]
USERS_AT_SHARDS = ["t~0|user#bo@x.example", "t~5|user#cy@x.example", "t~f|user#ana@x.example"]
NAMES_AT_HOME = [
    *(f"t|login#{email[:2]}" for email in EMAILS),
    *(f"t|name#n {email[:2]}#{email}" for email in EMAILS),
]


def of_tenant(found: list[str]) -> list[str]:
    return [one for one in found if one.startswith(("t|", "t~"))]


def test_users_are_moved_whole_and_marked_as_moved(pipeline: Pipeline) -> None:
    named(pipeline.resources.tables)
    forget_version(pipeline)
    mover = UserMover(DIRECTORY)
    before = stored(pipeline, DIRECTORY, "user#")
    assert not mover.is_spread("t", SOON)

    assert list(mover.spread("t", SOON)) == [3]

    assert mover.is_spread("t", SOON)
    after = stored(pipeline, DIRECTORY, "user#")
    assert {sk: item for (pk, sk), item in after.items() if "~" in pk} == {
        sk: {**item, "moved": {"BOOL": True}} for (pk, sk), item in before.items() if pk == "t"
    }
    assert list(mover.gather("t", SOON)) == [1, 1, 1]
    assert of_tenant(places(pipeline, DIRECTORY, "user#")) == USERS_AT_HOME


def test_names_are_moved_whole(pipeline: Pipeline) -> None:
    named(pipeline.resources.tables)
    mover = NameMover(DIRECTORY)
    before = {
        sk: item
        for kind in ("login#", "name#")
        for (pk, sk), item in stored(pipeline, DIRECTORY, kind).items()
        if pk == "t"
    }
    assert not mover.is_spread("t", SOON)

    assert list(mover.spread("t", SOON)) == [3, 3]

    assert mover.is_spread("t", SOON)
    after = {
        sk: item
        for kind in ("login#", "name#")
        for (pk, sk), item in stored(pipeline, DIRECTORY, kind).items()
        if pk.startswith("t~")
    }
    assert after == before
    # Where readers look for them.
    directory = pipeline.resources.tables.directory
    put_mark(DIRECTORY, "t", Spreading.SETTLED, 0.0, mark=NAMES_MARK)
    assert set(directory.users_by_login("t", ["an", "bo", "cy"], SOON)) == {"an", "bo", "cy"}
    assert set(directory.users_by_name("t", ["n an", "n bo"], SOON)) == {"n an", "n bo"}
    assert sum(mover.gather("t", SOON)) == 6
    found = [*places(pipeline, DIRECTORY, "login#"), *places(pipeline, DIRECTORY, "name#")]
    assert of_tenant(found) == NAMES_AT_HOME


MOVES: dict[str, Callable[[Pipeline, Deadline], Iterator[int]]] = {
    "spread portfolios": lambda pipeline, until: held(pipeline.resources.tables).spread(until),
    "gather portfolios": lambda pipeline, until: held(pipeline.resources.tables).gather(until),
    "spread users": lambda _, until: UserMover(DIRECTORY).spread("lumina", until),
    "gather users": lambda _, until: UserMover(DIRECTORY).gather("lumina", until),
    "spread names": lambda _, until: NameMover(DIRECTORY).spread("lumina", until),
    "gather names": lambda _, until: NameMover(DIRECTORY).gather("lumina", until),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_move_begins_nothing_when_its_time_is_over(name: str, pipeline: Pipeline) -> None:
    steps = MOVES[name](pipeline, OVER)

    with incident(pipeline.memory, Mishap()) as calls, pytest.raises(RetryLaterError):
        list(steps)

    assert calls.seen == 0


def test_a_portfolio_that_is_marked_when_the_time_ends_is_moved_by_the_next_move(
    pipeline: Pipeline,
) -> None:
    mover, clock = held(pipeline.resources.tables), pipeline.clock

    def passes() -> None:
        clock.now += 60

    calls = Operations("PutItem", before_call=passes)
    with incident(pipeline.memory, calls), pytest.raises(RetryLaterError):
        list(mover.spread(Deadline(clock.now + 60)))

    assert calls.made == ["Scan", "PutItem"]
    assert list(mover.spread(SOON)) == [3]


@pytest.mark.parametrize("name", ["spread users", "spread names", "spread portfolios"])
def test_a_move_reads_all_pages(
    name: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_PAGE_BYTES", 1)

    assert sum(MOVES[name](pipeline, SOON)) == {"users": 5, "names": 5, "portfolios": 3}[name[7:]]


@pytest.mark.parametrize(("conflicts", "moved"), [(1, 3), (2, 2)])
def test_users_who_change_together_with_others_are_moved_one_by_one(
    pipeline: Pipeline, conflicts: int, moved: int
) -> None:
    named(pipeline.resources.tables)
    put_mark(DIRECTORY, "t", Spreading.SPREAD, 0.0, mark=MARK)

    with incident(
        pipeline.memory, Mishap("TransactWriteItems", twists=[REFUSED] * conflicts)
    ) as calls:
        assert list(UserMover(DIRECTORY).spread("t", SOON)) == [moved]

    assert calls.seen == 4
    assert len([one for one in places(pipeline, DIRECTORY, "user#") if "t~" in one]) == moved


@pytest.mark.parametrize("has_version", [True, False])
@pytest.mark.parametrize("change", [{"version": {"N": "9"}}, None])
def test_a_user_who_was_changed_or_removed_since_they_were_read_is_not_moved(
    pipeline: Pipeline, change: Item | None, *, has_version: bool
) -> None:
    named(pipeline.resources.tables)
    if not has_version:
        forget_version(pipeline)
    items = pipeline.memory.dynamodb.tables[DIRECTORY].items
    key = "t", f"user#{EMAILS[0]}"

    def meanwhile() -> None:
        if key in items:
            replace(pipeline, DIRECTORY, key, {**items[key], **change} if change else None)

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=meanwhile)):
        assert list(UserMover(DIRECTORY).spread("t", SOON)) == [2]

    assert (key in items) == (change is not None)
    assert ("t~f", key[1]) not in items


@pytest.mark.parametrize("change", [{"body": {"S": "{}"}}, None])
def test_a_login_name_that_was_changed_or_removed_since_it_was_read_is_not_moved(
    pipeline: Pipeline, change: Item | None
) -> None:
    named(pipeline.resources.tables)
    items = pipeline.memory.dynamodb.tables[DIRECTORY].items
    key = "t", "login#an"

    def meanwhile() -> None:
        if key in items:
            replace(pipeline, DIRECTORY, key, {**items[key], **change} if change else None)

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=meanwhile)):
        assert list(NameMover(DIRECTORY).spread("t", SOON)) == [2, 3]

    assert [pk for pk, sk in items if sk == key[1]] == ([] if change is None else ["t"])


def test_a_name_that_is_at_both_places_is_left_at_one(pipeline: Pipeline) -> None:
    named(pipeline.resources.tables)
    mover = NameMover(DIRECTORY)
    before = dict(pipeline.memory.dynamodb.tables[DIRECTORY].items)
    list(mover.spread("t", SOON))
    items = pipeline.memory.dynamodb.tables[DIRECTORY].items
    for key in [one for one in before if one[0] == "t" and one[1].startswith("name#")]:
        replace(pipeline, DIRECTORY, key, before[key])

    assert list(mover.spread("t", SOON)) == [3]

    assert mover.is_spread("t", SOON)
    assert len([one for one in items if one[0].startswith("t~")]) == 6
