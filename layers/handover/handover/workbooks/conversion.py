"""A workbook to CSV: which sheet is read, and what the uploader must know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from handover.errors import RefusedError
from handover.model import FileWarning
from handover.workbooks.cells import Cells
from handover.workbooks.contents import Sheet, read_contents
from handover.workbooks.limits import LIMITS, MAX_WORKBOOK_BYTES, Limits
from handover.workbooks.package import Package
from handover.workbooks.refusals import too_large
from handover.workbooks.sheet import SheetReader
from handover.workbooks.strings import read_strings
from handover.workbooks.styles import read_styles

_NAMED = 6
_NAME_CHARACTERS = 40


class Conversion:
    """A workbook that is being read; `sheet` is the name of the only sheet that is read."""

    def __init__(self, package: Package, sheet: Sheet, cells: Cells, hidden: list[str]) -> None:
        self._package = package
        self._sheet = sheet
        self._hidden_sheets = hidden
        self._reader = SheetReader(cells, sheet.name)
        self.sheet = sheet.name

    def blocks(self) -> Iterator[bytes]:
        """The sheet as CSV in UTF-8, lazily: line 5 is row 5. Raises RefusedError.

        The lines are valid only once all of them are read: hidden rows and merged cells are found
        at the end of the sheet.
        """
        yield from self._reader.lines(self._package.chunks(self._sheet.part))

    @property
    def warnings(self) -> tuple[FileWarning, ...]:
        """What was left out or is hidden, once all `blocks` are read."""
        found = []
        if self._hidden_sheets:
            found.append(
                FileWarning(
                    "SHEET_IGNORED",
                    f"hidden sheets are not read: {_listed(self._hidden_sheets)}.",
                )
            )
        if self._reader.hidden_columns:
            found.append(
                FileWarning(
                    "COLUMN_HIDDEN",
                    "hidden columns are read like all others: "
                    f"{_listed(self._reader.hidden_columns)}.",
                )
            )
        return tuple(found)


def open_workbook(
    file: BinaryIO, *, limits: Limits = LIMITS, check: Callable[[], None] = lambda: None
) -> Conversion:
    """The conversion of a workbook in a seekable file.

    Reads the only visible sheet that has content. Macros, formulas, links and pictures are ignored.
    `check` is called regularly and may raise to stop the work. Raises RefusedError.
    """
    if file.seek(0, 2) > MAX_WORKBOOK_BYTES:
        raise too_large(f"the workbook has more than {MAX_WORKBOOK_BYTES:,} bytes")
    package = Package(file, limits, check)
    contents = read_contents(package)
    cells = Cells(
        read_strings(package, contents.strings, limits),
        read_styles(package, contents.styles),
        is_1904=contents.is_1904,
        is_stale=contents.is_stale,
    )
    filled = [sheet for sheet in contents.sheets if _has_data(package, sheet, cells)]
    visible = [sheet for sheet in filled if not sheet.is_hidden]
    hidden = [sheet.name for sheet in filled if sheet.is_hidden]
    if len(visible) > 1:
        names = [sheet.name for sheet in visible]
        raise RefusedError(
            "SEVERAL_SHEETS",
            f"{len(names)} sheets of the workbook hold data: {_listed(names)}. Hide or delete all "
            "but the one to import",
        )
    if not visible:
        only_hidden = f"; hidden sheets are not read: {_listed(hidden)}" if hidden else ""
        raise RefusedError(
            "EMPTY_FILE", f"no visible sheet of the workbook has any content{only_hidden}"
        )
    return Conversion(package, visible[0], cells, hidden)


def _has_data(package: Package, sheet: Sheet, cells: Cells) -> bool:
    return SheetReader(cells, sheet.name).has_data(package.chunks(sheet.part))


def _listed(names: list[str]) -> str:
    """The first names in quotes, each on one line, and how many more there are."""
    shown = [
        repr("".join(one if one.isprintable() else " " for one in name)[:_NAME_CHARACTERS])
        for name in names[:_NAMED]
    ]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
