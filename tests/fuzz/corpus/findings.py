"""Defects that generated files have found, each with the smallest file that shows it."""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of

_OWN = b",line,code,error,hint"
_TAIL = b",17,USER_NOT_FOUND,no such user,look again"

NASTIES = [
    # The refusal named line 0.
    Nasty("found-missing-column-on-line-0", b"account ID", "refused MISSING_COLUMN"),
    Nasty(
        "found-duplicate-column-on-line-0",
        b"account ID,account Manager,account ID",
        "refused DUPLICATE_COLUMN",
    ),
    # The refusal held the control character itself.
    Nasty("found-sep-of-a-control-character", b"sep=\x1a\n" + of(GOOD), "refused NOT_CSV"),
    # A report that a spreadsheet had padded was not recognized, and its guards were values.
    Nasty(
        "found-padded-report-is-no-report",
        of(b"'=K001," + WHO + _TAIL + b",", head=HEAD.rstrip() + _OWN + b",\r\n"),
        "updated",
    ),
    # The report of a malformed line is valid CSV; uploaded unchanged it was applied.
    Nasty("found-malformed-line-is-good-in-the-report", of(b'"K0"01,' + WHO), "INVALID_CHARACTER"),
    Nasty(
        "found-malformed-line-that-swallows-another",
        b"account ID,account Manager,note\n" + GOOD + b',"x\nK002,' + WHO + b',"y',
        "INVALID_CHARACTER",
    ),
    # A malformed line kept only our own cells, and its sign stood before the number.
    Nasty(
        "found-malformed-line-of-a-report-without-cells-of-its-own",
        HEAD.rstrip() + _OWN + b'\r\nK001,x\n4,USER_NOT_FOUND,no,"x"y',
        "FIELD_COUNT INVALID_CHARACTER",
    ),
    # Our own cells are ignored, but one with a control character made the line wrong.
    Nasty(
        "found-control-character-in-a-cell-of-ours",
        of(
            GOOD + b",17,USER_NOT_FOUND,e\x12r,x",
            *[SAME + b",,,,"] * 3,
            head=HEAD.rstrip() + _OWN + b"\r\n",
        ),
        "updated unchanged duplicate*2",
    ),
    # A cell moved under `line` was ignored, and the line counted as good.
    Nasty(
        "found-own-cells-moved-by-padding",
        of(b"K000,17,FIELD_COUNT,too few,add,", head=HEAD.rstrip() + _OWN + b"\r\n"),
        "FIELD_COUNT",
    ),
    # Guards hid the labels of the report, and another delimiter found one more of them.
    Nasty(
        "found-guarded-labels-lose-to-another-delimiter",
        b"'\taccount ID\t,'\taccount Manager,x\taccount ID\ty"
        + _OWN
        + b"\r\n"
        + GOOD
        + b",x"
        + _TAIL,
        "updated",
    ),
    # Tabs around every label: both delimiters find two of them, but only one our own columns.
    Nasty(
        "found-report-ties-with-another-delimiter",
        b"sep=,\r\n\taccount ID\t,\taccount Manager\t,\ta\t,\tb\t,\tc\t\r\nnothing,None,x,y,z",
        "ACCOUNT_NOT_FOUND",
    ),
    # An open quote in the header was reported as missing columns.
    Nasty(
        "found-header-with-a-quote-left-open",
        b'account ID,"account Manager\r\n' + GOOD,
        "refused UNCLOSED_QUOTE",
    ),
    # The report of a file of 200 columns has four more.
    Nasty(
        "found-report-of-a-file-with-200-columns",
        HEAD.rstrip()
        + b"".join(b",n%d" % place for place in range(198))
        + b"\r\nnothing"
        + b"," * 199,
        "ACCOUNT_NOT_FOUND",
    ),
    # The report of a line within the limit was refused for a line over it.
    Nasty(
        "found-report-of-a-line-near-the-limit",
        b"account ID,account Manager\r\nK001," + b'="' * 500_000 + b"\r\n",
        "FIELD_TOO_LONG",
    ),
    # A user named twice moved to the second place.
    Nasty(
        "found-list-that-names-somebody-twice",
        b'account ID,account Manager,viewers\r\nK000,,"'
        + WHO
        + b", baraka.mwangi+kenya@lumina.example, "
        + WHO
        + b'"',
        "unchanged",
        "keep-last",
    ),
    # A space after the mark of a pending user counts as outer space.
    Nasty("found-awaited-user-behind-a-space", HEAD + b"K001,pending: " + WHO, "updated"),
    # An address means the same in a column of addresses and in one that accepts names too.
    Nasty(
        "found-one-address-through-two-columns-of-a-role",
        b"account ID,account Manager,viewers\r\nK001," + WHO + b",\r\nK001,," + WHO,
        "updated duplicate",
        "team",
    ),
    # A name in a column of addresses does not mean the same as in a column of names.
    Nasty(
        "found-one-name-through-two-columns-of-a-role",
        b"account ID,account Manager,viewers\r\nK001,Amina Otieno,\r\nK001,,Amina Otieno",
        "DUPLICATE_CONFLICT DUPLICATE_CONFLICT",
        "team",
    ),
]
