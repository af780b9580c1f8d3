"""The fidelity of the memory AWS for PartiQL, held against ministack.

moto is no judge of it: it writes nothing for a conditional UPDATE and says that it did.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.kit.memory_aws import MemoryAws
from tests.kit.memory_aws.comparison import Comparison, table_state
from tests.kit.memory_aws.emulator import client, ministack
from tests.kit.memory_aws.known_differences import PARTIQL
from tests.kit.memory_aws.random_operations import TABLES
from tests.kit.memory_aws.random_statements import Statements

SEQUENCES = 160
SEQUENCE_OPERATIONS = 12


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with ministack() as endpoint:
        yield client("dynamodb", endpoint)


def test_random_statements_get_the_answers_of_ministack(dynamodb: Any) -> None:
    comparison = Comparison(dynamodb, PARTIQL)
    memory = MemoryAws(lambda: 0.0)
    for name, properties in TABLES.items():
        memory.dynamodb.create_table(properties, name)
        dynamodb.create_table(TableName=name, **properties)
    left_out: set[str] = set()

    for sequence in range(SEQUENCES):
        statements = Statements(Random(f"3/{sequence}"), sequence)
        for _ in range(SEQUENCE_OPERATIONS):
            if not comparison.agree(memory, *statements.next()):
                left_out.add(f"{sequence}-")
                break

    print("ministack, PartiQL:", dict(comparison.seen))
    for name in TABLES:
        assert table_state(memory, name, left_out) == comparison.state(name, left_out)
    assert comparison.seen["operations"] >= 1_500
