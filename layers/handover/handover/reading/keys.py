"""A 64-bit seeded hash of one column of every record (numpy).

Equal keys have equal hashes: a key is hashed as csv.reader reads it, without a report's guard and
trimmed, or in the normal form used for comparison. Nearly all fields are hashed in place; Python
first reads those with inner quotes, a guard, or spaces or non-ASCII bytes at an edge. The hash only
finds candidates. It mixes well but is not cryptographic; the seed prevents the author of a file
from choosing colliding keys, and a collision costs time, never exactness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from handover.model import Dialect, Header
from handover.reading.data_lines import data_lines
from handover.reading.guards import unguard
from handover.reading.lineends import QUOTE, Bytes, Places
from handover.reading.parsing import rows, text_lines
from handover.reading.windows import PADDING, Window

Hashes: TypeAlias = npt.NDArray[np.uint64]

# The hash of a blank key, and of nothing else.
BLANK = 0

# Longer keys, in bytes, are hashed via a digest, so that one long key does not delay the others.
_MAX_BYTES = 256

_MIX_1 = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xBF58476D1CE4E5B9)
_FOLD_1, _FOLD_2 = np.uint64(29), np.uint64(32)
_WORD_MASK = np.array([(1 << (8 * length)) - 1 for length in range(9)], np.uint64)
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[ord("A") : ord("Z") + 1] += ord("a") - ord("A")
_PICTURE_LEAD = (0xE2, 0x90)  # UTF-8 of U+2400 to U+243F begins so.


def words_of(data: Bytes) -> Hashes:
    """The eight bytes at every place of padded bytes, as little-endian numbers."""
    return np.ndarray((len(data) - 7,), np.dtype("<u8"), data, 0, (1,))


def hash_ranges(words: Hashes, starts: Places, lengths: Places, seed: int) -> Hashes:
    """The hashes of byte ranges; BLANK for empty ones."""
    hashes = np.full(len(starts), np.uint64(seed & (2**64 - 1)), np.uint64)
    if not len(lengths):
        return hashes
    shortest, longest = int(np.min(lengths)), int(np.max(lengths))
    for offset in range(0, longest, 8):
        if shortest > offset:
            _mix(hashes, words[starts + offset], lengths, offset, is_full=shortest >= offset + 8)
            continue
        live = np.flatnonzero(lengths > offset)
        part = hashes[live]
        _mix(part, words[starts[live] + offset], lengths[live], offset, is_full=False)
        hashes[live] = part
    hashes ^= lengths.astype(np.uint64)
    hashes *= _MIX_1
    hashes ^= hashes >> _FOLD_2
    hashes[hashes == BLANK] = 1
    if shortest == 0:
        hashes[lengths == 0] = BLANK
    return hashes


def _mix(hashes: Hashes, words: Hashes, lengths: Places, offset: int, *, is_full: bool) -> None:
    """Mixes in the words at `offset` of the ranges; `is_full`: each has all eight bytes there."""
    if not is_full:
        words &= _WORD_MASK[np.minimum(lengths - offset, 8)]
    hashes ^= words
    hashes *= _MIX_2
    hashes ^= hashes >> _FOLD_1


class KeyColumn(Struct, frozen=True):
    """The column that holds the keys, the seed of their hashes, and how keys are compared.

    `normal` gives the form in which keys are compared; for ASCII that is the trimmed key in lower
    case. Without it keys are only trimmed.
    """

    column: int
    seed: int
    normal: Callable[[str], str] | None = None


class KeyHasher:
    """Hashes the key column of windows, all with one seed."""

    def __init__(self, key: KeyColumn, dialect: Dialect) -> None:
        self.dialect = dialect
        self._column = key.column
        self._seed = key.seed
        self._normal = key.normal
        # Bytes at a field's edge that need Python: what str.strip may remove, and all non-ASCII
        # bytes.
        self._edges = np.zeros(256, np.bool_)
        self._edges[:33] = True
        self._edges[128:] = True
        self._edges[ord("'")] = dialect.is_report

    def hashes(self, window: Window) -> Hashes:
        """One hash for each record of the window, blank records included."""
        begin, end = window.field(self._column)
        raw_begin, raw_end = begin, end
        view = window.view
        needs_python = np.zeros(len(window), np.bool_)
        if len(window.quotes):
            begin, end = _unquoted(window, begin, end, needs_python)
        lengths = end - begin
        last = np.maximum(end - 1, begin)
        is_odd = self._edges[view[begin]] | self._edges[view[last]]
        is_odd |= lengths > _MAX_BYTES
        is_odd &= lengths > 0
        needs_python |= is_odd
        if self.dialect.is_report and window.data.find(bytes(_PICTURE_LEAD)) >= 0:
            needs_python |= _with_pictures(view, begin, end)
        if self.dialect.is_report and window.data.find(b"'") >= 0:
            needs_python |= _with_any(np.flatnonzero(view == ord("'")), begin, end)
        if self._normal is not None:
            if not window.data.isascii():
                needs_python |= _with_any(np.flatnonzero(view >= 128), begin, end)
            view = _LOWER[view]
        if not needs_python.any():
            return hash_ranges(words_of(view), begin, lengths, self._seed)
        odd = np.flatnonzero(needs_python)
        lengths = np.where(needs_python, 0, lengths)
        hashes = hash_ranges(words_of(view), begin, lengths, self._seed)
        bounds = zip(raw_begin[odd].tolist(), raw_end[odd].tolist(), strict=True)
        values = field_values([window.data[low:high] for low, high in bounds], self.dialect)
        hashes[odd] = self._hash_values(values)
        return hashes

    def _hash_values(self, values: Sequence[str]) -> Hashes:
        if self._normal is not None:
            # A normal form may contain characters that the file's encoding lacks.
            keys = [_short(self._normal(value).encode()) for value in values]
        else:
            keys = [_short(value.strip().encode(self.dialect.encoding)) for value in values]
        lengths = np.fromiter(map(len, keys), np.intp, len(keys))
        starts = np.cumsum(lengths) - lengths
        view = np.frombuffer(b"".join((*keys, PADDING)), np.uint8)
        return hash_ranges(words_of(view), starts, lengths, self._seed)


def refill(
    hashes: Hashes, windows_again: Iterable[Window], hasher: KeyHasher, header: Header
) -> None:
    """Overwrites a scan's hashes with those of another column of its lines, in their order."""
    done = 0
    for window in windows_again:
        found = hasher.hashes(window)[data_lines(window, hasher.dialect, header)]
        hashes[done : done + len(found)] = found
        done += len(found)


