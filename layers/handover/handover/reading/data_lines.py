"""Which records of a window are data lines: all except the blank ones (numpy).

They are exactly the rows that are not blank for `handover.reading.blanks`. The first byte or two of
nearly every record show that it has a value. Array operations check short records of separators and
spaces; csv.reader reads only the rest.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt

from handover.model import Dialect, Header
from handover.reading.blanks import blank_test
from handover.reading.lineends import Places
from handover.reading.own_columns import own_columns_at
from handover.reading.parsing import rows, text_lines
from handover.reading.windows import PADDING, Window

# Bytes of a record checked by array operations; the padding after a window allows no more.
_BYTES_AT_ONCE = len(PADDING)

_SPACES = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
_ASCII_SPACES = "".join(char for char in _SPACES if char.isascii()).encode()
# The only other space of Windows-1252 is 0xA0, which is also a byte of its UTF-8 form.
_BYTES_OF_SPACES = bytes(sorted(set(_SPACES.encode())))

Mask = npt.NDArray[np.bool_]


def data_lines(window: Window, dialect: Dialect, header: Header) -> Mask:
    """For each record of the window, whether it is a data line."""
    is_line: Mask = window.stops > window.starts
    if not dialect.skips_blank_rows:
        return is_line
    own_at = own_columns_at(header.labels)
    ends = window.stops
    if own_at:
        # A report's own cells are never blank, so only the cells before them count.
        ends = np.where(window.widths == len(header.labels), window.field(own_at - 1)[1], ends)
    may_be_blank, is_blank_byte = _tables(dialect.delimiter)
    first = window.view[window.starts]
    odd = np.flatnonzero(may_be_blank[first] & is_line)
    second = window.starts[odd] + 1
    odd = odd[may_be_blank[window.view[second]] | (second >= ends[odd])]
    if not len(odd):
        return is_line
    is_sure = np.full(len(odd), not own_at)
    for step in range(_BYTES_AT_ONCE):
        at = window.starts[odd] + step
        is_within = at < ends[odd]
        if not is_within.any():
            break
        found = window.view[at]
        is_sure &= is_blank_byte[found] | ~is_within
        stays = may_be_blank[found] | ~is_within
        odd, is_sure = odd[stays], is_sure[stays]
    is_sure &= ends[odd] - window.starts[odd] <= _BYTES_AT_ONCE
    is_line[odd[is_sure]] = False
    unsure = odd[~is_sure]
    is_line[_read_as_blank(window, unsure, ends, dialect, header)] = False
    return is_line


def _read_as_blank(
    window: Window, places: Places, ends: Places, dialect: Dialect, header: Header
) -> Places:
    """The records among `places` that csv.reader reads as blank lines."""
    may_be_blank = _pattern(dialect.delimiter)
    bounds = zip(window.starts[places].tolist(), ends[places].tolist(), strict=True)
    is_left = [may_be_blank.fullmatch(window.data, low, high) is not None for low, high in bounds]
    places = places[np.array(is_left, np.bool_)]
    bounds = zip(window.starts[places].tolist(), window.ends[places].tolist(), strict=True)
    text = b"".join([window.data[low:high] for low, high in bounds]).decode(dialect.encoding)
    is_blank = blank_test(dialect, header)
    found = [is_blank(row) for row in rows(text_lines(text), delimiter=dialect.delimiter)]
    return places[np.array(found, np.bool_)]


@cache
def _tables(delimiter: str) -> tuple[Mask, Mask]:
    """For each byte, whether a blank line may contain it, and whether it is blank by itself."""
    may_be_blank, is_blank_byte = np.zeros((2, 256), np.bool_)
    may_be_blank[list(_may_hold(delimiter))] = True
    is_blank_byte[list(delimiter.encode() + _ASCII_SPACES)] = True
    return may_be_blank, is_blank_byte


@cache
def _pattern(delimiter: str) -> re.Pattern[bytes]:
    """A pattern for a complete blank line."""
    return re.compile(b"[" + re.escape(_may_hold(delimiter)) + b"]*+")


def _may_hold(delimiter: str) -> bytes:
    return delimiter.encode() + b'"' + _BYTES_OF_SPACES
