"""Which quotes open or close a field, against a plain walk through every short text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from handover.reading.quotes import separator_table, structural_quotes


def walked(text: bytes, delimiter: str) -> Iterator[bool]:
    """For each quote, whether it opens or closes a field."""
    state = "begin"
    for byte in text:
        if byte == ord('"'):
            yield state != "plain"
            state = {"begin": "quoted", "quoted": "closed", "closed": "quoted"}.get(state, "plain")
        elif state != "quoted":
            state = "begin" if chr(byte) in f"{delimiter}\n\r" else "plain"


@pytest.mark.parametrize("delimiter", [",", "|"])
@pytest.mark.parametrize("length", range(1, 8))
def test_the_quotes_of_every_short_text_are_found_as_by_a_plain_walk(
    length: int, delimiter: str
) -> None:
    separators = separator_table(delimiter)
    signs = b'",\n' if length > 5 else b'"\xff,\n\r|'

    for text in map(bytes, product(signs, repeat=length)):
        view = np.frombuffer(text, np.uint8)
        expected = list(walked(text, delimiter))

        found = structural_quotes(view, np.flatnonzero(view == ord('"')), separators)

        assert (expected if found is None else found.tolist()) == expected, text
        assert (found is None) == all(expected), text
