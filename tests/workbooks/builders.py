"""The workbooks of the corpus, written by openpyxl and by XlsxWriter."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import openpyxl
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.formula import ArrayFormula

from tests.workbooks.kinds import (
    ERRORS,
    FORMATS,
    FORMULAS,
    HEADER,
    MANAGER,
    MOMENTS,
    NUMBERS,
    TEXTS,
)

Build = Callable[[], bytes]
State = Literal["visible", "hidden", "veryHidden"]


def builders() -> dict[str, Build]:
    """Functions that make the workbooks of the corpus with Python packages, by their names."""
    found: dict[str, Build] = {}
    for name, code in FORMATS.items():
        found[f"openpyxl-format-{name}"] = partial(by_openpyxl, _numbers(), code)
        found[f"xlsxwriter-format-{name}"] = partial(by_xlsxwriter, _numbers(), code)
    found |= {f"openpyxl-{name}": build for name, build in _OF_OPENPYXL.items()}
    found |= {f"xlsxwriter-{name}": build for name, build in _OF_XLSXWRITER.items()}
    return found


Rows = Sequence[Sequence[Any]]


def rows_of(values: Sequence[Any]) -> Rows:
    """A sheet with the header and one row for each value, which is an account's id."""
    return [HEADER, *((value, MANAGER, f"row {at}") for at, value in enumerate(values, start=2))]


def _numbers() -> Rows:
    # Texts in each number format too.
    return rows_of([*NUMBERS, "00123", "ACME"])


def by_openpyxl(rows: Rows, code: str | None = None, change: Callable[[Any], object] = id) -> bytes:
    """A workbook of these rows; the ids have the number format, and `change` gets the workbook."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for at, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(at, column)
            cell.value = value
            if isinstance(value, str) and value.startswith("=") and "formula" not in (code or ""):
                cell.data_type = "s"
            if code not in (None, "formula") and column == 1 and at > 1:
                cell.number_format = code or ""
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def by_xlsxwriter(
    rows: Rows,
    code: str | None = None,
    change: Callable[[Any, Any], None] = lambda _book, _sheet: None,
    **options: Any,
) -> bytes:
    """As `by_openpyxl`, with XlsxWriter; `change` gets the workbook and its sheet."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **options})
    sheet = book.add_worksheet()
    style = None if code is None else book.add_format({"num_format": code})
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            used = style if column == 0 and at else None
            if isinstance(value, str):
                sheet.write_string(at, column, value, used)
            elif isinstance(value, bool):
                sheet.write_boolean(at, column, value, used)
            elif value is not None:
                sheet.write_number(at, column, value, used)
    change(book, sheet)
    book.close()
    return buffer.getvalue()


PLAIN = rows_of(["00123", 42, "ACME"])


def _sheets(*states: tuple[str, State, Rows]) -> Build:
    def build() -> bytes:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, state, rows in states:
            sheet = book.create_sheet(name)
            sheet.sheet_state = state
            for row in rows:
                sheet.append(row)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return build


def _changed(change: Callable[[Any], None], rows: Rows = PLAIN) -> Build:
    return lambda: by_openpyxl(rows, change=change)


def _on_sheet(work: Callable[[Any], Any], rows: Rows = PLAIN) -> Build:
    return _changed(lambda book: work(book.worksheets[0]), rows)


def _formulas() -> bytes:
    return by_openpyxl(rows_of(["ACME", *FORMULAS]), "formula")


def _rich(sheet: Any) -> None:
    bold = TextBlock(InlineFont(b=True), "00")
    sheet["A2"] = CellRichText(bold, "123")


def _array(sheet: Any) -> None:
    sheet["A2"] = ArrayFormula("A2:A4", "=ROW(A1:A3)")


def _epoch_1904(book: Any) -> None:
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    for at, moment in enumerate(MOMENTS, start=2):
        sheet.cell(at, 1).value = moment


def _wide(columns: int) -> Build:
    header = [*HEADER, *(f"column {at}" for at in range(4, columns + 1))]
    row = ["ACME", MANAGER, *("x" for _ in range(3, columns + 1))]
    return lambda: by_openpyxl([header, row])


def _hide_row(row: int) -> Callable[[Any], None]:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[row].hidden = True

    return hide


def _filtered(sheet: Any) -> None:
    sheet.auto_filter.ref = "A1:C4"
    sheet.auto_filter.add_filter_column(0, ["ACME"])
    sheet.row_dimensions[2].hidden = True
    sheet.row_dimensions[3].hidden = True


def _hide_column(letter: str) -> Callable[[Any], None]:
    def hide(sheet: Any) -> None:
        sheet.column_dimensions[letter].hidden = True

    return hide


def _coloured_blanks(sheet: Any) -> None:
    for at in range(5, 300):
        sheet.cell(at, 1).number_format = "00000"


