"""Which quotes of a block open or close a field, exactly as csv.reader takes them (numpy).

Counting quotes is not enough: `5" pipe` and `"a"b"c` hold quotes that are plain text. A quote
outside a quoted field opens one only at the start of a field, or straight after the quote that
closed it (a doubled quote). Blocks where every second quote stands so are settled by a few array
operations; in others the quotes' neighbours become one string that a regular expression walks.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from handover.reading.lineends import CR, LF, Bytes, Places

_OPENS, _DOUBLES, _OTHER = ord("o"), ord("j"), ord("x")
# A run of quoted fields with their doubled quotes, then quotes that are plain text.
_RUN = re.compile(rb"(?s:(?:o.?+(?:j.?+)*+)*+)([xj]*+)")
_RUN_INSIDE = re.compile(rb"(?s:.(?:j.?+)*+(?:o.?+(?:j.?+)*+)*+)([xj]*+)")
_RUN_CLOSED = re.compile(rb"(?s:(?:j.?+)*+(?:o.?+(?:j.?+)*+)*+)([xj]*+)")


class QuoteState:
    """What the bytes before a block mean for its quotes; a record's start to begin with."""

    def __init__(self) -> None:
        self.is_inside = False
        self.follows_separator = True
        self.follows_closing = False


def separator_table(delimiter: str) -> npt.NDArray[np.bool_]:
    """For each byte, whether a field begins after it (outside quotes)."""
    table = np.zeros(256, np.bool_)
    table[[LF, CR, ord(delimiter)]] = True
    return table


def structural_quotes(
    view: Bytes, places: Places, state: QuoteState, separators: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_] | None:
    """For each quote at `places`, whether it opens or closes a field; None when all do."""
    if _all_are_structural(view, places, state, separators):
        return None
    return _walked(view, places, state, separators)


def advance(state: QuoteState, view: Bytes, quotes: Places, ends_field: bool) -> None:
    """Moves `state` behind a block whose structural quotes are known.

    `ends_field` says whether the block's last byte is a separator's.
    """
    if len(quotes) % 2:
        state.is_inside = not state.is_inside
    last_is_quote = len(quotes) > 0 and int(quotes[-1]) == len(view) - 1
    state.follows_closing = last_is_quote and not state.is_inside
    state.follows_separator = ends_field


def _all_are_structural(
    view: Bytes, places: Places, state: QuoteState, separators: npt.NDArray[np.bool_]
) -> bool:
    """Whether quotes simply open and close in turn, each opener where one may stand."""
    openers = places[1 if state.is_inside else 0 :: 2]
    if not len(openers):
        return True
    closers = places[0 if state.is_inside else 1 :: 2]
    before = openers - 1
    allowed = separators[view[before]]
    if state.is_inside:
        allowed |= closers[: len(openers)] == before
    else:
        allowed[1:] |= closers[: len(openers) - 1] == before[1:]
        if openers[0] == 0:
            allowed[0] = state.follows_separator or state.follows_closing
    return bool(allowed.all())


def _walked(
    view: Bytes, places: Places, state: QuoteState, separators: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    kinds = np.full(len(places), _OTHER, np.uint8)
    kinds[separators[view[places - 1]]] = _OPENS
    kinds[1:][places[1:] == places[:-1] + 1] = _DOUBLES
    if places[0] == 0:
        kinds[0] = _OTHER
        if state.follows_separator:
            kinds[0] = _OPENS
        if state.follows_closing:
            kinds[0] = _DOUBLES
    text = kinds.tobytes()
    keep = np.ones(len(places), np.bool_)
    first = _RUN
    if state.is_inside:
        first = _RUN_INSIDE
    elif state.follows_closing:
        first = _RUN_CLOSED
    match = first.match(text)
    begin = 0
    if match is not None:
        keep[match.start(1) : match.end(1)] = False
        begin = match.end()
    for match in _RUN.finditer(text, begin):
        keep[match.start(1) : match.end(1)] = False
    return keep
