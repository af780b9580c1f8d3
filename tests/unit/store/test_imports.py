"""Imports: every step counts once, whoever takes it and however often it is repeated."""

from __future__ import annotations

import pytest
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import Chunk, Refusal, State
from handover.reports.counts import Counts
from handover.rules.resending import NOTED_SECONDS, ChunkSeen, Seen
from handover.store.chunks import Chunks, PlannedChunk
from handover.store.import_items import ImportItem
from handover.store.imports import Imports, ValidatedFile, pending_chunks
from handover.store.progress import Settlement, counts_of
from handover.store.watermarks import Watermarks

from tests.kit.memory_aws import Twist
from tests.kit.memory_aws.values import item_size
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import TENANT, Pipeline

IMPORT = "0" * 32
LATER = 100.0
MANY = 300


@pytest.fixture
def imports(pipeline: Pipeline) -> Imports:
    """The table with one import that is being validated by `first`."""
    imports = pipeline.resources.tables.imports
    imports.register(item(IMPORT))
    assert imports.lease(IMPORT, "first", now=0, until=LATER)
    return imports


def item(import_id: str, received_at: str = "2026-11-22T10:00:00.000Z") -> ImportItem:
    return ImportItem(
        import_id,
        tenant=TENANT,
        source="user",
        filename="a.csv",
        received_at=received_at,
        bucket="uploads",
        key="in/lumina/1.csv",
        version_id="v1",
        precedence=f"{received_at}#0#00000000",
        listed_at=f"{received_at}#{import_id}",
        open="1",
        opened_at=received_at,
    )


def begun(imports: Imports, pipeline: Pipeline, chunks: int = 3) -> None:
    """Begins the import with that many chunks of ten lines."""
    parts = [
        PlannedChunk(Chunk(number, number * 10, number * 10 + 10, 2, 10, 7))
        for number in range(1, chunks + 1)
    ]
    chunks_of(imports).store(IMPORT, "{}", parts, pipeline.deadline)
    file = ValidatedFile(chunks, 10 * chunks, "utf-8", ",")
    assert imports.begin(IMPORT, "first", file, approval=None, at="now")


def chunks_of(imports: Imports) -> Chunks:
    """The chunks of the same table."""
    return Chunks(imports.table)


def watermarks_of(imports: Imports) -> Watermarks:
    """The watermarks of the same table."""
    return Watermarks(imports.table)


def settlement(chunk: int, attempt: str = "a", *, has_errors: bool = False) -> Settlement:
    return Settlement(chunk, attempt, has_errors, Counts(lines=10, updated=9, rejected=1))


def settle(imports: Imports, chunk_end: Settlement) -> ImportItem:
    """Settles a chunk as a worker does that has read the import before."""
    return chunks_of(imports).settle(found(imports), chunk_end, Deadline(9e9))


def found(imports: Imports) -> ImportItem:
    item = imports.find(IMPORT)
    assert item is not None
    return item


def test_an_import_that_is_registered_again_stays_as_it_is(imports: Imports) -> None:
    again = imports.register(item(IMPORT, "2027-01-01T00:00:00.000Z"))

    assert again.received_at == found(imports).received_at == "2026-11-22T10:00:00.000Z"


def test_only_one_run_validates_an_import_at_a_time(imports: Imports) -> None:
    assert not imports.lease(IMPORT, "second", now=LATER, until=200)
    assert imports.lease(IMPORT, "first", now=LATER, until=150)
    assert imports.lease(IMPORT, "second", now=151, until=250)


def test_only_the_run_that_validates_an_import_may_continue_it(
    imports: Imports, pipeline: Pipeline
) -> None:
    assert imports.lease(IMPORT, "second", now=LATER + 1, until=300)

    went_on = imports.begin(
        IMPORT, "first", ValidatedFile(1, 1, "utf-8", ","), approval=None, at="now"
    )

    assert not went_on
    assert found(imports).state == State.VALIDATING


