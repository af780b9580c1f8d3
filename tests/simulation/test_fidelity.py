"""The fidelity of the memory AWS: random operations, answered as the emulators answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.kit.memory_aws import MemoryAws
from tests.kit.memory_aws.comparison import Comparison, table_state
from tests.kit.memory_aws.emulator import client, ministack, moto
from tests.kit.memory_aws.known_differences import MINISTACK, MOTO, KnownDifference
from tests.kit.memory_aws.random_operations import TABLES, Operations

SEQUENCE_OPERATIONS = 12
# moto copies the whole table for each action of a transaction: keep the tables small.
SEQUENCES_PER_TABLE = 25


@pytest.fixture
def ministack_dynamodb() -> Iterator[Any]:
    with ministack() as endpoint:
        yield client("dynamodb", endpoint)


@pytest.fixture
def moto_dynamodb() -> Iterator[Any]:
    with moto():
        yield client("dynamodb", None)


def compare(
    real: Any,
    known: tuple[KnownDifference, ...],
    *,
    sequences: int,
    seed: int,
    plain: bool = False,
) -> Counter[str]:
    """Counts of the compared operations; fails at the first unknown difference."""
    comparison = Comparison(real, known, leaves_traces=plain)
    for first in range(0, sequences, SEQUENCES_PER_TABLE):
        memory = MemoryAws(lambda: 0.0)
        for name, properties in TABLES.items():
            memory.dynamodb.create_table(properties, name)
            real.create_table(TableName=name, **properties)
        left_out: set[str] = set()
        for sequence in range(first, min(first + SEQUENCES_PER_TABLE, sequences)):
            operations = Operations(Random(f"{seed}/{sequence}"), sequence, plain=plain)
            for _ in range(SEQUENCE_OPERATIONS):
                if not comparison.agree(memory, *operations.next()):
                    left_out.add(f"{sequence}-")
                    break
        for name in TABLES:
            assert table_state(memory, name, left_out) == comparison.state(name, left_out)
            real.delete_table(TableName=name)
    return comparison.seen


def test_random_operations_get_the_answers_of_moto(moto_dynamodb: Any) -> None:
    seen = compare(moto_dynamodb, MOTO, sequences=400, seed=1, plain=True)

    print("moto:", dict(seen))
    assert seen["operations"] >= 2_000


def test_random_operations_get_the_answers_of_ministack(ministack_dynamodb: Any) -> None:
    seen = compare(ministack_dynamodb, MINISTACK, sequences=450, seed=2)

    print("ministack:", dict(seen))
    assert seen["operations"] >= 5_000
