"""A stream of bytes as windows of whole records, each split by array operations (numpy).

Both passes over a file, the scan and the resolution of repeats, read it through this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from msgspec.structs import replace

from handover.errors import RefusedError
from handover.model import Dialect, Header
from handover.reading.limits import LIMITS, REPORT_GROWTH, Limits
from handover.reading.lineends import CR, LF, QUOTE, Bytes, Places, count_line_ends, line_end_places
from handover.reading.quotes import separator_table, structural_quotes

# Bytes processed at a time: few enough that the arrays made from them stay in a core's cache.
WINDOW_BYTES = 512 * 1024

# Zero bytes after a window, so that eight bytes can be read at any place in it.
PADDING = b"\0" * 16

_NO_PLACES: Places = np.empty(0, np.intp)


class Window:
    """A run of whole records. Places are offsets from `base`, the window's place in the file.

    A record begins at its `starts`; it ends at its `stops` without the line end, at its `ends` with
    it. `widths` are the numbers of fields; a blank record has one field and starts where it stops.
    """

    def __init__(self, data: bytes, size: int, base: int, line: int, cut: _Cut) -> None:
        self.data = data
        self.size = size
        self.base = base
        self.line = line
        self.view: Bytes = np.frombuffer(data, np.uint8)
        self.quotes = cut.quotes
        last = cut.terminators
        self._separators = cut.separators[: int(last[-1]) + 1]
        self._first = np.empty(len(last), np.intp)
        self._first[0] = 0
        self._first[1:] = last[:-1] + 1
        self.widths = last - self._first + 1
        terminators = cut.separators[last]
        self.ends = terminators + 1
        self.starts = np.empty(len(last), np.intp)
        self.starts[0] = 0
        self.starts[1:] = self.ends[:-1]
        self.stops = terminators
        if cut.has_returns:
            # A record never begins with the LF of a pair, and before the first place is padding.
            is_pair = (self.view[terminators] == LF) & (self.view[terminators - 1] == CR)
            self.stops = terminators - is_pair
        if self.ends[-1] > size:
            self.ends[-1] = size

    def __len__(self) -> int:
        return len(self.starts)

    def field(self, column: int) -> tuple[Places, Places]:
        """The start and end of each record's field in a column; empty where there is none."""
        width = int(self.widths[0])
        if column < width and (self.widths == width).all():
            table = self._separators.reshape(len(self), width)
            begin = table[:, column - 1] + 1 if column else self.starts
            return begin, self.stops if column == width - 1 else table[:, column]
        top = len(self._separators) - 1
        place = self._first + column
        begin = self._separators[np.minimum(place - 1, top)] + 1 if column else self.starts
        begin = np.where(self.widths > column, begin, self.stops)
        end = np.where(
            self.widths > column + 1, self._separators[np.minimum(place, top)], self.stops
        )
        return begin, end

    def lines_at(self, places: Places) -> Places:
        """The physical line numbers of the given places."""
        ends = line_end_places(self.view, 0, self.size)
        return np.searchsorted(ends, places) + self.line


class _Cut:
    """The delimiters and line ends of a run of bytes, outside quotes; some of them end records."""

    def __init__(self, data: bytes, size: int, delimiter: str) -> None:
        view: Bytes = np.frombuffer(data, np.uint8)[:size]
        self.has_returns = data.find(b"\r", 0, size) >= 0
        has_quotes = data.find(b'"', 0, size) >= 0
        is_line_feed = view == LF
        mask = view == ord(delimiter)
        mask |= is_line_feed
        if self.has_returns:
            lone = view == CR
            lone[:-1] &= ~is_line_feed[1:]
            mask |= lone
        self.quotes = _NO_PLACES
        if has_quotes:
            mask |= view == QUOTE
        places = np.flatnonzero(mask)
        kinds = view[places]
        if has_quotes:
            places, kinds = self._outside(view, places, kinds, delimiter)
        self.separators = places
        self.terminators = np.flatnonzero(kinds != ord(delimiter))
        self.is_open = len(self.quotes) % 2 == 1

    def _outside(
        self, view: Bytes, places: Places, kinds: Bytes, delimiter: str
    ) -> tuple[Places, Bytes]:
        is_quote = kinds == QUOTE
        self.quotes = places[is_quote]
        toggles = is_quote
        keep = structural_quotes(view, self.quotes, separator_table(delimiter))
        if keep is not None:
            self.quotes = self.quotes[keep]
            toggles = is_quote.copy()
            toggles[is_quote] = keep
        # The sum may overflow: only its last bit matters.
        inside = np.cumsum(toggles.view(np.uint8), dtype=np.uint8) & 1
        is_separator = ~(is_quote | inside.view(np.bool_))
        return places[is_separator], kinds[is_separator]


