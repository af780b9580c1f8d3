"""What a file that is no CSV looks like, so that a refusal can say it."""

from __future__ import annotations

import re

_EXCEL = "an Excel workbook: save it as CSV"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"PK\x03\x04", "an Excel workbook or a zip archive: save it as CSV, or unpack it first"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", f"{_EXCEL[:17]} of the old kind: save it as CSV"),
    (b"%PDF-", "a PDF document"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first"),
    (b"{\\rtf", "a rich text document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_WORKBOOK_PARTS = (b"[Content_Types].xml", b"xl/", b"docProps/", b"_rels/")
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|head|body)\b", re.IGNORECASE)
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")

# Text has next to no control characters; compressed or compiled bytes have one in ten.
_BINARY_SHARE = 0.05


def foreign_kind(head: bytes) -> str | None:
    """What the bytes look like when they are no CSV text, in words; None when they may be."""
    if head.startswith(b"PK\x03\x04") and any(part in head[:4096] for part in _WORKBOOK_PARTS):
        return _EXCEL
    for signature, kind in _SIGNATURES:
        if head.startswith(signature) and (signature != b"BZh" or head[4:10] == b"1AY&SY"):
            return kind
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "a web page or XML document: save it as CSV"
    return None


def binary_kind(head: bytes) -> str | None:
    """What bytes without a UTF-16 mark look like when they are no text; None when they may be."""
    nuls = head.count(0)
    if nuls:
        sides = head[::2].count(0), head[1::2].count(0)
        if nuls > len(head) // 4 and max(sides) > 8 * min(sides):
            return "UTF-16 text without its byte order mark: save it as CSV UTF-8"
        return "a binary file (it holds NUL bytes)"
    if len(_BINARY.findall(head)) > _BINARY_SHARE * len(head):
        return "a binary file"
    return None
