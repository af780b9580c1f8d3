"""A pipeline on an AWS in memory for each test that requests one; conftest files import it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.pipeline import CLIENT_SETTINGS, Pipeline, forget_clients, on_memory


@pytest.fixture(scope="module")
def clients_of_memory() -> Iterator[None]:
    """Keeps clients for one module and forgets them afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in CLIENT_SETTINGS.items():
            patch.setenv(variable, value)
        forget_clients()
        yield
        forget_clients()


@pytest.fixture
def pipeline(clients_of_memory: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """The functions on an empty AWS, with the users of one tenant."""
    with on_memory(monkeypatch) as made:
        yield made
