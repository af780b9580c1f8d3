"""Accounts on more than one line, resolved for the whole file before fan-out (numpy).

The result is exact, and takes 24 bytes per line at most plus a constant, whatever the file:

1. A sorted copy of the scan's hashes shows which occur twice: 8 + 8 bytes per line, and 4 for
   the hashes that repeat, which are at most half as many as the lines.
2. A line whose hash repeats is a candidate. The number of the line's group overwrites its hash, so
   that this takes no more memory; the hashes are lost.
3. The file is read again only if there are candidates, and only they are parsed. Each gives a
   64-bit digest of its real key and one of its values, compared with those of its group's first
   line: 16 bytes for a group of two lines or more, 8 per line. Two keys count as one only if the
   scan's seeded hash and a keyed BLAKE2b agree: 128 bits in all. Some of the hashes are the key of
   BLAKE2b, so it depends on the import's seed: nobody can search for lines with equal digests in
   advance. Different keys whose scan hashes collide have different digests, so each gets a group.
4. What remains of a candidate is (group, line) in one 64-bit number, written over the hash array
   from its front, and sorted in place. A second such array brings the repeats into line order.

Without candidates nothing is read again, and without repeats nothing is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from handover.model import Chunk, Dialect, Duplicates, Header, Line, Repeat
from handover.reading.csv_lines import record_lines
from handover.reading.data_lines import data_lines
from handover.reading.keys import BLANK, Hashes
from handover.reading.scan import Scan
from handover.reading.windows import WINDOW_BYTES, Window, windows

# How many other line numbers a repeat names.
MAX_OTHERS = 5

# How many numbers are processed at a time, so that temporary arrays stay small.
_SLICE = 1024 * 1024

# A table excludes most lines without a search among the repeated hashes. Its index has at most so
# many bits (16 MiB in all); while the hashes are few, the table has 32 places for each.
_TABLE_BITS = 24
_BITS_MORE = 5

# The key of BLAKE2b has at most 64 bytes, so it takes eight hashes.
_SECRET_HASHES = 8

_LINE_BITS = np.uint64(32)  # A file of 2 GiB has fewer than 2**32 lines.
_LINE_MASK = np.uint64(2**32 - 1)

Canonical: TypeAlias = Callable[[Line], tuple[str, tuple[object, ...]] | None]


def repeats(
    scanned: Scan,
    *,
    read: Callable[[], Iterable[bytes]],
    header: Header,
    canonical: Canonical,
    duplicates: Duplicates,
    window_bytes: int = WINDOW_BYTES,
) -> Iterator[tuple[int, Repeat]]:
    """The lines that do not apply because of another, in line order, each with its chunk number.

    Overwrites the hashes of the scan. `read` gives the scanned blocks once more; it is
    called at most once, and only when some hash repeats. `canonical` gives a line's account and
    mapped values, None for a line that is ignored here (a fault, a blank account). Equal accounts
    must have key fields that are equal when trimmed, or in the normal form that the scan used.
    """
    hashes, dialect = scanned.hashes, scanned.dialect
    repeated = _repeated(hashes)
    if not len(repeated):
        return
    _replace_by_groups(hashes, repeated)
    groups = _Groups(len(repeated))
    secret = repeated[:_SECRET_HASHES].tobytes()
    del repeated
    count = _settle(
        hashes,
        windows(read(), dialect=dialect, header=header, window_bytes=window_bytes),
        groups,
        secret=secret,
        dialect=dialect,
        header=header,
        canonical=canonical,
    )
    members = hashes[:count]
    members.sort()
    yield from _in_line_order(members, groups.differs, scanned.chunks, duplicates)


def _repeated(hashes: Hashes) -> Hashes:
    """The hashes that occur at least twice, once each, in order; blank keys are left out."""
    ordered = np.sort(hashes)
    found = [np.empty(0, np.uint64)]
    for low in range(1, len(ordered), _SLICE):
        high = min(low + _SLICE, len(ordered))
        part = ordered[low:high]
        is_second = part == ordered[low - 1 : high - 1]
        # Only the second member of a run of equal hashes is taken.
        third = ordered[max(low - 2, 0) : high - 2]
        is_second[len(part) - len(third) :] &= part[len(part) - len(third) :] != third
        found.append(part[is_second])
    del ordered
    repeated = np.concatenate(found)
    is_key: npt.NDArray[np.bool_] = repeated != BLANK
    return repeated[is_key]


def _replace_by_groups(hashes: Hashes, repeated: Hashes) -> None:
    """Overwrites each hash with its index among the repeated ones plus 1, or 0 for none."""
    bits = min(len(repeated).bit_length() + _BITS_MORE, _TABLE_BITS)
    shift = np.uint64(64 - bits)
    table = np.zeros(1 << bits, np.bool_)
    for low in range(0, len(repeated), _SLICE):
        table[repeated[low : low + _SLICE] >> shift] = True
    for low in range(0, len(hashes), _SLICE):
        part = hashes[low : low + _SLICE]
        maybe = np.flatnonzero(table[part >> shift])
        expected = part[maybe]
        place = np.minimum(np.searchsorted(repeated, expected), len(repeated) - 1)
        is_repeated = repeated[place] == expected
        part[:] = 0
        part[maybe[is_repeated]] = place[is_repeated] + 1


class _Groups:
    """For each account with candidates: its first line's digests, and whether lines differ."""

    def __init__(self, count: int) -> None:
        self._keys = np.zeros(count, np.uint64)
        self._values = np.zeros(count, np.uint64)
        self.differs = np.zeros(count, np.bool_)
        # Groups of keys whose scan hash collides with another key: almost none.
        self._split: dict[tuple[int, int], int] = {}

    def add(self, groups: npt.NDArray[np.intp], keys: Hashes, values: Hashes) -> None:
        """Adds lines to the given groups, in file order; corrects the groups in place."""
        self._begin(groups, keys, values)
        for place in np.flatnonzero(self._keys[groups] != keys).tolist():
            groups[place] = self._other_group(
                int(groups[place]), int(keys[place]), int(values[place])
            )
        self.differs[groups[self._values[groups] != values]] = True

    def _begin(self, groups: npt.NDArray[np.intp], keys: Hashes, values: Hashes) -> None:
        """Makes the first line of each new group its reference."""
        new = np.flatnonzero(self._keys[groups] == 0)
        begun, first = np.unique(groups[new], return_index=True)
        self._keys[begun] = keys[new[first]]
        self._values[begun] = values[new[first]]

    def _other_group(self, group: int, key: int, value: int) -> int:
        number = self._split.get((group, key))
        if number is None:
            number = self._split[group, key] = len(self._keys)
            self._keys = np.append(self._keys, np.uint64(key))
            self._values = np.append(self._values, np.uint64(value))
            self.differs = np.append(self.differs, np.False_)
        return number


