"""Hostile workbooks: a clear refusal, or a conversion in little memory."""

from __future__ import annotations

import contextlib
import io
import random
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from handover.errors import RefusedError
from handover.reading.unreadable import NOT_SHOWN
from handover.workbooks import limits
from handover.workbooks.conversion import open_workbook
from handover.workbooks.limits import Limits

from tests.workbooks.builders import PLAIN, by_openpyxl, by_xlsxwriter
from tests.workbooks.corpus import converted
from tests.workbooks.raw import SHEET, full_sheet, packed, relations, with_rows

MB = 1024**2
SMALL = Limits(expanded_bytes=4 * MB, part_bytes=MB, strings_bytes=MB, strings=1000)
SHEET_PART = "xl/worksheets/sheet1.xml"


def refusal(workbook: bytes, limits: Limits = SMALL) -> tuple[str, str]:
    """The code and the message that refuse a workbook."""
    with pytest.raises(RefusedError) as refused:
        for _ in open_workbook(io.BytesIO(workbook), limits=limits).blocks():
            pass
    return refused.value.refusal.code, refused.value.refusal.message


def pieces(piece: bytes, times: int, before: bytes = b"", behind: bytes = b"") -> Iterator[bytes]:
    yield before
    for _ in range(times):
        yield piece
    yield behind


def test_the_smallest_workbook_is_read() -> None:
    assert converted(packed({})) == [["account ID"], ["42"]]


BOMB = pieces(b" " * MB, 6, b"<worksheet>", b"</worksheet>")
LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><worksheet>&c;</worksheet>'
)
FILE = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'
MANY_STRINGS = pieces(b"<si><t>a</t></si>", 1001, b"<sst>", b"</sst>")
LONG_STRINGS = pieces(b"<si><t>" + b"a" * 30_000 + b"</t></si>", 40, b"<sst>", b"</sst>")


@pytest.mark.parametrize(
    ("parts", "code", "words"),
    [
        ({SHEET_PART: BOMB}, "TOO_LARGE", "unpacks to more than 4,194,304 bytes"),
        ({"xl/workbook.xml": b"<workbook>" + b" " * MB}, "TOO_LARGE", "more than 1,048,576 bytes"),
        ({"xl/styles.xml": b"<styleSheet>" + b" " * MB}, "TOO_LARGE", "more than 1,048,576 bytes"),
        ({"xl/sharedStrings.xml": MANY_STRINGS}, "TOO_LARGE", "more than 1,000 texts"),
        ({"xl/sharedStrings.xml": LONG_STRINGS}, "TOO_LARGE", "more than 1,048,576 bytes"),
        ({SHEET_PART: LAUGHS}, "WORKBOOK_DAMAGED", "a document type"),
        ({SHEET_PART: FILE}, "WORKBOOK_DAMAGED", "a document type"),
        ({"xl/workbook.xml": LAUGHS}, "WORKBOOK_DAMAGED", "a document type"),
        ({SHEET_PART: b"<worksheet>" + b"<a>" * 65}, "WORKBOOK_DAMAGED", "within each other"),
        (
            {SHEET_PART: pieces(b" " * MB, 3, b"<worksheet ", b">")},
            "WORKBOOK_DAMAGED",
            "a tag of more than",
        ),
        (
            {SHEET_PART: pieces(b"-" * MB, 3, b"<worksheet><!-", b"->")},
            "WORKBOOK_DAMAGED",
            "broken",
        ),
        (
            {SHEET_PART: b"<worksheet>" + b"".join(b"<a%d/>" % at for at in range(10_002))},
            "WORKBOOK_DAMAGED",
            "elements of more than",
        ),
        ({SHEET_PART: SHEET.encode()[:-20]}, "WORKBOOK_DAMAGED", "XML is broken"),
        ({SHEET_PART: b"\xff\xfe\x00"}, "WORKBOOK_DAMAGED", "XML is broken"),
        ({SHEET_PART: b"<html/>"}, "WORKBOOK_DAMAGED", "no worksheet"),
        ({SHEET_PART: None}, "WORKBOOK_DAMAGED", "missing"),
        ({"_rels/.rels": None}, "WORKBOOK_DAMAGED", "missing"),
        ({"xl/workbook.xml": None}, "WORKBOOK_DAMAGED", "missing"),
        ({"_rels/.rels": relations(("other", "a.xml"))}, "WORKBOOK_DAMAGED", "no sheets"),
        (
            {
                "_rels/.rels": relations(("officeDocument", "word/document.xml")),
                "word/document.xml": b"<document/>",
                "word/_rels/document.xml.rels": relations(),
            },
            "NOT_CSV",
            "a Word document",
        ),
        (
            {"_rels/.rels": relations(("officeDocument", "xl/workbook.bin"))},
            "NOT_CSV",
            "binary Excel workbook (.xlsb)",
        ),
        (
            {
                "xl/_rels/workbook.xml.rels": relations(
                    ("worksheet", "file:///etc/passwd"), mode=' TargetMode="External"'
                )
            },
            "WORKBOOK_DAMAGED",
            "has no part",
        ),
        (
            {"xl/_rels/workbook.xml.rels": relations(("worksheet", "../../../../etc/passwd"))},
            "WORKBOOK_DAMAGED",
            "missing",
        ),
        (
            {"xl/workbook.xml": b"<workbook>" + b"<sheet name='a' id='r1'/>" * 1001},
            "TOO_LARGE",
            "more than 1,000 sheets",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "parts",
)
def test_a_hostile_part_is_refused(
    parts: dict[str, bytes | Iterator[bytes] | None], code: str, words: str
) -> None:
    found, message = refusal(packed(parts))

    assert found == code
    assert words in message


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"/><row r="2"/>',
        '<row r="2"/><row r="1"/>',
        '<row r="0"/>',
        '<row r="-1"/>',
        '<row r="x"/>',
        '<row r="1048577"/>',
        '<row r="99999999999999999999"/>',
        '<row r="1"><c r="A2"><v>1</v></c></row>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="1"><c r="1"><v>1</v></c></row>',
        '<row r="1"><c r="a1"><v>1</v></c></row>',
        '<row r="1"><c r=""><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="1"><c r="A1" t="x"><v>0</v></c></row>',
        '<row r="1"><c r="A1" t="b"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>nan</v></c></row>',
        '<row r="1"><c r="A1"><v>1_000</v></c></row>',
        '<row r="1"><c r="A1"><v>0x10</v></c></row>',
        "<c><v>1</v></c>",
    ],
)
def test_content_that_no_spreadsheet_program_writes_is_refused(rows: str) -> None:
    assert refusal(with_rows(rows))[0] == "WORKBOOK_DAMAGED"


