"""The report as a workbook: the lines of errors.csv, the wrong cells marked, to upload again."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from typing import Any

import openpyxl
import pytest
from handover.pipeline import error_report

from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import AMINA, Pipeline
from tests.workbooks.builders import by_openpyxl
from tests.workbooks.corpus import converted

HEADER = "account ID,account Manager,note\r\n"
LINES = (
    HEADER
    + f"K000,{AMINA},good\r\n"
    + f"00123,{AMINA},=1+1\r\n"
    + "K003,ana@x.con,'=2\r\n"
    + f',{AMINA},"a, b"\r\n'
    + f"K001,{AMINA}\r\n"
    + f"K002,{AMINA},x,surplus\r\n"
    + 'K004,bad \x01 manager,"two\nlines"\r\n'
)
RED = "FFFFC7CE"
LONG_CELL = """
import io
from datetime import datetime
from handover.reading.limits import MAX_RECORD_BYTES
from handover.workbooks.report import write_workbook
row = "x" * MAX_RECORD_BYTES + ",2,BLANK_ACCOUNT,line 2: the account is blank,"
report = io.StringIO("account ID,line,code,error,hint\\r\\n" + row)
write_workbook(
    report, io.BytesIO(), delimiter=",", columns={}, created=datetime(2026, 11, 22), is_small=True
)
"""


def workbook_of(pipeline: Pipeline, created: ObjectCreated) -> bytes:
    """The report of an import as a workbook."""
    found = pipeline.file(created, "report.xlsx")
    assert found is not None
    return found


def opened(workbook: bytes) -> Any:
    """The sheet of the report as openpyxl reads it."""
    return openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]


@pytest.fixture
def created(pipeline: Pipeline) -> ObjectCreated:
    pipeline.kenyan(5)
    found = pipeline.upload(LINES.encode())
    pipeline.run(found)
    return found


def test_the_workbook_has_the_rows_of_the_csv(pipeline: Pipeline, created: ObjectCreated) -> None:
    text = (pipeline.file(created, "errors.csv") or b"").decode("utf-8-sig")

    rows = [
        [cell.replace("\n", "\u2028") for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""))
    ]

    assert converted(workbook_of(pipeline, created)) == rows
    assert pipeline.item(created).has_workbook is True


def test_a_report_written_by_way_of_files_equals_one_written_in_memory(
    pipeline: Pipeline, created: ObjectCreated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_report, "SMALL_BYTES", 10)
    again = pipeline.upload(LINES.encode())
    pipeline.run(again)

    in_memory, in_files = (opened(workbook_of(pipeline, one)) for one in (created, again))
    for before, after in zip(in_memory.iter_rows(), in_files.iter_rows(), strict=True):
        assert [(cell.value, cell.fill.fgColor.rgb) for cell in before] == [
            (cell.value, cell.fill.fgColor.rgb) for cell in after
        ]


def test_a_function_that_only_ends_imports_reads_cells_as_long_as_a_record() -> None:
    """In a process of its own, because whatever reads files here raises the limit of all."""
    done = subprocess.run(
        [sys.executable, "-c", LONG_CELL], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_wrong_cells_are_marked_and_every_cell_is_text(
    pipeline: Pipeline, created: ObjectCreated
) -> None:
    sheet = opened(workbook_of(pipeline, created))

    marked = {
        cell.coordinate
        for row in sheet.iter_rows(min_row=2)
        for cell in row
        if cell.fill.fgColor.rgb == RED
    }
    # An unknown account, an unknown manager, no account, and a control character.
    assert marked == {"A2", "B3", "A4", "B7"}
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert {cell.number_format for row in sheet.iter_rows() for cell in row if cell.value} == {"@"}
    assert sheet["A2"].value == "00123"


def test_no_user_is_marked_where_an_error_may_be_about_any_of_several_roles(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    lines = f"customer ID,email,defaultViewers\r\nK000,{AMINA},nobody@x.con\r\nX,{AMINA},\r\n"
    ticket = pipeline.ticket(profile="manager-and-viewers")
    created = pipeline.upload(lines.encode(), ticket)
    pipeline.run(created)

    cells = [cell for row in opened(workbook_of(pipeline, created)).iter_rows() for cell in row]

    codes = {cell.coordinate: cell.value for cell in cells if cell.column_letter == "E"}
    assert codes == {"E1": "code", "E2": "USER_NOT_FOUND", "E3": "ACCOUNT_NOT_FOUND"}
    assert [cell.coordinate for cell in cells if cell.fill.fgColor.rgb == RED] == ["A3"]


def test_the_workbook_uploaded_unchanged_gives_the_same_errors(
    pipeline: Pipeline, created: ObjectCreated
) -> None:
    again = pipeline.upload(workbook_of(pipeline, created))
    pipeline.run(again)

    before, after = (converted(workbook_of(pipeline, one)) for one in (created, again))
    assert pipeline.counts(again) == {"lines": 6, "rejected": 6}
    assert after[0] == before[0]
    # A row that was too short or too long has its cells in other columns.
    for old, new in zip(before[1:], after[1:], strict=True):
        assert new[:2] == old[:2]
        assert {"USER_NOT_FOUND", "FIELD_COUNT"} & {*new} == {"USER_NOT_FOUND", "FIELD_COUNT"} & {
            *old
        }


def test_the_workbook_can_be_corrected_in_a_spreadsheet_and_uploaded(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    first = pipeline.upload(by_openpyxl([("account ID", "account Manager"), ("K00O", AMINA)]))
    pipeline.run(first)
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(pipeline, first)))
    book.worksheets[0]["A2"] = "K000"
    corrected = io.BytesIO()
    book.save(corrected)

    second = pipeline.upload(corrected.getvalue())
    pipeline.run(second)

    assert pipeline.counts(second) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [AMINA]
    assert pipeline.file(second, "report.xlsx") is None


def test_the_bytes_of_the_workbook_are_the_same_each_time(
    pipeline: Pipeline, created: ObjectCreated
) -> None:
    before = workbook_of(pipeline, created)
    item = pipeline.item(created)
    key = f"{item.tenant}/{item.pk}/report.xlsx"
    del pipeline.memory.s3.buckets[pipeline.resources.reports_bucket].objects[key]
    item.update(actions=[type(item).state.set("finalizing"), type(item).open.set("1")])

    pipeline.finalize(item.pk)

    assert workbook_of(pipeline, created) == before


@pytest.mark.parametrize(
    ("limit", "most", "has_workbook"),
    [
        ("MAX_REPORT_BYTES", 500, False),
        ("MAX_REPORT_LINES", 19, False),
        ("MAX_REPORT_LINES", 20, True),
    ],
)
def test_a_report_above_a_limit_is_available_only_as_csv(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, has_workbook: bool
) -> None:
    monkeypatch.setattr(error_report, limit, most)
    created = pipeline.upload(
        (HEADER + "".join(f"nobody-{at},{AMINA},x\r\n" for at in range(20))).encode()
    )
    pipeline.run(created)

    assert len(pipeline.table(created, "errors.csv")) == 20
    assert (pipeline.file(created, "report.xlsx") is not None) is has_workbook
    assert pipeline.item(created).has_workbook is has_workbook