def _settle(
    marks: Hashes,
    windows_again: Iterable[Window],
    groups: _Groups,
    *,
    secret: bytes,
    dialect: Dialect,
    header: Header,
    canonical: Canonical,
) -> int:
    """Parses the candidates; leaves (group, line) of the relevant ones at the array's front.

    Returns how many these are. A number is written only over numbers that have been read already.
    """
    done = written = 0
    for window in windows_again:
        lines = np.flatnonzero(data_lines(window, dialect, header))
        marked = marks[done : done + len(lines)]
        done += len(lines)
        is_candidate = marked != 0
        if not is_candidate.any():
            continue
        places = lines[is_candidate]
        parsed = _digests(
            window, places, secret=secret, dialect=dialect, header=header, canonical=canonical
        )
        takes_part, keys, values, numbers = parsed
        found = (marked[is_candidate][takes_part] - np.uint64(1)).astype(np.intp)
        groups.add(found, keys, values)
        end = written + len(found)
        marks[written:end] = (found.astype(np.uint64) << _LINE_BITS) | numbers
        written = end
    return written


def _digests(
    window: Window,
    places: npt.NDArray[np.intp],
    *,
    secret: bytes,
    dialect: Dialect,
    header: Header,
    canonical: Canonical,
) -> tuple[npt.NDArray[np.bool_], Hashes, Hashes, Hashes]:
    """Whether each of the window's candidates is relevant, and digests and lines of those."""
    starts, ends = window.starts[places], window.ends[places]
    records = [
        window.data[low:high] for low, high in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    numbers = window.lines_at(starts)
    takes_part = np.zeros(len(places), np.bool_)
    digests = bytearray()
    found = record_lines(records, numbers.tolist(), dialect=dialect, header=header)
    for place, line in enumerate(found):
        meaning = canonical(line) if line.fault is None else None
        if meaning is not None:
            takes_part[place] = True
            account, values = meaning
            digests += _digest(account, secret) + _digest(repr(values), secret)
    pairs = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    return takes_part, pairs[:, 0], pairs[:, 1], numbers[takes_part].astype(np.uint64)


def _digest(text: str, secret: bytes) -> bytes:
    digest = hashlib.blake2b(text.encode(), digest_size=8, key=secret).digest()
    # Zero marks a group without a line so far.
    return digest if any(digest) else b"\x01" + digest[1:]


def _in_line_order(
    members: Hashes,
    differs: npt.NDArray[np.bool_],
    chunks: Sequence[Chunk],
    duplicates: Duplicates,
) -> Iterator[tuple[int, Repeat]]:
    """The repeats of sorted (group, line) numbers, by line."""
    by_line = np.empty(len(members), np.uint64)
    for low in range(0, len(members), _SLICE):
        part = members[low : low + _SLICE]
        place = np.arange(low, low + len(part), dtype=np.uint64)
        by_line[low : low + _SLICE] = (part & _LINE_MASK) << _LINE_BITS | place
    by_line.sort()
    first_lines = np.array([chunk.first_line for chunk in chunks], np.uint64)
    numbers = [chunk.number for chunk in chunks]
    for low in range(0, len(by_line), _SLICE // 16):
        part = by_line[low : low + _SLICE // 16]
        lines, places = part >> _LINE_BITS, part & _LINE_MASK
        group = members[places] >> _LINE_BITS
        begins = np.searchsorted(members, group << _LINE_BITS)
        ends = np.searchsorted(members, (group << _LINE_BITS) | _LINE_MASK, side="right")
        chunk_of = np.searchsorted(first_lines, lines, side="right") - 1
        differ = differs[group.astype(np.intp)]
        rows = zip(
            lines.tolist(),
            begins.tolist(),
            ends.tolist(),
            differ.tolist(),
            chunk_of.tolist(),
            strict=True,
        )
        for line, begin, end, is_differing, chunk in rows:
            repeat = _repeat(line, members, begin, end, is_differing, duplicates)
            if repeat is not None:
                yield numbers[chunk], repeat


def _repeat(
    line: int, members: Hashes, begin: int, end: int, is_differing: bool, duplicates: Duplicates
) -> Repeat | None:
    """The repeat of one line of an account's `members[begin:end]`; None when it applies."""
    count = end - begin
    if duplicates is Duplicates.REJECT and is_differing:
        near = members[begin : min(end, begin + MAX_OTHERS + 1)] & _LINE_MASK
        others = [other for other in near.tolist() if other != line]
        return Repeat(line, is_conflict=True, others=tuple(others[:MAX_OTHERS]), count=count)
    applies = members[end - 1 if duplicates is Duplicates.LAST else begin]
    winner = int(applies & _LINE_MASK)
    if line == winner:
        return None
    return Repeat(line, is_conflict=False, others=(winner,), count=count)
