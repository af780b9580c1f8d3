"""One stack for all stories: the real template on the embedded AWS, with its own directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.deployed import DeployedStack
from tests.kit.stack import furnished_stack


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedStack]:
    with furnished_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made
