"""results.csv from the parts of the chunks, also from those that an earlier version has stored."""

from __future__ import annotations

import pytest
from handover.aws import objects
from handover.aws.objects import Upload
from handover.errors import RetryLaterError
from handover.model import Dialect, Header, Line, LineResult, Outcome
from handover.pipeline import result_files
from handover.pipeline.import_plan import ImportPlan, lines_key, parts_key
from handover.pipeline.result_files import publish_preview, write_results
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.presets import presets
from handover.reports.line_parts import lines_part
from handover.runtime import Invocation
from handover.store.import_items import ImportItem

from tests.kit.pipeline import TENANT, Pipeline

ITEM = ImportItem("1" * 32, tenant=TENANT)
HEADER, DIALECT = Header(("account ID", "account Manager"), 30, 2), Dialect("utf-8", ",")
PLAN = ImportPlan(
    presets()["single-strict"],
    {},
    Upload("UploadsBucket", "k", "v"),
    DIALECT,
    HEADER,
    frozenset(),
    OpcoWall.ALWAYS,
)
HEAD = b"\xef\xbb\xbfaccount ID,account Manager,line,outcome,role,before,after,code,message\r\n"


def write(pipeline: Pipeline, *chunks: int) -> bool:
    run = Invocation("run", pipeline.deadline)
    parts = dict.fromkeys(reversed(chunks), "a!")
    return write_results(pipeline.resources, ITEM, PLAN, parts, run)


def written(pipeline: Pipeline) -> dict[str, bytes]:
    """The files about the import by name."""
    found = pipeline.memory.s3.buckets[pipeline.resources.reports_bucket].objects
    return {key.rpartition("/")[2]: versions[0].body for key, versions in found.items()}


def row(line: int) -> bytes:
    cells = (f"K{line}", "", line, "not_processed", "", "", "", "NOT_PROCESSED")
    return f"{','.join(map(str, cells))},This line was not processed\r\n".encode()


def store(pipeline: Pipeline, number: int) -> None:
    """The part of a chunk with its index."""
    results = [LineResult(Line(number, (f"K{number}", "")), Outcome.NOT_PROCESSED)]
    part = lines_part(results, header=HEADER, dialect=DIALECT, account=0)
    key = lines_key(ITEM.pk, number, "a")
    objects.write(pipeline.resources.work_bucket, key, part, "application/octet-stream")


def store_alone(pipeline: Pipeline, number: int) -> None:
    """The part of a chunk that an earlier version has settled: the rows alone."""
    key = parts_key(ITEM.pk, number, "a", "results")
    # No present code writes such a part.
    pipeline.memory.s3.upload(pipeline.resources.work_bucket, key, row(number))


@pytest.mark.parametrize("chunks", [(1,), (2, 3)])
def test_the_rows_of_all_chunks_are_written_in_their_order_with_an_index(
    pipeline: Pipeline, chunks: tuple[int, ...]
) -> None:
    for number in chunks:
        store(pipeline, number)

    assert write(pipeline, *chunks)

    files = written(pipeline)
    assert files["results.csv"] == HEAD + b"".join(row(number) for number in chunks)
    assert set(files) == {"results.csv", "lines.json", "lines.index"}


@pytest.mark.parametrize("chunks", [(1,), (1, 2), (1, 2, 3)])
def test_a_chunk_without_an_index_leaves_the_whole_import_without_one(
    pipeline: Pipeline, chunks: tuple[int, ...]
) -> None:
    store_alone(pipeline, 1)
    for number in chunks[1:]:
        store(pipeline, number)

    assert not write(pipeline, *chunks)

    assert written(pipeline) == {"results.csv": HEAD + b"".join(row(number) for number in chunks)}


def test_the_rows_of_a_chunk_that_are_not_there_are_waited_for(pipeline: Pipeline) -> None:
    with pytest.raises(RetryLaterError, match=r"a part of results\.csv is not there"):
        write(pipeline, 1)


@pytest.mark.parametrize(("spare", "is_indexed"), [(0, True), (-1, False)])
def test_an_index_that_takes_too_much_of_the_disk_is_left_out(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, spare: int, is_indexed: bool
) -> None:
    for number in (1, 2):
        store(pipeline, number)
    assert write(pipeline, 1, 2)
    size = len(written(pipeline)["lines.index"])
    monkeypatch.setattr(result_files, "MAX_INDEX_BYTES", size + spare)

    assert write(pipeline, 1, 2) is is_indexed


def test_a_preview_that_is_not_there_is_waited_for(pipeline: Pipeline) -> None:
    with pytest.raises(RetryLaterError, match="the preview of this import is not there"):
        publish_preview(pipeline.resources, ITEM)
