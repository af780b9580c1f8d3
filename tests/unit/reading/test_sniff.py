"""The head of a file: encoding, delimiter, header, and every refusal it can meet."""

from __future__ import annotations

import bz2
import codecs
import gzip
from typing import Any

import pytest
from handover.errors import RefusedError
from handover.model import Dialect, Header
from handover.reading.labels import normal_label
from handover.reading.own_columns import REPORT_LABELS
from handover.reading.sniff import read_head

from tests.unit.reading.oracle import KNOWN, head_of

# Written out, so that a changed limit is seen.
MAX_COLUMNS = 200
MAX_FILE_BYTES = 2 * 1024**3
MAX_HEADER_BYTES = 64 * 1024


def refusal(
    head: bytes, *, total_bytes: int | None = None, fallback: str | None = None
) -> tuple[str, str, int | None]:
    with pytest.raises(RefusedError) as caught:
        read_head(
            head,
            total_bytes=len(head) if total_bytes is None else total_bytes,
            known_labels=KNOWN,
            fallback_encoding=fallback,
        )
    return caught.value.refusal.code, caught.value.refusal.message, caught.value.refusal.line


def test_a_converted_workbook_has_commas_even_if_semicolons_give_known_labels() -> None:
    head = b"account ID;account Manager;x,y\nK1;amina@x.example;z,w\n"
    arguments: dict[str, Any] = {
        "total_bytes": len(head),
        "known_labels": {normal_label("account ID"), normal_label("account Manager")},
        "fallback_encoding": None,
    }

    converted, header = read_head(head, **arguments, is_converted=True)

    assert converted.delimiter == ","
    assert header.labels == ("account ID;account Manager;x", "y")
    assert read_head(head, **arguments)[0].delimiter == ";"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_delimiter_is_the_one_that_gives_known_labels(
    delimiter: str, end: str, encoding: str
) -> None:
    labels = ("account ID", "account Manager", "a,b;c|d\te")
    header = delimiter.join(('"account ID"', "account Manager", f'"{labels[2]}"')) + end
    data = (header + delimiter.join("123") + end).encode(encoding)

    dialect, found = head_of(data)

    bom = 3 if encoding == "utf-8-sig" else 0
    assert dialect == Dialect("utf-8", delimiter, bom)
    assert found == Header(labels, bom + len(header.encode()), 2)


def test_labels_are_recognized_in_any_case_and_spacing() -> None:
    dialect, header = head_of(b" ACCOUNT   id ;Account manager,x,y\n")

    assert dialect.delimiter == ";"
    assert header.labels == (" ACCOUNT   id ", "Account manager,x,y")
    assert normal_label("\ufeff Account\u200b \t ID ") == "account id"


def test_without_known_labels_the_delimiter_is_the_one_that_gives_most_columns() -> None:
    assert head_of(b"a;b;c,d\n1;2;3\n")[0].delimiter == ";"
    assert head_of(b"alone\n1\n")[0].delimiter == ","


def test_a_separator_line_sets_the_delimiter() -> None:
    dialect, header = head_of(b"sep=;\r\naccount ID,x;account Manager\r\n1;2\r\n")

    assert dialect.delimiter == ";"
    assert header == Header(("account ID,x", "account Manager"), 37, 3)
    assert refusal(b"sep=:\na:b\n")[0] == "NOT_CSV"


def test_blank_lines_before_the_header_are_counted_and_skipped() -> None:
    header = head_of(b"\n\r\n \naccount ID,account Manager\n1,2\n")[1]

    assert header.labels == ("account ID", "account Manager")
    assert header.data_line == 5


def test_a_label_may_span_several_lines() -> None:
    header = head_of(b'"account\nID",note\r\n1,2\n')[1]

    assert header == Header(("account\nID", "note"), 19, 3)


def test_a_report_is_recognized_by_its_last_four_labels() -> None:
    dialect, header = head_of(b"'=x,account ID,line,code,error,hint\n")

    assert dialect.is_report
    assert header.labels[:2] == ("=x", "account ID")
    assert not head_of(b"account ID,line,code,error,hint,more\n")[0].is_report


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_recognized_by_its_byte_order_mark(encoding: str) -> None:
    bom = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else codecs.BOM_UTF16_BE
    data = bom + "account ID;account Manager\n1;é\n".encode(encoding)

    dialect, header = head_of(data)

    assert dialect == Dialect(encoding, ";", 2)
    assert header.data_start == 2 + 2 * 27


