"""Files exactly at the limits, under them and over them."""

from __future__ import annotations

from handover.reading.limits import MAX_FIELD_CHARS, MAX_HEADER_BYTES, MAX_RECORD_BYTES

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of

_WIDE = b"account ID,account Manager,note\r\n"


def _field(characters: int, letter: str = "x") -> bytes:
    return _WIDE + GOOD + b"," + letter.encode() * characters + b"\r\n" + SAME + b",x\r\n"


def _record(size: int) -> bytes:
    """A file whose first record has that many bytes, its line end not counted."""
    short = GOOD + b","
    return _WIDE + short + b"x" * (size - len(short)) + b"\r\n" + SAME + b",x\r\n"


def _header(size: int) -> bytes:
    """A file whose header has that many bytes with its line end."""
    start = HEAD.rstrip() + b","
    return start + b"n" * (size - len(start) - 2) + b"\r\n" + GOOD + b",x\r\n"


NASTIES = [
    Nasty("empty", b"", "refused EMPTY_FILE"),
    *[
        Nasty(f"one-byte-{byte:02x}", bytes([byte]), f"refused {code}")
        for byte, code in (
            (0x00, "NOT_CSV"),
            (0x0A, "EMPTY_FILE"),
            (0x0D, "EMPTY_FILE"),
            (0x1A, "NOT_CSV"),
            (0x20, "EMPTY_FILE"),
            (0x22, "UNCLOSED_QUOTE"),
            (0x2C, "EMPTY_FILE"),
            (0x61, "MISSING_COLUMN"),
            (0x81, "ENCODING"),
            (0xFF, "MISSING_COLUMN"),
        )
    ],
    Nasty("field-under-the-limit", _field(MAX_FIELD_CHARS - 1), "updated unchanged"),
    Nasty("field-at-the-limit", _field(MAX_FIELD_CHARS), "updated unchanged"),
    Nasty("field-over-the-limit", _field(MAX_FIELD_CHARS + 1), "FIELD_TOO_LONG unchanged"),
    Nasty(
        "field-at-the-limit-in-characters-not-bytes",
        _field(MAX_FIELD_CHARS, "€"),
        "updated unchanged",
    ),
    Nasty("field-of-formula-at-the-limit", _field(MAX_FIELD_CHARS, "="), "updated unchanged"),
    Nasty("field-over-131072", _field(131_073), "FIELD_TOO_LONG unchanged"),
    Nasty(
        "id-over-the-limit",
        of(b"k" * (MAX_FIELD_CHARS + 1) + b"," + WHO, SAME),
        "FIELD_TOO_LONG unchanged",
    ),
    Nasty("record-at-the-limit", _record(MAX_RECORD_BYTES - 2), "FIELD_TOO_LONG unchanged"),
    Nasty("record-over-the-limit", _record(MAX_RECORD_BYTES + 1), "refused NOT_CSV"),
    Nasty(
        "record-over-the-limit-by-a-quote",
        _WIDE + GOOD + b',"' + b"x\r\n" * 400_000 + b'"',
        "refused UNCLOSED_QUOTE",
    ),
    Nasty(
        "a-megabyte-without-a-line-end",
        b"account ID,account Manager\n" + b"a" * (MAX_RECORD_BYTES + 10),
        "refused NOT_CSV",
    ),
    Nasty("header-under-the-limit", _header(MAX_HEADER_BYTES - 40), "updated"),
    Nasty("header-over-the-limit", _header(MAX_HEADER_BYTES + 1), "refused NOT_CSV"),
    Nasty("header-never-ends", b"a" * (MAX_HEADER_BYTES * 2), "refused NOT_CSV"),
    Nasty(
        "header-in-quotes-never-ends",
        b'account ID,"' + b"a\r\n" * MAX_HEADER_BYTES,
        "refused UNCLOSED_QUOTE",
    ),
    Nasty(
        "blank-lines-over-the-header-limit",
        b"\r\n" * MAX_HEADER_BYTES + of(GOOD),
        "refused NOT_CSV",
    ),
    Nasty("spaces-over-the-header-limit", b" " * MAX_HEADER_BYTES * 2, "refused NOT_CSV"),
    Nasty("id-of-500-bytes-that-exists", of(b"x" * 500 + b"," + WHO), "updated"),
    Nasty("id-of-512-bytes", of(b"y" * 512 + b"," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-of-513-bytes", of(b"y" * 513 + b"," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-of-2041-bytes", of(b"y" * 2041 + b"," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-of-2042-bytes", of(b"y" * 2042 + b"," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-of-2048-bytes", of(b"y" * 2048 + b"," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty(
        "id-of-5000-characters-of-two-bytes",
        of("é".encode() * 5000 + b"," + WHO),
        "ACCOUNT_NOT_FOUND",
    ),
    Nasty("address-of-1019-bytes", of(b"K001," + b"a" * 1019), "USER_NOT_FOUND"),
    Nasty("address-of-1020-bytes", of(b"K001," + b"a" * 1020), "USER_NOT_FOUND"),
    Nasty("address-of-9000-bytes", of(b"K001," + b"a" * 9000), "USER_NOT_FOUND"),
    Nasty(
        "list-of-400-addresses",
        b"account ID,account Manager,viewers\r\nK001,"
        + WHO
        + b","
        + b";".join(b"u%d@x.example" % n for n in range(400)),
        "TOO_MANY_USERS",
        "lists-first",
    ),
    Nasty(
        "list-of-one-address-300-times",
        b"account ID,account Manager,viewers\r\nK001," + WHO + b"," + b";".join([WHO] * 300),
        "updated",
        "lists-first",
    ),
    Nasty(
        "list-of-nobody",
        b"account ID,account Manager,viewers\r\nK001," + WHO + b",;; ;",
        "BLANK_NOT_ALLOWED",
        "lists-first",
    ),
    Nasty(
        "list-of-nobody-where-blanks-keep",
        b'account ID,account Manager,viewers\r\nK001,", ",", ,"\r\nK002,",",none',
        "unchanged*2",
        "keep-last",
    ),
    Nasty(
        "many-short-lines",
        of(*[b"K%03d,None" % (n % 1000) for n in range(1000)]),
        "cleared unchanged*2 " * 5 + "cleared " + "ACCOUNT_NOT_FOUND*984",
    ),
    Nasty("a-thousand-lines-of-one-cell", of(*[b"x"] * 1000), "FIELD_COUNT*1000"),
]
