"""What a sweep resends: lost messages soon, waiting ones rarely."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from handover.rules.resending import (
    ChunkSeen,
    Resend,
    Seen,
    Sent,
    is_probe,
    lost_chunks,
    probed,
    wait_seconds,
    what_to_resend,
)
from hypothesis import given, settings
from hypothesis import strategies as st

# Written out, so that a changed limit is seen.
LONGEST_WAIT_SECONDS = 3600.0
NOTED_SECONDS = 20.0
PASSED_SECONDS = 60.0
RESEND_AFTER_SECONDS = 300.0
TAKEN_SECONDS = 1800.0

NOW = 1_000_000.0
MINUTE = 60.0
SENT = Sent(NOW - RESEND_AFTER_SECONDS)
PASSED_BY = Seen(SENT.at + PASSED_SECONDS)


@pytest.mark.parametrize("seen", [Seen(), PASSED_BY])
def test_a_message_sent_a_moment_ago_is_not_sent_again(seen: Seen) -> None:
    assert what_to_resend(NOW - 1, SENT, seen) is Resend.NOTHING


def test_an_import_whose_messages_were_overtaken_gets_a_probe() -> None:
    assert what_to_resend(NOW, SENT, PASSED_BY) is Resend.PROBE


def test_a_message_sent_in_the_same_moment_proves_nothing() -> None:
    together = Seen(SENT.at + PASSED_SECONDS - 1)

    assert what_to_resend(NOW, SENT, together) is Resend.PROBE_FOR_ALL


def test_while_a_probe_for_all_waits_no_other_is_sent() -> None:
    seen = probed(Seen(NOW - 900), NOW)

    assert what_to_resend(NOW + 2 * RESEND_AFTER_SECONDS - 1, SENT, seen) is Resend.NOTHING
    assert what_to_resend(NOW + 2 * RESEND_AFTER_SECONDS, SENT, seen) is Resend.PROBE_FOR_ALL


@pytest.mark.parametrize("noted_late", [0.0, NOTED_SECONDS])
def test_a_probe_for_all_that_was_taken_no_longer_waits(noted_late: float) -> None:
    seen = Seen(NOW - noted_late, NOW, 3)

    assert not seen.is_probe_out
    assert probed(seen, NOW + 60).probes == 1
    assert probed(Seen(NOW - NOTED_SECONDS - 1, NOW, 3), NOW + 60).probes == 4


def test_once_the_probe_is_taken_all_earlier_messages_are_lost() -> None:
    taken = Sent(NOW, resends=1, is_probe_taken=True)

    assert what_to_resend(NOW + 1, taken, Seen()) is Resend.LOST


def test_waits_double_up_to_the_maximum() -> None:
    waits = [wait_seconds(times) for times in (0, 1, 2, 3, 4, 10_000)]

    assert waits == [300, 600, 1200, 2400, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS]


def test_chunks_that_are_leased_or_were_taken_are_not_lost() -> None:
    chunks = [
        ChunkSeen(4),
        ChunkSeen(1, leased_until=NOW),
        ChunkSeen(2, leased_until=NOW - 1, taken_at=NOW - TAKEN_SECONDS),
        ChunkSeen(3, taken_at=NOW - TAKEN_SECONDS - 1),
    ]

    assert lost_chunks(chunks, NOW, before=NOW) == [3, 4]
    assert lost_chunks(chunks, NOW, before=NOW - 2) == [4]


@pytest.mark.parametrize(
    ("sent_at", "is_one"),
    [(NOW - PASSED_SECONDS, True), (NOW - PASSED_SECONDS - 1, False), (None, False)],
)
def test_a_probe_is_distinguished_from_an_earlier_message_by_its_time(
    sent_at: float | None, is_one: bool
) -> None:
    assert is_probe(sent_at, NOW) is is_one


# A queue of one group, minute by minute


@dataclass
class Message:
    sent_at: float
    owner: int
    chunk: int


@dataclass
class Import:
    """The sweep's data of an import, and its unfinished chunks."""

    sent: Sent
    pending: set[int]
    probe: int | None = None
    taken: dict[int, float] = field(default_factory=dict)


