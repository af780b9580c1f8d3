"""Quotes where they belong, and everywhere else."""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty, of

_WIDE = b"account ID,account Manager,note\r\n"


def _unclosed() -> list[Nasty]:
    """An unclosed quote before each field of each line."""
    found = []
    for place, line in enumerate((b'"K001,' + WHO + b",x", b'K001,"' + WHO + b",x", GOOD + b',"x')):
        for where, lines in (("first", (line, SAME + b",y")), ("last", (SAME + b",y", line))):
            data = _WIDE + b"\r\n".join(lines)
            found.append(
                Nasty(f"unclosed-{where}-line-column-{place + 1}", data, "refused UNCLOSED_QUOTE")
            )
    return found


def _stray() -> list[Nasty]:
    """A quote in the middle of a plain cell, which is text."""
    return [
        Nasty("stray-in-an-id", of(b'K0"01,' + WHO, SAME), "ACCOUNT_NOT_FOUND unchanged"),
        Nasty("stray-behind-an-id", of(b'K001",' + WHO, SAME), "ACCOUNT_NOT_FOUND unchanged"),
        Nasty("stray-in-an-address", of(b'K001,ami"na', SAME), "USER_NOT_FOUND unchanged"),
        Nasty("stray-at-the-end-of-the-file", of(SAME) + GOOD + b'"', "unchanged USER_NOT_FOUND"),
        Nasty("stray-in-every-cell", of(b'a"b,c"d', b'e"f,g"h'), "ACCOUNT_NOT_FOUND*2"),
        Nasty(
            "stray-behind-a-space",
            of(b' "K001", "' + WHO + b'"', SAME),
            "ACCOUNT_NOT_FOUND unchanged",
        ),
        Nasty("inches", _WIDE + GOOD + b',5" pipe\r\n' + SAME + b',7" pipe', "updated unchanged"),
    ]


def _behind() -> list[Nasty]:
    """Text after a closing quote, before each kind of line end."""
    found = []
    for name, end in (("lf", b"\n"), ("crlf", b"\r\n"), ("cr", b"\r")):
        data = HEAD + b'"K0"01,' + WHO + end + SAME + end
        found.append(Nasty(f"junk-behind-a-quote-{name}", data, "INVALID_CHARACTER unchanged"))
    return [
        *found,
        Nasty("junk-is-a-space", of(b'"K001" ,' + WHO, SAME), "INVALID_CHARACTER unchanged"),
        Nasty(
            "junk-in-the-last-cell",
            of(b'K001,"' + WHO + b'"x', SAME),
            "INVALID_CHARACTER unchanged",
        ),
        Nasty("junk-twice", of(b'"K"0"01",' + WHO, SAME), "INVALID_CHARACTER unchanged"),
        Nasty(
            "junk-after-two-lines", of(b'"K0\r\n01"x,' + WHO, SAME), "INVALID_CHARACTER unchanged"
        ),
        Nasty(
            "junk-and-too-many-cells",
            of(b'"K001"x,' + WHO + b",y", SAME),
            "INVALID_CHARACTER unchanged",
        ),
        Nasty("junk-in-a-blank-cell", of(b'""x,' + WHO, SAME), "INVALID_CHARACTER unchanged"),
        Nasty("junk-in-every-line", of(*[b'"K001"x,' + WHO] * 600), "INVALID_CHARACTER*600"),
        Nasty(
            "junk-in-line-513",
            of(*[SAME] * 512, b'"K001"x,y', GOOD),
            "unchanged duplicate*511 INVALID_CHARACTER updated",
        ),
        Nasty(
            "note-that-swallows-a-line",
            _WIDE + GOOD + b',"note\r\nK002,' + WHO + b',"x\r\n' + SAME + b",y\r\n",
            "INVALID_CHARACTER unchanged",
        ),
        Nasty(
            "id-that-swallows-lines",
            of(b'"K001,x', b"K002,y", b'K005",' + WHO, SAME),
            "INVALID_CHARACTER unchanged",
        ),
    ]


NASTIES = [
    *_unclosed(),
    *_stray(),
    *_behind(),
    Nasty(
        "everything-quoted",
        HEAD + b'"K001","' + WHO + b'"\r\n"K000","' + WHO + b'"',
        "updated unchanged",
    ),
    Nasty("quoted-header", b'"account ID","account Manager"\r\n' + GOOD, "updated"),
    Nasty("doubled-in-an-id", of(b'"say ""K""",' + WHO), "updated"),
    Nasty("doubled-at-both-edges", of(b'"""K001""",' + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("only-a-quote-in-a-cell", of(b'"""",' + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("many-quotes-in-a-cell", of(b'"' + b'""' * 100 + b'",' + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("odd-run-of-quotes", of(b'"""K001,' + WHO, SAME), "refused UNCLOSED_QUOTE"),
    Nasty("empty-quoted-cells", of(b'"",""', SAME), "unchanged"),
    Nasty("blank-manager-in-quotes", of(b'K000,""'), "cleared"),
    Nasty("delimiter-in-quotes", of(b'"K001,x",' + WHO), "ACCOUNT_NOT_FOUND"),
    Nasty("line-end-in-an-id", of(b'"K0\r\n01",' + WHO, SAME), "INVALID_CHARACTER unchanged"),
    Nasty(
        "line-end-in-a-note",
        _WIDE + GOOD + b',"a\r\nb\rc\nd"\r\n' + SAME + b",x",
        "updated unchanged",
    ),
    Nasty(
        "blank-lines-in-a-note",
        _WIDE + GOOD + b',"\r\n\r\n\n"\r\n' + SAME + b",x",
        "updated unchanged",
    ),
    Nasty("line-end-at-the-edge-of-an-id", of(b'"\r\nK001\r\n","' + WHO + b'\r\n"'), "updated"),
    Nasty("header-unclosed", b'account ID,"account Manager\r\n' + GOOD, "refused UNCLOSED_QUOTE"),
    Nasty(
        "header-with-line-end-in-a-label", b'"account\r\nID",account Manager\r\n' + GOOD, "updated"
    ),
    Nasty(
        "header-junk-behind-a-quote",
        b'"account ID"x,account Manager\r\n' + GOOD,
        "refused MISSING_COLUMN",
    ),
    Nasty("only-quotes", b'""""""""', "refused MISSING_COLUMN"),
    Nasty("only-one-quote", b'"', "refused UNCLOSED_QUOTE"),
    Nasty("single-quotes-are-text", of(b"'K001','" + WHO + b"'"), "ACCOUNT_NOT_FOUND"),
    Nasty(
        "backslash-escapes-nothing", of(b'"K\\"001",' + WHO, SAME), "INVALID_CHARACTER unchanged"
    ),
    Nasty("backslash-before-a-delimiter", of(b"a\\,b," + WHO, SAME), "FIELD_COUNT unchanged"),
    Nasty(
        "quoted-over-many-chunks",
        _WIDE + GOOD + b',"' + b"x\r\n" * 1500 + b'"\r\n' + SAME + b",y",
        "updated unchanged",
    ),
]
