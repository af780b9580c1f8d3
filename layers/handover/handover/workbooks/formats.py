"""Number formats: from a stored value to the text that a spreadsheet shows for it.

Only what is certain is shown: the text must be the one that LibreOffice shows, for every value.
Conditions, fractions, exponents, scaling, elapsed times, other languages and calendars give None,
and so does a value that would be invisible. Such a cell is marked as unreadable, never guessed.
ECMA-376 part 1, 18.8.31 has the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from msgspec import Struct

from handover.workbooks import dates
from handover.workbooks.tokens import Kind, Token, sections_of

# Numbers at or above it have more digits than a spreadsheet keeps.
MIN_INEXACT = 10.0**15


TEXT_AS_IT_IS = (Token(Kind.TEXT, "@"),)


class Format(Struct, frozen=True):
    """A parsed number format. A section that is None cannot be shown for certain.

    `numbers` are the sections for positive, negative and zero values, as many as there are;
    `texts` is the section for text, TEXT_AS_IT_IS where a format has none.
    """

    numbers: tuple[tuple[Token, ...] | None, ...]
    texts: tuple[Token, ...] | None

    @property
    def is_general(self) -> bool:
        """True when a number is shown as it is."""
        return self.numbers == (GENERAL_SECTION,)

    def number(self, value: float, *, is_1904: bool) -> str | None:
        """What is shown for a number below MIN_INEXACT; None when that is not certain."""
        section, is_negative = self._section(value)
        if section is None:
            return None
        if any(token.kind is Kind.DATE for token in section):
            shown = dates.shown(section, value, is_1904=is_1904)
        else:
            shown = _number(section, abs(value))
            if shown is not None and is_negative:
                is_zero = not re.search("[1-9]", shown)
                shown = None if is_zero else f"-{shown}"
        return shown if shown is not None and shown.strip() else None

    def text(self, value: str) -> str | None:
        """What is shown for a text; None if that is not certain, or if nothing is shown."""
        if not value or self.texts is TEXT_AS_IT_IS:
            return value
        if self.texts is None:
            return None
        parts = [value if one.kind is Kind.TEXT else one.text for one in self.texts]
        is_simple = {one.kind for one in self.texts} <= {Kind.TEXT, Kind.LITERAL}
        has_value = any(one.kind is Kind.TEXT for one in self.texts)
        return "".join(parts) if is_simple and has_value else None

    def _section(self, value: float) -> tuple[tuple[Token, ...] | None, bool]:
        """The section for a value, and whether a minus sign precedes what it shows."""
        if value < 0 and len(self.numbers) > 1:
            return self.numbers[1], False
        if value == 0 and len(self.numbers) > 2:
            return self.numbers[2], False
        is_date = any(one.kind is Kind.DATE for one in self.numbers[0] or ())
        return self.numbers[0], value < 0 and not is_date


def parse_format(code: str) -> Format:
    """The format of a code; a section that is not understood shows no value."""
    sections = sections_of(code)
    texts: tuple[Token, ...] | None = TEXT_AS_IT_IS
    last = sections[-1]
    if len(sections) == 4 or (last is not None and any(one.kind is Kind.TEXT for one in last)):
        texts = last
        # A format that has only a section for text shows a number as General does.
        is_plain = last is not None and [one.kind for one in last] == [Kind.TEXT]
        numbers = sections[:-1] or ([GENERAL_SECTION] if is_plain else [None])
    else:
        numbers = sections
    # A section that is not understood may have a condition that decides when the others apply.
    if len(numbers) > 3 or None in numbers:
        numbers = [None]
    return Format(tuple(numbers), texts)


GENERAL_SECTION = (Token(Kind.GENERAL, ""),)
GENERAL = Format((GENERAL_SECTION,), TEXT_AS_IT_IS)


def general(value: float) -> str | None:
    """What the format General shows: an integer without a fraction, else at most 15 digits.

    None when that would need an exponent or lose the fraction.
    """
    if value == int(value):
        return str(int(value))
    shown = f"{value:.15g}"
    return shown if "e" not in shown and "." in shown else None


def _number(section: Sequence[Token], value: float) -> str | None:
    """A section of digits and literals filled with a value that is not negative."""
    if all(one.kind in (Kind.LITERAL, Kind.GENERAL) for one in section):
        plain = general(value)
        is_value = any(one.kind is Kind.GENERAL for one in section)
        if plain is None and is_value:
            return None
        return "".join(plain or "" if one.kind is Kind.GENERAL else one.text for one in section)
    layout = _layout(section)
    if layout is None:
        return None
    digits = _rounded(value, layout)
    return None if digits is None else layout.filled(*digits)


class _Layout(Struct, frozen=True):
    """Where the digits of a section are: its tokens before and after the decimal point."""

    before: tuple[Token, ...]
    behind: tuple[Token, ...]
    has_thousands: bool
    is_percent: bool

    @property
    def decimals(self) -> int:
        """The maximum number of digits after the point."""
        return sum(one.kind is Kind.DIGIT for one in self.behind)

    def filled(self, integer: str, fraction: str) -> str:
        """The text with the digits of the two parts, `fraction` as long as `decimals`."""
        shown = fraction
        for place in reversed([one for one in self.behind if one.kind is Kind.DIGIT]):
            if place.text != "#" or not shown.endswith("0"):
                break
            shown = shown[:-1]
        rest = list(shown)
        behind = "".join(
            one.text if one.kind is not Kind.DIGIT else (rest.pop(0) if rest else "")
            for one in self.behind
        )
        point = "." if shown else ""
        return self._integer(integer) + point + behind

    def _integer(self, digits: str) -> str:
        """The part before the point: digits fill places from the right; surplus ones come first."""
        places = sum(one.kind is Kind.DIGIT for one in self.before)
        if self.has_thousands:
            least = sum(one.text == "0" for one in self.before if one.kind is Kind.DIGIT)
            grouped = f"{int(digits):,}" if digits else ""
            if len(digits) < least:
                grouped = f"{int(digits or 0):0{least + (least - 1) // 3},}"
            first = next(at for at, one in enumerate(self.before) if one.kind is Kind.DIGIT)
            literals = [
                grouped if at == first else "" if one.kind is Kind.DIGIT else one.text
                for at, one in enumerate(self.before)
            ]
            return "".join(literals)
        padded = digits.rjust(places)
        surplus, rest = padded[: len(padded) - places], list(padded[len(padded) - places :])
        shown = []
        for one in self.before:
            if one.kind is not Kind.DIGIT:
                shown.append(one.text)
                continue
            digit = rest.pop(0)
            if digit == " ":
                digit = {"0": "0", "#": "", "?": " "}[one.text]
            shown.append(surplus + digit)
            surplus = ""
        return "".join(shown)


def _layout(section: Sequence[Token]) -> _Layout | None:
    """The places of a section's digits; None for an order that is not understood."""
    kinds = [one.kind for one in section]
    if not set(kinds) <= {Kind.LITERAL, Kind.DIGIT, Kind.POINT, Kind.COMMA, Kind.PERCENT}:
        return None
    if kinds.count(Kind.POINT) > 1 or kinds.count(Kind.PERCENT) > 1:
        return None
    point = kinds.index(Kind.POINT) if Kind.POINT in kinds else len(kinds)
    before, behind = section[:point], section[point + 1 :]
    places = [at for at, one in enumerate(before) if one.kind is Kind.DIGIT]
    commas = [at for at, one in enumerate(before) if one.kind is Kind.COMMA]
    if not places:
        return None
    # A comma after the last digit divides by a thousand.
    if commas and not places[0] < min(commas) <= max(commas) < places[-1]:
        return None
    within = before[places[0] : places[-1]]
    if commas and any(one.kind is Kind.LITERAL or one.text == "?" for one in within):
        return None
    if any(one.kind is Kind.COMMA or one.text == "?" for one in behind):
        return None
    return _Layout(
        tuple(one for one in before if one.kind is not Kind.COMMA),
        tuple(behind),
        bool(commas),
        Kind.PERCENT in kinds,
    )


def _rounded(value: float, layout: _Layout) -> tuple[str, str] | None:
    """The digits before and after the point; None when spreadsheets round them differently."""
    number = Decimal(f"{value:.15g}")
    is_exact = Decimal(value) == number
    if layout.is_percent:
        number *= 100
    unit = Decimal(1).scaleb(-layout.decimals)
    left = number - number.quantize(unit, ROUND_DOWN)
    if left and layout.is_percent:
        return None
    if left * 2 == unit and not is_exact:
        return None
    integer, _, fraction = f"{number.quantize(unit, ROUND_HALF_UP):f}".partition(".")
    return integer.lstrip("0"), fraction
