"""Our own reports uploaded as files: as they are, corrected, and mangled by a spreadsheet."""

from __future__ import annotations

import csv
import io

from tests.fuzz.nasty import GOOD, SAME, WHO, Nasty, of
from tests.fuzz.passage import pass_through
from tests.fuzz.world import STRICT

_BOM = b"\xef\xbb\xbf"
_WIDE = b"account ID,account Manager,note\r\n"
_OWN = b",line,code,error,hint\r\n"
_HEAD = _WIDE.rstrip() + _OWN
_TAIL = b",17,USER_NOT_FOUND,no such user,look again"

_FIRST = of(
    b"K001,nobody@lumina.example,x",
    b'=K001,nobody@lumina.example,"=1+1"',
    b"K002," + WHO,
    b"K002," + WHO + b",x,y",
    b'"K002"z,' + WHO + b",x",
    b"K002,a\x07b,x",
    b'K005,"' + WHO + b'\nK006","a\nb"',
    b",x,y",
    GOOD + b",same account",
    b"K001,None,same account",
    *[SAME + b",to be good text"] * 5,
    head=_WIDE,
)
_VERDICT = "USER_NOT_FOUND*2 FIELD_COUNT*2 INVALID_CHARACTER*3 ACCOUNT_BLANK DUPLICATE_CONFLICT*2"
# K001 is on three valid lines, which conflict from the start.
_WRONG = _VERDICT.replace("USER_NOT_FOUND*2", "DUPLICATE_CONFLICT USER_NOT_FOUND")
_REPORT = pass_through(_FIRST, STRICT).errors
_RESULTS = pass_through(_FIRST, STRICT).all_lines


def _saved_again(report: bytes) -> bytes:
    """The rows as a spreadsheet saves them: all as long as the longest."""
    rows = list(csv.reader(io.StringIO(report.decode("utf-8-sig"), newline="")))
    width = max(map(len, rows))
    saved = io.StringIO(newline="")
    csv.writer(saved).writerows([*row, *[""] * (width - len(row))] for row in rows)
    return saved.getvalue().encode()


def _moved(*cells: bytes) -> bytes:
    return b",".join(cells) + b"\r\n"