@dataclass
class Queue:
    """Imports of one tenant, their messages in the order of sending, and sweeps each minute."""

    imports: list[Import] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    now: float = NOW
    sent_again: int = 0

    def send(self, owner: int, chunks: list[int], lost: set[int]) -> None:
        self.waiting += [Message(self.now, owner, one) for one in chunks if one not in lost]

    def take(self, most: int) -> None:
        """Workers take up to this number of messages and settle their chunks."""
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        for message in taken:
            one = self.imports[message.owner]
            one.pending.discard(message.chunk)
            if message.chunk == one.probe and message.sent_at >= one.sent.at:
                one.sent = Sent(one.sent.at, one.sent.resends, is_probe_taken=True)
            if message.sent_at > self.seen.newest_taken + NOTED_SECONDS:
                self.seen = Seen(message.sent_at, self.seen.probed_at, self.seen.probes)

    def sweep(self) -> None:
        for_all: list[int] = []
        for owner, one in enumerate(self.imports):
            if not one.pending:
                continue
            decided = what_to_resend(self.now, one.sent, self.seen)
            if decided is Resend.PROBE_FOR_ALL:
                for_all.append(owner)
            elif decided is not Resend.NOTHING:
                self.send_again(owner, decided)
        if for_all:
            self.send_again(
                min(for_all, key=lambda each: self.imports[each].sent.resends),
                Resend.PROBE_FOR_ALL,
            )
            self.seen = probed(self.seen, self.now)

    def send_again(self, owner: int, decided: Resend) -> None:
        one = self.imports[owner]
        lost = lost_chunks(map(ChunkSeen, one.pending), self.now, before=one.sent.at)
        chunks = lost if decided is Resend.LOST else lost[:1]
        self.send(owner, chunks, set())
        self.sent_again += len(chunks)
        one.sent = Sent(self.now, one.sent.resends + 1)
        one.probe = chunks[0] if decided is not Resend.LOST else None


# For each import: its chunks, the lost ones, and the minutes since the import before.
IMPORTS = st.lists(
    st.tuples(st.integers(1, 6), st.sets(st.integers(0, 5)), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)


def queue_of(imports: list[tuple[int, set[int], int]], *, loses: bool) -> Queue:
    queue = Queue()
    for owner, (chunks, lost, minutes) in enumerate(imports):
        queue.now += minutes * MINUTE
        queue.imports.append(Import(Sent(queue.now), set(range(chunks))))
        queue.send(owner, list(range(chunks)), lost if loses else set())
    return queue


@settings(max_examples=40)
@given(IMPORTS, st.integers(0, 360), st.integers(1, 5))
def test_every_lost_message_is_replaced_within_the_bound(
    imports: list[tuple[int, set[int], int]], stopped_minutes: int, pace: int
) -> None:
    queue = queue_of(imports, loses=True)
    messages = sum(chunks for chunks, _, _ in imports)
    # While no worker runs the waits grow; then all waiting messages are taken first.
    bound = (
        stopped_minutes + 2 * messages + (LONGEST_WAIT_SECONDS + 3 * RESEND_AFTER_SECONDS) / MINUTE
    )

    minutes = 0
    while any(one.pending for one in queue.imports):
        queue.now += MINUTE
        minutes += 1
        queue.take(pace if minutes > stopped_minutes else 0)
        queue.sweep()
        assert minutes <= bound


@settings(max_examples=40)
@given(IMPORTS, st.integers(0, 360), st.integers(1, 5))
def test_a_message_that_only_waits_is_rarely_sent_again(
    imports: list[tuple[int, set[int], int]], stopped_minutes: int, pace: int
) -> None:
    queue = queue_of(imports, loses=False)

    for minute in range(stopped_minutes + 100):
        queue.now += MINUTE
        queue.take(pace if minute >= stopped_minutes else 0)
        queue.sweep()

    assert not any(one.pending for one in queue.imports)
    # 5, 15, 35 minutes ..., then each hour: of all imports together.
    assert queue.sent_again <= 5 + stopped_minutes / 60 + 2


def test_all_lost_messages_of_many_imports_are_sent_again_within_ten_minutes() -> None:
    queue = queue_of([(5, set(range(5)), 0)] * 100, loses=True)

    for _ in range(10):
        queue.now += MINUTE
        queue.take(10_000)
        queue.sweep()
    queue.take(10_000)

    assert not any(one.pending for one in queue.imports)
    assert queue.sent_again == 500
