"""Waiting for what happens by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from infra.cli.failures import CommandError, ExitCode

Found = TypeVar("Found")

# Functions that have not run for long take seconds to start, each of them.
LONGEST_SECONDS = 180.0
PAUSE_SECONDS = 0.5


def until(look: Callable[[], Found | None], what: str, seconds: float = LONGEST_SECONDS) -> Found:
    """What `look` gives once it gives something; raises CommandError after `seconds`."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise CommandError(f"waited {seconds:.0f} s for {what}", ExitCode.REFUSED)
        time.sleep(PAUSE_SECONDS)
    return found
