"""What must hold of every processed file, whatever its bytes."""

from __future__ import annotations

import csv
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from handover.model import Chunk, LineResult, Outcome
from handover.reading.guards import unguard

from tests.fuzz.counting import BOM, Record, Whole, count_file, physical_lines
from tests.fuzz.oracle import (
    Verdict,
    clearing,
    data_lines,
    fields_of,
    has_conditions,
    verdicts,
)
from tests.fuzz.passage import Passage, Sizes, pass_through
from tests.kit.oracle.reports import ERRORS, RESULTS, fitted, is_formula

FILE_CODES = frozenset(
    {
        "EMPTY_FILE",
        "NOT_CSV",
        "WORKBOOK_DAMAGED",
        "ENCODING",
        "MISSING_COLUMN",
        "DUPLICATE_COLUMN",
        "UNCLOSED_QUOTE",
        "TOO_LARGE",
        "TOO_MANY_LINES",
        "RESULTS_FILE",
        "TOO_MANY_COLUMNS",
    }
)
LINE_CODES = frozenset(
    {
        "FIELD_COUNT",
        "FIELD_TOO_LONG",
        "INVALID_CHARACTER",
        "ACCOUNT_BLANK",
        "ACCOUNT_NOT_FOUND",
        "ACCOUNT_INACTIVE",
        "USER_NOT_FOUND",
        "USER_AMBIGUOUS",
        "USER_ROLE",
        "USER_INACTIVE",
        "OTHER_OPCO",
        "TOO_MANY_USERS",
        "DUPLICATE_CONFLICT",
        "BLANK_NOT_ALLOWED",
    }
)
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\r\n")


def violations(passage: Passage, *, sizes: Sizes, is_deep: bool) -> list[str]:
    """Every violation; with `is_deep` the report is uploaded again as a whole."""
    return list(_violations(passage, sizes, is_deep=is_deep))


def _violations(passage: Passage, sizes: Sizes, *, is_deep: bool) -> Iterator[str]:
    if passage.refusal is not None:
        yield from _refusal(passage)
        return
    whole = count_file(passage.data, passage.dialect.delimiter, passage.dialect.encoding)
    if whole is None:
        yield "a file without a header was accepted"
        return
    yield from _head(passage, whole)
    if whole.body.is_open:
        yield "a file that ends within quotes was accepted"
    lines = data_lines(
        whole.body.records,
        encoding=passage.dialect.encoding,
        is_report=passage.dialect.is_report,
        labels=passage.header.labels,
    )
    yield from _chunks(passage, whole.body.records, lines, sizes)
    expected = verdicts(
        lines,
        encoding=passage.dialect.encoding,
        is_report=passage.dialect.is_report,
        labels=passage.header.labels,
        binding=passage.binding,
        profile=passage.profile,
    )
    yield from _lines(passage, expected)
    yield from _csv_reader(passage, whole)
    yield from _clearing(passage, lines)
    yield from _inert("errors.csv", passage.errors, passage.dialect.delimiter)
    yield from _inert("results.csv", passage.all_lines, passage.dialect.delimiter)
    yield from _results(passage)
    if passage.counts.with_errors:
        yield from _report(passage, sizes, is_deep=is_deep)


def _refusal(passage: Passage) -> Iterator[str]:
    refusal = passage.refusal
    if refusal is None:
        return
    if refusal.code not in FILE_CODES:
        yield f"{refusal.code} is not in FILE_CODES, which these files may be refused with"
    if refusal.line is not None:
        upload = passage.upload
        is_wide = upload.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = upload.decode("utf-16" if is_wide else "latin-1", "replace")
        if not 1 <= refusal.line <= physical_lines(text):
            yield f"{refusal.code} names line {refusal.line} of {physical_lines(text)}"
        if f"line {refusal.line}" not in refusal.message:
            yield f"{refusal.code} is on line {refusal.line}, but says {refusal.message!r}"
    if not refusal.message.isprintable():
        yield f"a refusal that cannot be printed: {refusal.message!r}"


def _head(passage: Passage, whole: Whole) -> Iterator[str]:
    labels = tuple(field.decode(passage.dialect.encoding) for field in whole.header.fields)
    is_report = _without_blanks(labels)[-len(ERRORS) :] == ERRORS
    if is_report != passage.dialect.is_report:
        yield f"is_report is {passage.dialect.is_report} for {labels[-6:]}"
    if passage.dialect.is_report:
        labels = tuple(map(unguard, labels))
    if labels != passage.header.labels:
        yield f"the header is {labels}, read as {passage.header.labels}"
    if passage.header.data_start != whole.header.end:
        yield f"the data begins at {whole.header.end}, read from {passage.header.data_start}"
    # A file that ends with its header has no data line.
    if passage.header.data_line != whole.body_line and whole.body.records:
        yield f"the data begins on line {whole.body_line}, not {passage.header.data_line}"


