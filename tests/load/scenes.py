"""The scenes: uploads, outages, and the expected results."""

from __future__ import annotations

from dataclasses import dataclass

from handover.pipeline.messages import Need

from tests.bench import costs
from tests.load.behaviour import NOW, Behaviour
from tests.load.limits import STREAM_SECONDS
from tests.load.parts import Import, Load, Phase
from tests.load.stack import read_stack
from tests.load.world import World

# The time for which queues keep their messages.
MAX_SECONDS = 4 * 24 * 3600.0
# The maximum number of messages: for each chunk, and for an import of one chunk.
MAX_OF_CHUNKS = 1.2
MAX_OF_ONE_CHUNK = 2.0
MAX_SETTLE_UNITS = 3.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A load, at its full size and at a small one for every test run."""

    name: str
    what: str
    tenants: int
    imports: int
    lines: int
    few: int = 1
    changes: bool = True
    stops: tuple[float, float] = (0.0, 0.0)
    throttled: tuple[float, float] = (0.0, 0.0)
    table_writes: float = 0.0
    workers: int = 0
    lost_every: int = 0
    pace: float = 0.0

    def load(self, *, small: bool) -> Load:
        """The load; a small one has fewer imports."""
        number = max(1, self.imports // self.few) if small else self.imports
        return Load(
            [
                Import(one, one % self.tenants, self.lines, 1.0 + one * 0.01)
                for one in range(number)
            ],
            stops=self.stops,
            throttled=self.throttled,
            changes=self.changes,
            table_writes=self.table_writes,
            workers=self.workers,
            lost_every=self.lost_every,
            pace=self.pace,
        )


HOUR = 3600.0
SCENES = (
    Scene("tenants", "1,000 tenants drop 10,000 lines each at 02:00", 1000, 1000, 10_000, few=10),
    Scene("cold", "one file of 20 million lines on a cold table", 1, 1, 20_000_000),
    Scene(
        "many workers",
        "the same with 200 workers instead of 50",
        1,
        1,
        20_000_000,
        workers=200,
    ),
    Scene(
        "warm",
        "the same with 50 workers on tables that take 20,000 writes a second at once",
        1,
        1,
        20_000_000,
        table_writes=20_000.0,
    ),
    Scene(
        "again",
        "the same file again, of which no line changes",
        1,
        1,
        20_000_000,
        changes=False,
        pace=1000.0,
    ),
    Scene(
        "throttled",
        "500 files of 10,000 lines, and an hour in which the tables refuse every call",
        50,
        500,
        10_000,
        few=5,
        throttled=(30.0, 30.0 + HOUR + 60.0),
    ),
    Scene(
        "stopped",
        "workers stopped for six hours with 500 imports of 1,000 lines open",
        100,
        500,
        1_000,
        few=5,
        stops=(0.0, 6 * HOUR),
    ),
    Scene(
        "lost",
        "200 tenants drop 10,000 lines each, and every fiftieth message is lost",
        200,
        200,
        10_000,
        few=5,
        lost_every=50,
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a scene. Times are in seconds from the beginning."""

    scene: str
    imports: int
    lines: int
    chunks: int
    left_open: int
    not_processed: int
    half_at: float
    max_at: float
    all_at: float
    published_at: float
    chunk_messages: int
    handed_on: int
    put_off: int
    sent_again: int
    finalize_messages: int
    settle_units: float
    unpublished_seconds: float
    dollars: float

    def failures(self) -> list[str]:
        """The unexpected results."""
        most = MAX_OF_ONE_CHUNK if self.chunks == self.imports else MAX_OF_CHUNKS
        messages = self.chunk_messages / self.chunks if self.chunks else 0.0
        checks = (
            (self.left_open == 0, f"{self.left_open} imports do not end"),
            (self.not_processed == 0, f"{self.not_processed:,} lines are not processed"),
            (messages <= most, f"{messages:.2f} messages for each chunk, at most {most:g}"),
            (
                self.finalize_messages <= MAX_OF_ONE_CHUNK * self.imports,
                f"{self.finalize_messages} finalize messages for {self.imports} imports",
            ),
            (
                self.settle_units <= MAX_SETTLE_UNITS * self.chunks,
                f"{self.settle_units:,.0f} write units to settle {self.chunks} chunks",
            ),
            (
                self.unpublished_seconds < STREAM_SECONDS,
                "the stream forgets changes before they are published",
            ),
        )
        return [failure for holds, failure in checks if not holds]


def play(scene: Scene, behaviour: Behaviour = NOW, *, small: bool = False) -> Outcome:
    """Runs a scene to its end, or for four days."""
    world = World(scene.load(small=small), behaviour, read_stack())
    world.run(MAX_SECONDS)
    ended = sorted(one.ended_at for one in world.imports if one.phase is Phase.ENDED)

    def at(share: float) -> float:
        place = max(0, -(-int(share * 1000) * len(world.imports) // 1000) - 1)
        return ended[place] if place < len(ended) else float("inf")

    tally = world.tally
    chunks = world.queues[Need.CHUNKS]
    return Outcome(
        scene.name,
        len(world.imports),
        sum(one.lines for one in world.imports),
        sum(len(one.chunks) for one in world.imports),
        len(world.imports) - len(ended),
        round(sum(one.not_processed for one in world.imports)),
        at(0.5),
        at(0.99),
        at(1.0),
        world.published_at,
        # A message that replaces another is not additional work, and is counted apart.
        chunks.sent - tally.handed_on - tally.put_off,
        tally.handed_on,
        tally.put_off,
        tally.sent_again,
        world.queues[Need.FINALIZE].sent,
        tally.settle_writes,
        world.max_unpublished_seconds,
        _dollars(world),
    )


def _dollars(world: World) -> float:
    """The cost of the scene: tables, history, portfolios, queues, S3 and functions."""
    tally = world.tally
    writes = tally.accounts_writes * 4 + tally.imports_writes + tally.settle_writes
    sent = sum(queue.sent for queue in world.queues.values())
    # A message is sent, received and deleted.
    requests = sent + 2 * tally.taken
    return (
        writes * costs.WRITE_UNIT_PRICE
        + tally.reads * costs.READ_UNIT_PRICE
        + requests * costs.SQS_REQUEST_PRICE
        + tally.s3_puts * costs.S3_PUT_PRICE
        + tally.s3_gets * costs.S3_GET_PRICE
        + tally.gigabyte_seconds * costs.GIGABYTE_SECOND_PRICE
    )
