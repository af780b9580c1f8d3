"""Physical lines in bytes: every LF, CRLF and lone CR ends one, inside quotes too (numpy).

A range never ends between a CR and its LF: callers hold a last CR back.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]
Places: TypeAlias = npt.NDArray[np.intp]

LF, CR, QUOTE = 10, 13, 34

# Bytes compared at a time, so that the masks stay in a core's cache.
_STEP_BYTES = 256 * 1024


def count_line_ends(data: bytes, view: Bytes, start: int, end: int) -> int:
    """How many physical lines end in `data[start:end]`; `view` is the same bytes for numpy."""
    count = 0
    for low in range(start, end, _STEP_BYTES):
        count += int(np.count_nonzero(view[low : min(low + _STEP_BYTES, end)] == LF))
    if data.find(b"\r", start, end) >= 0:
        returns = np.flatnonzero(view[start:end] == CR) + start
        followed = returns[returns + 1 < end] + 1
        count += len(returns) - int(np.count_nonzero(view[followed] == LF))
    return count


def line_end_places(view: Bytes, start: int, end: int) -> Places:
    """The last byte of each physical line that ends in the range."""
    is_end = view[start:end] == LF
    is_return = view[start:end] == CR
    if is_return.any():
        is_return[:-1] &= ~is_end[1:]
        is_end |= is_return
    return np.flatnonzero(is_end) + start
