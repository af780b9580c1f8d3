"""The report of errors as a workbook: what errors.csv holds, with the wrong cells marked.

It needs XlsxWriter, which only the functions that end imports have: import this module only there.
Cells are text, and guarded as in errors.csv, so the report can be uploaded again as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, TextIO

import xlsxwriter

from handover.reading.own_columns import REPORT_LABELS
from handover.reading.parsing import rows
from handover.workbooks.limits import MAX_CELL_CHARS, MAX_SHEET_COLUMNS
from handover.workbooks.texts import LINE_BREAK

_SHEET = "errors"
_LABEL_WIDTH, _ERROR_WIDTH = 24, 60
# XML 1.0 does not allow these characters.
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")


def write_workbook(
    report: TextIO,
    file: IO[bytes],
    *,
    delimiter: str,
    columns: Mapping[str, int],
    created: datetime,
    is_small: bool,
) -> None:
    """Writes the rows of an errors.csv into a workbook; the same bytes each time.

    `report` is the whole file, opened without newline translation. `columns` gives the wrong column
    by the beginning of a code, for errors that name none. A small report is made in memory, which
    is several times as fast; any other one in constant memory, with temporary files.
    """
    with xlsxwriter.Workbook(file, {"in_memory" if is_small else "constant_memory": True}) as book:
        book.set_properties({"created": created.replace(tzinfo=None)})
        styles = _Styles(book)
        sheet = book.add_worksheet(_SHEET)
        labels: Sequence[str] = ()
        for number, row in enumerate(rows(report, delimiter=delimiter)):
            if not number:
                labels = row
                _write_labels(sheet, labels, styles)
                continue
            # Our own cells are the last ones, however many cells the line had.
            own = len(row) - len(REPORT_LABELS)
            wrong = _wrong_column(labels, columns, *row[own : own + 3])
            for column, value in enumerate(row[:MAX_SHEET_COLUMNS]):
                style = styles.own if column >= own else styles.plain
                if column == wrong and column < own:
                    style = styles.wrong
                sheet.write_string(number, column, _fitting(value), style)


class _Styles:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        # A cell that is formatted as text stays text, whatever is typed into it.
        text = {"num_format": "@"}
        self.plain = book.add_format(text)
        self.wrong = book.add_format({**text, "bg_color": "#FFC7CE", "font_color": "#9C0006"})
        self.own = book.add_format({**text, "font_color": "#595959"})
        self.label = book.add_format({**text, "bold": True, "bottom": 1})


def _write_labels(
    sheet: xlsxwriter.worksheet.Worksheet, labels: Sequence[str], styles: _Styles
) -> None:
    last = len(labels) - 1
    sheet.set_column(0, last, _LABEL_WIDTH)
    sheet.set_column(last - 1, last, _ERROR_WIDTH)
    sheet.freeze_panes(1, 0)
    for column, label in enumerate(labels):
        sheet.write_string(0, column, _fitting(label), styles.label)


def _wrong_column(
    labels: Sequence[str], columns: Mapping[str, int], line: str, code: str, error: str
) -> int | None:
    """The column that an error names, None when it is about the whole line."""
    place = f"line {line}, "
    if error.startswith(place):
        rest = error.removeprefix(place)
        named = [label for label in labels if label and rest.startswith(f"{label}:")]
        if named:
            return labels.index(max(named, key=len))
    return columns.get(code.partition("_")[0])


def _fitting(value: str) -> str:
    """The value as a cell can hold it; a longer value is cut.

    A value of that length is an error anyway, also after the report is uploaded.
    """
    value = _NO_CHARACTERS.sub("\ufffd", value[:MAX_CELL_CHARS])
    return value.replace(LINE_BREAK, "\n")
