"""Corrections: the lines of an import that are in error, corrected, as an import of their own.

The lines come from the import's report, so they hold what was uploaded, cell by cell; formulas and
control characters that the report neutralises are restored. Other cells stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from handover.access.acts import entry_of
from handover.access.people import Person
from handover.access.profiles import profile_for
from handover.audit import Act, Outcome
from handover.aws.objects import ObjectGoneError, Upload
from handover.deadline import Deadline
from handover.errors import ConflictError, InvalidRequestError
from handover.jobs.upload import ask_file, csv_pieces
from handover.model import Mode, State
from handover.pipeline.import_plan import ImportPlan, plan_from
from handover.pipeline.report_lines import ReportTooLongError, text_lines_of
from handover.pipeline.summaries import ERRORS, report_key
from handover.pipeline.tickets import MAX_FILENAME_CHARS, TICKET_SECONDS, new_ticket
from handover.profiles.binding import check_mapping
from handover.reading.blanks import has_only_blanks
from handover.reading.column_names import column_names
from handover.reading.guards import MALFORMED, unguard
from handover.reading.labels import normal_label
from handover.reading.limits import MAX_FIELD_CHARS
from handover.reading.own_columns import REPORT_LABELS, own_columns_at
from handover.reading.parsing import rows as rows_of
from handover.runtime import Resources, metrics, rfc3339
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.store.tickets import TicketItem
from handover.use_cases.imports import readable_import

MAX_LINES = 1_000
# The limit for all corrections together. A request may hold six times as much; a record 1 MB.
MAX_CORRECTED_BYTES = 1024**2
# How much of a report is read for lines: an API function has half a processor and 29 seconds, and
# reads some 30 MB a second. Longer reports must be downloaded, corrected and uploaded.
MAX_REPORT_BYTES = 64 * 1024**2

Cells = Mapping[str, str]


class _Line(Struct, frozen=True):
    """A line of a report. `is_whole` when it has a cell for each label and was well-formed CSV."""

    number: int
    cells: tuple[str, ...]
    is_whole: bool


def correct_lines(
    resources: Resources,
    person: Person,
    name: str,
    lines: Mapping[str, Cells],
    mode: Mode | None,
    now: float,
    deadline: Deadline,
) -> str:
    """The ticket of an import of just these lines, by number, with these cells by column.

    Columns are named as in `column_names`. `mode` None means the import's own. Raises
    NotFoundError, ForbiddenError for somebody who may not read the import or upload such files,
    InvalidRequestError, which names the line and the column, and ConflictError for an import that
    has not ended, has no lines in error, or was written by Handover itself.
    """
    item = readable_import(resources, person, name)
    if item.job is not None:
        raise ConflictError("Handover wrote this file; ask for the same again instead")
    profile = profile_for(resources, person, item.profile)
    plan = _plan_of(resources, item)
    check_mapping(profile, plan.mapping)
    labels = _labels(plan)
    corrected = _corrected(lines, labels)
    rows = [
        _row(line, corrected[line.number], labels)
        for line in _lines_of(resources, item, plan, labels, corrected, deadline)
    ]
    ticket_id = new_ticket(now)
    ticket = TicketItem(
        tenant=person.tenant,
        uploader=person.email,
        profile=profile.name,
        filename=f"corrections of {item.filename}"[:MAX_FILENAME_CHARS],
        mode=mode.value if mode is not None else item.mode,
        mapping=json.dumps(plan.mapping),
        follows=item.pk,
        on_error=item.on_error,
        issued_at=rfc3339(now),
        expires_at=rfc3339(now + TICKET_SECONDS),
        expires=int(now) + TICKET_SECONDS,
    )
    entry = entry_of(
        person.actor,
        Act.LINES_CORRECTED,
        f"import {item.pk}",
        after={"ticket": ticket_id, "mode": ticket.mode, "lines": len(rows)},
        outcome=Outcome.OPEN,
    )
    pieces = csv_pieces(labels, rows, delimiter=plan.dialect.delimiter)
    ask_file(resources, ticket_id, ticket, entry, pieces, deadline)
    metrics.add_metric("LinesCorrected", "Count", len(rows))
    return ticket_id


def _plan_of(resources: Resources, item: ImportItem) -> ImportPlan:
    """How the import was read; raises ConflictError unless it has ended with lines in error."""
    if not State(item.state).is_final:
        raise ConflictError(f"the import is in the state {item.state} and has not ended")
    body = resources.tables.imports.plan(item.pk)
    if item.refusal or body is None:
        raise ConflictError("the whole file was refused; correct it and upload it again")
    if not counts_of(item).with_errors:
        raise ConflictError("the import has no lines in error, so there is nothing to correct")
    return plan_from(body)


def _labels(plan: ImportPlan) -> tuple[str, ...]:
    """The labels of the uploader's own columns."""
    labels = plan.header.labels
    return labels[: own_columns_at(labels)]


