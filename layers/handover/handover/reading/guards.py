"""Spreadsheet guards: a value that a spreadsheet would execute, made harmless and restored.

`guard` and `unguard` are exact inverses for every string. A report has guarded values, and reading
removes the guards when a report is uploaded again.

    value                       guarded
    =1+1                        '=1+1
    '=1+1                       ''=1+1          one more quote, so that removing one is exact
    K1;=1+1                     K1;'=1+1        a spreadsheet with that separator sees two cells
    NUL, other controls, DEL    their pictures, U+2400 to U+2421
    ESC                         U+241B e        not U+241B alone: it begins the next case
    a picture P itself          U+241B P

The first cell of a line that was not valid CSV begins with one more mark, U+241B and a quote, which
`guard` never writes. Written again, such a line is well-formed; without the mark it would pass for
a line that somebody has corrected.
"""

from __future__ import annotations

import re

_MARK = "\u241b"
MALFORMED = f'{_MARK}"'
# The last four are = + - @ in full width, which East Asian spreadsheets treat the same.
_STARTS = r"[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]"
_RUNS_AS_FORMULA = re.compile(f"'*{_STARTS}")
_IS_GUARDED = re.compile(f"'+{_STARTS}")
# Whatever separates the cells of a file, a spreadsheet may split its lines at any of these signs.
_CELL_BEGINS = r"(?<=[,;\t|\r\n])"
_RUNS_WITHIN = re.compile(f"{_CELL_BEGINS}(?=['\"]*{_STARTS})")
_IS_GUARDED_WITHIN = re.compile(f"{_CELL_BEGINS}'(?=['\"]*{_STARTS})")
# TAB, LF and CR are text in a quoted cell; every other control is replaced.
_NEEDS_PICTURE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2400-\u2421]")
_PICTURED = re.compile(f"{_MARK}[e\u2400-\u2421]|[\u2400-\u2421]")

_PICTURE_OF = {chr(code): chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_PICTURE_OF |= {"\x7f": "\u2421", "\x1b": f"{_MARK}e"}
_PICTURE_OF |= {chr(code): f"{_MARK}{chr(code)}" for code in range(0x2400, 0x2422)}
_PICTURED_AS = {picture: value for value, picture in _PICTURE_OF.items()}


def guard(value: str) -> str:
    """The value as in a report: no spreadsheet executes it, no terminal obeys it."""
    if _NEEDS_PICTURE.search(value):
        value = _NEEDS_PICTURE.sub(lambda found: _PICTURE_OF[found[0]], value)
    value = _RUNS_WITHIN.sub("'", value)
    return f"'{value}" if _RUNS_AS_FORMULA.match(value) else value


def unguard(value: str) -> str:
    """The original of a value that `guard` has made. Everything else that a person typed stays."""
    # Fast for most cells, which have neither a quote nor a picture: a page unguards every cell.
    if "'" in value:
        value = value[1:] if _IS_GUARDED.match(value) else value
        value = _IS_GUARDED_WITHIN.sub("", value)
    if not value.isascii() and _PICTURED.search(value):
        # A picture that guard never writes alone was typed by a person and means itself.
        value = _PICTURED.sub(lambda found: _PICTURED_AS.get(found[0], found[0]), value)
    return value
