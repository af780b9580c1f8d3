"""One sheet as lines of CSV: the line of a row has the row's number.

A row becomes one line in UTF-8 with commas and a line feed; an empty row becomes an empty line. The
header is the first row with content, and the other rows are filled up to its width. Hidden rows and
merged cells are refused: content that people do not see, or see in another place, must not be
applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from handover.errors import RefusedError
from handover.reading.limits import MAX_COLUMNS
from handover.reading.own_columns import REPORT_LABELS
from handover.reading.unreadable import NO_RESULT
from handover.workbooks import xml
from handover.workbooks.cells import Cells
from handover.workbooks.limits import MAX_CELL_CHARS, MAX_ROWS, MAX_SHEET_COLUMNS
from handover.workbooks.places import Area, area_of, column_name, column_of
from handover.workbooks.refusals import damaged
from handover.workbooks.strings import TextRuns, too_long
from handover.workbooks.texts import LINE_BREAK
from handover.workbooks.xml import Attributes, is_true, whole_number

# Our report has four more columns than the file that it is about.
MAX_COLUMNS = MAX_COLUMNS + len(REPORT_LABELS)
_NAMED = 3
# Formulas whose result may fill several cells: arrays, and tables of what-if analyses.
_SPREADING = ("array", "dataTable")


class SheetReader:
    """Collects the lines of a sheet from its XML.

    `hidden_columns` are the labels, or else the letters, of hidden columns that hold a label.
    """

    def __init__(self, cells: Cells, name: str) -> None:
        self._cells = cells
        self._name = name
        self._lines: list[str] = []
        self.hidden_columns: list[str] = []
        self.rows = 0
        self._is_probe = False
        self._width = 0
        self._last_line = 0
        self._row = 0
        self._is_hidden_row = False
        self._column = -1
        self._values: dict[int, str] = {}
        self._cell: Attributes | None = None
        self._value: list[str] | None = None
        self._value_chars = 0
        self._result: str | None = None
        self._runs: TextRuns | None = None
        self._has_formula = False
        self._array: str | None = None
        self._columns: dict[str, int] = {}
        self._hidden_areas: list[tuple[int, int]] = []
        self._hidden_rows: list[int] = []
        self._hidden_count = 0
        self._merged: list[str] = []
        self._merged_count = 0
        self._root = ""

    def lines(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The lines of the sheet, some at a time, lazily. Raises RefusedError."""
        for _ in xml.feed(chunks, self):
            if self._lines:
                yield "".join(self._lines).encode()
                self._lines.clear()
        self._finish()

    def has_data(self, chunks: Iterable[bytes]) -> bool:
        """True when any cell of the sheet shows anything; stops at the first such cell."""
        self._is_probe = True
        return any(self.rows for _ in xml.feed(chunks, self))

    def start(self, name: str, attributes: Attributes) -> None:
        if self._runs is not None:
            self._runs.start(name)
        elif name == "c":
            self._cell, self._result = attributes, None
            self._has_formula, self._array = False, None
        elif name == "v":
            self._value, self._value_chars = [], 0
        elif name == "f":
            self._has_formula = True
            self._array = attributes.get("ref") if attributes.get("t") in _SPREADING else None
        elif name == "is":
            self._runs = TextRuns()
        elif name == "row":
            self._begin_row(attributes)
        else:
            self._begin_other(name, attributes)

    def end(self, name: str) -> None:
        if name == "v":
            if self._value is not None:
                self._result = "".join(self._value)
                self._value = None
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif self._runs is not None:
            if name == "is":
                self._result, self._runs = self._runs.taken(), None
            else:
                self._runs.end(name)

    def text(self, text: str) -> None:
        if self._value is not None:
            self._value.append(text)
            self._value_chars += len(text)
            if self._value_chars > MAX_CELL_CHARS * len("_x0000_"):
                raise too_long()
        elif self._runs is not None:
            self._runs.text(text)

    def _begin_other(self, name: str, attributes: Attributes) -> None:
        if not self._root:
            self._root = name
            if name != "worksheet":
                raise damaged(f"the part of the sheet {self._name[:60]!r} is no worksheet")
        elif name == "col":
            if is_true(attributes.get("hidden")):
                first, last = (
                    whole_number(attributes.get("min")),
                    whole_number(attributes.get("max")),
                )
                if first is not None and last is not None and len(self._hidden_areas) < MAX_COLUMNS:
                    self._hidden_areas.append((first - 1, last - 1))
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _begin_row(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        number = self._row + 1 if reference is None else whole_number(reference)
        if number is None or not self._row < number <= MAX_ROWS:
            raise damaged(f"row {self._row + 1} is followed by the row {str(reference)[:20]!r}")
        self._row, self._column = number, -1
        self._is_hidden_row = is_true(attributes.get("hidden"))
        self._values = {}

    def _end_cell(self) -> None:
        cell = self._cell
        if cell is None or not self._row:
            raise damaged("a cell stands outside of the rows")
        self._cell = None
        reference = cell.get("r")
        column = self._column + 1 if reference is None else self._column_of(reference)
        if not self._column < column < MAX_SHEET_COLUMNS:
            raise damaged(f"row {self._row}: the cell {str(reference)[:20]!r} is out of order")
        self._column = column
        shown = self._cells.shown(
            cell.get("t"), cell.get("s"), self._result, has_formula=self._has_formula
        )
        if shown == NO_RESULT and self._array is not None:
            self._check_array(cell, self._array)
        if shown:
            self._values[column] = shown

    def _check_array(self, cell: Attributes, reference: str) -> None:
        """Refuses a formula without a saved result that fills other cells than its own."""
        area = area_of(reference)
        if area is None or not area.is_single or cell.get("cm") is not None:
            raise RefusedError(
                "NO_SAVED_RESULTS",
                f"line {self._row}: the formula of the cells {reference[:20]} has no saved "
                "results. Open the workbook in a spreadsheet program and save it, or paste the "
                "values",
                self._row,
            )

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        if reference[len(letters) :] != str(self._row):
            raise damaged(f"row {self._row} holds the cell {reference[:20]!r}")
        column = self._columns.get(letters)
        if column is None:
            found = column_of(letters)
            if found is None:
                raise damaged(f"row {self._row} holds the cell {reference[:20]!r}")
            column = self._columns[letters] = found
        return column

    def _end_row(self) -> None:
        values = self._values
        last = max((at for at, text in values.items() if text.strip()), default=-1)
        if last < 0:
            return
        self.rows += 1
        if self._is_probe:
            return
        if self._is_hidden_row:
            self._hidden_count += 1
            if len(self._hidden_rows) < _NAMED:
                self._hidden_rows.append(self._row)
        if last >= MAX_COLUMNS:
            self._refuse_columns(last)
        fields = [values.get(at, "") for at in range(max(last + 1, self._width))]
        if not self._width:
            fields = [one.replace(LINE_BREAK, " ") for one in fields]
            self._width = len(fields)
            self.hidden_columns = [
                label.strip()
                for at, label in enumerate(fields)
                if label.strip() and any(low <= at <= high for low, high in self._hidden_areas)
            ]
        self._lines.append("\n" * (self._row - self._last_line - 1) + _csv(fields))
        self._last_line = self._row

    def _refuse_columns(self, last: int) -> NoReturn:
        raise RefusedError(
            "TOO_MANY_COLUMNS",
            f"line {self._row}: the cell {column_name(last)}{self._row} is filled; at most "
            f"{MAX_COLUMNS} columns are read, to {column_name(MAX_COLUMNS - 1)}. Delete what "
            "stands to the right",
            self._row,
        )

    def _merge(self, reference: str) -> None:
        area = area_of(reference)
        if area is None:
            raise damaged(f"it merges the cells {reference[:20]!r}")
        if self._touches(area):
            self._merged_count += 1
            if len(self._merged) < _NAMED:
                self._merged.append(reference)

    def _touches(self, area: Area) -> bool:
        """True for an area of several cells that overlaps the rows and columns read so far."""
        return not area.is_single and area.top <= self._last_line and area.left < self._width

    def _finish(self) -> None:
        """Refuses what can be found only at the end of the sheet."""
        if self._hidden_count:
            first = self._hidden_rows[0]
            raise RefusedError(
                "HIDDEN_ROWS",
                f"line {first}: the sheet {self._name!r} has hidden rows: "
                f"{_named(self._hidden_rows, self._hidden_count)}. Show them (clear the filter), "
                "or delete them, so that you see all that is imported",
                first,
            )
        if self._merged_count:
            raise RefusedError(
                "MERGED_CELLS",
                f"the sheet {self._name!r} has merged cells: "
                f"{_named(self._merged, self._merged_count)}. Unmerge them and fill in every cell, "
                "since only the first of merged cells holds the value",
            )


def _csv(fields: list[str]) -> str:
    line = ",".join(fields)
    if '"' in line or line.count(",") != len(fields) - 1:
        line = ",".join([f'"{one.replace(chr(34), chr(34) * 2)}"' for one in fields])
    return line + "\n"


def _named(found: list[int] | list[str], count: int) -> str:
    more = count - len(found)
    return ", ".join(map(str, found)) + (f" and {more:,} more" if more else "")
