"""How all tests run: what hypothesis draws, what a file may leave behind, who shares a process."""

from __future__ import annotations

import gc
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from botocore.client import BaseClient
from handover import flight
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

# The same examples each time, without a deadline on a busy machine.
settings.register_profile("handover", deadline=None, derandomize=True)
settings.load_profile("handover")

# Each process with stories has an embedded AWS of its own, so these files share three of them. Each
# group takes about as long: the faults wait for leases and queues.
GROUPS = (
    {"test_faults.py"},
    {
        "test_directory_files.py",
        "test_five_systems.py",
        "test_jobs.py",
        "test_people_and_systems.py",
    },
)
# One stack and one browser are enough for all stories in a browser.
IN_A_BROWSER = "stories in a browser"


def pytest_collection_finish() -> None:
    """Keeps the search for garbage away from the thousands of collected tests, which stay."""
    gc.collect()
    gc.freeze()


# What tests replace for as long as AWS is in their process.
_CALLS = BaseClient.__dict__["_make_api_call"]


@pytest.fixture(scope="module", autouse=True)
def no_replacement_outlives_its_file() -> Iterator[None]:
    """Fails at the last test of a file that leaves AWS or the crew of calls replaced."""
    yield
    assert flight.make_crew is flight.Threads
    assert BaseClient.__dict__["_make_api_call"] is _CALLS


class Sharing(LoadScopeScheduling):
    """Keeps the tests of a file together; those of tests/e2e share three stacks.

    Those of tests/browser share one.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        folder, name = PurePosixPath(path).parts[-2:]
        if folder == "browser":
            return IN_A_BROWSER
        if folder != "e2e":
            return path
        place = next((place for place, group in enumerate(GROUPS) if name in group), len(GROUPS))
        return f"stories, part {place + 1}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing | None:
    """The scheduler: ours for `--dist loadfile`, otherwise the requested one."""
    return Sharing(config, log) if config.getvalue("dist") == "loadfile" else None
