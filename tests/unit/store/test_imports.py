"""Imports: every step counts once, whoever takes it and however often."""

from __future__ import annotations

import pytest
from handover.model import Chunk, State
from handover.reports import Counts
from handover.store.imports import (
    ImportItem,
    Imports,
    PlannedChunk,
    Settlement,
    counts_of,
    pending_chunks,
    settled_parts,
)

from tests.faults.memory_aws import Twist
from tests.functional.mishaps import Mishap, befalling
from tests.functional.pipeline import TENANT, Pipeline

IMPORT = "0" * 32
LATER = 100.0


@pytest.fixture
def imports(pipeline: Pipeline) -> Imports:
    """The table with one import that is being validated by `first`."""
    imports = pipeline.wiring.tables.imports
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
        order=f"{received_at}#0#00000000",
        listed_at=f"{received_at}#{import_id}",
        open="1",
        opened_at=received_at,
    )


def begun(imports: Imports, pipeline: Pipeline, chunks: int = 3) -> None:
    """The import has that many chunks of ten lines."""
    parts = [
        PlannedChunk(Chunk(number, number * 10, number * 10 + 10, 2, 10, 7))
        for number in range(1, chunks + 1)
    ]
    imports.store_plan(IMPORT, "{}", parts, pipeline.patience)
    assert imports.begin(
        IMPORT,
        "first",
        chunks=chunks,
        lines=10 * chunks,
        encoding="utf-8",
        delimiter=",",
        approval=None,
    )


def settlement(chunk: int, attempt: str = "a", *, has_errors: bool = False) -> Settlement:
    return Settlement(chunk, attempt, has_errors, Counts(lines=10, updated=9, rejected=1))


def found(imports: Imports) -> ImportItem:
    item = imports.find(IMPORT)
    assert item is not None
    return item


def test_an_import_that_is_registered_again_stays_as_it_is(imports: Imports) -> None:
    again = imports.register(item(IMPORT, "2027-01-01T00:00:00.000Z"))

    assert again.received_at == found(imports).received_at == "2026-11-22T10:00:00.000Z"


def test_an_import_is_validated_by_one_at_a_time(imports: Imports) -> None:
    assert not imports.lease(IMPORT, "second", now=LATER, until=200)
    assert imports.lease(IMPORT, "first", now=LATER, until=150)
    assert imports.lease(IMPORT, "second", now=151, until=250)


def test_only_who_validates_an_import_may_go_on_with_it(
    imports: Imports, pipeline: Pipeline
) -> None:
    assert imports.lease(IMPORT, "second", now=LATER + 1, until=300)

    went_on = imports.begin(
        IMPORT, "first", chunks=1, lines=1, encoding="utf-8", delimiter=",", approval=None
    )

    assert not went_on
    assert found(imports).state == State.VALIDATING


def test_a_chunk_is_worked_by_one_at_a_time(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    first = imports.take_chunk(IMPORT, 2, "a", now=0, until=LATER)
    assert first is not None
    assert (first.chunk.number, first.chunk.lines, first.attempts) == (2, 10, 1)
    assert imports.take_chunk(IMPORT, 2, "b", now=LATER, until=200) is None
    second = imports.take_chunk(IMPORT, 2, "b", now=LATER + 1, until=200)
    assert second is not None
    assert second.attempts == 2


def test_a_chunk_that_does_not_exist_is_nobodys(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    assert imports.take_chunk(IMPORT, 9, "a", now=0, until=LATER) is None
    assert imports.free_chunks(IMPORT, [9], 0, pipeline.patience) == []


def test_chunks_that_are_worked_are_not_free(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)
    imports.take_chunk(IMPORT, 2, "a", now=0, until=LATER)

    assert imports.free_chunks(IMPORT, [3, 2, 1], LATER, pipeline.patience) == [1, 3]
    assert imports.free_chunks(IMPORT, [3, 2, 1], LATER + 1, pipeline.patience) == [1, 2, 3]


def test_a_chunk_is_settled_once_and_counted_once(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    for attempt in ("a", "a", "b"):
        imports.settle(IMPORT, settlement(2, attempt, has_errors=True))

    now = found(imports)
    assert pending_chunks(now) == {1, 3}
    assert settled_parts(now) == {2: "a!"}
    assert counts_of(now) == Counts(lines=30, updated=9, rejected=1)


def test_a_settlement_that_the_sdk_sends_twice_counts_once(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline)

    with befalling(pipeline.memory, Mishap("UpdateItem", twists=[Twist(repeat=True)])):
        now = imports.settle(IMPORT, settlement(1))

    assert pending_chunks(now) == {2, 3}
    assert counts_of(found(imports)).updated == 9


def test_the_import_ends_only_when_no_chunk_is_pending(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline, 2)
    imports.settle(IMPORT, settlement(1))
    imports.start_finalizing(IMPORT, at="now")
    assert found(imports).state == State.PROCESSING

    last = imports.settle(IMPORT, settlement(2))
    assert pending_chunks(last) == frozenset()
    imports.start_finalizing(IMPORT, at="now")
    imports.start_finalizing(IMPORT, at="later")

    assert (found(imports).state, found(imports).finished_at) == (State.FINALIZING, "now")


def test_a_final_state_never_changes(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline, 1)
    imports.settle(IMPORT, settlement(1))
    imports.start_finalizing(IMPORT, at="now")
    imports.end(IMPORT, State.ERROR)

    imports.end(IMPORT, State.DONE)
    imports.start_finalizing(IMPORT, at="later")
    assert not imports.cancel(IMPORT, "ines")
    assert not imports.approve(IMPORT, "ines")
    assert not imports.lease(IMPORT, "second", now=1e9, until=2e9)
    imports.settle(IMPORT, settlement(1, "b"))

    now = found(imports)
    assert State(now.state) is State.ERROR
    assert not now.cancelled_by
    assert counts_of(now).updated == 9


def test_what_has_not_ended_is_open_until_its_end_was_told(
    imports: Imports, pipeline: Pipeline
) -> None:
    begun(imports, pipeline, 1)
    imports.told_end(IMPORT)
    assert [one.pk for one in imports.open_imports()] == [IMPORT]

    imports.settle(IMPORT, settlement(1))
    imports.start_finalizing(IMPORT, at="now")
    imports.end(IMPORT, State.ERROR)
    assert [one.pk for one in imports.open_imports()] == [IMPORT]
    imports.told_end(IMPORT)

    assert list(imports.open_imports()) == []


def test_an_import_is_cancelled_once(imports: Imports, pipeline: Pipeline) -> None:
    begun(imports, pipeline)

    assert imports.cancel(IMPORT, "ines")
    assert not imports.cancel(IMPORT, "joyce")
    assert found(imports).cancelled_by == "ines"


def test_the_newest_imports_of_a_tenant_come_first_a_page_at_a_time(imports: Imports) -> None:
    for day in range(1, 8):
        imports.register(item(f"{day:032d}", f"2026-12-{day:02d}T10:00:00.000Z"))

    first, cursor = imports.newest(TENANT, 5, None)
    second, end = imports.newest(TENANT, 5, cursor)

    days = [one.received_at[8:10] for one in (*first, *second)]
    assert days == ["07", "06", "05", "04", "03", "02", "01", "22"]
    assert end is None


def test_a_watermark_only_rises(imports: Imports) -> None:
    for until in ("2026-11-20", "2026-11-22", "2026-11-21"):
        imports.raise_watermark(TENANT, until)

    assert imports.watermark(TENANT) == "2026-11-22"
    assert imports.watermark("other") == ""
