"""A pipeline on an AWS in memory for each test that asks for one, which checks all parameters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.fixtures import clients_of_memory
from tests.kit.pipeline import Pipeline, on_memory

__all__ = ["clients_of_memory"]


@pytest.fixture
def pipeline(clients_of_memory: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """The functions on an empty AWS that refuses what the SDK would refuse to send."""
    with on_memory(monkeypatch) as made:
        made.memory.validate = True
        yield made