def test_windows_1252_is_read_only_if_it_is_allowed() -> None:
    data = "account ID,prénom\n1,2\n".encode("windows-1252")

    dialect, header = read_head(
        data, total_bytes=len(data), known_labels=KNOWN, fallback_encoding="windows-1252"
    )

    assert dialect.encoding == "windows-1252"
    assert header == Header(("account ID", "prénom"), 18, 2)
    code, message, line = refusal(data)
    assert (code, line) == ("ENCODING", 1)
    assert "offset 13" in message
    assert "Windows-1252" in message
    code, message, line = refusal(b"a,b\n1,\x81\xff\n", fallback="windows-1252")
    assert (code, line) == ("ENCODING", 2)
    assert "0x81 at offset 6 is no Windows-1252" in message


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (gzip.compress(b"a,b\n", mtime=0), "gzip"),
        (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "an Excel workbook: save it as CSV"),
        (b"PK\x03\x04\x14\x00\x00\x00data.csv", "zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the old kind"),
        (b"%PDF-1.7\n", "PDF"),
        (b"a,b\n1,\x002\n", "NUL bytes"),
        ("account ID,b\n1,2\n".encode("utf-16-le"), "UTF-16 text without its byte order mark"),
        (bytes(range(1, 32)) * 4, "binary"),
        (b"<!DOCTYPE html><html><table>", "web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "XML"),
    ],
)
def test_a_file_that_is_not_csv_is_refused_by_its_kind(head: bytes, words: str) -> None:
    code, message, _line = refusal(head)

    assert code == "NOT_CSV"
    assert words in message


ODS = b"mimetypeapplication/vnd.oasis.opendocument."
WITH_PASSWORD = "an Excel workbook with a password"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (bz2.compress(b"a,b\n"), "a bzip2 archive"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), WITH_PASSWORD),
        (b"PK\3\4" + b"." * (4092 - len(ODS)) + ODS, "an OpenDocument file (.ods)"),
        (b"PK\3\4" + b"." * (4093 - len(ODS)) + ODS, "a zip archive"),
        (b"PK\3\4" + b"." * 4089 + b"xl/", "an Excel workbook: save it as CSV"),
        (b"PK\3\4" + b"." * 4090 + b"xl/", "a zip archive"),
        (b"PK\5\6", "an empty zip archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
        (b"Rar!\x1a\7", "a RAR archive"),
        (b"{\\rtf", "a rich text document"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"BZhead,1AY&SY\n", None),
        (b"BZh,1AY&SX\n", None),
        # More than a quarter NUL bytes, nearly all of them on one side.
        (b"a\0b\0,,,,", "a binary file (it holds NUL bytes)"),
        (b"a\0b\0c\0,,,", "UTF-16 text without its byte order mark"),
        (b"\0a\0b\0c,,,", "UTF-16 text without its byte order mark"),
        (b"a\0" * 8 + b"\0a", "a binary file (it holds NUL bytes)"),
        (b"a\0" * 9 + b"\0a", "UTF-16 text without its byte order mark"),
        # A byte in twenty may be a control character.
        (b"\1" + b"a" * 19, None),
        (b"\1" + b"a" * 18, "a binary file"),
    ],
)
def test_bytes_are_taken_for_another_kind_only_if_they_are_like_it(
    head: bytes, kind: str | None
) -> None:
    if kind is None:
        assert head_of(head)[1].labels == tuple(head.decode().strip().split(","))
    else:
        code, message, _line = refusal(head)
        assert code == "NOT_CSV"
        assert message.startswith(f"the file is no CSV, it looks like {kind}")


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"sep=;\n", b"\xff\xfe"])
def test_an_empty_file_is_refused(head: bytes) -> None:
    assert refusal(head)[0] == "EMPTY_FILE"


def test_the_refusal_of_bytes_that_are_not_text_names_the_place() -> None:
    code, message, line = refusal(b"a,b\n1,2\r3,\xc3(\n")

    assert (code, line) == ("ENCODING", 3)
    assert "0xC3 at offset 10" in message
    assert refusal(b"\xff\xfe\x00\x00a\x00\x00\x00")[0] == "ENCODING"
    assert refusal(codecs.BOM_UTF16_LE + b"a\x00\x00\xd8b\x00")[0] == "ENCODING"


