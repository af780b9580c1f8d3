"""The console before a user pool and the API, both answering on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from handover_console.settings import settings

from tests.console.browser import Browser
from tests.console.stand import CLIENT, ISSUER, Stand, serving
from tests.kit.cast import World, build
from tests.kit.fixtures import clients_of_memory
from tests.kit.pipeline import on_memory

__all__ = ["clients_of_memory"]


@pytest.fixture(scope="module")
def worlds(clients_of_memory: None) -> Iterator[World]:
    """Two tenants with imports in every state."""
    with pytest.MonkeyPatch.context() as patch, on_memory(patch) as pipeline:
        yield build(pipeline)[0]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """The user pool and the API that the console's settings point to."""
    made = Stand()
    with serving(made) as address:
        for name, value in {
            "API_URL": address,
            "ISSUER": ISSUER,
            "KEYS_URL": f"{address}/jwks.json",
            "CLIENT_ID": CLIENT,
            "SIGN_IN_URL": address,
            "UPLOAD_ORIGINS": "https://uploads.s3.eu-west-1.amazonaws.com",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        settings.cache_clear()
        yield made
    settings.cache_clear()


@pytest.fixture
def browser(stand: Stand) -> Browser:
    """A browser without a sign-in."""
    return Browser(stand)
