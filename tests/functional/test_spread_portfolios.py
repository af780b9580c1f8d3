"""Portfolios under several keys: the load is spread, and a move disturbs nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain, islice
from typing import Any

import pytest
from handover import runtime
from handover.model import Account, User
from handover.store import portfolios
from handover.store.moving import PortfolioMover
from handover.store.portfolios import LARGE_FROM, LEDGER, SHARDS, Holding, Portfolios, home_of
from msgspec.structs import replace

from tests.kit.memory_aws import queries
from tests.kit.memory_aws.capacity import Meter
from tests.kit.mishaps import Mishap, between_all_calls, incident, killed_at_every_call
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
)

TABLE = "PortfolioTable"
ROLES = ("csm", ROLE)


def together() -> Portfolios:
    return Portfolios(TABLE)


def spread() -> Portfolios:
    return Portfolios(TABLE, spreads=True)


def holding(number: int, version: int = 1, *, user: str = AMINA, held: bool = True) -> Holding:
    return Holding(TENANT, user, ROLES[number % 2], f"K{number:05d}", version, held)


def given(pipeline: Pipeline, portfolios: Portfolios, *holdings: Holding) -> None:
    portfolios.put(holdings, pipeline.clock.now, pipeline.deadline)


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spreads every portfolio that changes, and reads it in parts of very few items."""
    monkeypatch.setattr(portfolios, "SPREAD_FROM_CHANGES", 1)
    monkeypatch.setattr(portfolios, "LARGE_FROM", 1)
    monkeypatch.setattr(portfolios, "FIRST_ROWS", 1)
    monkeypatch.setattr(portfolios, "ROWS_GROW", 1)


def a_portfolio(pipeline: Pipeline, portfolios: Portfolios) -> None:
    """Sixty accounts, every seventh of them given away, and pending addresses."""
    given(pipeline, portfolios, *(holding(number) for number in range(60)))
    given(pipeline, portfolios, *(holding(n, 2, held=False) for n in range(0, 60, 7)))
    waiting = [
        Holding(TENANT, LEDGER, f"new{n % 5}@x.example {ROLE}", f"W{n:03d}", 1, is_held=True)
        for n in range(20)
    ]
    given(pipeline, portfolios, *waiting)


def listed(portfolios: Portfolios) -> dict[str, list[Any]]:
    """The answers to all queries of the portfolio."""
    return {
        "all": list(portfolios.of(TENANT, AMINA)),
        "from a place": list(portfolios.of(TENANT, AMINA, after="csm#K00031")),
        "one role": list(portfolios.in_role(TENANT, AMINA, ROLE)),
        "roles": list(portfolios.roles(TENANT, AMINA)),
        "waiting": list(portfolios.waiting(TENANT)),
        "waiting from a place": list(portfolios.waiting(TENANT, after="new2@x.example ")),
    }


def keys_used(pipeline: Pipeline) -> set[str]:
    """The partition keys under which somebody holds something."""
    items = pipeline.memory.dynamodb.tables[TABLE].items
    return {pk for (pk, _), item in items.items() if item["held"]["BOOL"]}


def moved(pipeline: Pipeline, *, is_back: bool = False) -> None:
    mover = PortfolioMover(together() if is_back else spread(), large_from=1)
    list(mover.gather(pipeline.deadline) if is_back else mover.spread(pipeline.deadline))


# Shares


