"""UTF-16 rewritten as UTF-8 in a stream, so that splitting sees one byte per delimiter."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from handover.errors import RefusedError
from handover.reading.parsing import count_line_ends

_BOM = "\ufeff"


def utf8_blocks(blocks: Iterable[bytes], *, encoding: str) -> Iterator[bytes]:
    """The same text in UTF-8 without a byte order mark; lazy, one block in, at most one out.

    `encoding` is "utf-16-le" or "utf-16-be", as `read_head` found it; `blocks` is the whole file,
    cut anywhere. Call `read_head` again for the result. Raises RefusedError ENCODING at an odd byte
    or a lone surrogate.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    place = _Place()
    is_start = True
    for block in blocks:
        text = _decode(decoder, block, place, encoding)
        if not text:
            continue
        place.pass_over(text)
        if is_start:
            text, is_start = text.removeprefix(_BOM), False
        yield text.encode()
    _decode(decoder, b"", place, encoding, is_final=True)


class _Place:
    """The transcoder's position: the physical line, and the bytes read so far."""

    def __init__(self) -> None:
        self.line = 1
        self.bytes_read = 0
        self._ends_in_return = False

    def pass_over(self, text: str) -> None:
        # A CRLF cut between two blocks was already counted at its CR.
        if self._ends_in_return and text.startswith("\n"):
            self.line -= 1
        self.line += count_line_ends(text)
        self._ends_in_return = text.endswith("\r")


def _decode(
    decoder: codecs.IncrementalDecoder,
    block: bytes,
    place: _Place,
    encoding: str,
    *,
    is_final: bool = False,
) -> str:
    kept_back = decoder.getstate()[0]
    start = place.bytes_read - len(kept_back)
    place.bytes_read += len(block)
    try:
        return decoder.decode(block, is_final)
    except UnicodeDecodeError as error:
        place.pass_over(error.object[: error.start].decode(encoding))
        raise RefusedError(
            "ENCODING",
            f"line {place.line}: byte {start + error.start} begins no UTF-16 character; "
            "the file may be cut off or damaged: save it again, best as CSV UTF-8",
            place.line,
        ) from error
