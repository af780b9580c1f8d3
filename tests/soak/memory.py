"""The memory of processes over time, read from /proc, and whether it grows."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

# The memory of the warm-up does not count as growth.
WARM_UP_SHARE = 0.2
# The growth from 50 bytes of every line at 20,000 lines a minute, a worker's share of the load.
MAX_MB_A_MINUTE = 1.0
# In a shorter time one block allocated by the system looks like growth.
MIN_MINUTES = 2.0


@dataclass(frozen=True, slots=True)
class Growth:
    """One process after its warm-up: the observed time, its memory and the slope."""

    name: str
    minutes: float
    first_mb: float
    last_mb: float
    mb_a_minute: float


def swollen(growths: Iterable[Growth], *, may_grow: Collection[str] = ()) -> Iterator[str]:
    """A message for each process that grew for long enough and by too much."""
    for one in growths:
        if (
            one.name not in may_grow
            and one.minutes >= MIN_MINUTES
            and one.mb_a_minute > MAX_MB_A_MINUTE
        ):
            yield (
                f"{one.name} grew by {one.mb_a_minute:.2f} MB a minute, from {one.first_mb:.1f} "
                f"to {one.last_mb:.1f} MB in {one.minutes:.1f} minutes"
            )


@dataclass
class Watch:
    """Samples of the resident memory of named processes."""

    begun: float = field(default_factory=time.monotonic)
    samples: dict[tuple[str, int], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def look(self, pids: Mapping[str, int]) -> None:
        """Takes one sample of each living process."""
        for name, pid in pids.items():
            found = _resident_mb(pid)
            if found is not None:
                minutes = (time.monotonic() - self.begun) / 60
                self.samples[name, pid].append((minutes, found))

    def growths(self) -> list[Growth]:
        """The growth of each process with enough samples, by name."""
        found: list[Growth] = []
        for (name, _), samples in sorted(self.samples.items()):
            warm = samples[int(len(samples) * WARM_UP_SHARE) :]
            if len(warm) < 3:
                continue
            times, sizes = zip(*warm, strict=True)
            slope = linear_regression(times, sizes).slope
            found.append(Growth(name, times[-1] - times[0], sizes[0], sizes[-1], slope))
        return found


def processor_seconds(pid: int) -> float:
    """The processor time of a living process so far, 0 when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    # The name in parentheses may have any text; user and system time are the 12th and 13th after
    # it.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float | None:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None
