"""Rows that spreadsheets write for empty lines, and rows that only look empty."""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of

_OWN = b",line,code,error,hint\r\n"
_REPORT = HEAD.rstrip() + _OWN
_BLANK = b",17,ACCOUNT_BLANK,e,h"
_THREE = b"account ID,account Manager,note\r\n"

_SPACES = {
    "nothing": (b",", b'"",""', b",,,,,", b'""', b'"","","",""'),
    "spaces": (b" , ", b'" "," "', b"    ", b'  ,"  "'),
    "unicode-spaces": ("\u00a0,\u3000".encode(), "\u2028".encode(), '"\u2007",\u0085'.encode()),
    "line-ends-in-quotes": (b'"\r\n",', b',"\n\n"', b'"\r"'),
    "spaces-behind-a-quote": (b'"" ,', b',"" '),
    "more-than-is-looked-at-at-once": (b"," * 40, b" " * 40 + b",", b'"' + b" " * 40 + b'",'),
}
_VALUES = {
    "a-doubled-quote": (b'"""",', "ACCOUNT_NOT_FOUND"),
    "a-delimiter-in-quotes": (b'",",', "ACCOUNT_NOT_FOUND"),
    "a-quote-behind-a-space": (b' "",', "ACCOUNT_NOT_FOUND"),
    "an-invisible-character": ("\u200b,".encode(), "ACCOUNT_NOT_FOUND"),
    "a-control-character": (b"\x07,", "INVALID_CHARACTER"),
    "a-value-behind-the-header's-columns": (b",,x", "FIELD_COUNT"),
    "a-clear-word": (b",None", "ACCOUNT_BLANK"),
    "a-value-after-forty-spaces": (b" " * 40 + b"," + WHO, "ACCOUNT_BLANK"),
}

NASTIES = [
    *[
        Nasty(f"blank-rows-of-{name}", of(GOOD, *rows, SAME, *rows), "updated unchanged")
        for name, rows in _SPACES.items()
    ],
    *[
        Nasty(f"no-blank-row-for-{name}", of(row, GOOD), f"{code} updated")
        for name, (row, code) in _VALUES.items()
    ],
    Nasty("blank-rows-only", of(b",", b'"",""', b" "), "refused EMPTY_FILE"),
    Nasty("blank-rows-before-the-header", b",\r\n,,,,\r\n;\r\n" + of(GOOD), "updated"),
    Nasty("blank-quoted-row-before-the-header", b'"",""\r\n' + of(GOOD), "updated"),
    Nasty("blank-row-behind-an-open-quote-is-a-label", b'"\r\n"' + of(GOOD), "updated"),
    Nasty("blank-rows-that-would-clear", of(b",", b"K000,", b",", b","), "cleared"),
    Nasty("blank-rows-of-a-whole-sheet", of(GOOD, *[b","] * 60_000, SAME), "updated unchanged"),
    Nasty(
        "blank-row-of-the-code-page",
        of(b"\xa0,\xa0", GOOD, b"K002,J\xf6rg"),
        "updated USER_NOT_FOUND",
    ),
    Nasty("blank-row-shorter-than-the-header", of(b",", GOOD + b",x", head=_THREE), "updated"),
    Nasty(
        "report-rows-emptied-but-for-our-cells",
        of(b"," + _BLANK, GOOD + _BLANK, head=_REPORT),
        "updated",
    ),
    Nasty("report-rows-emptied", of(b",,,,,", b",", GOOD + _BLANK, head=_REPORT), "updated"),
    Nasty(
        "report-row-emptied-with-a-value-behind",
        of(b"," + _BLANK + b",x", GOOD + _BLANK + b",x", head=_REPORT.rstrip() + b",\r\n"),
        "updated",
    ),
    Nasty(
        "report-row-with-a-value-under-line",
        of(b",," + WHO + b",17,FIELD_COUNT,e", head=_REPORT),
        "FIELD_COUNT",
    ),
    Nasty("report-row-with-surplus-cells", of(b"," + b"," + _BLANK, head=_REPORT), "FIELD_COUNT"),
    Nasty(
        "report-row-of-a-malformed-line",
        of('␛",'.encode() + _BLANK, GOOD + _BLANK, head=_REPORT),
        "INVALID_CHARACTER updated",
    ),
]
