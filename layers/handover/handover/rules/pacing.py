"""How long work on a chunk may take: chunk sizes, and when a chunk is passed on.

Fifty workers share a table's throughput. A new table takes 4,000 writes a second, so each worker
gets 40 to 80 changed lines a second; a table that has grown takes more than the workers can send.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

from __future__ import annotations

# At the pace of the last file, a chunk takes its worker's time limit divided by this.
SHARE_OF_TIMEOUT = 2
# 40 lines a second for half of 120 seconds. Cut by lines, a file of twenty million lines has at
# most 8,334 chunks.
MIN_CHUNK_LINES = 2_400
# A worker holds all lines of its chunk in memory.
MAX_CHUNK_LINES = 20_000
# Shorter work measures the calls that every chunk costs, not the pace of its lines.
MIN_MEASURED_SECONDS = 10.0


def chunk_lines(lines_a_second: float, worker_seconds: int) -> int:
    """The maximum lines of a chunk, by one worker's pace on the last file (0 = not known)."""
    lines = int(lines_a_second * worker_seconds / SHARE_OF_TIMEOUT)
    return min(max(lines, MIN_CHUNK_LINES), MAX_CHUNK_LINES)


def measured_pace(lines: int, seconds: float) -> float | None:
    """The lines a second of one worker; None when too little work was done to measure it."""
    return lines / seconds if seconds >= MIN_MEASURED_SECONDS else None


def is_handed_on(decided: int, decided_before: int) -> bool:
    """True when a run that did not finish its chunk got further than every run before.

    The chunk then continues under a fresh message, whose deliveries are counted from one. Each run
    begins with the first line and skips finished lines by reads alone, so every chunk that is
    passed on gets closer to its end. A chunk without progress stays with its message, which becomes
    a dead letter.
    """
    return decided > decided_before