def test_a_cell_longer_than_any_spreadsheet_allows_is_refused() -> None:
    rows = f'<row r="1"><c r="A1" t="str"><v>{"a" * 32_768}</v></c></row>'

    assert refusal(with_rows(rows))[0] == "TOO_LARGE"


def test_cells_without_references_are_read_in_their_order() -> None:
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"

    assert converted(with_rows(rows)) == [["1", "2"], ["3"]]


def test_elements_may_have_a_prefix() -> None:
    sheet = SHEET.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")

    assert converted(packed({SHEET_PART: sheet.encode()})) == [["account ID"], ["42"]]


def test_a_missing_style_is_marked() -> None:
    rows = '<row r="1"><c r="A1" s="7"><v>42</v></c></row>'

    assert converted(with_rows(rows)) == [[NOT_SHOWN]]


@pytest.mark.parametrize(
    ("rows", "before", "behind", "code"),
    [
        ('<row r="1" hidden="1"><c r="A1"><v>1</v></c></row>', "", "", "HIDDEN_ROWS"),
        ('<row r="1" hidden="true"><c r="A1"><v>1</v></c></row>', "", "", "HIDDEN_ROWS"),
        (
            '<row r="1"><c r="A1"><v>1</v></c></row>',
            "",
            '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>',
            "MERGED_CELLS",
        ),
        (
            '<row r="1"><c r="A1"><v>1</v></c></row>',
            "",
            '<mergeCells><mergeCell ref="A1:XFE2"/></mergeCells>',
            "WORKBOOK_DAMAGED",
        ),
    ],
)
def test_hidden_content_is_refused(rows: str, before: str, behind: str, code: str) -> None:
    assert refusal(with_rows(rows, before, behind))[0] == code


def test_macros_and_links_are_ignored() -> None:
    parts: dict[str, bytes | Iterator[bytes] | None] = {
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 this runs nowhere",
        "xl/externalLinks/externalLink1.xml": LAUGHS,
        "xl/externalLinks/_rels/externalLink1.xml.rels": LAUGHS,
        "xl/worksheets/_rels/sheet1.xml.rels": LAUGHS,
        "xl/connections.xml": LAUGHS,
    }

    assert converted(packed(parts)) == [["account ID"], ["42"]]


def test_a_part_listed_twice_is_refused() -> None:
    buffer = io.BytesIO(packed({}))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(SHEET_PART.upper(), "<worksheet/>")

    code, message = refusal(buffer.getvalue())

    assert (code, "twice" in message) == ("WORKBOOK_DAMAGED", True)