def _without_blanks(labels: tuple[str, ...]) -> tuple[str, ...]:
    while labels and not labels[-1].strip():
        labels = labels[:-1]
    return labels


def _chunks(
    passage: Passage, records: Sequence[Record], lines: Sequence[Record], sizes: Sizes
) -> Iterator[str]:
    """Each chunk begins with a data line and ends with a record; together they hold all lines."""
    assert passage.scanned is not None
    line_at = {record.start: record.line for record in lines}
    ends = {record.end for record in records}
    at, number = passage.header.data_start, 1
    for chunk in passage.scanned.chunks:
        if chunk.start < at or chunk.number != number or chunk.end not in ends:
            yield f"chunk {chunk} does not follow {at}, or ends within a record"
        at, number = chunk.end, number + 1
        yield from _chunk(chunk, passage.data, line_at, sizes)
    if passage.scanned.end != len(passage.data):
        yield f"the scan ends at {passage.scanned.end} of {len(passage.data)}"
    found = sum(chunk.lines for chunk in passage.scanned.chunks)
    if not found == passage.scanned.lines == len(lines) == len(passage.scanned.hashes):
        yield f"{len(lines)} lines, {found} in chunks, {passage.scanned.lines} scanned"


def _chunk(chunk: Chunk, data: bytes, line_at: dict[int, int], sizes: Sizes) -> Iterator[str]:
    if line_at.get(chunk.start) != chunk.first_line:
        yield f"chunk {chunk} begins where line {line_at.get(chunk.start)} does"
    if zlib.crc32(data[chunk.start : chunk.end]) != chunk.checksum:
        yield f"chunk {chunk} has another checksum"
    inside = sum(chunk.start <= at < chunk.end for at in line_at)
    if not 1 <= inside == chunk.lines <= sizes.chunk_lines:
        yield f"chunk {chunk} has {inside} lines"


def _lines(passage: Passage, expected: Sequence[Verdict]) -> Iterator[str]:
    """Every line of the file has its one outcome, with its own values and the right code."""
    for result, verdict in zip(passage.results, expected, strict=False):
        if (result.line.number, result.line.fields) != (verdict.number, verdict.fields):
            yield f"line {result.line} is {verdict}"
            return
        if (result.outcome.value, _code(result)) != (verdict.outcome, verdict.code):
            yield f"{result.outcome} {_code(result)} for {verdict}"
        if _code(result) not in LINE_CODES and _code(result):
            yield f"{_code(result)} is not in LINE_CODES, which these lines may be rejected with"
        yield from _rejection(result)
    if len(passage.results) != len(expected):
        yield f"{len(expected)} lines, {len(passage.results)} results"
    reported = Counter(result.outcome.value for result in passage.results)
    intended = Counter(verdict.outcome for verdict in expected)
    if reported != intended:
        yield f"outcomes {reported}"
    counts = passage.counts
    if not counts.lines == counts.settled == len(expected):
        yield f"{counts.lines} lines counted, {counts.settled} settled, of {len(expected)}"
    counted = {outcome.value: getattr(counts, outcome.value) for outcome in Outcome}
    if counted != {outcome.value: intended[outcome.value] for outcome in Outcome}:
        yield f"counted {counted} for {intended}"


def _rejection(result: LineResult) -> Iterator[str]:
    why = result.rejection
    if (why is not None) != (result.outcome is Outcome.REJECTED):
        yield f"{result.outcome} with {why}"
    if why is not None and why.line != result.line.number:
        yield f"the rejection of line {result.line.number} names line {why.line}"


def _code(result: LineResult) -> str:
    return result.rejection.code if result.rejection else ""


def _csv_reader(passage: Passage, whole: Whole) -> Iterator[str]:
    """Python's csv module finds the same records, which confirms the count above."""
    text = passage.data[whole.header.end :].decode(passage.dialect.encoding)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=passage.dialect.delimiter)
    theirs = [tuple(row) for row in rows if row]
    encoding = passage.dialect.encoding
    ours = [
        fields_of(record, encoding=encoding, is_report=False)
        for record in whole.body.records
        if record.fields
    ]
    if theirs != ours:
        yield f"csv.reader sees {theirs}, counted {ours}"


def _clearing(passage: Passage, lines: Sequence[Record]) -> Iterator[str]:
    assert passage.scanned is not None
    about: dict[str, Any] = {
        "encoding": passage.dialect.encoding,
        "is_report": passage.dialect.is_report,
        "width": len(passage.header.labels),
        "binding": passage.binding,
        "profile": passage.profile,
    }
    intended = clearing(lines, **about)
    if passage.scanned.clearing != intended:
        yield f"{intended} lines clear, counted {passage.scanned.clearing}"
    if passage.scanned.has_conditions != has_conditions(lines, **about):
        yield f"whether there are conditions is found to be {passage.scanned.has_conditions}"


