"""One pass over a file: its chunks, and what must be known of the whole before fan-out (numpy).

`scan` gives chunks, a hash of every line's key and the number of clearing lines, and refuses what
is no readable file. `boundaries` gives only where chunks may begin. Both take record boundaries
from `quotes`, which are those of csv.reader.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from handover.errors import RefusedError
from handover.model import Chunk, Dialect, Header
from handover.reading.clearing import ClearingCounter
from handover.reading.data_lines import data_lines
from handover.reading.keys import Hashes, KeyHasher
from handover.reading.limits import LIMITS, Limits
from handover.reading.lineends import CR, LF, QUOTE, Bytes, Places, count_line_ends, line_end_places
from handover.reading.quotes import QuoteState, advance, separator_table, structural_quotes
from handover.reading.sniff import encoding_refusal
from handover.reading.windows import WINDOW_BYTES, Window, outside, unclosed_refusal, windows

_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # in Windows-1252
_NO_PLACES: Places = np.empty(0, np.intp)
_FIRST_LOOK_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over a file found.

    `hashes` has one number for every data line, in order; `clearing` counts the lines that hold
    a clearing value. `dialect` is the one given, or with the fallback encoding when the file
    turned out to need it. `end` is the offset behind the last byte.
    """

    chunks: tuple[Chunk, ...]
    lines: int
    clearing: int
    end: int
    dialect: Dialect
    hashes: Hashes


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a chunk may begin: a record's byte offset and physical line number."""

    offset: int
    line: int


