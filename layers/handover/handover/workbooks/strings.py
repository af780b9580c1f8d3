"""The strings that the cells of a workbook share, in little more memory than their text."""

from __future__ import annotations

from array import array

from handover.errors import RefusedError
from handover.workbooks import xml
from handover.workbooks.limits import LIMITS, MAX_CELL_CHARS, Limits
from handover.workbooks.package import Package
from handover.workbooks.refusals import damaged, too_large
from handover.workbooks.texts import cell_text
from handover.workbooks.xml import Attributes


class SharedStrings:
    """Strings by their numbers, from 0."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")
        self._limits = limits

    def add(self, text: str) -> None:
        """Adds a string after the last one. Raises RefusedError beyond the limits."""
        self._bytes += text.encode()
        self._ends.append(len(self._bytes))
        if len(self._bytes) > self._limits.strings_bytes:
            raise too_large(
                f"the texts of the workbook take more than {self._limits.strings_bytes:,} bytes"
            )
        if len(self._ends) > self._limits.strings:
            raise too_large(f"the workbook has more than {self._limits.strings:,} texts")

    def get(self, number: int) -> str:
        """The string of that number. Raises RefusedError when there is none."""
        if not 0 <= number < len(self._ends):
            raise damaged("a cell names a text that is not there")
        start = self._ends[number - 1] if number else 0
        return self._bytes[start : self._ends[number]].decode()


def read_strings(package: Package, part: str | None, limits: Limits = LIMITS) -> SharedStrings:
    """The shared strings of a workbook; none when it has no such part. Raises RefusedError."""
    strings = SharedStrings(limits)
    if part is not None and part in package:
        xml.run(package.chunks(part), _Strings(strings))
    return strings


class TextRuns:
    """Collects the text of one string item: all its runs, without phonetic hints."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._chars = 0
        self._is_text = False
        self._phonetic = 0

    def start(self, name: str) -> None:
        """An element within the item begins."""
        if name == "rPh":
            self._phonetic += 1
        self._is_text = name == "t" and not self._phonetic

    def end(self, name: str) -> None:
        """An element within the item ends."""
        if name == "rPh":
            self._phonetic -= 1
        self._is_text = False

    def text(self, text: str) -> None:
        """A piece of text. Raises RefusedError for a text that is too long for a cell."""
        if self._is_text:
            self._pieces.append(text)
            self._chars += len(text)
            if self._chars > MAX_CELL_CHARS * len("_x0000_"):
                raise too_long()

    def taken(self) -> str:
        """Ends the item and returns its text; the next item begins. Raises RefusedError."""
        text = cell_text("".join(self._pieces))
        self._pieces.clear()
        self._chars = 0
        if len(text) > MAX_CELL_CHARS:
            raise too_long()
        return text


def too_long() -> RefusedError:
    """The refusal of a text that no spreadsheet program can hold in a cell."""
    return too_large(f"a cell has more than {MAX_CELL_CHARS:,} characters")


class _Strings:
    def __init__(self, strings: SharedStrings) -> None:
        self._strings = strings
        self._runs = TextRuns()

    def start(self, name: str, _attributes: Attributes) -> None:
        self._runs.start(name)

    def end(self, name: str) -> None:
        if name == "si":
            self._strings.add(self._runs.taken())
        else:
            self._runs.end(name)

    def text(self, text: str) -> None:
        self._runs.text(text)
