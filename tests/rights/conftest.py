"""One world for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.fixtures import clients_of_memory
from tests.kit.pipeline import on_memory
from tests.rights.world import Worlds, build

__all__ = ["clients_of_memory"]


@pytest.fixture(scope="module")
def worlds(clients_of_memory: None) -> Iterator[Worlds]:
    """Two tenants with imports in every state, and an import of each profile."""
    with pytest.MonkeyPatch.context() as patch, on_memory(patch) as pipeline:
        yield build(pipeline)
