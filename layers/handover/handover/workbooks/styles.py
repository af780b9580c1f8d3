"""The number formats of a workbook by the styles of its cells."""

from __future__ import annotations

from collections.abc import Mapping

from handover.workbooks import xml
from handover.workbooks.formats import GENERAL, Format, parse_format
from handover.workbooks.limits import MAX_FORMAT_CHARS, MAX_STYLES
from handover.workbooks.package import Package
from handover.workbooks.refusals import too_large
from handover.workbooks.xml import Attributes, whole_number

# Formats that every workbook has without naming them, as an English spreadsheet shows them.
# ECMA-376 part 1, 18.8.30. Those for other languages (27 to 36, 50 to 81) are left out: their
# values look different in each language.
BUILT_IN: Mapping[int, str] = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "m/d/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yyyy h:mm",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);[Red](#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}
# Stands for a code that is too long: no format has such brackets, so it is not understood.
_LONG = "[long]"
_UNKNOWN = parse_format(_LONG)


class Styles:
    """The format of each cell style by its number."""

    def __init__(self, formats: tuple[Format, ...] = ()) -> None:
        self._formats = formats
        self._by_text: dict[str | None, Format] = {None: formats[0] if formats else GENERAL}

    def of(self, number: str | None) -> Format:
        """The format of the style that a cell names; a cell that names none has the first style."""
        found = self._by_text.get(number)
        if found is None and number is not None:
            place = whole_number(number)
            is_there = place is not None and place < len(self._formats)
            found = self._formats[place] if place is not None and is_there else _UNKNOWN
            if len(self._by_text) < MAX_STYLES:
                self._by_text[number] = found
        return found or _UNKNOWN


def read_styles(package: Package, part: str | None) -> Styles:
    """The styles of a workbook; all are General when it has no such part. Raises RefusedError."""
    if part is None or part not in package:
        return Styles()
    handler = _Styles()
    xml.run(package.small(part), handler)
    parsed = {number: parse_format(code) for number, code in {**BUILT_IN, **handler.codes}.items()}
    return Styles(tuple(parsed.get(number, _UNKNOWN) for number in handler.numbers))


class _Styles:
    """Collects the formats that the workbook defines, and the one of each cell style."""

    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.numbers: list[int] = []
        self._is_in_styles = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "cellXfs":
            self._is_in_styles = True
        elif name == "xf" and self._is_in_styles:
            found = whole_number(attributes.get("numFmtId", "0"))
            self.numbers.append(-1 if found is None else found)
        elif name == "numFmt":
            number, code = (
                whole_number(attributes.get("numFmtId")),
                attributes.get("formatCode", ""),
            )
            if number is not None:
                self.codes[number] = code if len(code) <= MAX_FORMAT_CHARS else _LONG
        if max(len(self.codes), len(self.numbers)) > MAX_STYLES:
            raise too_large(f"the workbook has more than {MAX_STYLES:,} styles")

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_in_styles = False

    def text(self, text: str) -> None:
        """Does nothing: attributes hold the whole style."""
