"""States of the world between two steps: of two that are equal, one is enough to go on from.

The same faults from an equal state lead to the same course and the same findings. A state is known
by a digest of everything that either may depend on. Every field of the world, its watch and its
faults counts unless it is excluded here, so that a new field makes fewer states equal and never
more. Of the memory AWS, only ids that services make up are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.kit.memory_aws import MemoryAws
from tests.kit.memory_aws.tables import STALE_SECONDS
from tests.simulation.engine.faults import Faults
from tests.simulation.engine.invariants import EXPECTED_FAILURES, LENIENT
from tests.simulation.engine.watching import Watch
from tests.simulation.engine.world import World

# The number of items, versions and records after which all are forgotten.
MAX_KNOWN: Final = 200_000
# Some hundred megabytes.
MAX_RESTS: Final = 300_000
_BITS: Final = (1 << 64) - 1

# Fields that never change, only count or record the past, or are described in another way.
_OF_NO_ACCOUNT: Final = frozenset(
    {
        "_world",
        "_meanwhile",
        "_now",  # the faults that were
        "_notified",  # the notifications are kept apart
        "_reports",
        "stack",
        "memory",
        "clock",
        "plan",  # its scene and order are described
        "scene",
        "trace",
        "running",  # nothing runs between two steps
        "depth",
        "replays",
        "violations",  # those so far are kept apart from those to come
        "failures",  # only the unexpected ones are ever looked at
        "applied",  # the same
        "account_writes",  # described in short
        "user_writes",
        "messages",  # described in their order, without their numbers
        "streams",
        "deliveries",
        "delivered",
        "sweeps",
        "sweeps_that_sent",
        "_sent",
        "_invoked",
        "_events_seen",
        "_names",
        "_queues",
        "directory",
        "uploads",
        "_named_before",
        "changed_at",  # everything else begins after it, so its time does not matter
        "cancelled_moment",
    }
)


class States:
    """Distinguishes states."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}

    def digest(self, world: World, watch: Watch, faults: Faults, failures: Iterable[str]) -> bytes:
        """A digest that two states share if and only if they are equal."""
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        parts = [
            *self._stores(world.memory),
            *self._on_the_way(world),
            *self._happened(world, failures),
            sorted((key, self._hash(body)) for key, body in watch._reports.items()),
            *self._others(world),
            *self._others(watch),
            *self._others(faults),
        ]
        return hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()

    def _others(self, whose: World | Watch | Faults) -> Iterator[Any]:
        for pair in sorted(vars(whose).items()):
            if pair[0] not in _OF_NO_ACCOUNT:
                yield pair

    def _stores(self, memory: MemoryAws) -> Iterator[Any]:
        for table in memory.dynamodb.tables.values():
            yield self._sum(table.items.values()), table._sequence, len(table.stream)
            now = table.clock()
            yield [
                (key, self._hash(old), when)
                for key, (old, when) in table._before.items()
                if now - when <= STALE_SECONDS
            ]
        for bucket in memory.s3.buckets.values():
            yield self._sum(bucket.objects.values()), len(bucket.events)
        yield memory.s3._written, memory.s3._uploads, memory.pools.sign_ins, memory.dynamodb._tokens
        yield [self._hash(one) for one in memory.sns.published]
        yield sum({self._hash(one.entry["Detail"]) for one in memory.events.put}) & _BITS

    def _on_the_way(self, world: World) -> Iterator[Any]:
        waiting: list[tuple[int, Any]] = [
            (one.sent, (one.queue, one.body, one.name, one.visible_at, one.sent_at, one.receives))
            for one in world.messages
        ]
        for stream in world.streams:
            waiting += [
                (one.arrived, (self._hash(one.change), one.busy_until)) for one in stream.waiting
            ]
            # Of the processed batches, only the first can be delivered again.
            oldest = [self._hash(one.change) for batch in stream.consumed[:1] for one in batch]
            yield stream._ready_at, stream._failures, stream._most, oldest
        yield world.clock.now, world.plan.scene, world.plan.order, world.plan.sweeps
        yield [message for _, message in sorted(waiting, key=lambda one: one[0])]

    def _happened(self, world: World, failures: Iterable[str]) -> Iterator[Any]:
        yield {kind for _, kind, _ in world.applied} & LENIENT, len(world.applied) > 1
        yield world.is_only_busy
        yield sorted({*world.failures, *failures} - EXPECTED_FAILURES)
        yield list(map(self._hash, world.directory))
        yield list(map(self._hash, world.uploads.values()))
        yield hash(frozenset(world._named_before.items()))
        yield sorted(world.changed_at), world.cancelled_moment is None
        for write in world.account_writes:
            if write.run is not None:
                who = write.run.function, write.run.import_id, write.run.edit
                yield who, write.key, self._hash(write.old), self._hash(write.new)
        for other in world.user_writes:
            who_else = other.import_id, other.tenant, other.address
            yield who_else, self._hash(other.old), self._hash(other.new)

    def _sum(self, things: Iterable[Any]) -> int:
        """A digest of a set of things in any order."""
        known, total = self._known, 0
        for thing in things:
            found = known.get(id(thing))
            total += self._hash(thing) if found is None else found[1]
        return total & _BITS

    def _hash(self, thing: Any) -> int:
        known = self._known.get(id(thing))
        if known is None:
            text = repr(thing).encode()
            number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
            # The object is kept, so that no other gets its id.
            known = self._known[id(thing)] = thing, number
        return known[1]


@dataclass(frozen=True, slots=True)
class Course:
    """The result of a run or a part of one: `seconds` is its clock time, or its duration."""

    violations: tuple[str, ...]
    calls: int
    deliveries: int
    sweeps: int
    sweeps_that_sent: int
    seconds: float

    @staticmethod
    def of(world: World, found: Iterable[str] = ()) -> Course:
        """The result of a run so far, with further findings."""
        return Course(
            (*world.violations, *found),
            world.memory.calls,
            world.deliveries,
            world.sweeps,
            world.sweeps_that_sent,
            world.clock.now,
        )

    def since(self, before: Course) -> Course:
        """The part that came after `before`."""
        return Course(
            self.violations[len(before.violations) :],
            self.calls - before.calls,
            self.deliveries - before.deliveries,
            self.sweeps - before.sweeps,
            self.sweeps_that_sent - before.sweeps_that_sent,
            self.seconds - before.seconds,
        )

    def then(self, rest: Course) -> Course:
        """This part and the one that came after it."""
        return Course(
            self.violations + rest.violations,
            self.calls + rest.calls,
            self.deliveries + rest.deliveries,
            self.sweeps + rest.sweeps,
            self.sweeps_that_sent + rest.sweeps_that_sent,
            self.seconds + rest.seconds,
        )


class Rests:
    """The course after each state that any run has passed; `found` counts the uses."""

    def __init__(self) -> None:
        self.found = 0
        self._known: dict[bytes, Course] = {}
        self._passed: list[tuple[bytes, Course]] = []

    def begin(self) -> None:
        """Begins a new run."""
        self._passed.clear()

    def after(self, state: bytes, so_far: Course) -> Course | None:
        """The course after a state that the run passes now; None for a new state."""
        found = self._known.get(state)
        if found is None:
            self._passed.append((state, so_far))
        else:
            self.found += 1
        return found

    def end(self, whole: Course) -> None:
        """Stores the course after each state that the run has passed."""
        if len(self._known) > MAX_RESTS:
            self._known.clear()
        for state, so_far in self._passed:
            self._known[state] = whole.since(so_far)

    def forget(self) -> None:
        """Forgets everything, after something was changed in the code under test."""
        self._known.clear()