_OTHER = [("name", "value"), ("a", 1)]
_OF_OPENPYXL: dict[str, Build] = {
    "plain": lambda: by_openpyxl(PLAIN),
    "texts": lambda: by_openpyxl(rows_of(TEXTS)),
    "texts-formatted-as-text": lambda: by_openpyxl(rows_of(TEXTS), "@"),
    "moments": lambda: by_openpyxl(rows_of(MOMENTS)),
    "errors": lambda: by_openpyxl(rows_of(ERRORS)),
    "truths": lambda: by_openpyxl(rows_of([True, False])),
    "formulas-without-results": _formulas,
    "rich-text": _on_sheet(_rich),
    "array-formula": _on_sheet(_array),
    "epoch-1904": _changed(_epoch_1904),
    "blank-rows-within": lambda: by_openpyxl([HEADER, *[()] * 3, PLAIN[1], (), PLAIN[2]]),
    "blank-rows-before": lambda: by_openpyxl([(), (), *PLAIN]),
    "blank-column-before": lambda: by_openpyxl([(None, *row) for row in PLAIN]),
    "title-before": lambda: by_openpyxl([("Accounts of March",), (), *PLAIN]),
    "cells-beside": lambda: by_openpyxl([*PLAIN, ("ACME", MANAGER, "row", "a note beside")]),
    "only-spaces": lambda: by_openpyxl([*PLAIN, ("  ", None, " ")]),
    "formatted-blanks": _on_sheet(_coloured_blanks),
    "lines-in-the-header": lambda: by_openpyxl([("account\nID", *HEADER[1:]), *PLAIN[1:]]),
    "columns-200": _wide(200),
    "columns-204": _wide(204),
    "columns-205": _wide(205),
    "hidden-row": _on_sheet(_hide_row(3)),
    "hidden-header": _on_sheet(_hide_row(1)),
    "hidden-blank-row": _on_sheet(_hide_row(20)),
    "filtered": _on_sheet(_filtered),
    "hidden-column": _on_sheet(_hide_column("C")),
    "hidden-blank-column": _on_sheet(_hide_column("H")),
    "merged": _on_sheet(lambda sheet: sheet.merge_cells("B2:B4")),
    "merged-across": _on_sheet(lambda sheet: sheet.merge_cells("A2:B2")),
    "merged-outside": _on_sheet(lambda sheet: sheet.merge_cells("F10:G12")),
    "sheets-two": _sheets(("One", "visible", PLAIN), ("Two", "visible", _OTHER)),
    "sheets-blank-beside": _sheets(("One", "visible", []), ("Two", "visible", PLAIN)),
    "sheets-hidden-beside": _sheets(("Lists", "hidden", _OTHER), ("One", "visible", PLAIN)),
    "sheets-very-hidden": _sheets(("Lists", "veryHidden", _OTHER), ("One", "visible", PLAIN)),
    "sheets-only-hidden": _sheets(("Lists", "hidden", PLAIN), ("One", "visible", [])),
    "sheets-none-filled": _sheets(("One", "visible", []), ("Two", "visible", [()])),
    "sheet-names": _sheets(("Kunden & Söhne", "visible", PLAIN)),
}


def _calculated(book: Any, sheet: Any) -> None:
    for at, formula in enumerate(FORMULAS, start=5):
        sheet.write_formula(at, 0, formula)
    sheet.write_formula(20, 0, "=1+1", None, 2)
    sheet.write_formula(21, 0, '="00"&"123"', None, "00123")


def _rich_xlsxwriter(book: Any, sheet: Any) -> None:
    sheet.write_rich_string(1, 0, book.add_format({"bold": True}), "00", "123")


def _moments(book: Any, sheet: Any) -> None:
    for at, code in enumerate(("yyyy-mm-dd", "d mmm yyyy", "dd/mm/yy hh:mm", "hh:mm"), start=5):
        for column, moment in enumerate(MOMENTS):
            sheet.write_datetime(at, column, moment, book.add_format({"num_format": code}))


def _with_table(_book: Any, sheet: Any) -> None:
    sheet.add_table(0, 0, 3, 2, {"columns": [{"header": label} for label in HEADER]})


def _with_links(_book: Any, sheet: Any) -> None:
    sheet.write_url(1, 1, "mailto:ana@x.example", string=MANAGER)
    sheet.write_url(2, 1, "external:other.xlsx", string=MANAGER)
    sheet.write_comment(1, 0, "a comment")
    sheet.data_validation(1, 0, 3, 0, {"validate": "list", "source": ["ACME", "42"]})
    sheet.conditional_format(0, 0, 3, 2, {"type": "duplicate"})


def _grouped(_book: Any, sheet: Any) -> None:
    sheet.set_row(2, None, None, {"level": 1, "hidden": True})


_Change = Callable[[Any, Any], None]


def _written(change: _Change, rows: Rows = PLAIN, **options: Any) -> Build:
    return lambda: by_xlsxwriter(rows, change=change, **options)


def _more_sheets(book: Any, _sheet: Any) -> None:
    book.add_worksheet("Empty")
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Sheet1!$A$2:$A$4"})
    book.add_chartsheet("Chart").set_chart(chart)


_OF_XLSXWRITER: dict[str, Build] = {
    "plain": lambda: by_xlsxwriter(PLAIN),
    "texts": lambda: by_xlsxwriter(rows_of(TEXTS)),
    "texts-in-the-cells": lambda: by_xlsxwriter(rows_of(TEXTS), constant_memory=True),
    "truths": lambda: by_xlsxwriter(rows_of([True, False])),
    "formulas": _written(_calculated),
    "rich-text": _written(_rich_xlsxwriter),
    "moments": _written(_moments),
    "moments-1904": _written(_moments, date_1904=True),
    "table": _written(_with_table),
    "links": _written(_with_links),
    "grouped-rows": _written(_grouped),
    "chart-and-empty-sheet": _written(_more_sheets),
    "hidden-column": _written(lambda _, sheet: sheet.set_column("C:C", None, None, {"hidden": 1})),
    "merged": _written(lambda _, sheet: sheet.merge_range("B2:B3", MANAGER)),
    "protected": _written(lambda _, sheet: sheet.protect("secret")),
    "frozen": _written(lambda _, sheet: sheet.freeze_panes(1, 0)),
    "columns-formatted": _written(lambda _, sheet: sheet.set_column("A:C", 30)),
    "no-strings-of-numbers": lambda: by_xlsxwriter(rows_of(["1", "01", "1.10"])),
}
