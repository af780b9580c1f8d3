"""How many lines have a clearing value, such as a blank or "None" (numpy)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from handover.model import Dialect
from handover.reading.keys import Hashes, field_values, words_of
from handover.reading.lineends import QUOTE, Bytes, Places
from handover.reading.windows import Window

# Bytes of a raw field that is always looked at: clearing values are words. A longer field is looked
# at only if spaces or quotes at its edges may surround a word, if it has list separators at both
# edges, or if a word is as long.
_MAX_BYTES = 16

_GUARD = ord("'")
# Cached verdicts; a column of a million different short names must not fill the memory.
_MAX_VERDICTS = 50_000

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_WORD_MASK = np.array([(1 << (8 * length)) - 1 for length in range(9)], np.uint64)


class Clearing(Struct, frozen=True):
    """Which columns a line may clear, and by which values.

    With a `list_separator`, a value of any length that has only separators may clear. `words` are
    the clearing words, in the form of str.casefold. `conditions` are columns whose cells say who
    must hold a role now, unless `is_blank` is true of the cell.
    """

    columns: Sequence[int]
    is_clearing: Callable[[str], bool]
    list_separator: str | None = None
    words: Collection[str] = ()
    conditions: Sequence[int] = ()
    is_blank: Callable[[str], bool] = operator.not_


class ClearingCounter:
    """Counts the lines of windows that clear; asks `is_clearing` once per distinct value.

    `width` is the number of fields that a line must have to count. `has_condition` becomes true
    with the first line that has a condition.
    """

    def __init__(self, clearing: Clearing, width: int) -> None:
        self.has_condition = False
        self._conditions = tuple(clearing.conditions)
        self._columns = tuple(clearing.columns)
        self._width = width
        self._is_clearing = clearing.is_clearing
        self._is_blank = clearing.is_blank
        # One byte is enough: `_odd` finds a space, and every separator that is not ASCII, anyway.
        self._separator = ord(clearing.list_separator) if clearing.list_separator is not None else 0
        # A quote within a word is doubled; a guard and the surrounding quotes are three bytes.
        longest = max((len(word.encode()) + word.count('"') for word in clearing.words), default=0)
        self._longest_word = longest + 3
        self._verdicts: dict[bytes, bool] = {}

    def count(self, window: Window, is_line: npt.NDArray[np.bool_], dialect: Dialect) -> int:
        """How many data lines of the window, as wide as the header, clear a column."""
        clears = np.zeros(len(window), np.bool_)
        for column in self._columns:
            begin, end = window.field(column)
            clears |= self._clears(window, begin, end, dialect)
        counts = is_line & (window.widths == self._width)
        if not self.has_condition:
            self.has_condition = any(
                self._is_filled(window, counts, column, dialect) for column in self._conditions
            )
        return int(np.count_nonzero(clears & counts))

    def _is_filled(
        self, window: Window, counts: npt.NDArray[np.bool_], column: int, dialect: Dialect
    ) -> bool:
        """True when the column has a cell that is not blank, on a line that counts."""
        begin, end = window.field(column)
        longer = np.flatnonzero(counts & (end > begin))
        bounds = zip(begin[longer].tolist(), end[longer].tolist(), strict=True)
        # Nearly all of these cells are the same, or the first one is already filled.
        raws = {window.data[low:high] for low, high in bounds}
        return not all(map(self._is_blank, field_values(list(raws), dialect)))

    def _clears(
        self, window: Window, begin: Places, end: Places, dialect: Dialect
    ) -> npt.NDArray[np.bool_]:
        lengths = end - begin
        clears = np.zeros(len(window), np.bool_)
        if self._verdict(b"", dialect):
            clears |= lengths == 0
        short = np.flatnonzero((lengths > 0) & (lengths <= _MAX_BYTES))
        if len(short):
            clears[short] = self._short(window, begin[short], lengths[short], dialect)
        for place in self._long(window, begin, end, dialect):
            raw = window.data[int(begin[place]) : int(end[place])]
            clears[place] = self._verdict(raw, dialect)
        return clears

    def _long(self, window: Window, begin: Places, end: Places, dialect: Dialect) -> list[int]:
        """The long fields that may clear: by their edges, or because a word is as long."""
        places = np.flatnonzero(end - begin > _MAX_BYTES)
        if not len(places):
            return []
        begin, end = begin[places], end[places]
        first = begin + (window.view[begin] == QUOTE)
        if dialect.is_report:
            first += window.view[first] == _GUARD
        last = end - 1 - (window.view[end - 1] == QUOTE)
        edges = window.view[first], window.view[last]
        may_clear = _odd(edges[0]) | _odd(edges[1])
        may_clear |= (edges[0] == self._separator) & (edges[1] == self._separator)
        may_clear |= self._may_be_words(window, begin, end)
        found: list[int] = places[may_clear].tolist()
        return found

    def _may_be_words(self, window: Window, begin: Places, end: Places) -> npt.NDArray[np.bool_]:
        """Which fields may be a clearing word as they are."""
        lengths = end - begin
        may_be: npt.NDArray[np.bool_] = lengths <= self._longest_word
        if not window.data.isascii():
            # The kelvin sign of three bytes becomes k in lower case; no character shrinks by more.
            beyond = np.flatnonzero(window.view >= 128)
            holds = np.searchsorted(beyond, begin) < np.searchsorted(beyond, end)
            may_be |= holds & (lengths <= 3 * self._longest_word)
        return may_be

    def _short(
        self, window: Window, begin: Places, lengths: Places, dialect: Dialect
    ) -> npt.NDArray[np.bool_]:
        words = words_of(window.view)
        low = words[begin] & _WORD_MASK[np.minimum(lengths, 8)]
        high = words[begin + 8] & _WORD_MASK[np.maximum(lengths - 8, 0)]
        mixed: Hashes = (low * _SPREAD) ^ high ^ (lengths.astype(np.uint64) << np.uint64(56))
        _values, first, which = np.unique(mixed, return_index=True, return_inverse=True)
        same = first[which]
        is_true_group = (low == low[same]) & (high == high[same]) & (lengths == lengths[same])
        raws = [self._raw(window, begin, lengths, place) for place in first.tolist()]
        verdicts = np.array([self._verdict(raw, dialect) for raw in raws], np.bool_)
        clears = verdicts[which]
        # Different values with the same mix are nearly impossible; they are judged one by one.
        for place in np.flatnonzero(~is_true_group).tolist():
            clears[place] = self._verdict(self._raw(window, begin, lengths, place), dialect)
        return clears

    @staticmethod
    def _raw(window: Window, begin: Places, lengths: Places, place: int) -> bytes:
        start = int(begin[place])
        return window.data[start : start + int(lengths[place])]

    def _verdict(self, raw: bytes, dialect: Dialect) -> bool:
        verdict = self._verdicts.get(raw)
        if verdict is None:
            if len(self._verdicts) >= _MAX_VERDICTS:
                self._verdicts.clear()
            (value,) = field_values([raw], dialect)
            verdict = self._verdicts[raw] = self._is_clearing(value)
        return verdict


def _odd(edges: Bytes) -> npt.NDArray[np.bool_]:
    """Which bytes at an edge may be a space, a doubled quote, or a separator beyond ASCII."""
    is_odd: npt.NDArray[np.bool_] = (edges <= 32) | (edges == QUOTE) | (edges >= 128)
    return is_odd
