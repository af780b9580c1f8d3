"""First lines that are odd, doubled, renamed, declared, or not a header."""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of


def _delimited() -> list[Nasty]:
    """Each delimiter, declared by Excel's `sep=` line and not."""
    found = []
    for name, mark in (("comma", b","), ("semicolon", b";"), ("tab", b"\t"), ("bar", b"|")):
        data = of(GOOD, SAME).replace(b",", mark)
        blank = mark * 9
        found += [
            Nasty(f"delimiter-{name}", data, "updated unchanged"),
            Nasty(f"sep-{name}", b"sep=" + mark + b"\r\n" + data, "updated unchanged"),
            Nasty(f"only-delimiters-{name}", blank + b"\r\n" + blank, "refused EMPTY_FILE"),
        ]
    return found


def _labels(*labels: str) -> bytes:
    return ",".join(labels).encode() + b"\r\n"


def _columns(number: int) -> bytes:
    more = b"".join(b",n%d" % place for place in range(number - 2))
    return HEAD.rstrip() + more + b"\r\n" + GOOD + b"," * (number - 2)


NASTIES = [
    *_delimited(),
    Nasty("sep-lies", b"sep=;\r\n" + of(GOOD), "refused MISSING_COLUMN"),
    Nasty("sep-of-an-unknown-kind", b"sep=^\r\n" + of(GOOD), "refused NOT_CSV"),
    Nasty("sep-in-quotes-and-capitals", b'"SEP=;"\r\n' + of(GOOD).replace(b",", b";"), "updated"),
    Nasty("sep-only", b"sep=;\r\n", "refused EMPTY_FILE"),
    Nasty(
        "sep-twice", b"sep=;\r\nsep=;\r\n" + of(GOOD).replace(b",", b";"), "refused MISSING_COLUMN"
    ),
    Nasty(
        "sep-behind-a-blank-line",
        b"\r\nsep=;\r\n" + of(GOOD).replace(b",", b";"),
        "refused MISSING_COLUMN",
    ),
    Nasty(
        "sep-behind-a-byte-order-mark",
        b"\xef\xbb\xbfsep=;\r\n" + of(GOOD).replace(b",", b";"),
        "updated",
    ),
    Nasty("delimiter-space", of(GOOD).replace(b",", b" "), "refused MISSING_COLUMN"),
    Nasty("delimiter-colon", of(GOOD).replace(b",", b":"), "refused MISSING_COLUMN"),
    Nasty("delimiter-unit-separator", of(GOOD).replace(b",", b"\x1f"), "refused MISSING_COLUMN"),
    Nasty(
        "delimiters-mixed",
        HEAD + GOOD.replace(b",", b";") + b"\r\n" + SAME,
        "FIELD_COUNT unchanged",
    ),
    Nasty(
        "semicolon-file-with-commas-in-lists",
        b"account ID;account Manager;viewers\r\nK001;" + WHO + b";None\r\nK002;a,b,c;None\r\n",
        "updated TOO_MANY_USERS",
        "keep-last",
    ),
    Nasty("header-twice", of(HEAD.rstrip(), GOOD), "ACCOUNT_NOT_FOUND updated"),
    Nasty("file-twice", of(GOOD) * 2, "updated ACCOUNT_NOT_FOUND duplicate"),
    Nasty("header-missing", GOOD + b"\r\n" + SAME, "refused MISSING_COLUMN"),
    Nasty("title-before-the-header", b"Customers of 2026\r\n" + of(GOOD), "refused MISSING_COLUMN"),
    Nasty(
        "account-column-missing", b"account,account Manager\r\n" + GOOD, "refused MISSING_COLUMN"
    ),
    Nasty("manager-column-missing", b"account ID,manager\r\n" + GOOD, "refused MISSING_COLUMN"),
    Nasty("columns-changed-round", b"account Manager,account ID\r\n" + WHO + b",K001", "updated"),
    Nasty(
        "account-column-twice",
        _labels("account ID", "account ID", "account Manager") + b"K001,K001," + WHO,
        "refused DUPLICATE_COLUMN",
    ),
    Nasty(
        "manager-column-twice",
        _labels("account ID", "account Manager", "account Manager") + GOOD + b",x",
        "refused DUPLICATE_COLUMN",
    ),
    Nasty(
        "column-twice-in-other-case",
        _labels("account ID", "ACCOUNT id", "account Manager") + b"K001,K001," + WHO,
        "refused DUPLICATE_COLUMN",
    ),
    Nasty(
        "column-twice-by-an-alias",
        _labels("account ID", "account_id", "account Manager") + b"K001,K001," + WHO,
        "refused DUPLICATE_COLUMN",
    ),
    Nasty(
        "other-columns-twice",
        _labels("note", "note", "account ID", "account Manager") + b"x,y," + GOOD,
        "updated",
    ),
    Nasty("labels-by-aliases", b"account_id,accountmanager\r\n" + GOOD, "updated"),
    Nasty("labels-in-capitals", HEAD.upper() + GOOD, "updated"),
    Nasty("labels-with-spaces", b"  account   ID ,\taccount Manager\t\r\n" + GOOD, "updated"),
    Nasty(
        "labels-with-no-break-spaces",
        _labels("account\u00a0ID", "\u00a0account\u2007Manager") + GOOD,
        "updated",
    ),
    Nasty(
        "labels-with-zero-width-signs",
        _labels("acc\u200bount ID", "account\u200d Manager\ufeff") + GOOD,
        "updated",
    ),
    Nasty(
        "labels-with-direction-marks",
        _labels("\u200eaccount ID", "\u202aaccount Manager\u202c") + GOOD,
        "updated",
    ),
    Nasty(
        "labels-with-look-alikes",
        _labels("\u0430ccount ID", "account Manager") + GOOD,
        "refused MISSING_COLUMN",
    ),
    Nasty(
        "labels-full-width",
        _labels("\uff41ccount ID", "account Manager") + GOOD,
        "refused MISSING_COLUMN",
    ),
    Nasty(
        "label-with-a-line-end",
        b'account ID,account Manager,"two\r\nlines"\r\n' + GOOD + b",x",
        "updated",
    ),
    Nasty(
        "label-with-a-control-character",
        b"account ID,account Manager,a\x07b\r\n" + GOOD + b",x\r\n,,x",
        "updated ACCOUNT_BLANK",
    ),
    Nasty(
        "label-is-a-formula",
        b"account ID,account Manager,=1+1\r\n" + GOOD + b",x\r\nK002,nobody,x",
        "updated USER_NOT_FOUND",
    ),
    Nasty("labels-blank", b"account ID,account Manager,,\r\n" + GOOD + b",,", "updated"),
    Nasty("labels-all-blank", b",,,\r\n" + GOOD + b",,", "refused MISSING_COLUMN"),
    Nasty(
        "labels-named-like-ours",
        b"account ID,account Manager,line,code,error\r\n" + GOOD + b",1,2,3",
        "updated",
    ),
    Nasty(
        "labels-of-ours-in-the-middle",
        b"line,code,error,hint,account ID,account Manager\r\n1,2,3,4," + GOOD,
        "updated",
    ),
    Nasty("columns-200", _columns(200), "updated"),
    Nasty("columns-201", _columns(201), "refused TOO_MANY_COLUMNS"),
    Nasty("columns-5000", _columns(5000), "refused TOO_MANY_COLUMNS"),
    Nasty("line-with-a-thousand-cells", of(GOOD + b"," * 1000, SAME), "FIELD_COUNT unchanged"),
    Nasty(
        "lines-too-short-and-too-long", of(b"K001", GOOD + b",x", SAME), "FIELD_COUNT*2 unchanged"
    ),
    Nasty("delimiter-behind-every-line", of(GOOD + b",", SAME + b","), "FIELD_COUNT*2"),
    Nasty(
        "delimiter-behind-every-line-and-label",
        of(GOOD + b",", SAME + b",", head=HEAD.rstrip() + b",\r\n"),
        "updated unchanged",
    ),
    Nasty("comment-lines", of(b"# exported on 1 July", GOOD), "FIELD_COUNT updated"),
]
