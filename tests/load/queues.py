"""A standard SQS queue that is fair to groups."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count

# A group with more than a tenth of the messages in flight, and at least 30, comes after all others.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
NOISY_SHARE = 0.1
NOISY_MESSAGES = 30

_numbers = count()


@dataclass(eq=False)
class Message:
    """One message: its import, and its chunk, if any."""

    group: int
    owner: int
    chunk: int | None
    sent_at: float
    receives: int = 0
    put_offs: int = 0
    number: int = field(default_factory=lambda: next(_numbers))


@dataclass
class FairQueue:
    """Messages that wait, are in flight, or are dead letters."""

    visibility_seconds: float
    max_receives: int
    sent: int = 0
    dead: list[Message] = field(default_factory=list)
    in_flight: Counter[int] = field(default_factory=Counter)
    _waiting: dict[int, list[tuple[float, int, Message]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _heads: list[tuple[float, int, int]] = field(default_factory=list)
    _hidden: list[tuple[float, int, Message]] = field(default_factory=list)

    def send(self, message: Message, *, visible_at: float = 0.0, is_lost: bool = False) -> None:
        """Adds a message, which can be received from `visible_at` on, unless it gets lost."""
        self.sent += 1
        if not is_lost:
            self.hide(message, visible_at)

    def hide(self, message: Message, until: float) -> None:
        """Hides the message until then."""
        heapq.heappush(self._hidden, (until, message.number, message))

    def pass_to(self, now: float) -> None:
        """Shows messages whose hiding has ended."""
        while self._hidden and self._hidden[0][0] <= now:
            message = heapq.heappop(self._hidden)[2]
            entry = (message.sent_at, message.number, message)
            heapq.heappush(self._waiting[message.group], entry)
            heapq.heappush(self._heads, (*entry[:2], message.group))

    @property
    def has_waiting(self) -> bool:
        """True when a message can be received."""
        return bool(self._waiting)

    def next_at(self) -> float:
        """The time of the next hidden message; never = infinity."""
        return self._hidden[0][0] if self._hidden else float("inf")

    @property
    def is_empty(self) -> bool:
        """True when nothing waits, is hidden, or is in flight."""
        return not (self._hidden or self.has_waiting or +self.in_flight)

    def receive(self) -> Message | None:
        """The next message for a worker: the oldest of quiet groups first."""
        while True:
            message = self._pop()
            if message is None:
                return None
            message.receives += 1
            if message.receives <= self.max_receives:
                self.in_flight[message.group] += 1
                return message
            self.dead.append(message)

    def done(self, message: Message) -> None:
        """Ends the processing of a message, with or without success."""
        self.in_flight[message.group] -= 1

    def _pop(self) -> Message | None:
        noisy = {group for group, number in self.in_flight.items() if self._is_noisy(number)}
        if noisy >= self._waiting.keys():
            return self._pop_of_noisy(noisy)
        put_back: list[tuple[float, int, int]] = []
        found: Message | None = None
        while self._heads and found is None:
            head = heapq.heappop(self._heads)
            waiting = self._waiting.get(head[2])
            if waiting is None or waiting[0][1] != head[1]:
                continue  # it was taken while its group was noisy
            if head[2] in noisy:
                put_back.append(head)
            else:
                found = self._first_of(head[2])
        for head in put_back:
            heapq.heappush(self._heads, head)
        return found

    def _pop_of_noisy(self, noisy: set[int]) -> Message | None:
        """A message of the noisy group with the fewest in flight."""
        waiting = noisy & self._waiting.keys()
        if not waiting:
            return None
        return self._first_of(min(waiting, key=lambda group: (self.in_flight[group], group)))

    def _first_of(self, group: int) -> Message:
        message = heapq.heappop(self._waiting[group])[2]
        if not self._waiting[group]:
            del self._waiting[group]
        return message

    def _is_noisy(self, number: int) -> bool:
        return number >= NOISY_MESSAGES and number > NOISY_SHARE * sum(self.in_flight.values())
