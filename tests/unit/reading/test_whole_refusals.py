"""Every file that is refused as a whole: code, line and message, as recorded."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator
from pathlib import Path

from handover.errors import RefusedError
from handover.model import Dialect
from handover.reading.keys import KeyColumn
from handover.reading.limits import Limits
from handover.reading.scan import Sizes, scan
from handover.reading.sniff import read_head

from tests.kit.recorded import assert_as_recorded
from tests.unit.reading.oracle import KNOWN, plain_header

RECORDED = Path(__file__).with_name("refusals.txt")
HEADS = {
    "nothing": b"",
    "a mark alone": b"\xef\xbb\xbf",
    "blank lines": b"\n\r\n \n",
    "a workbook": b"PK\x03\x04rest of it" * 9,
    "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9,
    "a PDF": b"%PDF-1.7\n" * 9,
    "compressed": gzip.compress(b"a,b\n1,2\n", mtime=0),
    "HTML": b"<!DOCTYPE html>\n<html><body>a,b</body></html>",
    "JSON": b'{"a": 1}\n',
    "JSON in a list": b'[{"a": 1}]\n',
    "XML": b'<?xml version="1.0"?>\n<a/>',
    "zeros": b"a,b\n\0\0\0\0,2\n",
    "bytes of another encoding": b"account ID,b\n1,2\r3,\xc3(\n",
    "half of UTF-16": codecs.BOM_UTF16_LE + b"a\x00\x00\xd8b\x00",
    "UTF-16 of the other order": codecs.BOM_UTF16_BE + b"\x00a\xd8\x00\x00b",
    "UTF-32": codecs.BOM_UTF32_LE + "a,b\n".encode("utf-32-le"),
    "a quote left open in the header": b'account ID,"account Manager\nA,b\n',
    "a header without an end": b"x" * 70_000,
    "too many columns": ",".join(f"c{place}" for place in range(201)).encode() + b"\n1\n",
    "results": b"account ID,line,outcome,role,before,after,code,message\n1,2\n",
    "results that lost columns": b"account ID,line,outcome,role,before,after\n1,2\n",
}
BODIES = {
    "a quote that never closes": b'1,2,3\n4,"5,6\n7,8,9\n',
    "too long a line": b"1,2,3\n4," + b"5" * 200 + b",6\n",
    "too long a line that a quote explains": b'1,2,3\n4,"' + b"5\n" * 100 + b'",6\n',
    "too many lines": b"1,2,3\n" * 12,
    "no lines": b"\n,,\n",
    "bytes of another encoding": b"1,2,3\n4,\xe9,6\n",
}


def refusal_of(error: RefusedError) -> str:
    """Its code, line and message."""
    found = error.refusal
    return f"{found.code}, line {found.line}: {found.message}"


def every_refusal() -> Iterator[str]:
    """Heads as they are and as parts of longer files, then files that fail later."""
    for name, head in HEADS.items():
        for is_whole, fallback in ((True, None), (False, None), (True, "windows-1252")):
            total = len(head) if is_whole else 10**6
            size = "alone" if is_whole else "and more"
            try:
                dialect, header = read_head(
                    head, total_bytes=total, known_labels=KNOWN, fallback_encoding=fallback
                )
                found = f"read as {dialect.encoding}: {', '.join(header.labels)[:60]}"
            except RefusedError as error:
                found = refusal_of(error)
            yield f"{name} {size}, {fallback or 'no other encoding'}: {found}"
    for name, body in BODIES.items():
        try:
            scanned = scan(
                [body],
                dialect=Dialect("utf-8", ","),
                header=plain_header(),
                key=KeyColumn(0, 7),
                sizes=Sizes(1 << 20, 1 << 20, Limits(lines=10, record_bytes=100)),
            )
            yield f"{name}: {scanned.lines} lines"
        except RefusedError as error:
            yield f"{name}: {refusal_of(error)}"


def test_every_refusal_of_a_file_is_as_recorded() -> None:
    assert_as_recorded(RECORDED, "\n".join(every_refusal()) + "\n")