def _corrected(lines: Mapping[str, Cells], labels: Sequence[str]) -> dict[int, dict[int, str]]:
    """The new cells by line and by the index of their column."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise InvalidRequestError(
            "lines", f"lines: found {len(lines):,} lines, expected 1 to {MAX_LINES:,}"
        )
    found = len(json.dumps({number: dict(cells) for number, cells in lines.items()}).encode())
    if found > MAX_CORRECTED_BYTES:
        raise InvalidRequestError(
            "lines", f"lines: found {found:,} bytes, expected at most {MAX_CORRECTED_BYTES:,}"
        )
    corrected: dict[int, dict[int, str]] = {}
    for number, cells in lines.items():
        if not (number.isascii() and number.isdecimal() and len(number) <= 9):
            raise InvalidRequestError(
                "lines", f"lines: found {number[:20]!r}, expected the number of a line"
            )
        if not cells:
            raise InvalidRequestError(
                f"lines.{number}", f"line {number}: found no cells, expected at least one"
            )
        corrected[int(number)] = {
            _place(label, labels, number): _cell(cell, label, number)
            for label, cell in cells.items()
        }
    return corrected


def _place(label: str, labels: Sequence[str], number: str) -> int:
    """The index of the column of that name, written exactly or in another case or spacing."""
    names = column_names(labels)
    if label in names:
        return names.index(label)
    places = [place for place, one in enumerate(names) if normal_label(one) == normal_label(label)]
    if len(places) == 1:
        (only,) = places
        return only
    known = ", ".join(map(repr, names))
    found = f"{len(places)} columns" if places else "no column"
    raise InvalidRequestError(
        f"lines.{number}.{label[:100]}",
        f"line {number}: found {found} {label[:100]!r}, expected one of {known[:1000]}",
    )


def _cell(cell: str, label: str, number: str) -> str:
    if len(cell) > MAX_FIELD_CHARS:
        raise InvalidRequestError(
            f"lines.{number}.{label[:100]}",
            f"line {number}, {label[:100]}: found {len(cell):,} characters, expected at most "
            f"{MAX_FIELD_CHARS:,}",
        )
    return cell


def _lines_of(
    resources: Resources,
    item: ImportItem,
    plan: ImportPlan,
    labels: Sequence[str],
    corrected: Mapping[int, Mapping[int, str]],
    deadline: Deadline,
) -> list[_Line]:
    """The lines as the report has them, in the order of the file."""
    report = Upload(resources.reports_bucket, report_key(item, f"{ERRORS}.csv"), "")
    missing = set(corrected)
    found: list[_Line] = []
    try:
        for line in _report_lines(report, plan.dialect.delimiter, len(labels), deadline):
            if line.number in missing:
                found.append(line)
                missing.discard(line.number)
            if not missing:
                return found
    except ObjectGoneError as gone:
        raise ConflictError("the report of the import is no longer kept") from gone
    except ReportTooLongError as long:
        raise ConflictError(
            f"line {min(missing)} is too far down a long report; download the report, correct "
            "it there, and upload it"
        ) from long
    number = min(missing)
    raise InvalidRequestError(
        f"lines.{number}", f"line {number}: the report has no such line, so it is not in error"
    )


def _report_lines(
    report: Upload, delimiter: str, width: int, deadline: Deadline
) -> Iterator[_Line]:
    text = text_lines_of(report, deadline, most_bytes=MAX_REPORT_BYTES)
    reader = rows_of(text, delimiter=delimiter)
    next(reader, None)
    for row in reader:
        cells, (number, *_) = row[: -len(REPORT_LABELS)], row[-len(REPORT_LABELS) :]
        is_malformed = row[0].startswith(MALFORMED)
        yield _Line(
            int(number),
            tuple(map(unguard, cells)),
            is_whole=len(cells) == width and not is_malformed,
        )


def _row(line: _Line, corrected: Mapping[int, str], labels: Sequence[str]) -> tuple[str, ...]:
    """The line with its new cells; one whose cells do not match the columns must be complete."""
    number = line.number
    if not line.is_whole and len(corrected) < len(labels):
        names = enumerate(column_names(labels))
        missing = [name for place, name in names if place not in corrected]
        raise InvalidRequestError(
            f"lines.{number}",
            f"line {number}: its cells do not match the columns, expected a value for each column; "
            f"missing: {', '.join(missing)[:1000]}",
        )
    kept = dict(enumerate(line.cells)) if line.is_whole else {}
    cells = {**kept, **corrected}
    row = tuple(cells[place] for place in range(len(labels)))
    for label, cell in zip(labels, row, strict=True):
        if "\0" in cell:
            # A single one makes the file look binary.
            raise InvalidRequestError(
                f"lines.{number}.{label[:100]}",
                f"line {number}, {label[:100]}: found the control character U+0000, expected text",
            )
    if has_only_blanks(row):
        raise InvalidRequestError(
            f"lines.{number}", f"line {number}: every cell would be blank; leave the line out"
        )
    return row
