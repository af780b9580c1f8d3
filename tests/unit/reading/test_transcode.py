"""UTF-16 becomes the same text in UTF-8, however it is cut into blocks."""

from __future__ import annotations

import codecs

import pytest
from handover.errors import RefusedError
from handover.reading.transcode import utf8_blocks
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reading.oracle import cut

BOMS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@given(
    st.text(),
    st.sampled_from(sorted(BOMS)),
    st.integers(1, 9),
)
def test_text_is_the_same_at_any_cut(text: str, encoding: str, size: int) -> None:
    blocks = cut(BOMS[encoding] + text.encode(encoding), size)

    assert b"".join(utf8_blocks(blocks, encoding=encoding)).decode() == text


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 100])
@pytest.mark.parametrize("broken", [b"\x00\xd8x\x00", b"\x00\xdc", b"\x00\xd8", b"x"])
def test_broken_text_is_refused_with_its_place(size: int, broken: bytes) -> None:
    data = BOMS["utf-16-le"] + "é\r\nb\nc\r".encode("utf-16-le") + broken

    with pytest.raises(RefusedError) as caught:
        list(utf8_blocks(cut(data, size), encoding="utf-16-le"))

    assert caught.value.refusal.code == "ENCODING"
    assert caught.value.refusal.line == 4
    assert "byte 16 " in caught.value.refusal.message
