"""Text of a workbook's XML as a cell shows it."""

from __future__ import annotations

import re

from handover.reading.unreadable import NOT_SHOWN

# Stands for a line break within a cell, so that every row of the sheet stays one line of the CSV
# and keeps its number. Python takes it for white space, and csv does not take it for a line end.
LINE_BREAK = "\u2028"

_LINE_ENDS = re.compile("\r\n|\r|\n")
# ECMA-376 part 1, 22.9.2.19: this is how characters that XML cannot hold are written.
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_FIRST_PLAIN = 0x20
_UNDERSCORE = 0x5F
_SURROGATES = range(0xD800, 0xE000)


def cell_text(text: str) -> str:
    """The text with its escapes undone and each line break as one LINE_BREAK.

    NOT_SHOWN for an escape that Excel undoes and LibreOffice shows as it is written, and for a lone
    surrogate.
    """
    if "_x" in text:
        if not all(map(_is_certain, _ESCAPED.findall(text))):
            return NOT_SHOWN
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        try:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            return NOT_SHOWN
    if "\n" in text or "\r" in text:
        text = _LINE_ENDS.sub(LINE_BREAK, text)
    return text


def _is_certain(escaped: str) -> bool:
    """True for an escape that every spreadsheet undoes: a control, an underscore, a surrogate."""
    code = int(escaped, 16)
    return code < _FIRST_PLAIN or code == _UNDERSCORE or code in _SURROGATES
