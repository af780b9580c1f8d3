"""The system under load: files are uploaded, cut, processed and ended, second by second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from handover.deadline import RESERVE_SECONDS
from handover.pipeline.messages import Need
from handover.pipeline.validate import MAX_CHUNKS, MIN_CHUNK_BYTES
from handover.rules.pacing import chunk_lines, is_handed_on
from handover.rules.resending import is_probe
from handover.runtime import LEASE_MARGIN_SECONDS

from tests.load.behaviour import SDK_SECONDS, Behaviour, put_off
from tests.load.limits import HotKeys, OnDemand, Poller
from tests.load.parts import Chunk, Import, Job, Load, Phase, Tally
from tests.load.queues import FairQueue, Message
from tests.load.stack import Stack
from tests.load.sweeping import Sweeper

TICK_SECONDS = 1.0
# The seconds of a function besides its lines: start, reading plan and users, writing parts.
SETUP_SECONDS = 0.5
# 25 conditional writes in 25 ms.
LINES_A_SECOND = 1000
# At d4b7b5e a chunk was cut to take a sixth of the time limit at that pace.
OLD_SHARE_OF_TIMEOUT = 6
# Unchanged lines are only read: tests/bench/RESULTS.md, worker, no line changes.
READ_LINES_A_SECOND = 5000.0
# tests/bench/RESULTS.md: the scan of a file, at a third of the measured machine's speed.
SCAN_LINES_A_SECOND = 700_000.0
# A batch of chunk items, or of messages, takes about a hundredth of a second.
CHUNKS_A_SECOND = 500.0
JOINED_LINES_A_SECOND = 250_000.0
# One batch of the stream: history, portfolios, events.
PUBLISH_SECONDS = 0.5
PORTFOLIO_WRITES_A_LINE = 2.0


class World:
    """One run of a load with a behaviour of the code."""

    def __init__(self, load: Load, behaviour: Behaviour, stack: Stack) -> None:
        self.load, self.behaviour, self.stack = load, behaviour, stack
        self.now = 0.0
        self.tally = Tally()
        self.imports = load.imports
        self._coming = deque(sorted(load.imports, key=lambda one: one.uploaded_at))
        readers = {
            Need.INTAKE: stack.intake,
            Need.CHUNKS: stack.chunks,
            Need.FINALIZE: stack.finalize,
        }
        self._readers = readers
        self.queues = {
            need: FairQueue(one.visibility_seconds, one.max_receives)
            for need, one in readers.items()
        }
        self._pollers = {
            need: Poller(load.workers if need is Need.CHUNKS and load.workers else one.max_at_once)
            for need, one in readers.items()
        }
        self._jobs: dict[Need, list[Job]] = {need: [] for need in Need}
        self.accounts = OnDemand()
        self.accounts.now_most = max(self.accounts.now_most, load.table_writes)
        self.portfolios = OnDemand()
        self.portfolios.now_most = max(self.portfolios.now_most, load.table_writes)
        self._keys = HotKeys()
        self._next_sweep = stack.sweep_every_seconds
        self._sent = 0
        self.unpublished = self.published_at = self.max_unpublished_seconds = 0.0
        self.open: dict[int, Import] = {}
        self.sweeper = Sweeper(self._send, self.tally, is_old=not behaviour.sends_only_what_is_lost)

    # Running

    def run(self, max_seconds: float) -> None:
        """Lets time pass until every import has ended and is published, or up to the limit."""
        while self.now < max_seconds and not self._is_over():
            self._tick()
            self.now = self._next_time()

    def _is_over(self) -> bool:
        has_ended = not self._coming and all(one.phase is Phase.ENDED for one in self.imports)
        return has_ended and self.unpublished <= 0

    def _next_time(self) -> float:
        is_busy = any(self._jobs.values()) or self.unpublished > 0
        if is_busy or any(self._may_work(need) and self.queues[need].has_waiting for need in Need):
            return self.now + TICK_SECONDS
        times = [self._next_sweep, *(one.next_at() for one in self.queues.values())]
        if self._coming:
            times.append(self._coming[0].uploaded_at)
        if self.now < self.load.stops[1]:
            times.append(self.load.stops[1])
        return max(self.now + TICK_SECONDS, min(time for time in times if time > self.now))

    def _may_work(self, need: Need) -> bool:
        """False while the workers of the queue are stopped; validation continues."""
        is_stopped = self.load.stops[0] <= self.now < self.load.stops[1]
        return need is Need.INTAKE or not is_stopped

    def _is_throttled(self) -> bool:
        return self.load.throttled[0] <= self.now < self.load.throttled[1]

    def _tick(self) -> None:
        self.accounts.pass_to(self.now)
        self.portfolios.pass_to(self.now)
        self._keys.used.clear()
        while self._coming and self._coming[0].uploaded_at <= self.now:
            one = self._coming.popleft()
            self._send(Need.INTAKE, one)
        for need, queue in self.queues.items():
            queue.pass_to(self.now)
            if self._may_work(need):
                self._receive(need, queue)
        self._work_chunks()
        self._work_others(Need.INTAKE, self._validated)
        self._work_others(Need.FINALIZE, self._ended)
        self._abandon()
        self._publish()
        if self.now >= self._next_sweep:
            self._next_sweep = self.now + self.stack.sweep_every_seconds
            if not self._is_throttled():
                self.sweeper.sweep(self.now, list(self.open.values()))

    # Messages

    def _send(self, need: Need, one: Import, chunk: int | None = None) -> None:
        # S3's own messages have no group, so each is a group by itself.
        group = one.tenant if need is not Need.INTAKE else -1 - one.number
        is_lost = False
        if self.load.lost_every and need is not Need.INTAKE:
            self._sent += 1
            is_lost = self._sent % self.load.lost_every == 0
        self.queues[need].send(Message(group, one.number, chunk, self.now), is_lost=is_lost)

    def _receive(self, need: Need, queue: FairQueue) -> None:
        jobs, reader = self._jobs[need], self._readers[need]
        allowed = self._pollers[need].pass_time(TICK_SECONDS, has_backlog=queue.has_waiting)
        while len(jobs) < allowed:
            message = queue.receive()
            if message is None:
                return
            self.tally.taken += 1
            deadline = self.now + reader.timeout_seconds - RESERVE_SECONDS
            jobs.append(Job(message, self.now, deadline, SETUP_SECONDS))
            self._begin(need, jobs[-1])

    def _begin(self, need: Need, job: Job) -> None:
        """The beginning of a function: records the message, and takes its import or chunk."""
        if self._is_throttled():
            return
        message = job.message
        one = self.imports[message.owner]
        self.sweeper.note_taken(need, message.sent_at)
        if need is Need.INTAKE:
            self._begin_intake(one, job)
        elif need is Need.FINALIZE:
            job.left += one.lines / JOINED_LINES_A_SECOND
        else:
            self._begin_chunk(one, job)

    def _begin_intake(self, one: Import, job: Job) -> None:
        if one.phase is Phase.UPLOADED:
            one.phase, one.opened_at = Phase.VALIDATING, self.now
            self.open[one.number] = one
            self.tally.imports_writes += 3  # the item, in the table and in two indexes
        if one.phase is Phase.VALIDATING and one.leased_until < self.now:
            one.leased_until = job.deadline + RESERVE_SECONDS + LEASE_MARGIN_SECONDS
            parts = _parts(self.load, self.stack, one, is_old=not self.behaviour.hands_on)
            job.left += one.lines / SCAN_LINES_A_SECOND + parts / CHUNKS_A_SECOND

    def _begin_chunk(self, one: Import, job: Job) -> None:
        assert job.message.chunk is not None
        chunk = one.chunks[job.message.chunk]
        self.tally.imports_writes += 1
        if one.probe == job.message.chunk and is_probe(job.message.sent_at, one.resent_at):
            one.is_probe_taken = True
        if not chunk.is_settled and chunk.leased_until >= self.now:
            self._put_off(Need.CHUNKS, job)  # another worker has it
            return
        if chunk.is_settled:
            return
        chunk.taken_at = self.now
        chunk.leased_until = job.deadline + RESERVE_SECONDS + LEASE_MARGIN_SECONDS
        job.reread = chunk.done / READ_LINES_A_SECOND
        job.done_before = chunk.done
        self.tally.reads += chunk.lines
        self.tally.s3_gets += 3

    # Chunks

    def _work_chunks(self) -> None:
        jobs = self._jobs[Need.CHUNKS]
        if self._is_throttled():
            for job in jobs:
                self._stay(Need.CHUNKS, job)
        else:
            self._write_lines(jobs)
        self._clear(Need.CHUNKS)

    def _write_lines(self, jobs: list[Job]) -> None:
        writing: list[tuple[Job, Import, Chunk, float]] = []
        for job in jobs:
            if not job.is_under_way:
                continue
            job.busy_since = None
            one = self.imports[job.message.owner]
            assert job.message.chunk is not None
            chunk = one.chunks[job.message.chunk]
            if chunk.is_settled:
                self._after_settling(one, job)
                continue
            if chunk.taken_at < job.started:
                self._begin_chunk(one, job)  # lines that throttling has delayed
            spent = min(job.left + job.reread, TICK_SECONDS)
            job.left, job.reread = _reduced(job.left, job.reread, spent)
            writing.append((job, one, chunk, TICK_SECONDS - spent))
        most = self.accounts.now_most * TICK_SECONDS
        share = most / max(1, sum(1 for *_, left in writing if left > 0))
        for job, one, chunk, seconds in writing:
            pace = LINES_A_SECOND if self.load.changes else READ_LINES_A_SECOND
            lines = min(chunk.lines - chunk.done, pace * seconds)
            if self.load.changes:
                lines = min(lines, share)
                self.accounts.take(lines, TICK_SECONDS)
                self.tally.accounts_writes += lines
                self.unpublished += lines
            chunk.done += lines
            if chunk.done >= chunk.lines and seconds > 0:
                self._settle(one, chunk, job)
            if job.is_under_way and self.now + TICK_SECONDS >= job.deadline:
                self._run_out(one, chunk, job)

    def _settle(self, one: Import, chunk: Chunk, job: Job) -> None:
        units = self.behaviour.settle_units(one.settled)
        if not self._keys.take(one.number, units, TICK_SECONDS):
            if not self.behaviour.waits_when_busy:
                self._fail(Need.CHUNKS, job)
            return
        self.tally.settle_writes += units
        self.tally.s3_puts += 2
        chunk.is_settled = True
        one.settled += 1
        self._after_settling(one, job)

    def _after_settling(self, one: Import, job: Job) -> None:
        if one.phase is Phase.PROCESSING and one.settled == len(one.chunks):
            self._send(Need.FINALIZE, one)
        self._finish(Need.CHUNKS, job)

    def _run_out(self, one: Import, chunk: Chunk, job: Job) -> None:
        """Ends a worker whose time is used up; its writes stay."""
        chunk.leased_until = 0.0
        if not self.behaviour.hands_on:
            self._fail(Need.CHUNKS, job)
        elif is_handed_on(int(chunk.done), int(job.done_before)):
            self.tally.handed_on += 1
            self._send(Need.CHUNKS, one, job.message.chunk)
            self._finish(Need.CHUNKS, job)
        else:
            self._put_off(Need.CHUNKS, job)

    # Common to all functions

    def _stay(self, need: Need, job: Job) -> None:
        """A table refuses every call: the function waits within its time, or fails."""
        if not job.is_under_way:
            return
        if job.busy_since is None:
            job.busy_since = self.now
        if not self.behaviour.waits_when_busy:
            if self.now - job.busy_since >= SDK_SECONDS:
                self._fail(need, job)
        elif self.now + TICK_SECONDS >= job.deadline:
            if need is Need.CHUNKS and job.message.chunk is not None:
                chunks = self.imports[job.message.owner].chunks
                chunks[job.message.chunk].leased_until = 0.0
            self._put_off(need, job)

    def _put_off(self, need: Need, job: Job) -> None:
        message = job.message
        if not self.behaviour.waits_when_busy:
            self._fail(need, job)
            return
        delay = put_off(message.receives, message.put_offs)
        at = self.now + delay.delay_seconds
        if delay.is_fresh:
            self.tally.put_off += 1
            fresh = Message(message.group, message.owner, message.chunk, self.now)
            fresh.put_offs = message.put_offs + 1
            self.queues[need].send(fresh, visible_at=at)
        else:
            self.queues[need].hide(message, at)
        self._finish(need, job)

    def _fail(self, need: Need, job: Job) -> None:
        """Fails: the queue redelivers the message."""
        queue = self.queues[need]
        queue.hide(job.message, job.started + queue.visibility_seconds)
        self._finish(need, job)

    def _finish(self, need: Need, job: Job) -> None:
        job.is_under_way = False
        reader = self._readers[need]
        seconds = self.now + TICK_SECONDS - job.started
        self.tally.gigabyte_seconds += seconds * reader.memory_mebibytes / 1024
        self.queues[need].done(job.message)

    def _clear(self, need: Need) -> None:
        self._jobs[need] = [job for job in self._jobs[need] if job.is_under_way]

    def _work_others(self, need: Need, end: Callable[[Import], None]) -> None:
        for job in self._jobs[need]:
            if self._is_throttled():
                self._stay(need, job)
                continue
            if job.busy_since is not None:
                job.busy_since = None
                self._begin(need, job)
            job.left -= TICK_SECONDS
            if job.left <= 0:
                end(self.imports[job.message.owner])
                self._finish(need, job)
            elif self.now + TICK_SECONDS >= job.deadline:
                self._put_off(need, job)
        self._clear(need)

    def _validated(self, one: Import) -> None:
        if one.phase is not Phase.VALIDATING:
            return
        parts = _parts(self.load, self.stack, one, is_old=not self.behaviour.hands_on)
        one.chunks = [Chunk(lines) for lines in _cut(one.lines, parts)]
        self.tally.imports_writes += parts + 3
        one.phase = Phase.PROCESSING
        for number in range(parts):
            self._send(Need.CHUNKS, one, number)

    def _ended(self, one: Import) -> None:
        if one.phase is not Phase.PROCESSING or one.settled < len(one.chunks):
            return
        one.phase, one.ended_at = Phase.ENDED, self.now + TICK_SECONDS
        self.tally.imports_writes += 5
        self.tally.s3_gets += len(one.chunks)
        self.tally.s3_puts += 2
        self.open.pop(one.number, None)

    def _abandon(self) -> None:
        """Settles dead letters of chunks: unwritten lines are not processed."""
        dead = self.queues[Need.CHUNKS].dead
        if self._is_throttled():
            return
        for message in dead[: self.stack.abandon.max_at_once]:
            one = self.imports[message.owner]
            assert message.chunk is not None
            chunk = one.chunks[message.chunk]
            if not chunk.is_settled and chunk.leased_until < self.now:
                one.not_processed += chunk.lines - chunk.done
                chunk.is_settled = True
                one.settled += 1
                if one.settled == len(one.chunks):
                    self._send(Need.FINALIZE, one)
        del dead[: self.stack.abandon.max_at_once]

    def _publish(self) -> None:
        """Writes history and portfolios from the stream of the accounts."""
        if self.unpublished <= 0:
            return
        if self._is_throttled():
            return
        shards = max(4.0, self.accounts.now_most / 1000)
        pace = shards * self.stack.publish_at_once * self.stack.publish_batch / PUBLISH_SECONDS
        pace = min(pace, self.portfolios.now_most / PORTFOLIO_WRITES_A_LINE)
        lines = min(self.unpublished, pace * TICK_SECONDS)
        self.portfolios.take(lines * PORTFOLIO_WRITES_A_LINE, TICK_SECONDS)
        self.max_unpublished_seconds = max(self.max_unpublished_seconds, self.unpublished / pace)
        self.unpublished -= lines
        self.published_at = self.now + TICK_SECONDS


def _parts(load: Load, stack: Stack, one: Import, *, is_old: bool) -> int:
    """The number of chunks of a file, as `handover.pipeline.validate` cuts it."""
    size = one.lines * load.line_bytes
    max_bytes = max(MIN_CHUNK_BYTES, -(-size // MAX_CHUNKS))
    worker_seconds = int(stack.chunks.timeout_seconds)
    max_lines = chunk_lines(load.pace, worker_seconds)
    if is_old:
        max_lines = worker_seconds * LINES_A_SECOND // OLD_SHARE_OF_TIMEOUT
    return max(1, -(-size // max_bytes), -(-one.lines // max_lines))


def _cut(lines: int, parts: int) -> list[int]:
    each, more = divmod(lines, parts)
    return [each + (number < more) for number in range(parts)]


def _reduced(left: float, reread: float, spent: float) -> tuple[float, float]:
    of_left = min(left, spent)
    return left - of_left, reread - (spent - of_left)
