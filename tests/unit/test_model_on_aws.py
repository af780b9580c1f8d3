"""The model of time and price on AWS: what its formulas imply, whatever the measurements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.model import (
    TABLE_WRITES,
    Counts,
    Import,
    Parts,
    Place,
    lines_seconds,
    price_of,
    time_of,
)
from tests.bench.table import Topic, at_least, goals

PARTS = Parts(
    steps={"validate": 8, "assign": 10, "finalize": 8},
    imports={"validate": 0.2, "assign": 0.15, "finalize": 0.15},
    vcpus={"validate": 1.0, "assign": 1.0, "finalize": 1.0},
    clients=0.1,
    connection=0.02,
    changed_line=90e-6,
    unchanged_line=40e-6,
    scanned_line=0.13e-6,
    in_flight=8,
)
MILLION = Import(1_000_000, 1_000_000)
SIZES = (1, 58, 1000, 100_000, 1_000_000, 20_000_000)
COUNTS = Counts(
    lines=1_000_000,
    changed=1_000_000,
    write_units={"AccountsTable": 1e6, "HistoryTable": 1e6, "PortfolioTable": 2e6},
    read_units=1e6,
    s3_puts=500,
    s3_gets=1000,
    messages=418,
    worker_seconds=180.0,
    publish_seconds=0.5,
)


@pytest.mark.parametrize("lines", SIZES)
def test_more_workers_more_calls_in_flight_and_a_faster_network_never_take_longer(
    lines: int,
) -> None:
    one = Import(lines, lines)
    few = time_of(one, PARTS, Place(10)).all

    assert time_of(one, PARTS, Place(50)).all <= few
    assert time_of(one, replace(PARTS, in_flight=16), Place(10)).all <= few
    assert time_of(one, PARTS, Place(10, call_seconds=0.005)).all <= few


@pytest.mark.parametrize("lines", SIZES)
def test_a_larger_a_changing_and_a_cold_import_take_longer(lines: int) -> None:
    place, one = Place(), Import(lines, 0)
    seconds = time_of(one, PARTS, place).all

    assert time_of(Import(2 * lines, 0), PARTS, place).all > seconds
    assert time_of(Import(lines, lines), PARTS, place).all >= seconds
    assert time_of(replace(one, is_cold=True), PARTS, place).all > seconds + 0.75


def test_less_memory_or_a_slower_connection_makes_a_function_begin_later() -> None:
    cold, place = Import(1000, 1000, is_cold=True), Place()
    parts = replace(PARTS, vcpus={**PARTS.vcpus, "finalize": 0.5})
    seconds = time_of(cold, PARTS, place).all

    assert time_of(cold, parts, place).all == pytest.approx(seconds + 2 * (0.15 + 0.1 + 3 * 0.02))
    assert time_of(cold, replace(PARTS, connection=0.0), place).all < seconds


def test_no_import_writes_faster_than_the_table_accepts() -> None:
    many = Place(workers=100_000, call_seconds=1e-6)

    assert lines_seconds(MILLION, PARTS, replace(many, table_writes=100)) == 10_000
    assert lines_seconds(MILLION, PARTS, Place()) >= MILLION.changed / TABLE_WRITES


def test_a_single_line_takes_the_steps_of_its_stages_and_three_queues() -> None:
    time = time_of(Import(1, 1), PARTS, Place())

    assert time.validate == pytest.approx(0.05 + 0.08, abs=0.005)
    assert time.assign == pytest.approx(0.05 + 0.10, abs=0.005)
    assert time.finalize == pytest.approx(0.05 + 0.08 + 0.01, abs=0.005)


def test_the_price_of_a_million_changed_lines_is_the_sum_of_its_parts() -> None:
    parts = price_of(COUNTS)

    assert parts["DynamoDB, writes of PortfolioTable"] == pytest.approx(1.25)
    assert parts["EventBridge, events of changes"] == pytest.approx(1.0)
    assert parts["DynamoDB, reads"] == pytest.approx(0.125)
    # 180 s of 1.73 GB, 10,000 batches of half a second of 0.5 GB, 10,418 invocations.
    assert parts["Lambda"] == pytest.approx(0.0041 + 0.0333 + 0.0021, abs=1e-4)
    assert sum(parts.values()) == pytest.approx(3.68, abs=0.02)


def test_a_million_unchanged_lines_cost_no_event_and_no_write() -> None:
    parts = price_of(replace(COUNTS, changed=0, write_units={"AccountsTable": 0.0}))

    assert parts["EventBridge, events of changes"] == 0
    assert not any(name.startswith("DynamoDB, writes") for name in parts)


def test_the_results_begin_with_every_goal_and_whether_it_is_met() -> None:
    topic = Topic(
        "Worker",
        ("what", "x", "goal", "", "wall"),
        (
            ("changed", "6.9", *at_least(6.9, 10), "7.0"),
            ("unchanged", "14.3", *at_least(14.3, 10), "15"),
            ("baseline", "1.0", "", "", "1.0"),
        ),
    )

    assert goals([topic.markdown()]).splitlines()[2:] == [
        "1 of 2 goals are met.",
        "",
        "| topic | what | figure | goal |  |",
        "| --- | --- | --- | --- | --- |",
        "| Worker | changed | 6.9 | ≥ 10 x | **missed** |",
        "| Worker | unchanged | 14.3 | ≥ 10 x | met |",
    ]
