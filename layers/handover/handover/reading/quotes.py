"""Which quotes of a block open or close a field, exactly as csv.reader sees them (numpy).

Counting quotes is not enough: `5" pipe` and `"a"b"c` contain quotes that are plain text. A quote
outside a quoted field opens one only at the start of a field, or right after the quote that closed
it (a doubled quote). A block where every second quote is at such a place takes a few array
operations. For other blocks, a regular expression scans one string with a letter for each quote.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from handover.reading.lineends import CR, LF, Bytes, Places

_OPENS, _DOUBLES, _OTHER = ord("o"), ord("j"), ord("x")
# A run of quoted fields with their doubled quotes, then quotes that are plain text.
_RUN = re.compile(rb"(?s:(?:o.?+(?:j.?+)*+)*+)([xj]*+)")


def separator_table(delimiter: str) -> npt.NDArray[np.bool_]:
    """For each byte, whether a field begins after it (outside quotes)."""
    table = np.zeros(256, np.bool_)
    table[[LF, CR, ord(delimiter)]] = True
    return table


def structural_quotes(
    view: Bytes, places: Places, separators: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_] | None:
    """For each quote at `places`, whether it opens or closes a field; None when all do.

    `view` must begin with a record.
    """
    if _all_are_structural(view, places, separators):
        return None
    return _walked(view, places, separators)


def _all_are_structural(view: Bytes, places: Places, separators: npt.NDArray[np.bool_]) -> bool:
    """Whether quotes simply open and close in turn, with each opener at a valid place."""
    openers = places[0::2]
    if not len(openers):
        return True
    closers = places[1::2]
    before = openers - 1
    allowed = separators[view[before]]
    allowed[1:] |= closers[: len(openers) - 1] == before[1:]
    if openers[0] == 0:
        allowed[0] = True
    return bool(allowed.all())


def _walked(
    view: Bytes, places: Places, separators: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    kinds = np.full(len(places), _OTHER, np.uint8)
    kinds[separators[view[places - 1]]] = _OPENS
    kinds[1:][places[1:] == places[:-1] + 1] = _DOUBLES
    if places[0] == 0:
        kinds[0] = _OPENS
    keep = np.ones(len(places), np.bool_)
    for match in _RUN.finditer(kinds.tobytes()):
        keep[match.start(1) : match.end(1)] = False
    return keep
