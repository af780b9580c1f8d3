"""What a sweep sends again for an import: only messages that may have been lost.

SQS does not say how old a single message is, so a waiting message and a lost one look alike. Later
messages tell them apart: messages of one group arrive roughly in the order of sending, so a message
sent well before one that a worker has taken is lost. Where nothing later was sent, the sweep sends
one message, a probe, and waits until it is taken.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-message-order.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

# A late message usually arrives before this time. Each further wait is twice as long.
RESEND_AFTER_SECONDS = 300.0
LONGEST_WAIT_SECONDS = 3600.0
# A message counts as overtaken when it is older than one that was taken by at least this much:
# queues keep the order only roughly, and two clocks differ.
PASSED_SECONDS = 60.0
# Workers note the newest sending time at most this often, in seconds of sending time.
NOTED_SECONDS = 20.0
# A worker deletes a message only after its work is done: a message that was taken is delivered
# again when its visibility timeout of 6 x 120 s is over. Twice that, plus the time of two workers.
TAKEN_SECONDS = 1800.0


class Resend(Enum):
    """What to send again for an import."""

    NOTHING = "nothing"
    # One message, although later ones were taken: it is lost, or its group has to wait.
    PROBE = "probe"
    # One message for all imports of the queue: no message is being taken.
    PROBE_FOR_ALL = "probe for all"
    # Everything that was sent before the probe and never taken.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent for an import: last at `at`, of which `resends` times by a sweep.

    `is_probe_taken`: the last thing sent was a single message, and a worker has taken it.
    """

    at: float
    resends: int = 0
    is_probe_taken: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a queue: the newest sending time of any message that was taken, 0 = none.

    `probed_at`: when a sweep last sent a probe for all, and how many it has sent since one was
    taken.
    """

    newest_taken: float = 0.0
    probed_at: float = 0.0
    probes: int = 0

    @property
    def is_probe_out(self) -> bool:
        """True while the last probe for all is not recorded as taken."""
        return self.probes > 0 and self.newest_taken < self.probed_at - NOTED_SECONDS


@dataclass(frozen=True, slots=True)
class ChunkSeen:
    """A chunk that is not settled: its lease's end, and when it was last taken; 0 = never."""

    number: int
    leased_until: float = 0.0
    taken_at: float = 0.0


def what_to_resend(now: float, sent: Sent, seen: Seen) -> Resend:
    """What a sweep sends for an import whose work is not done.

    A lost message is sent again after RESEND_AFTER_SECONDS where nothing later waits; others lost
    with it follow once that probe is taken. Probes may be lost too: the next one is sent after
    twice the time, at most LONGEST_WAIT_SECONDS.
    """
    if sent.is_probe_taken:
        return Resend.LOST
    if now - sent.at < wait_seconds(sent.resends):
        return Resend.NOTHING
    if seen.newest_taken >= sent.at + PASSED_SECONDS:
        return Resend.PROBE
    if seen.is_probe_out and now - seen.probed_at < wait_seconds(seen.probes):
        return Resend.NOTHING
    return Resend.PROBE_FOR_ALL


def is_probe(sent_at: float | None, probed_at: float) -> bool:
    """True for a chunk's message that was sent as a probe then; None = the time is unknown."""
    return sent_at is not None and sent_at >= probed_at - PASSED_SECONDS


def probed(seen: Seen, now: float) -> Seen:
    """What is known of the queue after sending a probe for all now."""
    return Seen(seen.newest_taken, now, seen.probes + 1 if seen.is_probe_out else 1)


def wait_seconds(times: int) -> float:
    """How long to wait before sending again after `times` resends."""
    # 2 ** 10 is more than the longest wait; larger powers of a corrupt count would overflow.
    return min(LONGEST_WAIT_SECONDS, RESEND_AFTER_SECONDS * 2.0 ** min(times, 10))


def lost_chunks(chunks: Iterable[ChunkSeen], now: float, before: float) -> list[int]:
    """The numbers of chunks whose messages, sent before then, may be lost; in their order.

    A leased chunk has a worker, and the message of a taken one is delivered again automatically.
    """
    return sorted(
        chunk.number
        for chunk in chunks
        if chunk.leased_until < now and chunk.taken_at < max(before - TAKEN_SECONDS, 1.0)
    )