def test_only_one_worker_has_a_chunk_at_a_time(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    first = chunks_of(imports).take(IMPORT, 2, "a", now=0, until=LATER)
    assert first is not None
    assert (first.chunk.number, first.chunk.lines, first.attempts) == (2, 10, 1)
    assert chunks_of(imports).take(IMPORT, 2, "b", now=LATER, until=200) is None
    second = chunks_of(imports).take(IMPORT, 2, "b", now=LATER + 1, until=200)
    assert second is not None
    assert second.attempts == 2


def test_a_chunk_that_does_not_exist_cannot_be_taken(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    assert chunks_of(imports).take(IMPORT, 9, "a", now=0, until=LATER) is None
    assert chunks_of(imports).seen(IMPORT, [9], pipeline.deadline) == []


def test_a_chunk_that_does_not_exist_cannot_be_settled(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)

    with pytest.raises(RetryLaterError, match="there is no such chunk"):
        settle(imports, settlement(9))

    assert counts_of(found(imports)) == Counts(lines=30)


def test_a_chunk_shows_until_when_it_is_leased_and_when_it_was_taken(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)
    chunks_of(imports).take(IMPORT, 2, "a", now=50, until=LATER)

    seen = chunks_of(imports).seen(IMPORT, [3, 2], pipeline.deadline)

    assert sorted(seen, key=lambda one: one.number) == [ChunkSeen(2, LATER, 50), ChunkSeen(3)]


def test_a_probe_counts_as_taken_when_its_own_message_is_taken(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)
    imports.resent(IMPORT, "chunks", now=70.0, resends=1, probe=2)
    taken: list[bool] = []
    for number in (3, 2):
        imports.note_probe_taken(IMPORT, number)
        taken.append(bool(found(imports).probe_taken))
    assert taken == [False, True]

    imports.resent(IMPORT, "chunks", now=90.0, resends=2, probe=None)

    item = found(imports)
    assert item.probe is None
    assert not item.probe_taken
    assert (item.resends, item.resent_at) == (2, 90)


def test_the_stored_progress_of_a_queue_only_grows_and_skips_small_steps(
    imports: Imports,
) -> None:
    assert watermarks_of(imports).seen("chunks") == Seen()

    noted: list[float] = []
    for sent_at in (100.0, 100.0 + NOTED_SECONDS, 101.0 + NOTED_SECONDS, 50.0):
        watermarks_of(imports).note_taken("chunks", sent_at)
        noted.append(watermarks_of(imports).seen("chunks").newest_taken)

    assert noted == [100.0, 100.0, 101.0 + NOTED_SECONDS, 101.0 + NOTED_SECONDS]
    assert watermarks_of(imports).seen("finalize") == Seen()


def test_a_probe_is_stored_beside_the_progress_of_the_queue(imports: Imports) -> None:
    watermarks_of(imports).note_taken("chunks", 100.0)

    watermarks_of(imports).probed("chunks", Seen(7.0, 200.0, 2))

    assert watermarks_of(imports).seen("chunks") == Seen(100.0, 200.0, 2)


def test_a_chunk_is_settled_once_and_counted_once(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    for attempt in ("a", "a", "b"):
        settle(imports, settlement(2, attempt, has_errors=True))

    now = found(imports)
    assert pending_chunks(now) == {1, 3}
    assert chunks_of(imports).settled_parts(now) == {2: "a!"}
    assert counts_of(now) == Counts(lines=30, updated=9, rejected=1)


def test_a_settlement_that_the_sdk_sends_twice_counts_once(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)

    twists = [Twist(repeat=True), Twist(repeat=True)]
    with incident(pipeline.memory, Mishap("UpdateItem", twists=twists)):
        now = settle(imports, settlement(1))

    assert pending_chunks(now) == {2, 3}
    assert counts_of(found(imports)).updated == 9


@pytest.mark.parametrize("number", [1, 2])
def test_a_chunk_whose_worker_is_stopped_while_it_settles_counts_once(
    imports: Imports, pipeline: Pipeline, number: int
) -> None:
    begun(imports, pipeline)
    with incident(pipeline.memory, Mishap("UpdateItem", kill_after=number)):
        settle(imports, settlement(1, "first"))

    now = settle(imports, settlement(1, "second", has_errors=True))

    assert pending_chunks(now) == {2, 3}
    assert chunks_of(imports).settled_parts(now) == {1: "first"}
    assert counts_of(found(imports)).updated == 9


def test_a_settled_chunk_that_is_not_counted_is_counted_by_the_next_worker(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)
    with incident(pipeline.memory, Mishap("UpdateItem", kill_after=1)):
        settle(imports, settlement(1, "first", has_errors=True))
    assert pending_chunks(found(imports)) == {1, 2, 3}
    assert chunks_of(imports).take(IMPORT, 1, "second", now=LATER, until=2 * LATER) is None

    settled = chunks_of(imports).settlement(IMPORT, 1)
    assert settled == settlement(1, "first", has_errors=True)
    chunks_of(imports).count(found(imports), settled, pipeline.deadline)

    assert pending_chunks(found(imports)) == {2, 3}
    assert counts_of(found(imports)) == Counts(lines=30, updated=9, rejected=1)


def test_two_chunks_that_are_settled_at_once_are_both_counted(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)
    before = found(imports)
    mishap = Mishap("UpdateItem")

    def another_first() -> None:
        if mishap.seen == 2:
            settle(imports, settlement(2, "b"))

    mishap.before_call = another_first
    with incident(pipeline.memory, mishap):
        now = chunks_of(imports).settle(before, settlement(1), pipeline.deadline)

    assert pending_chunks(now) == pending_chunks(found(imports)) == {3}
    assert counts_of(found(imports)) == Counts(lines=30, updated=18, rejected=2)


def test_settling_a_chunk_takes_at_most_three_writes_with_any_number_of_chunks(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline, MANY)
    table = pipeline.memory.dynamodb.tables["ImportsTable"]
    pipeline.memory.dynamodb.metered = True
    attempt = f"{'f' * 36}-{'f' * 36}"
    before = found(imports)
    dear = Counts(lines=10**6, updated=10**5, cleared=10**5, unchanged=10**5, rejected=10**5)
    units = []

    for number in range(1, MANY + 1):
        begun_with = table.write_units
        chunk_end = Settlement(number, attempt, has_errors=True, counts=dear, worked_ms=10**6)
        chunks_of(imports).settle(before, chunk_end, pipeline.deadline)
        units.append(table.write_units - begun_with)

    assert pending_chunks(found(imports)) == frozenset()
    assert len(chunks_of(imports).settled_parts(before)) == MANY
    assert (max(units), units[-1], sum(units)) == (2, 2, 2 * MANY)
    sizes = {sk: item_size(item) for (pk, sk), item in table.items.items() if pk == IMPORT}
    assert sizes["progress"] < 512
    assert max(sizes.values()) < 1024


def test_the_progress_shown_of_an_import_only_grows_and_ends_exact(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)
    shown = [counts_of(found(imports))]
    for number in (3, 1, 2):
        settle(imports, settlement(number))
        shown.append(counts_of(found(imports)))
    imports.start_finalizing(found(imports), at="now")
    shown.append(counts_of(found(imports)))
    (listed,), _ = imports.newest(TENANT, 5, None)
    stored = pipeline.memory.dynamodb.tables["ImportsTable"].items[IMPORT, "import"]

    assert [one.updated for one in shown] == [0, 9, 18, 27, 27]
    assert counts_of(listed) == shown[-1] == Counts(lines=30, updated=27, rejected=3)
    assert (stored["updated"], "pending" in stored) == ({"N": "27"}, False)


def test_an_import_begun_by_older_code_keeps_its_progress_on_its_own_item(
    imports: Imports, pipeline: Pipeline
) -> None:
    """As it was stored before progress had an item of its own, one of its chunks being settled.

    Nothing had counted the replays of its ticket then.
    """
    begun(imports, pipeline)
    stored = pipeline.memory.dynamodb.tables["ImportsTable"].items
    old = dict(stored[IMPORT, "import"]) | {
        "pending": {"NS": ["2", "3"]},
        "settled": {"M": {"1": {"S": "earlier!"}}},
        "updated": {"N": "9"},
        "rejected": {"N": "1"},
    }
    del old["chunks"], old["replays"]
    stored[IMPORT, "import"] = old
    assert pending_chunks(found(imports)) == {2, 3}

    left = [pending_chunks(settle(imports, settlement(number))) for number in (2, 3, 3)]
    assert left == [{3}, set(), set()]
    imports.start_finalizing(found(imports), at="now")

    now = found(imports)
    assert now.state == State.FINALIZING
    assert chunks_of(imports).settled_parts(now) == {1: "earlier!", 2: "a", 3: "a"}
    assert counts_of(now) == Counts(lines=30, updated=27, rejected=3)
    assert now.replays_notified == 0


def test_an_import_that_older_code_received_can_be_refused(
    imports: Imports, pipeline: Pipeline
) -> None:
    """Nothing had counted the replays of its ticket then."""
    del pipeline.memory.dynamodb.tables["ImportsTable"].items[IMPORT, "import"]["replays"]

    assert imports.refuse(IMPORT, "first", Refusal("NOT_CSV", "no CSV"), at="now")

    assert (found(imports).state, found(imports).replays_notified) == (State.FINALIZING, 0)


def test_older_code_neither_processes_nor_ends_a_newer_import(
    imports: Imports, pipeline: Pipeline
) -> None:
    """It reads the chunks in `pending` on the import, and ends an import without any."""
    begun(imports, pipeline)

    stored = pipeline.memory.dynamodb.tables["ImportsTable"].items[IMPORT, "import"]

    assert stored["pending"] == {"NS": ["0"]}


def test_an_import_ends_only_after_its_last_pending_chunk(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline, 2)
    settle(imports, settlement(1))
    imports.start_finalizing(found(imports), at="now")
    assert found(imports).state == State.PROCESSING

    last = settle(imports, settlement(2))
    assert pending_chunks(last) == frozenset()
    imports.start_finalizing(found(imports), at="now")
    imports.start_finalizing(found(imports), at="later")

    assert (found(imports).state, found(imports).finished_at) == (State.FINALIZING, "now")


def test_a_final_state_never_changes(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline, 1)
    settle(imports, settlement(1))
    imports.start_finalizing(found(imports), at="now")
    imports.end(IMPORT, State.ERROR, at="now", is_indexed=True, has_workbook=False)

    imports.end(IMPORT, State.DONE, at="later", is_indexed=False, has_workbook=False)
    imports.start_finalizing(found(imports), at="later")
    assert not imports.cancel(IMPORT, "ines", at="later")
    assert not imports.approve(IMPORT, "ines", at="later")
    assert not imports.lease(IMPORT, "second", now=1e9, until=2e9)
    settle(imports, settlement(1, "b"))

    now = found(imports)
    assert State(now.state) is State.ERROR
    assert not now.cancelled_by
    assert counts_of(now).updated == 9


def test_an_import_is_open_until_its_end_is_announced(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline, 1)
    imports.mark_notified(IMPORT)
    assert [one.pk for one in imports.open_imports()] == [IMPORT]

    settle(imports, settlement(1))
    imports.start_finalizing(found(imports), at="now")
    imports.end(IMPORT, State.ERROR, at="now", is_indexed=True, has_workbook=False)
    assert [one.pk for one in imports.open_imports()] == [IMPORT]
    imports.mark_notified(IMPORT)

    assert list(imports.open_imports()) == []


def test_an_import_is_cancelled_once(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    assert imports.cancel(IMPORT, "ines", at="later")
    assert not imports.cancel(IMPORT, "joyce", at="later")
    assert found(imports).cancelled_by == "ines"


def test_the_newest_imports_of_a_tenant_come_first_a_page_at_a_time(imports: Imports) -> None:
    for day in range(1, 8):
        imports.register(item(f"{day:032d}", f"2026-12-{day:02d}T10:00:00.000Z"))

    first, cursor = imports.newest(TENANT, 5, None)
    second, end = imports.newest(TENANT, 5, cursor)

    days = [one.received_at[8:10] for one in (*first, *second)]
    assert days == ["07", "06", "05", "04", "03", "02", "01", "22"]
    assert end is None


def test_a_watermark_only_increases(imports: Imports) -> None:
    for until in ("2026-11-20", "2026-11-22", "2026-11-21"):
        watermarks_of(imports).raise_watermark(TENANT, until)

    assert watermarks_of(imports).watermark(TENANT) == "2026-11-22"
    assert watermarks_of(imports).watermark("other") == ""


def test_an_import_that_the_index_still_lists_as_open_is_left_out(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline, 0)
    imports.start_finalizing(found(imports), at="now")
    imports.end(IMPORT, State.DONE, at="now", is_indexed=False, has_workbook=False)
    imports.mark_notified(IMPORT)

    with incident(pipeline.memory, Mishap("Query", twists=[Twist(stale=True)])) as calls:
        assert list(imports.open_imports()) == []

    assert calls.seen == 1


def test_a_run_that_ends_an_import_too_late_gets_it_as_it_ended(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline, 0)
    read_before = found(imports)
    with incident(pipeline.memory, Mishap("BatchGetItem")) as reads:
        ended = imports.start_finalizing(found(imports), at="now")

    late = imports.start_finalizing(read_before, at="later")

    # The first run gets the answer of its own write.
    assert reads.seen == 1
    assert [(one.state, one.finished_at) for one in (ended, late)] == [("finalizing", "now")] * 2
