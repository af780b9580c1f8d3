"""The deployed API keeps its own description, whatever the request.

schemathesis draws the requests from /openapi.json: valid and invalid ones, other methods, other
types of content, no token. `make contract` draws many more of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.gateway import AUTHORIZATION, served
from tests.kit.cast import ADMIN, OWN, build
from tests.kit.fixtures import clients_of_memory
from tests.kit.pipeline import on_memory

__all__ = ["clients_of_memory"]

# For each route, beside the requests that cover the limits of each parameter one by one.
EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "1")
CONFIG = Path(__file__).with_name("schemathesis.toml")
SEED = os.environ.get("CONTRACT_SEED", "11")


@pytest.fixture(scope="module")
def url(clients_of_memory: None) -> Iterator[str]:
    """The API as an Admin calls it, for a tenant that has one of everything."""
    with pytest.MonkeyPatch.context() as patch, on_memory(patch) as pipeline:
        build(pipeline)
        with served({"email": ADMIN.email, "custom:tenant": OWN}) as address:
            yield address


@pytest.mark.timeout(7200)
def test_the_description_names_every_answer(url: str, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
        *("run", f"{url}/openapi.json", "--phases", "examples,coverage,fuzzing"),
        *("--header", f"Authorization: {AUTHORIZATION}"),
        *("--seed", SEED, "--max-examples", EXAMPLES, "--no-color"),
    ]

    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout + found.stderr
