"""Workbooks written byte by byte, as no spreadsheet program writes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping

TYPES = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(*targets: tuple[str, str], mode: str = "") -> bytes:
    """A relations part with these kinds and targets, with the ids r1, r2 and so on."""
    listed = "".join(
        f'<Relationship Id="r{at}" Type="{OFFICE}/{kind}" Target="{target}"{mode}/>'
        for at, (kind, target) in enumerate(targets, start=1)
    )
    return f"<Relationships>{listed}</Relationships>".encode()


SHEET = (
    "<worksheet><sheetData>"
    '<row r="1"><c r="A1" t="inlineStr"><is><t>account ID</t></is></c></row>'
    '<row r="2"><c r="A2"><v>42</v></c></row>'
    "</sheetData></worksheet>"
)
PARTS: Mapping[str, bytes] = {
    "[Content_Types].xml": TYPES,
    "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
    "xl/workbook.xml": b'<workbook><sheets><sheet name="One" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": relations(
        ("worksheet", "worksheets/sheet1.xml"),
        ("sharedStrings", "sharedStrings.xml"),
        ("styles", "styles.xml"),
    ),
    "xl/worksheets/sheet1.xml": SHEET.encode(),
}


def packed(parts: Mapping[str, bytes | Iterator[bytes] | None], **options: int) -> bytes:
    """A zip file of PARTS with these replacements; None removes a part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", options.get("method", zipfile.ZIP_DEFLATED), compresslevel=1
    ) as archive:
        for name, content in {**PARTS, **parts}.items():
            if content is None:
                continue
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in (content,) if isinstance(content, bytes) else content:
                    part.write(piece)
    return buffer.getvalue()


def with_rows(rows: str, before: str = "", behind: str = "") -> bytes:
    """A workbook whose sheet has these rows."""
    sheet = f"<worksheet>{before}<sheetData>{rows}</sheetData>{behind}</worksheet>"
    return packed({"xl/worksheets/sheet1.xml": sheet.encode()})


def full_sheet(rows: int, columns: int) -> bytes:
    """A workbook whose sheet is filled with numbers."""
    letters = [chr(ord("A") + at) for at in range(columns)]

    def pieces() -> Iterator[bytes]:
        yield b"<worksheet><sheetData>"
        for row in range(1, rows + 1):
            cells = "".join(f'<c r="{letter}{row}"><v>{row}</v></c>' for letter in letters)
            yield f'<row r="{row}">{cells}</row>'.encode()
        yield b"</sheetData></worksheet>"

    return packed({"xl/worksheets/sheet1.xml": pieces()})
