"""The machine of a measurement, in words: figures of different machines cannot be compared."""

from __future__ import annotations

import os
import platform


def described() -> str:
    """Python, system, cores and memory."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} on "
        f"{platform.machine()}, {os.cpu_count() or 1} cores, {memory_gib:.0f} GiB"
    )