def test_a_character_cut_by_the_end_of_the_head_is_accepted() -> None:
    data = b"account ID,note\n" + b"1,\xc3\xa9\n" * 20000

    for size in range(MAX_HEADER_BYTES, MAX_HEADER_BYTES + 6):
        header = read_head(
            data[:size], total_bytes=len(data), known_labels=KNOWN, fallback_encoding=None
        )[1]
        assert header.data_start == 16


def test_the_limits_of_the_head_are_taken() -> None:
    def width(head: bytes, total_bytes: int) -> int:
        found = read_head(head, total_bytes=total_bytes, known_labels=KNOWN, fallback_encoding=None)
        return len(found[1].labels)

    widest = ",".join(f"c{number}" for number in range(MAX_COLUMNS)).encode() + b"\n1\n"
    longest = b"account ID," + b"x" * (MAX_HEADER_BYTES - 12) + b"\n"

    assert width(widest, MAX_FILE_BYTES) == MAX_COLUMNS
    assert width(longest, MAX_FILE_BYTES) == 2
    assert width(longest[:-1], MAX_HEADER_BYTES - 1) == 2
    assert width(longest[:-1] + b"x", MAX_HEADER_BYTES) == 2
    assert refusal(longest[:-1] + b"x\n", total_bytes=10**6)[0] == "NOT_CSV"


def test_a_head_beyond_a_limit_is_refused() -> None:
    assert refusal(b"a,b\n", total_bytes=MAX_FILE_BYTES + 1)[0] == "TOO_LARGE"
    wide = ",".join(f"c{number}" for number in range(MAX_COLUMNS + 1)).encode() + b"\n1\n"
    assert refusal(wide)[0] == "TOO_MANY_COLUMNS"
    assert refusal(b"a" * MAX_HEADER_BYTES, total_bytes=10**6)[0] == "NOT_CSV"
    assert refusal(b"\n" * MAX_HEADER_BYTES, total_bytes=10**6)[0] == "NOT_CSV"
    two_lines = b'"account\nID",' + b"x" * MAX_HEADER_BYTES
    assert refusal(two_lines, total_bytes=10**6)[0] == "NOT_CSV"


def test_a_head_of_blank_lines_is_no_empty_file_if_the_file_goes_on() -> None:
    head = b"sep=;\n" + (b" " * 999 + b"\n") * 66

    assert len(head) > MAX_HEADER_BYTES
    assert refusal(head[:MAX_HEADER_BYTES], total_bytes=10**6)[0] == "NOT_CSV"
    assert refusal(head[:10_006])[0] == "EMPTY_FILE"


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_a_report_may_have_four_columns_more_than_other_files(more: int, *, is_read: bool) -> None:
    labels = [*(f"c{number}" for number in range(MAX_COLUMNS + more)), *REPORT_LABELS]
    head = ",".join(labels).encode() + b"\n1\n"

    if is_read:
        assert len(head_of(head)[1].labels) == MAX_COLUMNS + 4
    else:
        assert refusal(head)[0] == "TOO_MANY_COLUMNS"


def test_a_quote_within_a_label_is_none_left_open_if_other_labels_are_known() -> None:
    dialect, header = head_of(b'account ID;"x,account Manager,note\nK,a,b\n')

    assert dialect.delimiter == ","
    assert header.labels == ('account ID;"x', "account Manager", "note")


def test_a_quote_left_open_in_the_header_is_refused_with_its_line() -> None:
    code, _message, line = refusal(b'\n"account ID,note\n1,2\n')

    assert (code, line) == ("UNCLOSED_QUOTE", 2)


@pytest.mark.parametrize("own", [b"account ID,account Manager", b"account ID"])
@pytest.mark.parametrize(
    "added",
    [
        b"line,outcome,role,before,after,code,message,",
        b"line,outcome,role,before,after,code,message,seen by",
        b"line,outcome,role,before,after",
        b"Line,Outcome,Role, Before,After,Code,Message",
    ],
)
def test_results_are_refused_because_their_rows_are_padded(own: bytes, added: bytes) -> None:
    results = own + b"," + added + b"\r\n1,,2,rejected,,,,FIELD_COUNT,x\r\n"

    code, message = refusal(results)[:2]

    assert code == "RESULTS_FILE"
    assert "expected your own file, or the report (errors.csv)" in message
