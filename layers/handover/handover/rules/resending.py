"""What a sweep sends again for an import: only messages that may have been lost.

SQS does not say how old a single message is, so a waiting message and a lost one look alike. Later
messages tell them apart: messages of one group arrive roughly in the order of sending, so a message
sent well before one that a worker has taken is lost. Where nothing later was sent, the sweep sends
one message, a probe, and waits until it is taken.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-message-order.html
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from msgspec import Struct

# A late message usually arrives before this time. Each further wait is twice as long.
RESEND_AFTER_SECONDS = 300.0
LONGEST_WAIT_SECONDS = 3600.0
# A message counts as overtaken when a message that was sent at least this much later was taken:
# queues keep the order only roughly, and two clocks differ.
PASSED_SECONDS = 60.0
# Workers record a newest sending time only if it is this much later than the recorded one.
NOTED_SECONDS = 20.0
# A worker deletes a message only after its work is done, so SQS delivers a taken message again
# after its visibility timeout of 6 x 120 s. This is twice that, plus the time of two workers.
TAKEN_SECONDS = 1800.0


class Resend(Enum):
    """What to send again for an import."""

    NOTHING = auto()
    # One message, because later ones were taken: this one is lost, or its group has to wait.
    PROBE = auto()
    # One message for all imports of the queue: no message is being taken.
    PROBE_FOR_ALL = auto()
    # Everything that was sent before the probe and never taken.
    LOST = auto()


class Sent(Struct, frozen=True):
    """When something was last sent for an import, and how often sweeps have sent it again.

    `is_probe_taken`: the last thing sent was a probe, a single message, and a worker has taken it.
    """

    at: float
    resends: int = 0
    is_probe_taken: bool = False


class Seen(Struct, frozen=True):
    """What is known of a queue: the newest sending time of any message that was taken, 0 = none.

    `probed_at` is when a sweep last sent a probe for all, `probes` how many it has sent since one
    was taken.
    """

    newest_taken: float = 0.0
    probed_at: float = 0.0
    probes: int = 0

    @property
    def is_probe_out(self) -> bool:
        """True while the last probe for all is not recorded as taken."""
        return self.newest_taken < self.probed_at - NOTED_SECONDS


class ChunkSeen(Struct, frozen=True):
    """A chunk that is not settled: when its lease ends and when it was last taken; 0 = never."""

    number: int
    leased_until: float = 0.0
    taken_at: float = 0.0


def what_to_resend(now: float, sent: Sent, seen: Seen) -> Resend:
    """What a sweep sends for an import whose work is not done.

    At the earliest after RESEND_AFTER_SECONDS, one message is sent again as a probe; once a worker
    has taken it, the other lost messages follow. A probe may be lost too: the next one is sent
    after twice the time, at most LONGEST_WAIT_SECONDS.
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
    """True when the message sent at `sent_at` (None = unknown) is the probe sent at `probed_at`."""
    return sent_at is not None and sent_at >= probed_at - PASSED_SECONDS


def probed(seen: Seen, now: float) -> Seen:
    """What is known of the queue after sending a probe for all now."""
    return Seen(seen.newest_taken, now, seen.probes + 1 if seen.is_probe_out else 1)


def wait_seconds(times: int) -> float:
    """How long to wait before sending again after `times` resends."""
    # 2 ** 10 is more than the longest wait; larger powers of a corrupt count would overflow.
    return min(LONGEST_WAIT_SECONDS, RESEND_AFTER_SECONDS * 2.0 ** min(times, 10))


def lost_chunks(chunks: Iterable[ChunkSeen], now: float, before: float) -> list[int]:
    """The numbers, ascending, of the chunks whose messages, sent before `before`, may be lost.

    A leased chunk has a worker, and SQS delivers the message of a taken chunk again by itself.
    """
    return sorted(
        chunk.number
        for chunk in chunks
        if chunk.leased_until < now and chunk.taken_at < max(before - TAKEN_SECONDS, 1.0)
    )
