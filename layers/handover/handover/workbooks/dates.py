"""Dates and times: a serial number under a date format, as an English spreadsheet shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from handover.workbooks.tokens import Kind, Token

# Excel counts 29 February 1900, which never existed; LibreOffice does not. So earlier days differ.
FIRST_CERTAIN_DAY = 61
LAST_DAY = 2_958_465  # 31 December 9999
DAYS_BETWEEN_SYSTEMS = 1462  # 1 January 1904
_EPOCH = date(1899, 12, 30)
_DAY_SECONDS = 86_400
# A serial number is exact to some hundredths of a millisecond.
_TOLERANCE_SECONDS = 0.001

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OF_A_DAY = frozenset("ymd")


def shown(section: Sequence[Token], value: float, *, is_1904: bool) -> str | None:
    """What a section of date tokens shows; None when spreadsheets differ about it."""
    letters = [one.text for one in section if one.kind is Kind.DATE]
    has_day = any(one[0] in _OF_A_DAY for one in letters)
    has_time = not all(one[0] in _OF_A_DAY for one in letters)
    moment = _moment(value, is_1904=is_1904, has_day=has_day, has_time=has_time)
    if moment is None:
        return None
    is_halved = "am/pm" in letters
    return "".join(
        one.text if one.kind is Kind.LITERAL else _part(one.text, moment, is_halved=is_halved)
        for one in section
    )


def serial_of(text: str, *, is_1904: bool) -> float | None:
    """The serial number of a date that is written as ISO 8601; None for any other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        return None
    since = moment - datetime.combine(_EPOCH, time())
    serial = since.days + since.seconds / _DAY_SECONDS
    return serial - DAYS_BETWEEN_SYSTEMS if is_1904 else serial


def _moment(value: float, *, is_1904: bool, has_day: bool, has_time: bool) -> datetime | None:
    if value < 0 or value > LAST_DAY:
        return None
    days = int(value)
    exact = (value - days) * _DAY_SECONDS
    seconds = round(exact)
    if seconds == _DAY_SECONDS or (has_time and abs(exact - seconds) > _TOLERANCE_SECONDS):
        return None
    if is_1904:
        days += DAYS_BETWEEN_SYSTEMS
    if has_day and not FIRST_CERTAIN_DAY <= days <= LAST_DAY:
        return None
    day = _EPOCH + timedelta(days=days if has_day else FIRST_CERTAIN_DAY)
    return datetime.combine(day, time()) + timedelta(seconds=seconds)


def _part(letters: str, moment: datetime, *, is_halved: bool) -> str:
    """What one token shows of a moment."""
    hour = (moment.hour % 12 or 12) if is_halved else moment.hour
    month, weekday = _MONTHS[moment.month - 1], _DAYS[moment.weekday()]
    return {
        "yyyy": f"{moment.year:04}",
        "yy": f"{moment.year % 100:02}",
        "m": f"{moment.month}",
        "mm": f"{moment.month:02}",
        "mmm": month[:3],
        "mmmm": month,
        "d": f"{moment.day}",
        "dd": f"{moment.day:02}",
        "ddd": weekday[:3],
        "dddd": weekday,
        "h": f"{hour}",
        "hh": f"{hour:02}",
        "n": f"{moment.minute}",
        "nn": f"{moment.minute:02}",
        "s": f"{moment.second}",
        "ss": f"{moment.second:02}",
        "am/pm": "AM" if moment.hour < 12 else "PM",
    }[letters]
