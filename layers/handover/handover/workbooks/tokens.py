"""The tokens of a number format, as far as Handover understands them."""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct


class Kind(Enum):
    """What a token stands for."""

    LITERAL = auto()
    GENERAL = auto()
    DIGIT = auto()
    POINT = auto()
    COMMA = auto()
    PERCENT = auto()
    TEXT = auto()
    DATE = auto()


class Token(Struct, frozen=True):
    """A piece of a section: `text` is what it shows, or the letters that stand for it."""

    kind: Kind
    text: str


class _NotUnderstoodError(Exception):
    """The section contains something that is not understood."""


_COLOURS = frozenset(
    {"black", "blue", "cyan", "green", "magenta", "red", "white", "yellow"}
    | {f"color{number}" for number in range(1, 57)}
)
# English of the United States and of the United Kingdom, and the euro without a country.
_LANGUAGES = frozenset({"", "409", "0409", "809", "0809", "2"})
_SINGLE = {
    "0": Kind.DIGIT,
    "#": Kind.DIGIT,
    "?": Kind.DIGIT,
    ".": Kind.POINT,
    ",": Kind.COMMA,
    "%": Kind.PERCENT,
    "@": Kind.TEXT,
}
# Characters that stand for themselves without quotes.
_PLAIN = frozenset(" $-+()/:!^&'~{}<>=")
_DATE_LETTERS = frozenset("ymdhs")
_DATE_TOKENS = frozenset(
    {"yy", "yyyy", "m", "mm", "mmm", "mmmm", "d", "dd", "ddd", "dddd", "h", "hh", "s", "ss"}
)
_HALVES = "am/pm"


def sections_of(code: str) -> list[tuple[Token, ...] | None]:
    """The sections of a format code, at least one; None for one that is not understood."""
    return [_tokens(section) for section in _split(code)]


def _split(code: str) -> list[str]:
    """The code cut at its semicolons, but not at those that are quoted, in brackets or escaped."""
    sections, begun, place = [], 0, 0
    while place < len(code):
        if code[place] in "\\_*":
            place += 1
        elif code[place] == '"':
            place = _closing(code, place, '"')
        elif code[place] == "[":
            place = _closing(code, place, "]")
        elif code[place] == ";":
            sections.append(code[begun:place])
            begun = place + 1
        place += 1
    return [*sections, code[begun:]]


def _closing(code: str, place: int, sign: str) -> int:
    found = code.find(sign, place + 1)
    return len(code) if found < 0 else found


def _tokens(section: str) -> tuple[Token, ...] | None:
    try:
        tokens = _read(section)
    except _NotUnderstoodError:
        return None
    if any(one.kind is Kind.DATE for one in tokens):
        return _as_date(tokens)
    # Outside of dates a slash makes a fraction.
    is_fraction = any(one.kind is Kind.LITERAL and one.text == "/" for one in tokens)
    return None if is_fraction else tuple(tokens)


def _read(section: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while place < len(section):
        token, place = _next(section, place)
        if token is not None:
            tokens.append(token)
    return tokens


def _next(section: str, place: int) -> tuple[Token | None, int]:
    """The token at a place, None for one that shows nothing, and where the next one begins."""
    sign = section[place]
    if sign in '"[\\_*':
        return _marked(section, place)
    if section[place : place + 7].casefold() == "general":
        return Token(Kind.GENERAL, ""), place + 7
    if section[place : place + 5].casefold() == _HALVES:
        return Token(Kind.DATE, _HALVES), place + 5
    if sign.casefold() in _DATE_LETTERS:
        end = place
        while end < len(section) and section[end].casefold() == sign.casefold():
            end += 1
        letters = section[place:end].casefold()
        if letters not in _DATE_TOKENS:
            raise _NotUnderstoodError
        return Token(Kind.DATE, letters), end
    if sign in _SINGLE:
        return Token(_SINGLE[sign], sign), place + 1
    if sign in _PLAIN or (not sign.isascii() and sign.isprintable()):
        return Token(Kind.LITERAL, sign), place + 1
    raise _NotUnderstoodError


def _marked(section: str, place: int) -> tuple[Token | None, int]:
    """The token that begins with a quote, a bracket, or a sign for the next character."""
    sign = section[place]
    if sign in "\\_*":
        if place + 1 >= len(section):
            raise _NotUnderstoodError
        shown = {"\\": section[place + 1], "_": " ", "*": ""}[sign]
        # A quoted slash is no fraction.
        return Token(Kind.LITERAL, shown) if shown else None, place + 2
    end = _closing(section, place, '"' if sign == '"' else "]")
    if end >= len(section):
        raise _NotUnderstoodError
    within = section[place + 1 : end]
    if sign == "[":
        within = _bracketed(within)
    return Token(Kind.LITERAL, within) if within else None, end + 1


def _bracketed(within: str) -> str:
    """What a bracket shows: nothing for a colour, the sign for a currency."""
    if within.casefold() in _COLOURS:
        return ""
    if within.startswith("$"):
        sign, _, language = within[1:].rpartition("-") if "-" in within else (within[1:], "", "")
        if language.upper() in _LANGUAGES:
            return sign
    raise _NotUnderstoodError


def _as_date(tokens: list[Token]) -> tuple[Token, ...] | None:
    """The tokens of a date; its neighbours show whether an `m` means minutes."""
    parts = [at for at, one in enumerate(tokens) if one.kind is Kind.DATE and one.text != _HALVES]
    shown = list(tokens)
    for order, at in enumerate(parts):
        if tokens[at].text not in ("m", "mm"):
            continue
        before = tokens[parts[order - 1]].text[0] if order else ""
        behind = tokens[parts[order + 1]].text[0] if order + 1 < len(parts) else ""
        if before == "h" or behind == "s":
            shown[at] = Token(Kind.DATE, {"m": "n", "mm": "nn"}[tokens[at].text])
    for at, one in enumerate(shown):
        if one.kind in (Kind.POINT, Kind.COMMA):
            shown[at] = Token(Kind.LITERAL, one.text)
    is_date = all(one.kind in (Kind.DATE, Kind.LITERAL) for one in shown)
    return tuple(shown) if is_date else None