def windows(
    blocks: Iterable[bytes],
    *,
    dialect: Dialect,
    header: Header,
    limits: Limits = LIMITS,
    window_bytes: int = WINDOW_BYTES,
) -> Iterator[Window]:
    """The data part of a file as windows, in order; lazy, bounded memory.

    `blocks` begins at `header.data_start` and may be cut anywhere. Raises RefusedError
    UNCLOSED_QUOTE where a quoted field never ends; at a record longer than `limits.record_bytes` it
    raises UNCLOSED_QUOTE or, when no quote explains it, NOT_CSV. A line within the limit when it
    was first uploaded is also within it in a report.
    """
    if dialect.is_report:
        limits = replace(limits, record_bytes=limits.record_bytes * REPORT_GROWTH)
    rest, base, line = b"", header.data_start, header.data_line
    for piece, is_last in _pieces(blocks, window_bytes):
        full = len(rest) + len(piece)
        if not full:
            continue
        last = piece[-1] if len(piece) else rest[-1]
        needs_end = is_last and last not in (LF, CR)
        data = b"".join((rest, piece, b"\n" if needs_end else b"", PADDING))
        # Only the next piece shows whether a LF follows a last CR.
        size = full if is_last or last != CR else full - 1
        cut = _Cut(data, size + needs_end, dialect.delimiter)
        if is_last and cut.is_open:
            raise _unclosed(data, int(cut.quotes[-1]), line)
        if not len(cut.terminators):
            _check_length(data, 0, size, line, cut.quotes, limits)
            rest = data[:full]
            continue
        window = Window(data, size, base, line, cut)
        done = int(window.ends[-1])
        lengths = window.ends - window.starts
        longest = int(np.argmax(lengths))
        start = int(window.starts[longest])
        _check_length(data, start, start + int(lengths[longest]), line, cut.quotes, limits)
        window.size = done
        yield window
        line += count_line_ends(data, window.view, 0, done)
        base += done
        rest = data[done:full]


def _pieces(
    blocks: Iterable[bytes], window_bytes: int
) -> Iterator[tuple[bytes | memoryview, bool]]:
    """The blocks merged or cut to about `window_bytes`; the last one, maybe empty, is marked."""
    held: list[bytes] = []
    size = 0
    for block in blocks:
        if not size and len(block) > window_bytes:
            whole = memoryview(block)
            for start in range(0, len(block), window_bytes):
                yield whole[start : start + window_bytes], False
            continue
        held.append(block)
        size += len(block)
        if size >= window_bytes:
            yield b"".join(held), False
            held, size = [], 0
    yield b"".join(held), True


def _check_length(
    data: bytes, start: int, end: int, line: int, quotes: Places, limits: Limits
) -> None:
    """Refuses a record that is too long, naming the quote that explains it."""
    if end - start <= limits.record_bytes:
        return
    openers, closers = quotes[0::2], quotes[1::2]
    if len(closers) < len(openers):
        closers = np.append(closers, end)
    is_within = (openers >= start) & (openers < end)
    openers, closers = openers[is_within], closers[is_within]
    view: Bytes = np.frombuffer(data, np.uint8)
    if len(openers):
        longest = int(np.argmax(closers - openers))
        opener, closer = int(openers[longest]), int(closers[longest])
        if count_line_ends(data, view, opener, closer) or closer == end:
            number = line + count_line_ends(data, view, 0, opener)
            raise RefusedError(
                "UNCLOSED_QUOTE",
                f"line {number}: a quote opens here and its record is longer than "
                f"{limits.record_bytes:,} bytes: close the quote",
                number,
            )
    number = line + count_line_ends(data, view, 0, start)
    raise RefusedError(
        "NOT_CSV",
        f"line {number}: the line is longer than {limits.record_bytes:,} bytes, "
        "which no CSV line is",
        number,
    )


def unclosed_refusal(line: int) -> RefusedError:
    """The refusal of a file that ends within quotes."""
    return RefusedError(
        "UNCLOSED_QUOTE",
        f"line {line}: a quote opens here and is never closed: close it, or double it if it is "
        "part of the value",
        line,
    )


def _unclosed(data: bytes, opener: int, line: int) -> RefusedError:
    view: Bytes = np.frombuffer(data, np.uint8)
    return unclosed_refusal(line + count_line_ends(data, view, 0, opener))
