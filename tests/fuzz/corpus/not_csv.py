"""Files that are something else, whatever they are named."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
import zlib

from tests.fuzz.nasty import GOOD, Nasty, of

_PLAIN = of(GOOD)


def _zip(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), _PLAIN)
    return packed.getvalue()


def _tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("customers.csv")
        member.size = len(_PLAIN)
        archive.addfile(member, io.BytesIO(_PLAIN))
    return packed.getvalue()


_SIGNATURES = {
    "ole-workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "gif": b"GIF89a\1\0\1\0",
    "rtf": b"{\\rtf1\\ansi account ID,account Manager}",
    "bzip2": b"BZh91AY&SY" + b"\x8d" * 40,
    "xz": b"\xfd7zXZ\0\0\4" + b"\0" * 30,
    "7z": b"7z\xbc\xaf\x27\x1c" + b"\0" * 30,
    "zstd": b"\x28\xb5\x2f\xfd" + b"\x11" * 30,
    "rar": b"Rar!\x1a\x07\x01\0" + b"\x11" * 30,
    "elf": b"\x7fELF\2\1\1" + b"\0" * 57,
    "sqlite": b"SQLite format 3\0" + b"\0" * 84,
    "parquet": b"PAR1\x15\x04\x15\x10\x15\x14L\x15\x02\x15\0\0",
    "java-object": b"\xac\xed\0\5sr",
    "random-bytes": zlib.compress(_PLAIN * 30, 9) * 3,
    "nuls": b"\0" * 100,
}

NASTIES = [
    *[Nasty(f"signature-{name}", data, "refused NOT_CSV") for name, data in _SIGNATURES.items()],
    Nasty("gzip", gzip.compress(_PLAIN, mtime=0), "refused NOT_CSV"),
    Nasty("gzip-bomb", gzip.compress(b"a" * 10_000_000, mtime=0), "refused NOT_CSV"),
    Nasty("zip", _zip("customers.csv"), "refused NOT_CSV"),
    Nasty(
        "xlsx",
        _zip("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
        "refused WORKBOOK_DAMAGED",
    ),
    Nasty("ods", _zip("mimetype", "content.xml"), "refused NOT_CSV"),
    Nasty("numbers-workbook", _zip("Index/Document.iwa"), "refused NOT_CSV"),
    Nasty("zip-empty", _zip(), "refused NOT_CSV"),
    Nasty("tar", _tar(), "refused NOT_CSV"),
    Nasty(
        "html-error-page",
        b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        "refused NOT_CSV",
    ),
    Nasty("html-behind-spaces", b"\r\n  <html>\r\n<body>Sign in</body></html>", "refused NOT_CSV"),
    Nasty(
        "html-table-as-some-exports-call-xls",
        b"<table><tr><td>account ID</td></tr></table>",
        "refused NOT_CSV",
    ),
    Nasty("xml", b'<?xml version="1.0"?><accounts/>', "refused NOT_CSV"),
    Nasty(
        "xml-error-of-s3",
        b'\xef\xbb\xbf<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        "refused NOT_CSV",
    ),
    Nasty("json-object", json.dumps({"account ID": "K001"}).encode(), "refused MISSING_COLUMN"),
    Nasty(
        "json-lines", b'{"account ID":"K001","account Manager":"x"}\n' * 3, "refused MISSING_COLUMN"
    ),
    Nasty("json-list", b"[\n]\n", "refused MISSING_COLUMN"),
    Nasty("yaml", b"- account ID: K001\n  account Manager: x\n", "refused MISSING_COLUMN"),
    Nasty(
        "mail",
        b"From: x@lumina.example\nSubject: customers\n\naccount ID,account Manager\n",
        "refused MISSING_COLUMN",
    ),
    Nasty("shell-script", b"#!/bin/sh\nrm -rf /\n", "refused MISSING_COLUMN"),
    Nasty("sql", b"INSERT INTO accounts VALUES ('K001', 'x');\n", "refused MISSING_COLUMN"),
    Nasty("vcard", b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", "refused MISSING_COLUMN"),
    Nasty("prose", b"Please find attached the list of customers.\r\n", "refused MISSING_COLUMN"),
    Nasty(
        "fixed-width",
        b"account ID   account Manager\r\nK001         x\r\n",
        "refused MISSING_COLUMN",
    ),
    Nasty(
        "markdown-table",
        b"| account ID | account Manager |\n|---|---|\n| K001 | None |\n",
        "ACCOUNT_NOT_FOUND unchanged",
    ),
    Nasty(
        "a-picture-behind-a-good-header",
        of(GOOD) + bytes(range(1, 256)),
        "refused NOT_CSV",
        "lists-first",
    ),
]
