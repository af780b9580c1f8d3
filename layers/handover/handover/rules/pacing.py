"""How long work on a chunk may take: how large chunks are cut, and when one is handed on.

Fifty workers share what a table takes. A new one takes 4,000 writes a second, which leaves 40 to 80
changed lines a second to each; a table that has grown takes more than the workers can send.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

from __future__ import annotations

# A chunk is cut to take this share of its worker's time limit, at the pace of the last file.
SHARE_OF_TIMEOUT = 2
# What 40 lines a second come to in half of 120 seconds. A file of twenty million lines has at most
# 8,334 chunks by lines.
MIN_CHUNK_LINES = 2_400
# A worker holds all lines of its chunk in memory.
MAX_CHUNK_LINES = 20_000
# What is worked in less time tells of the calls that every chunk costs, and not of its lines.
MIN_MEASURED_SECONDS = 10.0


def chunk_lines(lines_a_second: float, worker_seconds: int) -> int:
    """The most lines of a chunk, by the pace of one worker on the last file; 0 = not known."""
    lines = int(lines_a_second * worker_seconds / SHARE_OF_TIMEOUT)
    return min(max(lines, MIN_CHUNK_LINES), MAX_CHUNK_LINES)


def measured_pace(lines: int, seconds: float) -> float | None:
    """The lines a second of one worker; None when too little was worked to tell."""
    return lines / seconds if seconds >= MIN_MEASURED_SECONDS else None


def is_handed_on(decided: int, decided_before: int) -> bool:
    """True when a run that could not end its chunk has come further than every run before.

    The chunk then goes on under a fresh message, whose deliveries are counted from one. As each
    run begins with the first line, and finds with reads alone what is done, every chunk that is
    handed on comes nearer to its end; one that does not is left to its message, which becomes a
    dead letter.
    """
    return decided > decided_before
