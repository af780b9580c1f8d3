"""One pass over a file: its chunks, and what must be known of all lines before any is processed.

`scan` gives chunks, a hash of every line's key and the number of clearing lines, and refuses an
unreadable file. `quotes` finds the same ends of records as csv.reader. Needs numpy.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from handover.errors import RefusedError
from handover.model import Chunk, Dialect, Header
from handover.reading.clearing import Clearing, ClearingCounter
from handover.reading.data_lines import data_lines
from handover.reading.keys import Hashes, KeyColumn, KeyHasher
from handover.reading.limits import LIMITS, Limits
from handover.reading.lineends import count_line_ends
from handover.reading.sniff import encoding_refusal
from handover.reading.windows import WINDOW_BYTES, Window, windows

_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # in Windows-1252


class Scan(Struct, frozen=True):
    """The result of one pass over a file.

    `hashes` has one number for every data line, in order; `clearing` counts the lines with a
    clearing value, and `has_conditions` says whether any line has a condition. `dialect` is the
    given one, with the fallback encoding if the file needs that. `end` is the offset after the
    last byte.
    """

    chunks: tuple[Chunk, ...]
    lines: int
    clearing: int
    end: int
    dialect: Dialect
    hashes: Hashes
    has_conditions: bool = False


class Sizes(Struct, frozen=True):
    """How a file is cut, and how large it may be.

    A chunk ends with the record that brings it to `chunk_bytes` or `chunk_lines`. `window_bytes`
    is how much is processed at a time; smaller windows make a test thorough.
    """

    chunk_bytes: int
    chunk_lines: int
    limits: Limits = LIMITS
    window_bytes: int = WINDOW_BYTES


def scan(
    blocks: Iterable[bytes],
    *,
    dialect: Dialect,
    header: Header,
    key: KeyColumn,
    sizes: Sizes,
    clearing: Clearing | None = None,
    fallback_encoding: str | None = None,
) -> Scan:
    """The file's chunks and figures, from one pass that keeps 8 bytes per line plus a constant.

    `blocks` is the file from `header.data_start` on, cut anywhere. A chunk begins with a data
    line: everything between two chunks, or after the last, is blank. Without `clearing` no line
    counts as clearing. If a file is ASCII up to its first byte that is not UTF-8, the rest is read
    in `fallback_encoding`.

    Raises RefusedError EMPTY_FILE (fewer data lines than the limits ask for), ENCODING,
    UNCLOSED_QUOTE, NOT_CSV (an endless line), TOO_LARGE, TOO_MANY_LINES.
    """
    limits = sizes.limits
    text = _TextCheck(dialect, fallback_encoding)
    keys = KeyHasher(key, dialect)
    counter = None
    if clearing is not None and (clearing.columns or clearing.conditions):
        counter = ClearingCounter(clearing, len(header.labels))
    cutter = _Cutter(header, chunk_bytes=sizes.chunk_bytes, chunk_lines=sizes.chunk_lines)
    hashes = bytearray()
    lines = found_clearing = 0
    for window in windows(
        blocks, dialect=dialect, header=header, limits=limits, window_bytes=sizes.window_bytes
    ):
        if window.base + window.size > limits.file_bytes:
            raise RefusedError(
                "TOO_LARGE", f"the file is longer than {limits.file_bytes:,} bytes: split it"
            )
        text.check(window)
        keys.dialect = text.dialect
        is_line = data_lines(window, text.dialect, header)
        found = keys.hashes(window)
        if not is_line.all():
            found = found[is_line]
        hashes += found.data
        lines += len(found)
        if lines > limits.lines:
            raise _too_many_lines(window, is_line, lines - limits.lines, limits)
        if counter is not None:
            found_clearing += counter.count(window, is_line, text.dialect)
        cutter.take(window, is_line)
    if lines < limits.min_lines:
        raise RefusedError("EMPTY_FILE", "the file has a header but no lines")
    if not lines:
        return Scan((), 0, 0, cutter.end, text.dialect, np.empty(0, np.uint64))
    numbers: Hashes = np.frombuffer(hashes, np.uint64)
    is_conditional = counter is not None and counter.has_condition
    return Scan(
        cutter.chunks(), lines, found_clearing, cutter.end, text.dialect, numbers, is_conditional
    )


def _too_many_lines(
    window: Window, is_line: npt.NDArray[np.bool_], excess: int, limits: Limits
) -> RefusedError:
    first_excess = window.starts[np.flatnonzero(is_line)[-excess]]
    number = int(window.lines_at(first_excess[None])[0])
    return RefusedError(
        "TOO_MANY_LINES",
        f"line {number}: the file has more than {limits.lines:,} lines: split it",
        number,
    )


class _TextCheck:
    """Refuses invalid bytes; switches to the fallback encoding if the file can be in it."""

    def __init__(self, dialect: Dialect, fallback_encoding: str | None) -> None:
        self.dialect = dialect
        # A byte order mark says that the file is UTF-8; text that was UTF-8 so far stays UTF-8.
        self._fallback = None if dialect.bom_bytes else fallback_encoding

    def check(self, window: Window) -> None:
        if window.data.isascii():
            return
        body = window.data[: window.size]
        if self.dialect.encoding == "utf-8":
            try:
                body.decode()
            except UnicodeDecodeError as error:
                prefix_is_ascii = body[: error.start].isascii()
                if self._fallback is None or not prefix_is_ascii:
                    raise self._refusal(window, error.start) from error
                self.dialect = replace(self.dialect, encoding=self._fallback)
            else:
                self._fallback = None
                return
        undefined = _UNDEFINED.search(body)
        if undefined is not None:
            raise self._refusal(window, undefined.start())

    def _refusal(self, window: Window, place: int) -> RefusedError:
        return encoding_refusal(
            self.dialect.encoding,
            offset=window.base + place,
            line=window.line + count_line_ends(window.data, window.view, 0, place),
            value=window.data[place],
        )


class _Cutter:
    """Cuts records into chunks as they come.

    Blank lines before a chunk's first data line are left out: there may be more of them than fit
    into a worker.
    """

    def __init__(self, header: Header, *, chunk_bytes: int, chunk_lines: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._chunk_lines = chunk_lines
        self._done: list[Chunk] = []
        self._first_line = header.data_line
        self._start = self._lines = self._checksum = 0
        self.end = header.data_start
        self._chunk_end = header.data_start

    def take(self, window: Window, is_line: npt.NDArray[np.bool_]) -> None:
        counts = np.cumsum(is_line)
        body = memoryview(window.data)
        taken = counted = 0
        self.end = window.base + window.size
        while counted < counts[-1] or self._lines:
            if not self._lines:
                taken = int(window.starts[np.searchsorted(counts, counted + 1)])
                self._begin(window, taken)
            missing = self._chunk_lines - self._lines
            last = min(
                int(np.searchsorted(window.ends, self._start + self._chunk_bytes - window.base)),
                int(np.searchsorted(counts, counted + missing)),
            )
            is_full = last < len(window)
            end = int(window.ends[last]) if is_full else window.size
            self._checksum = zlib.crc32(body[taken:end], self._checksum)
            total = int(counts[last] if is_full else counts[-1])
            self._lines += total - counted
            taken, counted = end, total
            self._chunk_end = window.base + end
            if not is_full:
                return
            self._close()

    def chunks(self) -> tuple[Chunk, ...]:
        """All chunks; the last may end with blank lines."""
        if self._lines:
            self._close()
        return tuple(self._done)

    def _begin(self, window: Window, place: int) -> None:
        self._start = window.base + place
        self._first_line = window.line + count_line_ends(window.data, window.view, 0, place)
        self._checksum = 0

    def _close(self) -> None:
        self._done.append(
            Chunk(
                number=len(self._done) + 1,
                start=self._start,
                end=self._chunk_end,
                first_line=self._first_line,
                lines=self._lines,
                checksum=self._checksum,
            )
        )
        self._lines = 0
