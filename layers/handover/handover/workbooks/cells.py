"""One cell: what it shows, by its type, its formula, its value and its number format.

cell                                    becomes
a text                                  the text: `00123` keeps its zeros
a number                                as its format shows it: `123`, never `123.0`
a number of more than 15 digits         #DIGITS!: a spreadsheet has lost the last ones
a date or time                          as its format shows it, in English
a format that is not understood, or     #FORMAT!
that shows nothing
a truth value                           TRUE or FALSE
an error                                its name, such as #N/A
a formula                               its saved result by the rules above
a formula without a saved result        #FORMULA!: only a spreadsheet program can calculate it
any formula, if the workbook asks for   #FORMULA!: the saved results are out of date
all formulas to be calculated
"""

from __future__ import annotations

import re

from handover.reading.unreadable import NO_RESULT, NOT_SHOWN, TOO_MANY_DIGITS
from handover.workbooks import dates
from handover.workbooks.formats import MIN_INEXACT, Format
from handover.workbooks.limits import MAX_CELL_CHARS
from handover.workbooks.refusals import damaged
from handover.workbooks.strings import SharedStrings, too_long
from handover.workbooks.styles import Styles
from handover.workbooks.texts import cell_text
from handover.workbooks.xml import whole_number

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_ID = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_TRUTHS = {"0": "FALSE", "1": "TRUE", "false": "FALSE", "true": "TRUE"}
# The type of a cell that contains its text itself.
INLINE = "inlineStr"


class Cells:
    """What the cells of one workbook show."""

    def __init__(
        self, strings: SharedStrings, styles: Styles, *, is_1904: bool, is_stale: bool
    ) -> None:
        self._strings = strings
        self._styles = styles
        usual = styles.of(None)
        self._general = usual if usual.is_general else None
        self._is_1904 = is_1904
        self._is_stale = is_stale

    def shown(
        self, kind: str | None, style: str | None, value: str | None, *, has_formula: bool
    ) -> str:
        """The text that stands for a cell, "" for an empty one.

        `kind` and `style` are the attributes `t` and `s` of the cell's XML, `value` is its text, or
        None. Raises RefusedError for what no spreadsheet program writes.
        """
        if has_formula and (self._is_stale or not self._has_result(kind, value)):
            return NO_RESULT
        if value is None or (not value and kind not in ("s", "str", INLINE)):
            return ""
        if kind in (None, "n"):
            return self._number(value, self._styles.of(style))
        if kind in ("s", "str", INLINE):
            return self._text(kind, value, self._styles.of(style))
        if kind == "b":
            return _TRUTHS.get(value) or _unknown(value)
        if kind == "e":
            return value
        if kind == "d":
            serial = dates.serial_of(value, is_1904=self._is_1904)
            return (
                NOT_SHOWN if serial is None else self._number(repr(serial), self._styles.of(style))
            )
        return _unknown(kind)

    @staticmethod
    def _has_result(kind: str | None, value: str | None) -> bool:
        """True when a formula has a saved result; an empty value is a result only if it is text."""
        return value is not None and (bool(value) or kind == "str")

    def _number(self, value: str, style: Format) -> str:
        # Nearly all numbers are ids like this one, and there may be millions of them.
        if style is self._general and _ID.fullmatch(value):
            return value
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return _unknown(value)
        number = float(text)
        if abs(number) >= MIN_INEXACT:
            return TOO_MANY_DIGITS
        shown = style.number(number, is_1904=self._is_1904)
        return NOT_SHOWN if shown is None else shown

    def _text(self, kind: str, value: str, style: Format) -> str:
        if kind == "s":
            number = whole_number(value.strip())
            text = self._strings.get(-1 if number is None else number)
        else:
            text = cell_text(value) if kind == "str" else value
            if len(text) > MAX_CELL_CHARS:
                raise too_long()
        shown = style.text(text)
        return NOT_SHOWN if shown is None else shown


def _unknown(value: str) -> str:
    raise damaged(f"a cell holds {value[:20]!r} where a value of its type is expected")
