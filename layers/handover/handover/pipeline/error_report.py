"""The report of an import's errors: errors.csv, and the same as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile

from handover.aws import objects
from handover.errors import RetryLaterError
from handover.flight import answers_in_order
from handover.pipeline.import_plan import ImportPlan, parts_key
from handover.pipeline.summaries import ERRORS, REPORT_WORKBOOK, report_key
from handover.profiles.binding import bind
from handover.reports.parts import errors_head
from handover.runtime import Invocation, Resources
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.workbooks.limits import MAX_REPORT_BYTES, MAX_REPORT_LINES, WORKBOOK_TYPE

# Reports up to this size are kept in memory, larger ones in temporary files.
SMALL_BYTES = 256 * 1024


def write_report(
    resources: Resources,
    item: ImportItem,
    plan: ImportPlan,
    parts: Mapping[int, str],
    run: Invocation,
) -> bool:
    """Writes errors.csv, and the same as a workbook unless it is too large; True with a workbook.

    `parts` are the settled ones, as `Chunks.settled_parts` gives them.
    """
    # Imports without errors must not wait for XlsxWriter to load.
    from handover.workbooks.report import write_workbook

    pieces = _pieces(resources, item, plan, parts)
    if counts_of(item).with_errors > MAX_REPORT_LINES:
        _store(resources, item, pieces, run)
        return False
    with SpooledTemporaryFile(SMALL_BYTES) as copy, SpooledTemporaryFile(SMALL_BYTES) as file:
        _store(resources, item, _copied(pieces, copy), run)
        size = copy.tell()
        if size > MAX_REPORT_BYTES:
            return False
        copy.seek(0)
        text = TextIOWrapper(copy, encoding="utf-8-sig", newline="")
        write_workbook(
            text,
            file,
            delimiter=plan.dialect.delimiter,
            columns=_columns_of(plan),
            created=datetime.fromisoformat(item.received_at),
            is_small=size <= SMALL_BYTES,
        )
        text.detach()
        file.seek(0)
        objects.write_stream(
            resources.reports_bucket,
            report_key(item, REPORT_WORKBOOK),
            iter(partial(file.read, objects.PART_BYTES), b""),
            run.deadline,
            WORKBOOK_TYPE,
        )
    return True


def _copied(pieces: Iterator[bytes], copy: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    """The pieces, lazily; copies them until they are too large for a workbook."""
    for piece in pieces:
        if copy.tell() <= MAX_REPORT_BYTES:
            copy.write(piece)
        yield piece


def _columns_of(plan: ImportPlan) -> Mapping[str, int]:
    """The wrong column for errors that name none, by the beginning of their code."""
    header = plan.header
    binding = bind(header.labels, plan.profile, mapping=plan.mapping, line=header.last_line)
    match binding.roles:
        case [only]:
            return {"ACCOUNT": binding.key, "USER": only.index}
        case _:
            return {"ACCOUNT": binding.key}


def _pieces(
    resources: Resources, item: ImportItem, plan: ImportPlan, settled: Mapping[int, str]
) -> Iterator[bytes]:
    """The head of errors.csv, then the parts of the chunks in their order."""
    yield errors_head(plan.header, plan.dialect)
    every = answers_in_order(
        partial(
            objects.read,
            resources.work_bucket,
            parts_key(item.pk, number, parts.removesuffix("!"), ERRORS),
        )
        for number, parts in sorted(settled.items())
        if parts.endswith("!")
    )
    for part in every:
        if part is None:
            raise RetryLaterError("a part of errors.csv is not there")
        yield part


def _store(
    resources: Resources, item: ImportItem, pieces: Iterator[bytes], run: Invocation
) -> None:
    key = report_key(item, f"{ERRORS}.csv")
    objects.write_stream(resources.reports_bucket, key, pieces, run.deadline)
