"""The two CSV files: exact, harmless in a spreadsheet, and fit for another upload."""

from __future__ import annotations

import csv
import io

import pytest
from handover.model import Chunk, Dialect, Header, Line, LineResult, Outcome, Rejection, RoleChange
from handover.reading.csv_lines import lines
from handover.reading.guards import MALFORMED, guard, unguard
from handover.reports import parts
from handover.reports.parts import errors_head, errors_part, results_head, results_part
from hypothesis import given, settings
from hypothesis import strategies as st

BOM = b"\xef\xbb\xbf"
HEADER = Header(("account ID", "account Manager", "note"), data_start=32, data_line=2)
COMMA = Dialect("utf-8", ",")
OWN = ("line", "code", "error", "hint")

delimiters = st.sampled_from([",", ";", "\t", "|"])
# The texts that reading accepts: any text with a UTF-8 form.
cells = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("ab '=+-@|%,;\t\r\n\"", max_size=6),
)
rows = st.lists(cells, min_size=1, max_size=5).map(tuple)


def rejected(
    *fields: str, number: int = 2, code: str = "USER_NOT_FOUND", error: str = "no such user"
) -> LineResult:
    rejection = Rejection(number, "account Manager", code, error, "check the address")
    return LineResult(Line(number, fields), Outcome.REJECTED, rejection=rejection)


