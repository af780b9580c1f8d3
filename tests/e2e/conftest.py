"""One stack for all stories: the real template on the embedded AWS, with a directory of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.doors import Doors
from tests.kit.stack import furnished_stack


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with furnished_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made
