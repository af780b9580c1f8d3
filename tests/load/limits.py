"""AWS's limits in the model, each with the page that states it."""

from __future__ import annotations

from dataclasses import dataclass, field

# A new on-demand table accepts 4,000 writes a second, and twice its previous peak after that;
# traffic that doubles within 30 minutes may be throttled.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
NEW_TABLE_WRITES = 4000.0
DOUBLING_SECONDS = 1800.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_TABLE_WRITES = 40_000.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
PARTITION_WRITES = 1000.0
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
STREAM_SECONDS = 24 * 3600.0
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
FIRST_BATCHES = 5.0
MORE_BATCHES_A_SECOND = 300 / 60


@dataclass
class OnDemand:
    """The write units a second that an on-demand table accepts."""

    now_most: float = NEW_TABLE_WRITES
    used: float = 0.0
    _peak: float = 0.0
    _since: float = 0.0

    def pass_to(self, now: float) -> None:
        """Lets the table grow: to twice the peak of the last half hour."""
        self.used = 0.0
        if now - self._since >= DOUBLING_SECONDS:
            self.now_most = min(MAX_TABLE_WRITES, max(self.now_most, 2 * self._peak))
            self._peak, self._since = 0.0, now

    def take(self, units: float, seconds: float) -> None:
        """Counts units that were written in the step of that many seconds."""
        self.used += units
        self._peak = max(self._peak, self.used / seconds)


@dataclass
class HotKeys:
    """The units written under each key in a step; a key has one partition."""

    used: dict[int, float] = field(default_factory=dict)

    def take(self, key: int, units: float, seconds: float) -> bool:
        """True when the partition of the key accepts that many more units in this step."""
        before = self.used.get(key, 0.0)
        if before and before + units > PARTITION_WRITES * seconds:
            return False
        self.used[key] = before + units
        return True


@dataclass
class Poller:
    """The number of messages of a queue that Lambda processes at the same time."""

    most: int
    allowed: float = FIRST_BATCHES

    def pass_time(self, seconds: float, *, has_backlog: bool) -> int:
        """Updates the number: it grows while messages wait."""
        more = self.allowed + MORE_BATCHES_A_SECOND * seconds
        self.allowed = min(self.most, more) if has_backlog else FIRST_BATCHES
        return min(self.most, int(self.allowed))