def _short(key: bytes) -> bytes:
    return key if len(key) <= _MAX_BYTES else hashlib.blake2b(key, digest_size=16).digest()


def field_values(raw: Sequence[bytes], dialect: Dialect) -> list[str]:
    """The values of raw fields, which csv.reader reads in one call."""
    text = b"\n".join((*raw, b"")).decode(dialect.encoding)
    # Each raw field becomes a record with one field, or with none if it is empty.
    values = [row[0] if row else "" for row in rows(text_lines(text), delimiter=dialect.delimiter)]
    return list(map(unguard, values)) if dialect.is_report else values


def _unquoted(
    window: Window, begin: Places, end: Places, needs_python: npt.NDArray[np.bool_]
) -> tuple[Places, Places]:
    """The ranges without surrounding quotes; `needs_python` marks those with more quotes inside."""
    is_quoted = (window.view[begin] == QUOTE) & (end > begin)
    quoted = np.flatnonzero(is_quoted)
    if not len(quoted):
        return begin, end
    # The quote after the opening one closes a plain field, and is then its last byte.
    opener = np.searchsorted(window.quotes, begin[quoted])
    is_plain = window.quotes[opener + 1] == end[quoted] - 1
    needs_python[quoted[~is_plain]] = True
    return begin + is_quoted, end - is_quoted


def _with_pictures(view: Bytes, begin: Places, end: Places) -> npt.NDArray[np.bool_]:
    """Which ranges contain a control picture, which guards of a report use."""
    lead, follower = _PICTURE_LEAD
    return _with_any(np.flatnonzero((view[:-1] == lead) & (view[1:] == follower)), begin, end)


def _with_any(places: Places, begin: Places, end: Places) -> npt.NDArray[np.bool_]:
    """Which ranges contain one of the places."""
    return np.searchsorted(places, end) > np.searchsorted(places, begin)
