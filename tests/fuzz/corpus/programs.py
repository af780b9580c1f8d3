"""The forms of CSV that programs write, reproduced by hand, and those of public collections.

Each file has our own two columns in the form of one program: its mark, delimiter, line end, quotes
and changes of values. The collections' cases keep their names; their content is ours: csv-spectrum
(github.com/max-mapper/csv-spectrum, BSD-2-Clause) and the tests of PapaParse
(github.com/mholt/PapaParse, MIT), which many parsers are tested with.
"""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of, text
from tests.fuzz.world import AMINA

_BOM = b"\xef\xbb\xbf"
_WIDE = b"account ID,account Manager,note\r\n"
_SEMI = of(GOOD, SAME).replace(b",", b";")

_SPREADSHEETS = [
    Nasty("excel-csv-utf-8", _BOM + of(GOOD, SAME), "updated unchanged"),
    Nasty("excel-csv-utf-8-european", _BOM + _SEMI, "updated unchanged"),
    Nasty(
        "excel-csv-of-the-code-page",
        text("K001,jörg.weiß@lumina.example", encoding="cp1252"),
        "updated",
    ),
    Nasty(
        "excel-csv-european-of-the-code-page",
        text("K001;jörg.weiß@lumina.example", encoding="cp1252").replace(b",", b";"),
        "updated",
    ),
    Nasty(
        "excel-csv-for-macintosh",
        of(GOOD, SAME, end=b"\r", head=HEAD.replace(b"\r\n", b"\r")),
        "updated unchanged",
    ),
    Nasty(
        "excel-csv-for-ms-dos",
        text("K001,j\x94rg@lumina.example", encoding="latin-1"),
        "USER_NOT_FOUND",
    ),
    Nasty(
        "excel-unicode-text",
        b"\xff\xfe" + of(GOOD, SAME).decode().replace(",", "\t").encode("utf-16-le"),
        "updated unchanged",
    ),
    Nasty(
        "excel-rows-that-were-emptied",
        of(GOOD, b",", b",", SAME, b","),
        "updated unchanged",
    ),
    Nasty(
        "excel-column-that-was-emptied",
        of(GOOD + b",", SAME + b",", head=b"account ID,account Manager,\r\n"),
        "updated unchanged",
    ),
    Nasty(
        "excel-trailing-cells-left-out-after-row-16",
        of(*[SAME + b",x,y"] * 15, *[GOOD] * 2, head=_WIDE.rstrip() + b",more\r\n"),
        "unchanged duplicate*14 FIELD_COUNT*2",
    ),
    Nasty(
        "excel-line-feed-in-a-cell",
        _WIDE + GOOD + b',"one\ntwo"\r\n' + SAME + b",x\r\n",
        "updated unchanged",
    ),
    Nasty("excel-long-number", of(b"1.2E+11," + WHO), "unchanged"),
    Nasty("excel-text-number", of(b'"=""000117""",' + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty(
        "libreoffice-all-text-quoted",
        b'"account ID","account Manager"\n"K001","' + WHO + b'"\n',
        "updated",
    ),
    Nasty("libreoffice-utf-16", b"\xff\xfe" + of(GOOD).decode().encode("utf-16-le"), "updated"),
    Nasty("google-sheets", of(GOOD, SAME).removesuffix(b"\r\n"), "updated unchanged"),
    Nasty(
        "google-sheets-blank-columns",
        b"account ID,account Manager,,\r\n" + GOOD + b",,\r\n" + SAME + b",,",
        "updated unchanged",
    ),
    Nasty("numbers-with-a-table-title", b"Table 1,\r\n" + of(GOOD), "refused MISSING_COLUMN"),
    Nasty("numbers", of(GOOD, SAME), "updated unchanged"),
    Nasty("numbers-semicolons", _SEMI, "updated unchanged"),
]
_DATABASES = [
    Nasty(
        "mysql-outfile",
        b"account ID\taccount Manager\nK001\t" + WHO + b"\nK000\t\\N\n",
        "updated USER_NOT_FOUND",
    ),
    Nasty(
        "postgres-copy",
        b"account ID,account Manager\nK001," + WHO + b"\nK000,\n",
        "updated cleared",
    ),
    Nasty(
        "postgres-copy-end-mark",
        b"account ID,account Manager\nK001," + WHO + b"\n\\.\n",
        "updated FIELD_COUNT",
    ),
    Nasty("sql-server-null", of(b"K000,NULL"), "USER_NOT_FOUND"),
    Nasty(
        "sql-server-dashes-under-the-header",
        of(b"----------,---------------", GOOD),
        "ACCOUNT_NOT_FOUND updated",
    ),
    Nasty("sql-plus-rows-selected", of(GOOD, b"", b"1 row selected."), "updated FIELD_COUNT"),
    Nasty("oracle-quoted-and-padded", of(b'"K001      ","' + WHO + b'     "'), "updated"),
    Nasty("sap-bar-frames", b"|account ID|account Manager|\r\n|K001|" + WHO + b"|\r\n", "updated"),
    Nasty(
        "salesforce-report-footer",
        of(GOOD, b"", b"Grand Totals (1 records)", b"Copyright (c) 2026"),
        "updated FIELD_COUNT*2",
    ),
    Nasty(
        "salesforce-data-loader",
        b'"ACCOUNT ID","ACCOUNT MANAGER"\n"K001","' + WHO + b'"\n',
        "updated",
    ),
    Nasty("powershell-type-line", b"#TYPE System.Object\r\n" + of(GOOD), "refused MISSING_COLUMN"),
    Nasty(
        "pandas-index-column",
        b",account ID,account Manager\n0,K001," + WHO + b"\n1,K000," + WHO + b"\n",
        "updated unchanged",
    ),
    Nasty("pandas-nan", b"account ID,account Manager\nK000,nan\n", "USER_NOT_FOUND"),
    Nasty(
        "r-row-names", b'"account ID","account Manager"\n"1","K001","' + WHO + b'"\n', "FIELD_COUNT"
    ),
    Nasty("r-na", b"account ID,account Manager\nK000,NA\n", "USER_NOT_FOUND"),
    Nasty("java-hash-in-place-of-values", of(b"K001,com.example.User@1b6d3586"), "USER_NOT_FOUND"),
    Nasty(
        "javascript-object-in-place-of-values",
        of(b"K001,[object Object]", b"K002,undefined"),
        "USER_NOT_FOUND*2",
    ),
    Nasty(
        "cat-of-two-files-with-marks", (_BOM + of(GOOD)) * 2, "updated ACCOUNT_NOT_FOUND duplicate"
    ),
    Nasty("cat-without-a-line-end-between", of(GOOD).rstrip() + of(SAME), "FIELD_COUNT unchanged"),
    Nasty(
        "merge-conflict",
        of(b"<<<<<<< HEAD", GOOD, b"=======", SAME, b">>>>>>> theirs"),
        "FIELD_COUNT updated FIELD_COUNT unchanged FIELD_COUNT",
    ),
]
_COLLECTIONS = [
    Nasty("spectrum-comma-in-quotes", _WIDE + GOOD + b',"120 any st., Anytown"', "updated"),
    Nasty(
        "spectrum-empty",
        b"account ID,account Manager,note\n" + GOOD + b',""\n' + b'K000,"",""\n',
        "updated cleared",
    ),
    Nasty("spectrum-empty-crlf", _WIDE + GOOD + b',""\r\nK000,"",""\r\n', "updated cleared"),
    Nasty(
        "spectrum-escaped-quotes",
        _WIDE + GOOD + b',"ha ""ha"" ha"\n' + SAME + b',"3"\n',
        "updated unchanged",
    ),
    Nasty("spectrum-json", _WIDE + GOOD + b',"{""type"": ""Point"", ""at"": [1.5, 2]}"', "updated"),
    Nasty(
        "spectrum-newlines",
        _WIDE.replace(b"\r", b"") + GOOD + b',"Once upon \na time"\n' + SAME + b",5\n",
        "updated unchanged",
    ),
    Nasty(
        "spectrum-newlines-crlf",
        _WIDE + GOOD + b',"Once upon \r\na time"\r\n' + SAME + b",5\r\n",
        "updated unchanged",
    ),
    Nasty(
        "spectrum-quotes-and-newlines",
        _WIDE + GOOD + b',"ha \n""ha"" \nha"\n' + SAME + b",5\n",
        "updated unchanged",
    ),
    Nasty("spectrum-simple", b"account ID,account Manager,c\nK001," + WHO + b",3\n", "updated"),
    Nasty("spectrum-utf8", f"account ID,account Manager,c\nK001,{AMINA},ʤ\n".encode(), "updated"),
    Nasty(
        "papa-quoted-field-with-whitespace-around", of(b'K001, "' + WHO + b'" '), "USER_NOT_FOUND"
    ),
    Nasty("papa-misplaced-quotes-in-data", of(b'K001,ami"na"x'), "USER_NOT_FOUND"),
    Nasty("papa-quoted-field-no-closing-quote", of(b'K001,"' + WHO), "refused UNCLOSED_QUOTE"),
    Nasty("papa-line-starts-with-quoted-field", of(SAME, b'"K001",' + WHO), "unchanged updated"),
    Nasty(
        "papa-line-ends-with-quoted-field", of(b'K001,"' + WHO + b'"', SAME), "updated unchanged"
    ),
    Nasty("papa-first-field-of-a-line-is-empty", of(b"," + WHO, SAME), "ACCOUNT_BLANK unchanged"),
    Nasty("papa-other-fields-are-empty", of(b"K000,", b"K001,"), "cleared unchanged"),
    Nasty("papa-input-is-just-a-delimiter-and-another", b",\n,", "refused EMPTY_FILE"),
    Nasty(
        "papa-quoted-line-break-at-the-chunk-edge",
        _WIDE + GOOD + b',"' + b"a\n" * 5000 + b'"',
        "updated",
    ),
    Nasty(
        "papa-quotes-closed-with-a-space-and-delimiter", of(b'"K001" ,' + WHO), "INVALID_CHARACTER"
    ),
    Nasty("papa-multiple-rows-one-column", b"a\nb\nc", "refused MISSING_COLUMN"),
]

NASTIES = [*_SPREADSHEETS, *_DATABASES, *_COLLECTIONS]
