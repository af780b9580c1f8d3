"""The probable kind of a file that is not CSV, so that its refusal can name it."""

from __future__ import annotations

import re

_XLSX_OR_CSV = "save it as an Excel workbook (.xlsx) or as CSV"
_OLD_EXCEL = "an Excel workbook of the old kind (.xls), or one with a password"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", f"{_OLD_EXCEL}: {_XLSX_OR_CSV}, without a password"),
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
_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
# Excel puts a workbook with a password into a container of the old format, under this name.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_WORKBOOK_PARTS = (b"[Content_Types].xml", b"xl/", b"docProps/", b"_rels/")
# Only so many bytes are searched for names of parts; the first name is at the beginning.
_LOOK_BYTES = 4096
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|head|body)\b", re.IGNORECASE)
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")

# Text has almost no control characters; compressed or compiled bytes have one in ten.
_BINARY_SHARE = 0.05


def foreign_kind(head: bytes) -> str | None:
    """The probable kind of bytes that are not CSV text, in words; None when they may be CSV."""
    if head.startswith(_OLD_OFFICE) and _ENCRYPTED in head:
        return f"an Excel workbook with a password: {_XLSX_OR_CSV}, without a password"
    if head.startswith(_ZIP) and _OPEN_DOCUMENT in head[:_LOOK_BYTES]:
        return f"an OpenDocument file (.ods): {_XLSX_OR_CSV}"
    if is_workbook(head):
        return "an Excel workbook: save it as CSV"
    for signature, kind in _SIGNATURES:
        if head.startswith(signature) and (signature != b"BZh" or head[4:10] == b"1AY&SY"):
            return kind
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "a web page or XML document: save it as CSV"
    return None


def is_workbook(head: bytes) -> bool:
    """True for the beginning of an Excel workbook (.xlsx), or of another file of new Office.

    Only unpacking shows which kind of Office file it is: see `handover.workbooks`.
    """
    return head.startswith(_ZIP) and any(part in head[:_LOOK_BYTES] for part in _WORKBOOK_PARTS)


def binary_kind(head: bytes) -> str | None:
    """The probable kind of bytes without a UTF-16 mark that are not text; None if they may be."""
    nuls = head.count(0)
    if nuls:
        sides = head[::2].count(0), head[1::2].count(0)
        if nuls > len(head) // 4 and max(sides) > 8 * min(sides):
            return "UTF-16 text without its byte order mark: save it as CSV UTF-8"
        return "a binary file (it holds NUL bytes)"
    if len(_BINARY.findall(head)) > _BINARY_SHARE * len(head):
        return "a binary file"
    return None
