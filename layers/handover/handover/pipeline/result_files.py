"""results.csv and the index of its lines, built from the parts of the chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from tempfile import SpooledTemporaryFile

from msgspec import Struct

from handover.aws import objects
from handover.errors import RetryLaterError
from handover.flight import answers_in_order
from handover.pipeline.import_plan import ImportPlan, lines_key, parts_key, preview_key
from handover.pipeline.summaries import LINES, LINES_INDEX, PREVIEW, RESULTS, report_key
from handover.profiles.profile import WORKFLOW_ROLE
from handover.reading.column_names import column_names
from handover.reports.line_index import IndexBuilder, LineIndex, index_json
from handover.reports.line_parts import lines_part_from
from handover.reports.parts import kept_labels, results_head
from handover.runtime import Invocation, Resources, logger
from handover.store.import_items import ImportItem
from handover.together import together

# The sections of an index are kept on the function's own disk, of 512 MB, while the rows are
# written. Twenty million lines, all in order, take some 300 MB.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
MAX_INDEX_BYTES = 400 * 1024**2
# Up to this size they stay in memory.
IN_MEMORY_BYTES = 32 * 1024**2


def write_results(
    resources: Resources,
    item: ImportItem,
    plan: ImportPlan,
    parts: Mapping[int, str],
    run: Invocation,
) -> bool:
    """Writes results.csv, then the index of its lines; True when there is an index.

    `parts` are the settled ones, as `Chunks.settled_parts` gives them. There is no index when an
    earlier version, which made none, settled a chunk, or when the index would take more than
    MAX_INDEX_BYTES.
    """
    index = _Index(IndexBuilder(len(results_head(plan.header, plan.dialect))))
    with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as spool:
        rows = _rows(resources, item, plan, parts, (index, spool))

        def write_rows(pieces: Iterator[bytes]) -> None:
            key = report_key(item, f"{RESULTS}.csv")
            objects.write_stream(resources.reports_bucket, key, pieces, run.deadline)

        if len(parts) > 1:
            write_rows(rows)
            return _write_index(resources, item, plan, (index, spool), run)
        # The index is made as the rows are read. The rows of a single chunk are in memory anyway:
        # once they are read, rows and index can be written at the same time.
        whole = b"".join(rows)
        _, is_indexed = together(
            lambda: write_rows(iter((whole,))),
            lambda: _write_index(resources, item, plan, (index, spool), run),
        )
        return is_indexed


def _write_index(
    resources: Resources,
    item: ImportItem,
    plan: ImportPlan,
    made: tuple[_Index, SpooledTemporaryFile[bytes]],
    run: Invocation,
) -> bool:
    """Writes the index that was made of all rows; False when it is incomplete."""
    index, spool = made
    if not index.is_whole:
        logger.warning("lines without an index", extra={"import_id": item.pk})
        return False
    spool.seek(0)
    body = index_json(_index(plan, index.builder))
    bucket = resources.reports_bucket
    together(
        lambda: objects.write(bucket, report_key(item, LINES), body, "application/json"),
        lambda: objects.write_stream(
            bucket,
            report_key(item, LINES_INDEX),
            iter(lambda: spool.read(objects.BLOCK_BYTES), b""),
            run.deadline,
            "application/octet-stream",
        ),
    )
    return True


class _Index(Struct):
    """The index being built, as long as every chunk has a part of it."""

    builder: IndexBuilder
    is_whole: bool = True


def _rows(
    resources: Resources,
    item: ImportItem,
    plan: ImportPlan,
    settled: Mapping[int, str],
    into: tuple[_Index, SpooledTemporaryFile[bytes]],
) -> Iterator[bytes]:
    """The pieces of results.csv; makes the index, and spools its sections, as it goes."""
    index, spool = into
    yield results_head(plan.header, plan.dialect)
    attempts = [(number, parts.removesuffix("!")) for number, parts in sorted(settled.items())]
    every = answers_in_order(
        partial(objects.read, resources.work_bucket, lines_key(item.pk, *chunk))
        for chunk in attempts
    )
    for chunk, stored in zip(attempts, every, strict=True):
        if stored is None:
            index.is_whole = False
            yield _rows_alone(resources, item, *chunk)
            continue
        part = lines_part_from(stored)
        if index.is_whole:
            index.builder.add(part)
            spool.write(part.index)
            index.is_whole = index.builder.index_at <= MAX_INDEX_BYTES
        yield part.results


def _rows_alone(resources: Resources, item: ImportItem, number: int, attempt: str) -> bytes:
    """The rows of a chunk that was settled by an earlier version, which made no index."""
    rows = objects.read(resources.work_bucket, parts_key(item.pk, number, attempt, RESULTS))
    if rows is None:
        raise RetryLaterError("a part of results.csv is not there")
    return rows


def _index(plan: ImportPlan, builder: IndexBuilder) -> LineIndex:
    roles = (
        *plan.profile.roles,
        *(assignee.role for assignee in plan.binding.roles),
        WORKFLOW_ROLE,
    )
    return LineIndex(
        columns=column_names(kept_labels(plan.header, plan.dialect)),
        account=plan.binding.key,
        delimiter=plan.dialect.delimiter,
        roles=tuple(dict.fromkeys(roles)),
        blocks=tuple(builder.blocks),
        moves=builder.moves(),
        opcos=builder.opcos(),
    )


def publish_preview(resources: Resources, item: ImportItem) -> None:
    """Publishes the preview for the API; raises RetryLaterError when it is missing."""
    body = objects.read(resources.work_bucket, preview_key(item.pk))
    if body is None:
        raise RetryLaterError("the preview of this import is not there")
    objects.write(resources.reports_bucket, report_key(item, PREVIEW), body, "application/json")
