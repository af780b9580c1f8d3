"""Waiting for something that happens by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from infra.cli.failures import CommandError, ExitCode

Found = TypeVar("Found")

# A function that has not run for long takes seconds to start.
LONGEST_SECONDS = 180.0
PAUSE_SECONDS = 0.5


def until(look: Callable[[], Found | None], what: str, seconds: float = LONGEST_SECONDS) -> Found:
    """What `look` returns once it is not None; raises CommandError after `seconds`."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise CommandError(f"waited {seconds:.0f} s for {what}", ExitCode.REFUSED)
        time.sleep(PAUSE_SECONDS)
    return found
