"""The parts of the model: files, their chunks, running functions, and counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from handover.pipeline.messages import Need

from tests.load.queues import Message


class Phase(Enum):
    """The phase of an import."""

    UPLOADED, VALIDATING, PROCESSING, ENDED = "uploaded", "validating", "processing", "ended"


@dataclass
class Chunk:
    """A part of a file: the number of written lines, and its worker."""

    lines: int
    done: float = 0.0
    is_settled: bool = False
    leased_until: float = 0.0
    taken_at: float = 0.0


@dataclass
class Import:
    """One file on its way."""

    number: int
    tenant: int
    lines: int
    uploaded_at: float
    chunks: list[Chunk] = field(default_factory=list)
    phase: Phase = Phase.UPLOADED
    settled: int = 0
    opened_at: float = 0.0
    leased_until: float = 0.0
    resent_at: float = 0.0
    resent_for: Need | None = None
    resends: int = 0
    probe: int | None = None
    is_probe_taken: bool = False
    ended_at: float = 0.0
    not_processed: float = 0.0


@dataclass
class Job:
    """A running function with its message; `left` is the remaining time without a chunk's lines."""

    message: Message
    started: float
    deadline: float
    left: float
    reread: float = 0.0
    done_before: float = 0.0
    busy_since: float | None = None
    is_under_way: bool = True


@dataclass
class Tally:
    """The requests to AWS."""

    taken: int = 0
    handed_on: int = 0
    put_off: int = 0
    sent_again: int = 0
    accounts_writes: float = 0.0
    imports_writes: float = 0.0
    settle_writes: float = 0.0
    reads: float = 0.0
    messages: int = 0
    s3_puts: int = 0
    s3_gets: int = 0
    gigabyte_seconds: float = 0.0


@dataclass
class Load:
    """The uploads and the outages, with their times.

    `stops` is when no worker runs, `throttled` when tables refuse every call, in seconds from the
    beginning; `changes` says whether lines change accounts. `table_writes` and `workers` take the
    place of what a new table takes and of the template's, if not 0. Of messages to workers each
    `lost_every`th is lost, none if that is 0. `pace` is that of the last file, 0 = not known.
    """

    imports: list[Import]
    line_bytes: int = 40
    stops: tuple[float, float] = (0.0, 0.0)
    throttled: tuple[float, float] = (0.0, 0.0)
    changes: bool = True
    table_writes: float = 0.0
    workers: int = 0
    lost_every: int = 0
    pace: float = 0.0
