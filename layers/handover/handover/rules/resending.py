"""What a sweep sends again of an import: only what can have been lost.

SQS tells nobody how old one message is, so a message that waits and a message that is lost look
alike. They differ by what happens to later ones: messages of one group come about in the order of
their sending, so a message that was sent well before one that a worker has taken is lost.
Where nothing later was sent, the sweep sends one message, a probe, and waits until it is taken.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-message-order.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

# A message that is merely late comes first. Each further wait is twice as long.
RESEND_AFTER_SECONDS = 300.0
LONGEST_WAIT_SECONDS = 3600.0
# By how much a message must be older than one that was taken before it counts as passed by: queues
# keep the order only about, and two clocks differ.
PASSED_SECONDS = 60.0
# Workers note the newest sending time at most so often, in seconds of sending time.
NOTED_SECONDS = 20.0
# A worker deletes a message only after its work is done: what was taken comes again by itself, when
# its visibility timeout of 6 x 120 s is over. Twice that, and the time of two workers.
TAKEN_SECONDS = 1800.0


class Resend(Enum):
    """What to send again of an import."""

    NOTHING = "nothing"
    # One message, though later ones were taken: it is lost, or its group has to wait.
    PROBE = "probe"
    # One message for all imports of the queue: nobody takes anything.
    PROBE_FOR_ALL = "probe for all"
    # All that was sent before the probe and never taken.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent for an import: last at `at`, of that `resends` times by a sweep.

    `is_probe_taken`: what was sent last was one message, and a worker has taken it.
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
        """True while the last probe for all has not been taken, as far as was noted."""
        return self.probes > 0 and self.newest_taken < self.probed_at - NOTED_SECONDS


@dataclass(frozen=True, slots=True)
class ChunkSeen:
    """A chunk that is not settled: its lease's end, and when it was last taken; 0 = never."""

    number: int
    leased_until: float = 0.0
    taken_at: float = 0.0


def what_to_resend(now: float, sent: Sent, seen: Seen) -> Resend:
    """What a sweep sends of an import whose work is not done.

    A lost message is sent again after RESEND_AFTER_SECONDS where nothing later waits; the others
    that were lost with it once that probe is taken. Probes may be lost too: the next one comes
    after twice the time, LONGEST_WAIT_SECONDS at the most.
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
    """True of a message of a chunk that was sent as a probe then; None = nobody knows when."""
    return sent_at is not None and sent_at >= probed_at - PASSED_SECONDS


def probed(seen: Seen, now: float) -> Seen:
    """What is seen of the queue after a probe for all was sent now."""
    return Seen(seen.newest_taken, now, seen.probes + 1 if seen.is_probe_out else 1)


def wait_seconds(times: int) -> float:
    """How long nothing is sent again after the last time, having been sent again `times` before."""
    # 2 ** 10 is more than the longest wait; larger powers of a damaged count would overflow.
    return min(LONGEST_WAIT_SECONDS, RESEND_AFTER_SECONDS * 2.0 ** min(times, 10))


def lost_chunks(chunks: Iterable[ChunkSeen], now: float, before: float) -> list[int]:
    """The numbers of the chunks whose messages, sent before then, can be lost; in their order.

    A leased chunk has a worker, and the message of one that was taken comes again by itself.
    """
    return sorted(
        chunk.number
        for chunk in chunks
        if chunk.leased_until < now and chunk.taken_at < max(before - TAKEN_SECONDS, 1.0)
    )
