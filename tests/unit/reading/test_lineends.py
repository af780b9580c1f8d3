"""Where physical lines end in a range of bytes, against a pattern, for every short text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from handover.reading.lineends import count_line_ends, line_end_places


def ranges() -> Iterator[tuple[bytes, int, int]]:
    """Every short text and each of its ranges that does not end within a CRLF."""
    for length in range(6):
        for text in map(bytes, product(b"\r\na", repeat=length)):
            for start in range(length + 1):
                for end in range(start, length + 1):
                    if not (text[:end].endswith(b"\r") and text[end:].startswith(b"\n")):
                        yield text, start, end


@pytest.mark.parametrize("step", [1, 2, 1 << 18])
def test_lines_end_at_lf_crlf_and_a_lone_cr(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handover.reading.lineends._STEP_BYTES", step)
    for text, start, end in ranges():
        view = np.frombuffer(text, np.uint8)
        expected = [
            start + found.end() - 1 for found in re.finditer(b"\r\n|\r|\n", text[start:end])
        ]

        assert count_line_ends(text, view, start, end) == len(expected), (text, start, end)
        assert line_end_places(view, start, end).tolist() == expected, (text, start, end)
