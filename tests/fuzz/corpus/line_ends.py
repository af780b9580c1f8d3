"""Line ends of every kind, and empty lines."""

from __future__ import annotations

from tests.fuzz.nasty import GOOD, HEAD, SAME, WHO, Nasty

_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_LABELS = HEAD.rstrip()


def _all_alike() -> list[Nasty]:
    found = []
    for name, end in _ENDS.items():
        body = end.join((_LABELS, GOOD, SAME))
        found += [
            Nasty(f"all-{name}", body + end, "updated unchanged"),
            Nasty(f"all-{name}-but-none-at-the-end", body, "updated unchanged"),
            Nasty(f"all-{name}-and-two-at-the-end", body + end * 2, "updated unchanged"),
            Nasty(
                f"all-{name}-and-blank-lines-before-the-header", end * 2 + body, "updated unchanged"
            ),
            Nasty(
                f"all-{name}-and-blank-lines-between",
                (end * 3).join((_LABELS, GOOD, SAME)),
                "updated unchanged",
            ),
            Nasty(f"all-{name}-header-only", _LABELS + end, "refused EMPTY_FILE"),
            Nasty(
                f"all-{name}-within-quotes",
                end.join((_LABELS, b'"K001","a' + end + b'b"', SAME)),
                "INVALID_CHARACTER unchanged",
            ),
        ]
    return found


def _mixed() -> list[Nasty]:
    found = []
    for first, one in _ENDS.items():
        for second, two in _ENDS.items():
            # A CR followed by a LF is one line end, whoever wrote them.
            if first != second:
                data = _LABELS + one + GOOD + two + SAME + one
                found.append(Nasty(f"mixed-{first}-then-{second}", data, "updated unchanged"))
    return found


NASTIES = [
    *_all_alike(),
    *_mixed(),
    Nasty("cr-cr-lf", HEAD + GOOD + b"\r\r\n" + SAME + b"\r\r\n", "updated unchanged"),
    Nasty("lf-cr", HEAD + GOOD + b"\n\r" + SAME + b"\n\r", "updated unchanged"),
    Nasty("header-without-line-end", _LABELS, "refused EMPTY_FILE"),
    Nasty("wrong-header-without-line-end", b"account,owner", "refused MISSING_COLUMN"),
    Nasty("header-ends-in-cr-at-the-end", _LABELS + b"\r", "refused EMPTY_FILE"),
    Nasty("last-byte-is-cr", HEAD + GOOD + b"\r", "updated"),
    Nasty("header-and-a-hundred-blank-lines", HEAD + b"\r\n" * 100, "refused EMPTY_FILE"),
    Nasty("only-line-ends", b"\r\n\n\r\r\n", "refused EMPTY_FILE"),
    Nasty("only-spaces", b"   \r\n  \t \r\n", "refused EMPTY_FILE"),
    Nasty("a-line-of-spaces", HEAD + b"   \r\n" + GOOD + b"\r\n", "updated"),
    Nasty("a-line-of-tabs", HEAD + b"\t\t\r\n" + GOOD + b"\r\n", "updated"),
    Nasty("lines-of-spaces-before-the-header", b"  \r\n \t\r\n" + HEAD + GOOD, "updated"),
    Nasty("a-line-of-nothing-in-quotes", HEAD + b'""\r\n' + GOOD, "updated"),
    Nasty("vertical-tab-is-no-line-end", HEAD + b"K001,\x0b" + WHO, "INVALID_CHARACTER"),
    Nasty("form-feed-is-no-line-end", HEAD + b"K001," + WHO + b"\x0c\r\n", "INVALID_CHARACTER"),
    Nasty("next-line-is-no-line-end", HEAD + b"K001,a\xc2\x85b\r\n", "USER_NOT_FOUND"),
    Nasty("next-line-at-the-edge-is-a-space", HEAD + GOOD + b"\xc2\x85\r\n", "updated"),
    Nasty("line-separator-is-no-line-end", HEAD + b"K001,a\xe2\x80\xa8b\r\n", "USER_NOT_FOUND"),
    Nasty("end-of-file-sign-of-dos", HEAD + GOOD + b"\r\n\x1a", "updated FIELD_COUNT"),
]