def parsed(data: bytes, delimiter: str = ",") -> list[list[str]]:
    text = data.removeprefix(BOM).decode()
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def unguarded(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return [[unguard(cell) for cell in row] for row in parsed(data, delimiter)]


def report_of(results: list[LineResult], header: Header, dialect: Dialect) -> bytes:
    part = errors_part(results, header=header, dialect=dialect)
    return errors_head(header, dialect) + part


def uploaded_again(report: bytes, delimiter: str) -> tuple[Header, Dialect, list[Line]]:
    """The report as an upload: labels and fields without guards."""
    labels, *records = unguarded(report, delimiter)
    lines = [Line(2 + at, tuple(record)) for at, record in enumerate(records)]
    return Header(tuple(labels), 0, 2), Dialect("utf-8", delimiter, 3, is_report=True), lines


def test_the_error_lines_file_starts_with_a_byte_order_mark_and_the_original_labels() -> None:
    head = errors_head(HEADER, Dialect("windows-1252", ";"))

    assert head == BOM + b"account ID;account Manager;note;line;code;error;hint\r\n"


def test_the_results_file_adds_its_seven_columns() -> None:
    head = results_head(HEADER, COMMA)

    assert head == (
        BOM + b"account ID,account Manager,note,line,outcome,role,before,after,code,message\r\n"
    )


def test_only_lines_that_need_a_person_are_in_the_error_lines_file() -> None:
    results = [
        LineResult(Line(n, ("KE1", "x", "")), outcome)
        for n, outcome in enumerate(Outcome, start=2)
        if outcome is not Outcome.REJECTED
    ]
    results.append(rejected("KE2", "y", "", number=40))

    part = errors_part(results, header=HEADER, dialect=COMMA)

    assert [row[4] for row in parsed(part)] == ["NOT_PROCESSED", "USER_NOT_FOUND"]


def test_a_rejected_line_keeps_its_values_and_says_why() -> None:
    part = errors_part(
        [rejected(" KE000117", "ana@x.con", "a, b", number=17)], header=HEADER, dialect=COMMA
    )

    assert part == (
        b' KE000117,ana@x.con,"a, b",17,USER_NOT_FOUND,no such user,check the address\r\n'
    )


def test_a_line_not_processed_asks_to_be_uploaded_again() -> None:
    silent = LineResult(Line(5, ("KE1", "x", "")), Outcome.NOT_PROCESSED)
    result = LineResult(
        Line(6, ("KE2", "x", "")), Outcome.NOT_PROCESSED, message="it was cancelled"
    )

    errors = parsed(errors_part([silent, result], header=HEADER, dialect=COMMA))
    results = parsed(results_part([silent, result], header=HEADER, dialect=COMMA))

    hint = "Upload this file again"
    assert errors[0][3:] == ["5", "NOT_PROCESSED", "This line was not processed", hint]
    assert errors[1][3:] == ["6", "NOT_PROCESSED", "it was cancelled", hint]
    assert results[0][-2:] == ["NOT_PROCESSED", "This line was not processed"]
    assert results[1][-2:] == ["NOT_PROCESSED", "it was cancelled"]


def test_a_line_of_a_job_must_not_be_uploaded() -> None:
    undone = LineResult(Line(5, ("KE1", "x", "")), Outcome.NOT_PROCESSED)

    (row,) = parsed(errors_part([undone], header=HEADER, dialect=COMMA, is_job=True))

    assert row[-1] == "The message about this import says what to do"


def test_a_chunk_without_error_lines_has_an_empty_part() -> None:
    good = LineResult(Line(2, ("KE1", "x", "")), Outcome.UNCHANGED)

    assert errors_part([good], header=HEADER, dialect=COMMA) == b""
    assert results_part([], header=HEADER, dialect=COMMA) == b""


@pytest.mark.parametrize("part", [errors_part, results_part])
def test_a_rejected_line_without_a_reason_is_a_defect(part: object) -> None:
    unexplained = LineResult(Line(9, ("KE1", "x", "")), Outcome.REJECTED)

    with pytest.raises(ValueError, match="line 9"):
        part([unexplained], header=HEADER, dialect=COMMA)  # type: ignore[operator]


@given(st.lists(rows, max_size=6), delimiters)
def test_every_original_field_is_read_back_from_the_error_lines_file(
    records: list[tuple[str, ...]], delimiter: str
) -> None:
    results = [rejected(*fields, number=n) for n, fields in enumerate(records, start=2)]

    data = report_of(results, HEADER, Dialect("utf-8", delimiter))

    assert [row[:-4] for row in unguarded(data, delimiter)[1:]] == [list(r) for r in records]
    assert [int(row[-4]) for row in parsed(data, delimiter)[1:]] == [r.line.number for r in results]


@given(st.lists(rows, max_size=6), delimiters, cells)
def test_every_line_is_one_row_of_the_results_file_with_its_original_fields(
    records: list[tuple[str, ...]], delimiter: str, message: str
) -> None:
    whole = [(fields * 3)[:3] for fields in records]
    results = [
        LineResult(Line(n, fields), Outcome.DUPLICATE, message=message)
        for n, fields in enumerate(whole, start=2)
    ]

    part = results_part(results, header=HEADER, dialect=Dialect("utf-8", delimiter))

    assert unguarded(part, delimiter) == [
        [*r.line.fields, str(r.line.number), "duplicate", "", "", "", "", message] for r in results
    ]


@given(st.lists(rows, min_size=1, max_size=6), delimiters)
def test_parts_equal_the_guarded_cells_as_the_csv_module_writes_them(
    records: list[tuple[str, ...]], delimiter: str
) -> None:
    results = [rejected(*fields, number=n) for n, fields in enumerate(records, start=2)]
    expected = io.StringIO(newline="")
    writer = csv.writer(expected, delimiter=delimiter, lineterminator="\r\n")
    for r in results:
        assert r.rejection
        own = (str(r.line.number), r.rejection.code, r.rejection.error, r.rejection.hint)
        writer.writerow(guard(cell) for cell in (*r.line.fields, *own))

    part = errors_part(results, header=HEADER, dialect=Dialect("utf-8", delimiter))

    assert part.decode() == expected.getvalue()


@pytest.mark.parametrize("before", ["", "KE1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_character_is_guarded_wherever_it_needs_to_be(delimiter: str, before: str) -> None:
    # One chunk for each character: a chunk that needs no guard takes the fast path.
    dialect = Dialect("utf-8", delimiter)
    for code in [*range(0x180), *range(0x2000, 0x2500), 0xFEFF, 0xFF1D, 0x1F600]:
        cell = f"{before}{chr(code)}x"

        part = errors_part([rejected("KE1", cell)], header=HEADER, dialect=dialect)

        assert parsed(part, delimiter)[0][1] == guard(cell)
        assert unguarded(part, delimiter)[0][1] == cell


@given(st.lists(rows, min_size=1, max_size=4), delimiters)
def test_no_cell_of_either_file_runs_in_a_spreadsheet(
    records: list[tuple[str, ...]], delimiter: str
) -> None:
    header = Header(records[0], 0, 2)
    dialect = Dialect("utf-8", delimiter)
    results = [rejected(*fields, error=fields[0]) for fields in records]

    errors = report_of(results, header, dialect)
    all_lines = results_head(header, dialect) + results_part(
        results, header=header, dialect=dialect
    )

    found = [
        cell for data in (errors, all_lines) for row in parsed(data, delimiter) for cell in row
    ]
    assert not [cell for cell in found if cell[:1] in tuple("=+-@\t\r\n")]


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("+254700", "'+254700"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("'=1", "''=1"),
        ('=HYPERLINK("http://x";"y")', '\'=HYPERLINK("http://x";"y")'),
        ("K1;=1", "K1;'=1"),
        ("K1|-1", "K1|'-1"),
        ("K1;ana@x.example", "K1;ana@x.example"),
    ],
)
def test_a_formula_is_guarded_and_read_back(cell: str, guarded: str) -> None:
    part = errors_part([rejected("KE1", cell, "")], header=HEADER, dialect=COMMA)

    assert parsed(part)[0][1] == guarded
    assert unguarded(part)[0][1] == cell


def test_parts_joined_in_chunk_order_form_the_whole_file() -> None:
    results = [rejected(f"KE{n}", "=x", "", number=n) for n in range(2, 12)]

    whole = errors_part(results, header=HEADER, dialect=COMMA)
    halves = [
        errors_part(half, header=HEADER, dialect=COMMA) for half in (results[:4], results[4:])
    ]

    assert b"".join(halves) == whole


@given(st.lists(rows, min_size=1, max_size=6), st.lists(cells, min_size=1, max_size=4), delimiters)
def test_a_report_uploaded_unchanged_does_not_grow(
    records: list[tuple[str, ...]], labels: list[str], delimiter: str
) -> None:
    header = Header((*labels[:-1], "note"), 0, 2)
    first = report_of([rejected(*r) for r in records], header, Dialect("utf-8", delimiter))

    header, dialect, lines = uploaded_again(first, delimiter)
    second = report_of([rejected(*line.fields) for line in lines], header, dialect)

    assert second == first


@settings(max_examples=50)
@given(st.lists(rows, min_size=1, max_size=6), delimiters)
def test_a_line_with_a_wrong_field_count_stays_wrong_however_often_it_is_uploaded(
    records: list[tuple[str, ...]], delimiter: str
) -> None:
    labels = HEADER.labels
    wrong = [fields for fields in records if len(fields) != len(labels)]
    data = report_of([rejected(*r) for r in wrong], HEADER, Dialect("utf-8", delimiter))

    for _ in range(2):
        header, dialect, lines = uploaded_again(data, delimiter)
        assert all(len(line.fields) != len(header.labels) for line in lines)
        data = report_of([rejected(*line.fields) for line in lines], header, dialect)


@settings(max_examples=50)
@given(st.lists(rows, max_size=6), rows, delimiters, st.booleans())
def test_every_row_of_the_results_has_every_column_under_its_name(
    records: list[tuple[str, ...]], lengths: tuple[str, ...], delimiter: str, is_report: bool
) -> None:
    labels = tuple(f"column {place}" for place in range(len(lengths)))
    header = Header((*labels, *OWN) if is_report else labels, 0, 2)
    dialect = Dialect("utf-8", delimiter, is_report=is_report)
    results = [rejected(*fields, number=n, code="CODE") for n, fields in enumerate(records, 2)]

    data = results_head(header, dialect) + results_part(results, header=header, dialect=dialect)

    text = data.removeprefix(BOM).decode()
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for row, result in zip(reader, results, strict=True):
        assert None not in row
        assert None not in row.values()
        assert (row["line"], row["outcome"], row["code"]) == (
            str(result.line.number),
            "rejected",
            "CODE",
        )
        if not is_report:
            given = [unguard(row[label]) for label in labels]
            fields = result.line.fields
            last = len(labels) - 1
            assert given[:last] == [*fields, *[""] * last][:last]
            assert given[last] == delimiter.join(fields[last:])


@pytest.mark.parametrize(
    ("code", "kept", "fitted"),
    [
        # Our cells are under their labels.
        ("", ["K1", "9", "NO_USER"], ["K1", "9", "NO_USER"]),
        ("FIELD_TOO_LONG", ["K1", "9", "NO_USER"], ["K1", "9", "NO_USER"]),
        # A spreadsheet has padded the row, so our cells are among its own.
        ("FIELD_COUNT", ["K1"], ["K1", "", ""]),
    ],
)
def test_a_row_of_a_report_is_kept_up_to_our_cells_wherever_they_are(
    code: str, kept: list[str], fitted: list[str]
) -> None:
    header = Header((*HEADER.labels, *OWN), 0, 2)
    dialect = Dialect("utf-8", ",", is_report=True)
    fault = Rejection(5, "", code, "why", "how") if code else None
    why = fault or Rejection(5, "", "USER_NOT_FOUND", "why", "how")
    line = Line(5, ("K1", "9", "NO_USER", "", "", "", ""), fault)
    result = LineResult(line, Outcome.REJECTED, rejection=why)

    errors = parsed(errors_part([result], header=header, dialect=dialect))
    results = parsed(results_part([result], header=header, dialect=dialect))

    assert errors == [[*kept, "5", why.code, "why", "how"]]
    assert results == [[*fitted, "5", "rejected", "", "", "", why.code, "why"]]


def test_surplus_cells_of_a_row_are_kept_in_its_last_column() -> None:
    result = rejected("KE1", "x", "n", "=1", "b", code="FIELD_COUNT")

    part = results_part([result], header=HEADER, dialect=COMMA)

    (row,) = unguarded(part)
    assert row[:4] == ["KE1", "x", "n,=1,b", "2"]


def test_cells_like_ours_are_kept_of_a_file_that_is_no_report() -> None:
    result = rejected("KE1", "7", "ACCOUNT_BLANK", "why", "how", code="FIELD_COUNT")

    errors = parsed(errors_part([result], header=HEADER, dialect=COMMA))
    results = parsed(results_part([result], header=HEADER, dialect=COMMA))

    assert errors[0][:5] == ["KE1", "7", "ACCOUNT_BLANK", "why", "how"]
    assert results[0][:3] == ["KE1", "7", "ACCOUNT_BLANK,why,how"]


@settings(max_examples=50)
@given(rows, delimiters)
def test_a_wrong_line_of_a_report_without_our_columns_keeps_its_cells_and_stays_wrong(
    fields: tuple[str, ...], delimiter: str
) -> None:
    # Its author has deleted our four cells, or has written the line by hand.
    header = Header((*HEADER.labels, *OWN), 0, 2)
    dialect = Dialect("utf-8", delimiter, is_report=True)

    data = report_of([rejected(*fields)], header, dialect)

    labels, row = unguarded(data, delimiter)
    assert labels == list(header.labels)
    assert row[: len(fields)] == list(fields)
    assert len(row) != len(labels)
    added = [""] if len(fields) == len(HEADER.labels) else []
    own = ["2", "USER_NOT_FOUND", "no such user", "check the address"]
    assert row == [*fields, *added, *own]


def test_a_line_that_was_not_valid_csv_stays_rejected_until_its_mark_is_deleted() -> None:
    def read(data: bytes, header: Header, dialect: Dialect) -> list[Line]:
        chunk = Chunk(1, 0, len(data), 2, 0, 0)
        return list(lines(data, chunk=chunk, dialect=dialect, header=header))

    report = Header((*HEADER.labels, *OWN), 0, 2), Dialect("utf-8", ",", is_report=True)
    sound, malformed = read(b'KE1,x,""\nKE2,"a"b,"=1"\n', HEADER, COMMA)
    results = [
        rejected(*sound.fields),
        LineResult(malformed, Outcome.REJECTED, rejection=malformed.fault),
    ]

    part = errors_part(results, header=HEADER, dialect=COMMA)
    again = read(part, *report)
    corrected = read(part.replace('"␛""KE2"'.encode(), b"KE2"), *report)

    assert [line.fields[:3] for line in again] == [("KE1", "x", ""), ("KE2", "ab", "=1")]
    assert [line.fault and line.fault.code for line in again] == [None, "INVALID_CHARACTER"]
    assert [line.fault for line in corrected] == [None, None]


def test_the_mark_of_a_malformed_line_without_cells_has_a_cell_of_its_own() -> None:
    header = Header((*HEADER.labels, *OWN), 0, 2)
    why = Rejection(7, "", "INVALID_CHARACTER", "not valid", "delete it")
    # Only the cells of the earlier report are left of this line.
    line = Line(7, ("7", "FIELD_COUNT", "why", "how"), why)

    part = errors_part(
        [LineResult(line, Outcome.REJECTED, rejection=why)],
        header=header,
        dialect=Dialect("utf-8", ",", is_report=True),
    )

    assert parsed(part) == [[MALFORMED, "7", "INVALID_CHARACTER", "not valid", "delete it"]]


def test_a_report_padded_by_a_spreadsheet_is_recognized() -> None:
    header = Header((*HEADER.labels, *OWN, "", ""), 0, 2)
    dialect = Dialect("utf-8", ",", is_report=True)
    old = ("17", "USER_NOT_FOUND", "no such user", "", "", "")

    data = report_of([rejected("KE1", "x", "n", *old), rejected("KE1", "x", *old)], header, dialect)

    own = ["2", "USER_NOT_FOUND", "no such user", "check the address"]
    assert parsed(data) == [[*HEADER.labels, *OWN], ["KE1", "x", "n", *own], ["KE1", "x", *own]]


def test_the_results_of_a_report_do_not_repeat_its_columns() -> None:
    header = Header((*HEADER.labels, *OWN), 0, 2)
    dialect = Dialect("utf-8", ",", is_report=True)
    line = Line(2, ("KE1", "x", "n", "17", "USER_NOT_FOUND", "no such user", ""))

    head = parsed(results_head(header, dialect))
    part = parsed(results_part([LineResult(line, Outcome.UPDATED)], header=header, dialect=dialect))

    assert head == parsed(results_head(HEADER, COMMA))
    assert part == [["KE1", "x", "n", "2", "updated", "", "", "", "", ""]]


@pytest.mark.parametrize(
    ("changes", "cells_"),
    [
        ((), ["", "", ""]),
        ((RoleChange("account_manager", (), ("a@x",)),), ["account_manager", "", "a@x"]),
        ((RoleChange("viewer", ("a@x", "b@x"), ()),), ["viewer", "a@x, b@x", ""]),
        (
            (
                RoleChange("account_manager", (), ("a@x",)),
                RoleChange("viewer", ("b@x",), ("b@x", "c@x")),
            ),
            ["account_manager; viewer", "; b@x", "a@x; b@x, c@x"],
        ),
    ],
)
def test_roles_and_their_holders_are_in_the_same_order(
    changes: tuple[RoleChange, ...], cells_: list[str]
) -> None:
    result = LineResult(Line(2, ("KE1", "x", "")), Outcome.UPDATED, changes)

    part = results_part([result], header=HEADER, dialect=COMMA)

    assert parsed(part)[0][-5:-2] == cells_


def test_a_result_has_the_code_and_error_of_a_rejected_line() -> None:
    result = rejected("KE1", "x", "", code="OTHER_OPCO", error="line 2, account Manager: ...")

    part = results_part([result], header=HEADER, dialect=COMMA)

    assert parsed(part)[0][-2:] == ["OTHER_OPCO", "line 2, account Manager: ..."]


def test_half_a_character_becomes_a_replacement_character() -> None:
    part = errors_part([rejected("KE\udc81", "x", "")], header=HEADER, dialect=COMMA)

    assert parsed(part)[0][0] == "KE\ufffd"


def test_f8_a_hint_has_no_character_that_a_report_would_guard() -> None:
    data = b'KE1,"x"y\n'
    chunk = Chunk(1, 0, len(data), 2, 1, 0)
    (line,) = lines(data, chunk=chunk, dialect=COMMA, header=Header(("a", "b"), 0, 2))

    assert line.fault is not None
    assert guard(line.fault.hint) == line.fault.hint


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_of_letters_digits_spaces_and_addresses_are_written_at_once(
    delimiter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell of a row by itself would take many times as long."""
    dialect = Dialect("utf-8", delimiter)
    plain = ("K-001", "amina.otieno@lumina.example", "Ünsal & Sons (2)")
    changes = (RoleChange("account_manager", ("a_b@x",), ("c@x",)),)
    found = [
        LineResult(Line(2, plain), Outcome.UPDATED, changes),
        LineResult(Line(3, ("", "", "")), Outcome.NOT_PROCESSED, message="not now"),
        rejected(*plain, number=4, error="no such user: 5 were found."),
    ]
    expected = [part(found, header=HEADER, dialect=dialect) for part in (errors_part, results_part)]

    monkeypatch.setattr(parts, "_guarded", None)
    monkeypatch.setattr(parts, "_row", None)

    assert expected == [
        part(found, header=HEADER, dialect=dialect) for part in (errors_part, results_part)
    ]
    with pytest.raises(TypeError, match="not callable"):
        results_part(
            [LineResult(Line(2, ("=1", "", "")), Outcome.UPDATED)], header=HEADER, dialect=dialect
        )