def scan(
    blocks: Iterable[bytes],
    *,
    dialect: Dialect,
    header: Header,
    key_column: int,
    normal_key: Callable[[str], str] | None = None,
    seed: int,
    chunk_bytes: int,
    chunk_lines: int,
    clear_columns: Sequence[int] = (),
    is_clearing: Callable[[str], bool] | None = None,
    list_separator: str | None = None,
    clear_words: Collection[str] = (),
    fallback_encoding: str | None = None,
    needs_lines: bool = True,
    limits: Limits = LIMITS,
    window_bytes: int = WINDOW_BYTES,
) -> Scan:
    """The file's chunks and figures, in one pass, in 8 bytes per line and a constant.

    `blocks` is the file from `header.data_start` on, cut anywhere. A chunk ends with the record
    that brings it to `chunk_bytes` or `chunk_lines`, and begins with a data line: what stands
    between two chunks, or behind the last, is blank. A file that was ASCII until its first byte
    that is no UTF-8 goes on in `fallback_encoding`.
    `normal_key` is as `KeyHasher` takes it; `is_clearing`, `list_separator` and
    `clear_words` are as `ClearingCounter` takes them.

    Raises RefusedError EMPTY_FILE (no data line where lines are needed), ENCODING, UNCLOSED_QUOTE,
    NOT_CSV (an endless line), TOO_LARGE, TOO_MANY_LINES.
    """
    text = _TextCheck(dialect, fallback_encoding)
    keys = KeyHasher(column=key_column, dialect=dialect, seed=seed, normal=normal_key)
    counter = None
    if clear_columns and is_clearing is not None:
        counter = ClearingCounter(
            columns=clear_columns,
            width=len(header.labels),
            is_clearing=is_clearing,
            list_separator=list_separator,
            words=clear_words,
        )
    cutter = _Cutter(header, chunk_bytes=chunk_bytes, chunk_lines=chunk_lines)
    hashes = bytearray()
    lines = clearing = 0
    for window in windows(
        blocks, dialect=dialect, header=header, limits=limits, window_bytes=window_bytes
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
            clearing += counter.count(window, is_line, text.dialect)
        cutter.take(window, is_line)
    if not lines:
        if needs_lines:
            raise RefusedError("EMPTY_FILE", "the file has a header but no lines")
        return Scan((), 0, 0, cutter.end, text.dialect, np.empty(0, np.uint64))
    numbers: Hashes = np.frombuffer(hashes, np.uint64)
    return Scan(cutter.chunks(), lines, clearing, cutter.end, text.dialect, numbers)


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
    """Refuses bytes that are no text; turns to the fallback encoding where that can be right."""

    def __init__(self, dialect: Dialect, fallback_encoding: str | None) -> None:
        self.dialect = dialect
        # A file with a mark says that it is UTF-8, and one that was UTF-8 so far stays so.
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

    Blank lines before a chunk's first data line are left out: there may be more of them than a
    worker can hold.
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


def boundaries(
    blocks: Iterable[bytes],
    *,
    dialect: Dialect,
    header: Header,
    chunk_bytes: int,
    limits: Limits = LIMITS,
) -> Iterator[Cut]:
    """Where the chunks begin, the first included; lazy, in order, with no look at the fields.

    A cut is the first record start at least `chunk_bytes` behind the one before. `blocks` is the
    file from `header.data_start` on, best in pieces that a core's cache holds, of 256 KiB.
    Raises RefusedError UNCLOSED_QUOTE.
    """
    finder = _CutFinder(dialect, header, chunk_bytes, limits)
    held = b""
    for block in blocks:
        body = held + block if held else block
        # Whether a LF belongs to a last CR shows in the next block.
        held = b"\r" if body.endswith(b"\r") else b""
        yield from finder.take(body[:-1] if held else body)
    if held:
        yield from finder.take(held)
    yield from finder.finish()


class _CutFinder:
    def __init__(self, dialect: Dialect, header: Header, chunk_bytes: int, limits: Limits) -> None:
        self._delimiter = ord(dialect.delimiter)
        self._separators = separator_table(dialect.delimiter)
        self._chunk_bytes = chunk_bytes
        self._limits = limits
        self._state = QuoteState()
        self._base = header.data_start
        self._line = header.data_line
        # A cut waits until a byte follows it, so that no empty chunk ends the file.
        self._waiting: Cut | None = Cut(header.data_start, header.data_line)
        self._last = header.data_start
        self._opened = Cut(header.data_start, header.data_line)

    def take(self, body: bytes) -> Iterator[Cut]:
        """The cuts that this piece decides; it does not end between a CR and its LF."""
        if not body:
            return
        if self._waiting is not None:
            yield self._waiting
            self._waiting = None
        view: Bytes = np.frombuffer(body, np.uint8)
        quotes = self._quotes(body, view)
        was_inside = self._state.is_inside
        ends_field = body[-1] in (LF, CR, self._delimiter)
        counted, line = 0, self._line
        while (low := max(self._last + self._chunk_bytes - 1 - self._base, 0)) < len(body):
            end = _first_record_end(view, quotes, low, is_inside=was_inside)
            if end is None:
                break
            line += count_line_ends(body, view, counted, end)
            counted = end
            cut = Cut(self._base + end, line)
            self._last = cut.offset
            if end == len(body):
                self._waiting = cut
                break
            yield cut
        advance(self._state, view, quotes, ends_field)
        if self._state.is_inside:
            self._watch(body, view, quotes)
        self._line = line + count_line_ends(body, view, counted, len(body))
        self._base += len(body)

    def finish(self) -> Iterator[Cut]:
        """Nothing more, or the refusal of a file that ends within quotes."""
        if self._state.is_inside:
            raise unclosed_refusal(self._opened.line)
        yield from ()

    def _quotes(self, body: bytes, view: Bytes) -> Places:
        if body.find(b'"') < 0:
            return _NO_PLACES
        quotes = np.flatnonzero(view == QUOTE)
        keep = structural_quotes(view, quotes, self._state, self._separators)
        return quotes if keep is None else quotes[keep]

    def _watch(self, body: bytes, view: Bytes, quotes: Places) -> None:
        """Remembers where the quote opened that is still open, and refuses one open too long."""
        if len(quotes):
            opener = int(quotes[-1])
            self._opened = Cut(
                self._base + opener, self._line + count_line_ends(body, view, 0, opener)
            )
        if self._base + len(body) - self._opened.offset > self._limits.record_bytes:
            raise unclosed_refusal(self._opened.line)


def _first_record_end(view: Bytes, quotes: Places, low: int, *, is_inside: bool) -> int | None:
    """The place behind the first line end at `low` or later that stands outside quotes."""
    step = _FIRST_LOOK_BYTES
    while low < len(view):
        # A look may end between a CR and its LF: one byte more is seen, and not taken.
        high = min(low + step, len(view))
        ends = line_end_places(view, low, min(high + 1, len(view)))
        ends = ends[ends < high]
        ends = ends[outside(ends, quotes, is_inside=is_inside)]
        if len(ends):
            return int(ends[0]) + 1
        low, step = high, step * 4
    return None
