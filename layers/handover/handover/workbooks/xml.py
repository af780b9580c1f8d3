"""XML as a stream; document types and entities, which no workbook needs, are refused.

So expat expands and fetches nothing. The nesting and the length of tags are limited too, because
expat keeps them in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn, Protocol
from xml.parsers import expat

from handover.workbooks.limits import MAX_DEPTH, MAX_TOKEN_BYTES
from handover.workbooks.refusals import damaged, unsafe

Attributes = Mapping[str, str]


class Handler(Protocol):
    """Receives the elements of one part; names come without their prefix."""

    def start(self, name: str, attributes: Attributes, /) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text within the element; one text may come in several pieces."""


def feed(chunks: Iterable[bytes], handler: Handler) -> Iterator[None]:
    """Parses the chunks one by one, and yields after each. Raises RefusedError.

    A caller that needs no more may stop iterating.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    names: dict[str, str] = {}
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise unsafe(f"more than {MAX_DEPTH} elements within each other")
        handler.start(names.get(name) or _local(names, name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(names[name])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    fed = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                raise unsafe(f"a tag of more than {MAX_TOKEN_BYTES:,} bytes")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise damaged(f"its XML is broken at line {error.lineno}") from error
    yield


def run(chunks: Iterable[bytes], handler: Handler) -> None:
    """Parses all of the chunks. Raises RefusedError."""
    for _ in feed(chunks, handler):
        pass


def attribute(attributes: Attributes, name: str) -> str | None:
    """The value of an attribute by its name without a prefix; None if there is none."""
    found = attributes.get(name)
    if found is not None:
        return found
    ending = f":{name}"
    return next((value for key, value in attributes.items() if key.endswith(ending)), None)


def is_true(value: str | None) -> bool:
    """True for the two spellings of true in XML."""
    return value in ("1", "true")


def whole_number(value: str | None) -> int | None:
    """The number in an attribute; None for any other text, or a number that is far too large."""
    if value is None or len(value) > MAX_NUMBER_CHARS or not (value.isascii() and value.isdigit()):
        return None
    return int(value)


MAX_NUMBER_CHARS = 9


def _local(names: dict[str, str], name: str) -> str:
    """The name without its prefix, remembered: a part has few names and many elements."""
    if len(names) > MAX_NAMES:
        raise unsafe(f"elements of more than {MAX_NAMES:,} names")
    return names.setdefault(name, name.rpartition(":")[2])


MAX_NAMES = 10_000


def _refuse(*_declared: object) -> NoReturn:
    raise unsafe("a document type or an entity")