NASTIES = [
    Nasty("first-file-of-the-reports", _FIRST, _WRONG + " unchanged duplicate*4"),
    Nasty("report-as-it-is", _REPORT, _WRONG),
    Nasty("report-of-a-report", pass_through(_REPORT, STRICT).errors, _WRONG),
    Nasty("report-with-line-feeds", _REPORT.replace(b"\r\n", b"\n"), _WRONG),
    Nasty("report-without-its-mark", _REPORT.removeprefix(_BOM), _WRONG),
    Nasty(
        "report-twice",
        _REPORT + _REPORT.removeprefix(_BOM),
        f"{_WRONG} FIELD_COUNT {_WRONG.replace('USER_NOT_FOUND', 'duplicate')}",
    ),
    Nasty("report-of-good-lines", of(GOOD + b",x" + _TAIL, head=_HEAD), "updated"),
    Nasty("report-with-own-cells-emptied", of(GOOD + b",x,,,,", head=_HEAD), "updated"),
    Nasty("report-with-own-columns-removed", of(GOOD + b",x", head=_WIDE), "updated"),
    Nasty(
        "report-with-a-line-added-by-hand",
        of(GOOD + b",x" + _TAIL, SAME + b",x,,,,", head=_HEAD),
        "updated unchanged",
    ),
    Nasty(
        "report-with-a-line-added-without-own-cells",
        of(GOOD + b",x" + _TAIL, SAME + b",x", head=_HEAD),
        "updated FIELD_COUNT",
    ),
    Nasty(
        "report-padded-by-one",
        of(GOOD + b",x" + _TAIL + b",", head=_HEAD.rstrip() + b",\r\n"),
        "updated",
    ),
    Nasty(
        "report-padded-by-three",
        of(b"'=K001," + WHO + b",x" + _TAIL + b",,,", head=_HEAD.rstrip() + b",,, \r\n"),
        "updated",
    ),
    Nasty(
        "report-guards-are-taken-off-a-quoted-cell",
        of(b'"\'=K001",' + WHO + b',"x"' + _TAIL, head=_HEAD),
        "updated",
    ),
    Nasty(
        "report-guards-make-accounts-equal",
        of(b"'=K001," + WHO + b",x" + _TAIL, b"=K001," + WHO + b",x" + _TAIL, head=_HEAD),
        "updated duplicate",
    ),
    Nasty(
        "report-guards-make-accounts-equal-in-conflict",
        of(b"'=K001," + WHO + b",x" + _TAIL, b"=K001,None,x" + _TAIL, head=_HEAD),
        "DUPLICATE_CONFLICT*2",
    ),
    Nasty(
        "report-guarded-twice-is-another-account",
        of(b"''=K001," + WHO + b",x" + _TAIL, b"'=K001," + WHO + b",x" + _TAIL, head=_HEAD),
        "updated*2",
    ),
    Nasty(
        "report-pictures-make-accounts-equal",
        of("␛␛,".encode() + WHO + b",x" + _TAIL, "␛,".encode() + WHO + b",x" + _TAIL, head=_HEAD),
        "updated duplicate",
    ),
    Nasty(
        "guards-in-a-file-that-is-no-report-are-text",
        of(b"'=K001," + WHO, b"=K001," + WHO),
        "updated*2",
    ),
    Nasty(
        "report-short-line-padded",
        _HEAD + _moved(b"K001", b"nobody", b"17", b"FIELD_COUNT", b"too few", b"add", b""),
        "FIELD_COUNT",
    ),
    Nasty(
        "report-short-line-padded-far",
        b"account ID,n1,n2,n3,n4,account Manager"
        + _OWN
        + _moved(b"K000", b"17", b"FIELD_COUNT", b"too few", b"add", *[b""] * 5),
        "FIELD_COUNT",
    ),
    Nasty(
        "report-long-line-padded", _HEAD.rstrip() + b",\r\n" + GOOD + b",x,y" + _TAIL, "FIELD_COUNT"
    ),
    Nasty(
        "report-long-line-of-blanks-padded",
        _HEAD.rstrip() + b",,\r\n" + GOOD + b",x,," + _TAIL,
        "FIELD_COUNT",
    ),
    Nasty(
        "report-with-text-under-line",
        of(GOOD + b",x,seventeen,USER_NOT_FOUND,e,h", head=_HEAD),
        "FIELD_COUNT",
    ),
    Nasty(
        "report-with-text-under-code", of(GOOD + b",x,17,not found,e,h", head=_HEAD), "FIELD_COUNT"
    ),
    Nasty(
        "report-with-control-characters-in-our-cells",
        of(GOOD + b",x,17,USER_NOT_FOUND,e\x07,h", *[SAME + b",x,,,,"] * 5, head=_HEAD),
        "updated unchanged duplicate*4",
    ),
    Nasty(
        "report-with-formulas-in-our-cells",
        of(GOOD + b",x,17,USER_NOT_FOUND,=1+1,@x", head=_HEAD),
        "updated",
    ),
    Nasty(
        "report-padded-with-rows-of-all-lengths",
        _saved_again(_REPORT),
        _WRONG,
    ),
    Nasty(
        "report-in-semicolons-of-the-code-page",
        of(GOOD + b",x\xe9" + _TAIL, head=_HEAD).replace(b",", b";"),
        "updated",
    ),
    Nasty(
        "report-with-the-sign-of-a-malformed-line",
        of('␛"K001,'.encode() + WHO + b",x" + _TAIL, SAME + b",x" + _TAIL, head=_HEAD),
        "INVALID_CHARACTER unchanged",
    ),
    Nasty(
        "report-with-the-sign-in-quotes",
        of('"␛""K001",'.encode() + WHO + b",x" + _TAIL, head=_HEAD),
        "INVALID_CHARACTER",
    ),
    Nasty(
        "report-with-the-sign-deleted",
        of(GOOD + b",x,17,INVALID_CHARACTER,e,h", head=_HEAD),
        "updated",
    ),
    Nasty(
        "report-with-a-quote-left-open",
        of(b'"K001,' + WHO + b",x" + _TAIL, head=_HEAD),
        "refused UNCLOSED_QUOTE",
    ),
    Nasty(
        "report-cut-off",
        _REPORT[:-30],
        _WRONG,
    ),
    Nasty("report-header-only", _BOM + _HEAD, "refused EMPTY_FILE"),
    Nasty(
        "report-with-labels-in-capitals-is-a-file",
        of(b"'=K001," + WHO + b",x" + _TAIL, head=_WIDE.rstrip() + _OWN.upper()),
        "updated",
    ),
    Nasty(
        "report-columns-moved-to-the-front",
        b"line,code,error,hint,account ID,account Manager\r\n17,USER_NOT_FOUND,e,h," + GOOD,
        "updated",
    ),
    # Short rows were padded: read as lines they would remove users.
    Nasty("results-uploaded", _RESULTS, "refused RESULTS_FILE"),
]