def test_an_encrypted_part_is_refused_by_its_name() -> None:
    data = bytearray(packed({}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(signature, at + 4)

    code, message = refusal(bytes(data))

    assert (code, "password" in message) == ("WORKBOOK_ENCRYPTED", True)


def test_parts_with_another_compression_are_refused() -> None:
    assert refusal(packed({}, method=zipfile.ZIP_BZIP2))[0] == "WORKBOOK_DAMAGED"


def test_more_parts_than_any_workbook_has_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for at in range(limits.MAX_PARTS + 1):
            archive.writestr(f"{at}", b"")

    assert "lists more than 10,000 parts" in refusal(buffer.getvalue())[1]


def test_a_zip_directory_that_is_too_large_is_not_read() -> None:
    data = bytearray(packed({}))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = (limits.MAX_DIRECTORY_BYTES + 1).to_bytes(4, "little")

    assert refusal(bytes(data))[0] == "TOO_LARGE"


@pytest.mark.parametrize("tenths", range(10))
def test_a_truncated_workbook_is_refused(tenths: int) -> None:
    whole = by_openpyxl(PLAIN)

    code, message = refusal(whole[: len(whole) * tenths // 10], limits.LIMITS)

    assert code == "WORKBOOK_DAMAGED"
    assert "save it again" in message


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    with path.open("wb") as file:
        file.truncate(limits.MAX_WORKBOOK_BYTES + 1)

    with path.open("rb") as file, pytest.raises(RefusedError, match="268,435,456 bytes"):
        open_workbook(file)


@pytest.mark.parametrize("seed", range(40))
def test_a_workbook_with_bytes_altered_is_read_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    make = rng.choice((by_openpyxl, by_xlsxwriter))
    stored = io.BytesIO()
    # Uncompressed, so that alterations hit the XML as often as the zip file.
    with (
        zipfile.ZipFile(io.BytesIO(make(PLAIN))) as source,
        zipfile.ZipFile(stored, "w") as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    for _ in range(25):
        data = bytearray(stored.getvalue())
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        _refresh_checksums(data)
        with contextlib.suppress(RefusedError):
            converted(bytes(data))


def _refresh_checksums(data: bytearray) -> None:
    """Corrects the zip file's checksums, so that they do not refuse it first."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(bytes(data)))
        for info in archive.infolist():
            at = info.header_offset
            name_bytes = int.from_bytes(data[at + 26 : at + 28], "little")
            start = at + 30 + name_bytes + int.from_bytes(data[at + 28 : at + 30], "little")
            crc = zlib.crc32(bytes(data[start : start + info.file_size]))
            data[at + 14 : at + 18] = crc.to_bytes(4, "little")
            place = data.find(info.CRC.to_bytes(4, "little"), archive.start_dir)
            if place >= 0:
                data[place : place + 4] = crc.to_bytes(4, "little")
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return


CONVERTING = """
import re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1024**3, 1024**3))
from handover.errors import RefusedError
from handover.workbooks.conversion import open_workbook
size = 0
with open(sys.argv[1], "rb") as file:
    try:
        for block in open_workbook(file).blocks():
            size += len(block)
        end = "read"
    except RefusedError as refused:
        end = refused.refusal.code
# Not ru_maxrss, which begins with what the process that started this one held.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())
print(end, size, int(peak[1]) // 1024)
"""
MAX_MB = 200


def strings_of_a_gigabyte() -> bytes:
    block = b"<si><t>" + b"a" * 30_000 + b"</t></si>"
    return packed({"xl/sharedStrings.xml": pieces(block * 35, 300, b"<sst>", b"</sst>")})


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
@pytest.mark.parametrize(
    ("make", "end", "most_mb"),
    [
        (lambda: full_sheet(1_048_576, 1), "read", MAX_MB),
        (strings_of_a_gigabyte, "TOO_LARGE", MAX_MB + 256),
        (
            lambda: packed({SHEET_PART: pieces(b"<!-- " + b" " * MB + b" -->", 50)}),
            "WORKBOOK_DAMAGED",
            MAX_MB,
        ),
        (
            lambda: packed(
                {
                    SHEET_PART: pieces(
                        b"<c/>" * 5000, 500, b"<worksheet><row>", b"</row></worksheet>"
                    )
                }
            ),
            "WORKBOOK_DAMAGED",
            MAX_MB,
        ),
    ],
    ids=["full-sheet", "strings", "comments", "cells"],
)
def test_memory_stays_within_its_limit(
    tmp_path: Path, make: object, end: str, most_mb: int
) -> None:
    assert callable(make)
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(make())

    done = subprocess.run(
        [sys.executable, "-c", CONVERTING, str(path)], check=True, capture_output=True, text=True
    )

    found, _size, used_mb = done.stdout.split()
    assert found == end
    assert int(used_mb) <= most_mb
