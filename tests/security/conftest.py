"""One world for a module's tests; each gets it in its first state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.cast import World, build
from tests.kit.fixtures import clients_of_memory
from tests.kit.memory_aws import Snapshot
from tests.kit.pipeline import on_memory

__all__ = ["clients_of_memory"]


@pytest.fixture(scope="module")
def built(clients_of_memory: None) -> Iterator[tuple[World, Snapshot]]:
    with pytest.MonkeyPatch.context() as patch, on_memory(patch) as pipeline:
        yield build(pipeline)


@pytest.fixture
def world(built: tuple[World, Snapshot]) -> World:
    """Two tenants with imports in every state, accounts, histories, profiles and sources."""
    world, snapshot = built
    world.pipeline.memory.restore(snapshot)
    return world
