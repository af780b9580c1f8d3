"""Bytes in UTF-8, in another encoding, or in none."""

from __future__ import annotations

import codecs

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of, text

_GERMAN = "K001,jörg.weiß@lumina.example"
_BAD = {
    "ff": b"\xff",
    "lone-continuation": b"\xbf",
    "cut-two": b"\xc3",
    "cut-three": b"\xe2\x82",
    "cut-four": b"\xf0\x9f\x98",
    "overlong-slash": b"\xc0\xaf",
    "half-surrogate": b"\xed\xa0\x80",
    "beyond-unicode": b"\xf4\x90\x80\x80",
}


def _invalid() -> list[Nasty]:
    """Bytes that are not UTF-8, in each place, for a profile without another encoding."""
    found = []
    for name, bad in _BAD.items():
        places = {
            "in-the-header": of(GOOD, head=b"account ID,account Manager,n" + bad + b"\r\n"),
            "in-the-id": of(b"K0" + bad + b"," + WHO, SAME),
            "at-the-end": of(SAME) + b"K001," + WHO + bad,
        }
        found += [
            Nasty(f"invalid-utf-8-{name}-{place}", data, "refused ENCODING", "lists-first")
            for place, data in places.items()
        ]
    return found


def _wide() -> list[Nasty]:
    found = []
    plain = of(GOOD, SAME).decode()
    for name, bom, codec in (
        ("little", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("big", codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        data = plain.encode(codec)
        half = "\ud800".encode(codec, "surrogatepass")
        found += [
            Nasty(f"utf-16-{name}", bom + data, "updated unchanged"),
            Nasty(f"utf-16-{name}-two-marks", bom + bom + data, "updated unchanged"),
            Nasty(f"utf-16-{name}-without-mark", data, "refused NOT_CSV"),
            Nasty(f"utf-16-{name}-odd-byte", bom + data + b"x", "refused ENCODING"),
            Nasty(f"utf-16-{name}-cut-in-the-middle", bom + data[:51], "refused ENCODING"),
            Nasty(f"utf-16-{name}-half-surrogate", bom + data + half, "refused ENCODING"),
            Nasty(
                f"utf-16-{name}-surrogates-swapped", bom + data + half + data, "refused ENCODING"
            ),
            Nasty(f"utf-16-{name}-only-a-mark", bom, "refused EMPTY_FILE"),
            Nasty(
                f"utf-16-{name}-header-only",
                bom + HEAD.decode().encode(codec),
                "refused EMPTY_FILE",
            ),
            Nasty(
                f"utf-16-{name}-tabs-as-excel-writes-unicode-text",
                bom + plain.replace(",", "\t").encode(codec),
                "updated unchanged",
            ),
            Nasty(
                f"utf-16-{name}-nul-in-a-cell",
                bom + plain.replace("K001", "K\x00001").encode(codec),
                "refused NOT_CSV",
            ),
            Nasty(
                f"utf-16-{name}-other-scripts",
                bom + text(_GERMAN, "Ünïcode-Ω,None").decode().encode(codec),
                "updated unchanged",
            ),
        ]
    return found


NASTIES = [
    *_invalid(),
    *_wide(),
    Nasty("utf-8-mark", codecs.BOM_UTF8 + of(GOOD), "updated"),
    Nasty("utf-8-mark-twice", codecs.BOM_UTF8 * 2 + of(GOOD), "updated"),
    Nasty("utf-8-mark-only", codecs.BOM_UTF8, "refused EMPTY_FILE"),
    Nasty("utf-8-mark-and-line-ends", codecs.BOM_UTF8 + b"\r\n\r\n", "refused EMPTY_FILE"),
    Nasty("utf-8-mark-at-a-line", of(codecs.BOM_UTF8 + GOOD), "ACCOUNT_NOT_FOUND"),
    Nasty(
        "utf-8-mark-before-a-quoted-header",
        codecs.BOM_UTF8 + b'"account ID","account Manager"\n' + GOOD,
        "updated",
    ),
    Nasty(
        "utf-8-mark-but-windows-1252",
        codecs.BOM_UTF8 + text(_GERMAN, encoding="cp1252"),
        "refused ENCODING",
    ),
    Nasty(
        "utf-32-little",
        codecs.BOM_UTF32_LE + of(GOOD).decode().encode("utf-32-le"),
        "refused ENCODING",
    ),
    Nasty(
        "utf-32-big",
        codecs.BOM_UTF32_BE + of(GOOD).decode().encode("utf-32-be"),
        "refused ENCODING",
    ),
    Nasty("utf-32-without-mark", of(GOOD).decode().encode("utf-32-le"), "refused NOT_CSV"),
    Nasty(
        "utf-7", b"account ID,account Manager\r\nK001,+AOk-@lumina.example\r\n", "USER_NOT_FOUND"
    ),
    Nasty("windows-1252", text(_GERMAN, encoding="cp1252"), "updated"),
    Nasty(
        "windows-1252-not-allowed",
        text(_GERMAN, encoding="cp1252"),
        "refused ENCODING",
        "lists-first",
    ),
    Nasty("windows-1252-undefined-byte", of(b"K001,\x81" + WHO), "refused ENCODING"),
    Nasty("windows-1252-curly-quotes", of(b"\x93K001\x94," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("windows-1252-no-break-space", of(b"K001\xa0,\xa0" + WHO), "updated"),
    Nasty(
        "windows-1252-then-utf-8",
        text(_GERMAN, encoding="cp1252") + _GERMAN.encode(),
        "DUPLICATE_CONFLICT*2",
    ),
    Nasty(
        "mac-roman", text("K001,j\u02c6rg@lumina.example", encoding="mac-roman"), "USER_NOT_FOUND"
    ),
    Nasty("utf-8-composed-apart", text("K001,jo\u0308rg.weiß@lumina.example"), "updated"),
    Nasty(
        "utf-8-read-as-windows-1252-and-written-again",
        text("K001,jÃ¶rg.weiÃŸ@lumina.example"),
        "USER_NOT_FOUND",
    ),
    Nasty("replacement-character", text("K001,j\ufffdrg.weiß@lumina.example"), "USER_NOT_FOUND"),
    Nasty(
        "character-beyond-the-first-plane", text("K001,\U0001f600@lumina.example"), "USER_NOT_FOUND"
    ),
    Nasty(
        "private-and-unassigned-characters",
        text("\ue000,None", "\uffff,None"),
        "ACCOUNT_NOT_FOUND*2",
    ),
    Nasty("ebcdic", of(GOOD).decode().encode("cp037"), "refused ENCODING"),
]