def test_ten_thousand_changes_of_one_user_are_spread_over_all_keys(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    units: Counter[str] = Counter()
    write = Meter.write

    def counted(self: Meter, table: Any, old: Any, new: Any) -> None:
        units[(new or old)["pk"]["S"]] += 1
        write(self, table, old, new)

    monkeypatch.setattr(Meter, "write", counted)
    pipeline.memory.dynamodb.metered = True
    portfolios = spread()

    for begin in range(0, 10_000, 100):
        given(pipeline, portfolios, *(holding(n) for n in range(begin, begin + 100)))

    home = f"{TENANT}#{AMINA}"
    assert units[home] <= LARGE_FROM + 100 + 1
    shares = [count for key, count in units.items() if key != home]
    assert len(shares) == SHARDS
    assert max(shares) < 1.25 * (10_000 - LARGE_FROM) / SHARDS
    assert sum(1 for _ in portfolios.of(TENANT, AMINA)) == 10_000


def test_a_small_portfolio_is_read_with_one_query(pipeline: Pipeline) -> None:
    portfolios = spread()
    given(pipeline, portfolios, *(holding(number) for number in range(200)))

    with incident(pipeline.memory, Mishap()) as calls:
        assert len(list(portfolios.of(TENANT, AMINA))) == 200

    # The second is for the mark.
    assert calls.seen == 2
    assert keys_used(pipeline) == {f"{TENANT}#{AMINA}"}


def test_a_large_portfolio_that_seldom_changes_stays_under_one_key(pipeline: Pipeline) -> None:
    portfolios = spread()
    for number in range(LARGE_FROM + 50):
        given(pipeline, portfolios, holding(number))

    assert keys_used(pipeline) == {f"{TENANT}#{AMINA}"}


def test_a_page_of_a_large_portfolio_reads_a_small_part_of_it(pipeline: Pipeline) -> None:
    portfolios = spread()
    given(pipeline, portfolios, *(holding(number) for number in range(3000)))
    moved(pipeline)
    table = pipeline.memory.dynamodb.tables[TABLE]
    pipeline.memory.dynamodb.metered = True
    before = table.read_units

    assert len(list(islice(portfolios.of(TENANT, AMINA, after="csm#K00500"), 100))) == 100

    # A unit for each shard, one for the mark, and two for the home key, which is read twice.
    assert 0 < table.read_units - before <= SHARDS + 3


def test_a_user_named_like_a_shard_of_another_shares_no_key_with_them(pipeline: Pipeline) -> None:
    portfolios = spread()
    namesake = f"0#{AMINA}"
    given(pipeline, portfolios, holding(1), holding(2, user=namesake))
    moved(pipeline)

    assert list(portfolios.of(TENANT, AMINA)) == [(ROLES[1], "K00001")]
    assert list(portfolios.of(TENANT, namesake)) == [(ROLES[0], "K00002")]
    assert list(portfolios.of(f"{TENANT}-0", AMINA)) == []


# Moving


@pytest.mark.usefixtures("all_large")
def test_a_portfolio_reads_the_same_before_and_after_a_move_and_back_again(
    pipeline: Pipeline,
) -> None:
    a_portfolio(pipeline, together())
    before = listed(together())
    assert len(keys_used(pipeline)) == 2

    moved(pipeline)
    assert {home_of(key) for key in keys_used(pipeline)}.isdisjoint(keys_used(pipeline))
    assert listed(spread()) == listed(together()) == before

    moved(pipeline, is_back=True)
    assert len(keys_used(pipeline)) == 2
    assert listed(spread()) == listed(together()) == before


@pytest.mark.usefixtures("all_large")
def test_portfolios_that_take_several_pages_are_moved_completely(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(
        pipeline, together(), *(holding(n, user=user) for n in range(9) for user in (AMINA, BARAKA))
    )
    before = [list(together().of(TENANT, user)) for user in (AMINA, BARAKA)]
    # A page has the items of one of the two at most.
    monkeypatch.setattr(queries, "MAX_PAGE_BYTES", 300)

    for is_back in (False, True):
        moved(pipeline, is_back=is_back)
        assert {home_of(key) == key for key in keys_used(pipeline)} == {is_back}
        assert [list(spread().of(TENANT, user)) for user in (AMINA, BARAKA)] == before


@pytest.mark.usefixtures("all_large")
@pytest.mark.parametrize("is_back", [False, True])
def test_a_portfolio_whose_move_is_stopped_at_any_call_reads_the_same_and_can_be_moved_again(
    pipeline: Pipeline, *, is_back: bool
) -> None:
    given(pipeline, together(), *(holding(number) for number in range(8)))
    given(pipeline, together(), holding(2, 2, held=False))
    if is_back:
        moved(pipeline)
    before = listed(together())

    for _ in killed_at_every_call(pipeline.memory, lambda: moved(pipeline, is_back=is_back)):
        assert listed(spread()) == before
        moved(pipeline, is_back=is_back)
        assert listed(spread()) == before
        is_at_home = [key == home_of(key) for key in keys_used(pipeline)]
        assert all(is_at_home) if is_back else not any(is_at_home)


@pytest.mark.usefixtures("all_large")
@pytest.mark.parametrize("is_back", [False, True])
def test_changes_between_any_two_calls_of_a_move_count(
    pipeline: Pipeline, *, is_back: bool
) -> None:
    writer = together() if is_back else spread()
    given(pipeline, together(), *(holding(number) for number in range(6)))
    if is_back:
        moved(pipeline)
    news = [holding(1, 2, held=False), holding(3, 2), holding(9)]
    left = [(ROLES[n % 2], f"K{n:05d}") for n in (0, 2, 3, 4, 5, 9)]

    for _ in between_all_calls(
        pipeline.memory,
        lambda: moved(pipeline, is_back=is_back),
        lambda: given(pipeline, writer, *news),
    ):
        assert sorted(together().of(TENANT, AMINA)) == sorted(left)
        moved(pipeline, is_back=is_back)
        assert sorted(spread().of(TENANT, AMINA)) == sorted(left)


@pytest.mark.usefixtures("all_large")
@pytest.mark.parametrize("is_back", [False, True])
@pytest.mark.parametrize("layout", [together, spread])
def test_a_move_between_any_two_calls_of_a_change_is_harmless_in_either_layout(
    pipeline: Pipeline, layout: Callable[[], Portfolios], *, is_back: bool
) -> None:
    given(pipeline, together(), *(holding(number) for number in range(4)))
    if is_back:
        moved(pipeline)
    news = [holding(1, 3, held=False), holding(2, 3), holding(9)]
    late = [holding(1, 2), holding(2, 2, held=False)]
    left = [(ROLES[n % 2], f"K{n:05d}") for n in (0, 2, 3, 9)]

    for _ in between_all_calls(
        pipeline.memory,
        lambda: given(pipeline, layout(), *news),
        lambda: moved(pipeline, is_back=is_back),
    ):
        given(pipeline, layout(), *late)
        assert sorted(together().of(TENANT, AMINA)) == sorted(left)


@pytest.mark.usefixtures("all_large")
@pytest.mark.parametrize("is_back", [False, True])
def test_a_reader_during_a_move_misses_no_item_and_sees_none_twice(
    pipeline: Pipeline, *, is_back: bool
) -> None:
    given(pipeline, together(), *(holding(number) for number in range(5)))
    if is_back:
        moved(pipeline)
    before = list(together().of(TENANT, AMINA))
    found: list[list[tuple[str, str]]] = []

    for _ in between_all_calls(
        pipeline.memory,
        lambda: found.append(list(spread().of(TENANT, AMINA))),
        lambda: moved(pipeline, is_back=is_back),
    ):
        assert found[-1] == before


@pytest.mark.usefixtures("all_large")
@pytest.mark.parametrize("is_back", [False, True])
def test_a_reader_at_every_step_of_a_move_misses_no_item(
    pipeline: Pipeline, *, is_back: bool
) -> None:
    given(pipeline, together(), *(holding(number) for number in range(60)))
    if is_back:
        moved(pipeline)
    before = list(together().of(TENANT, AMINA))
    mover = PortfolioMover(spread(), large_from=1)
    steps = mover.gather(pipeline.deadline) if is_back else mover.spread(pipeline.deadline)
    reading = Mishap()

    def a_step() -> None:
        pipeline.memory.hook = None
        next(steps, None)
        pipeline.memory.hook = reading

    reading.before_call = a_step
    with incident(pipeline.memory, reading):
        assert list(spread().of(TENANT, AMINA)) == before


def test_an_old_holding_is_removed_when_a_newer_one_is_written_elsewhere(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolios, "SPREAD_FROM_CHANGES", 1)
    monkeypatch.setattr(portfolios, "LARGE_FROM", 1)
    given(pipeline, together(), holding(1), holding(2))

    def change() -> None:
        given(pipeline, spread(), holding(1, 2, held=False))

    for _ in killed_at_every_call(pipeline.memory, change):
        change()
        # The tombstone expires after a week; the holding that it covers must not come back.
        items = pipeline.memory.dynamodb.tables[TABLE].items
        versions = [int(item["version"]["N"]) for (_, sk), item in items.items() if "K00001" in sk]
        assert versions == [2]


# Everything around


@pytest.mark.usefixtures("all_large")
def test_files_edits_and_removals_end_the_same_whichever_part_of_the_portfolios_is_moved(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = pipeline.memory.snapshot()
    ends: list[Any] = []
    for moves in ((), ("spread",), ("half",), ("spread", "back")):
        pipeline.memory.restore(start)
        layout = "spread" if moves and moves[-1] != "back" else "together"
        monkeypatch.setenv("KEY_LAYOUT", layout)
        runtime.resources.cache_clear()
        pipeline.resources = runtime.resources()
        ids = pipeline.kenyan(8, held_by=AMINA)
        pipeline.publish()
        for move in moves:
            mover = PortfolioMover(pipeline.resources.tables.portfolios, large_from=1)
            steps = (
                mover.gather(pipeline.deadline)
                if move == "back"
                else mover.spread(pipeline.deadline)
            )
            list(islice(steps, 1) if move == "half" else chain(steps))
        pipeline.run(pipeline.upload(file_of([(ids[0], BARAKA), (ids[1], "None")])))
        pipeline.settle()
        gone = User(AMINA, "Amina Otieno", frozenset({"Sales"}), "Kenya", is_active=False)
        pipeline.users(replace(gone, is_deleted=True))
        pipeline.settle()
        ends.append(
            (
                pipeline.holders(*ids),
                list(pipeline.resources.tables.portfolios.of(TENANT, AMINA)),
                list(pipeline.resources.tables.portfolios.of(TENANT, BARAKA)),
            )
        )

    assert ends == [([BARAKA, *[""] * 7], [], [(ROLE, ids[0])])] * 4


def test_a_holder_is_found_whichever_key_the_portfolio_is_under(pipeline: Pipeline) -> None:
    given(pipeline, together(), holding(1), holding(2, user=BARAKA))
    given(pipeline, together(), holding(3, 2, user="gone@lumina.example", held=False))
    moved(pipeline)
    pipeline.accounts(Account(TENANT, "K1", 1))

    found = spread().holders_among(
        TENANT, [AMINA, BARAKA, "gone@lumina.example", "new@lumina.example"], pipeline.deadline
    )

    assert found == {AMINA, BARAKA}