@lru_cache(maxsize=8)
def rows_of(report: bytes, delimiter: str) -> list[tuple[str, ...]]:
    """The rows of one of our files, its header first, guards still on; csv.Error if malformed."""
    text = io.StringIO(report.decode("utf-8-sig"), newline="")
    return [tuple(row) for row in csv.reader(text, delimiter=delimiter, strict=True)]


def _inert(name: str, report: bytes, delimiter: str) -> Iterator[str]:
    body = report.removeprefix(BOM)
    if len(body) == len(report):
        yield f"{name} has no byte order mark"
    if len(body.translate(None, _CONTROLS)) != len(body):
        yield f"{name} holds control bytes"
    for row in rows_of(report, delimiter):
        for cell in row:
            if is_formula(cell):
                yield f"{name} holds a cell that a spreadsheet runs: {cell!r}"


def _results(passage: Passage) -> Iterator[str]:
    """One row for every line, in order, with its values."""
    head, *rows = rows_of(passage.all_lines, passage.dialect.delimiter)
    if head[-len(RESULTS) :] != RESULTS or len(rows) != len(passage.results):
        yield f"results.csv has {len(rows)} rows under {head}"
        return
    kept = len(head) - len(RESULTS)
    delimiter = passage.dialect.delimiter
    for row, result in zip(rows, passage.results, strict=True):
        own = row[-len(RESULTS) :]
        reported = (own[0], own[1], own[5])
        if reported != (str(result.line.number), result.outcome.value, _code(result)):
            yield f"results.csv has {own} for line {result.line.number}"
        values = tuple(map(unguard, row[: -len(RESULTS)]))
        fields = result.line.fields
        if passage.dialect.is_report and len(fields) == len(passage.header.labels):
            fields = fields[:kept]
        if passage.dialect.is_report and _code(result) in ("FIELD_COUNT", "INVALID_CHARACTER"):
            # A wrong line of an uploaded report loses our old cells.
            is_kept = any(
                values == fitted(result.line.fields[:own], kept, delimiter)
                for own in range(len(result.line.fields) + 1)
            )
        else:
            is_kept = values == fitted(fields, kept, delimiter)
        if not is_kept:
            yield f"results.csv has {values} for {fields}"


def _report(passage: Passage, sizes: Sizes, *, is_deep: bool) -> Iterator[str]:
    """errors.csv holds exactly the lines with errors, and is as good as the file uploaded again."""
    wrong = [result for result in passage.results if result.outcome is Outcome.REJECTED]
    head, *rows = rows_of(passage.errors, passage.dialect.delimiter)
    listed = [(row[-4], row[-3]) for row in rows]
    if listed != [(str(result.line.number), _code(result)) for result in wrong]:
        yield f"errors.csv lists {listed}"
    if head[-len(ERRORS) :] != ERRORS:
        yield f"errors.csv has the header {head}"
    if is_deep:
        yield from _uploaded_again(passage, wrong, sizes)


def _uploaded_again(passage: Passage, wrong: Sequence[LineResult], sizes: Sizes) -> Iterator[str]:
    again = pass_through(passage.errors, passage.profile, sizes=sizes)
    if again.refusal is not None:
        yield f"errors.csv is refused: {again.refusal}"
        return
    if not again.dialect.is_report or again.dialect.delimiter != passage.dialect.delimiter:
        yield f"errors.csv is read as {again.dialect}"
        return
    labels = passage.header.labels
    if passage.dialect.is_report:
        labels = _without_blanks(labels)[: -len(ERRORS)]
    if again.header.labels != (*labels, *ERRORS):
        yield f"errors.csv has the labels {again.header.labels}"
    codes = [(result.outcome.value, _code(result)) for result in again.results]
    if codes != [(result.outcome.value, _code(result)) for result in wrong]:
        yield f"errors.csv uploaded again gives {codes}, was {[_code(one) for one in wrong]}"
    for first, second in zip(wrong, again.results, strict=False):
        if (
            not passage.dialect.is_report
            and second.line.fields[: -len(ERRORS)] != first.line.fields
        ):
            yield f"{first.line.fields} came back as {second.line.fields}"
    if again.errors and _unnumbered(again.errors, passage) != _unnumbered(passage.errors, passage):
        yield "errors.csv uploaded again gives another errors.csv"


def _unnumbered(report: bytes, passage: Passage) -> list[tuple[str, ...]]:
    """The rows without the cells that name lines: numbers and messages."""
    rows = rows_of(report, passage.dialect.delimiter)
    return [(*row[:-4], row[-3]) for row in rows]
