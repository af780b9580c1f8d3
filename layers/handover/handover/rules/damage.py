"""How a spreadsheet damages an id that it takes for a number, a date or a formula."""

from __future__ import annotations

import re

from handover.rules.addresses import invisible_characters

_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
_FRACTION = re.compile(r"\d+[.,]0+")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"\d{{1,2}}-(?:{_MONTHS})|(?:{_MONTHS})-\d{{2}}|\d{{1,2}}[/.]\d{{1,2}}[/.](?:\d{{2}}){{1,2}}",
    re.IGNORECASE,
)
_ERRORS = frozenset({"#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!"})


def damage_in(account_id: str) -> str:
    """The probable damage to an id, as a sentence that begins with a space; "" if none.

    Only for ids that no account has: a valid id may look like a date.
    """
    shown = repr(account_id)
    hidden = invisible_characters(account_id)
    if hidden:
        return (
            f" {shown} holds characters that cannot be seen ({', '.join(hidden)}): type it again."
        )
    if account_id in _ERRORS or set(account_id) == {"#"}:
        return f" {account_id} is what a spreadsheet shows if it cannot show a value."
    if _SCIENTIFIC.fullmatch(account_id):
        return (
            f" {account_id}: a spreadsheet has changed this id to a number and lost its digits; "
            "format the column as text before you fill it."
        )
    if _DATE.fullmatch(account_id):
        return f" {account_id}: a spreadsheet may have changed this id to a date."
    if _FRACTION.fullmatch(account_id):
        return f" {account_id}: a spreadsheet may have changed this id to a number."
    return ""


def is_ruined(account_id: str) -> bool:
    """True for a text that cannot be an original id: digits are lost."""
    return (
        account_id in _ERRORS
        or set(account_id) == {"#"}
        or _SHORTENED.fullmatch(account_id) is not None
    )


def likely_ids(account_id: str) -> tuple[str, ...]:
    """Ids that a typo or a spreadsheet turns into `account_id`, the likeliest first.

    At most MAX_LIKELY, without `account_id` itself. Covers letters in another case, lost leading
    zeros, an added fraction or spaces, a letter that looks like a digit, two swapped neighbours.
    """
    found: dict[str, None] = {}
    bare = "".join(char for char in account_id if not char.isspace() and char.isprintable())
    for text in (bare, bare.upper(), bare.lower(), _FRACTION_END.sub("", bare)):
        found[text] = None
    if bare.isascii() and bare.isdigit():
        for zeros in range(MAX_ZEROS):
            found["0" * (zeros + 1) + bare] = None
        found[bare.lstrip("0")] = None
    for old, new in _LOOK_ALIKES:
        found[bare.replace(old, new)] = None
    for place in range(len(bare) - 1):
        found[bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]] = None
    found.pop(account_id, None)
    found.pop("", None)
    return tuple(found)[:MAX_LIKELY]


MAX_LIKELY = 24
MAX_ZEROS = 6
_FRACTION_END = re.compile(r"[.,]0+$")
_LOOK_ALIKES = (("O", "0"), ("0", "O"), ("l", "1"), ("I", "1"), ("_", "-"), ("-", "_"))
