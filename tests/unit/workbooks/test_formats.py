"""Number formats: shown exactly, or not at all."""

from __future__ import annotations

import pytest
from handover.workbooks.dates import serial_of
from handover.workbooks.formats import parse_format


def shown(code: str, value: float, *, is_1904: bool = False) -> str | None:
    return parse_format(code).number(value, is_1904=is_1904)


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("General", 123.0, "123"),
        ("General", -45.0, "-45"),
        ("General", 0.1 + 0.2, "0.3"),
        ("00000", 123, "00123"),
        ("00000", 1234567, "1234567"),
        ("000-000-000", 12345, "000-012-345"),
        ('"ID-"00000', 42, "ID-00042"),
        ('"ID-"0', -1, "-ID-1"),
        (r"\K0000", 17, "K0017"),
        ("#,##0", 12345678, "12,345,678"),
        ("00,000", 12, "00,012"),
        ("0.00", 1234.5, "1234.50"),
        ("0.###", 5, "5"),
        ("0%", 0.5, "50%"),
        ("@", 12345, "12345"),
        ("[Red]0", 7, "7"),
        ("[$€-2] #,##0", 1234, "€ 1,234"),
        ("0;(0)", -3, "(3)"),
        ('0;0;"none"', 0, "none"),
        ("yyyy-mm-dd", 45293, "2024-01-02"),
        ("d-mmm", 45293, "2-Jan"),
        ("m/d/yyyy", 45293.5, "1/2/2024"),
        ("yyyy-mm-dd hh:mm:ss", 45293.4375, "2024-01-02 10:30:00"),
        ("h:mm AM/PM", 0.75, "6:00 PM"),
        ("mm:ss", 0.5 + 61 / 86400, "01:01"),
    ],
)
def test_a_certain_value_is_shown(code: str, value: float, text: str) -> None:
    assert shown(code, value) == text


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("0.00E+00", 12345),  # an id would lose digits
        ("# ?/?", 1.5),
        ("0,", 12345),
        ("[>100]0;0.0", 5),
        ("[h]:mm", 1.5),
        ("[$-407]mmmm", 45293),
        (";;;", 5),  # nothing is shown
        ("#", 0),
        ("0;", -1),
        ('"text"@', 5),
        ("0.0.0", 5),
        ("0%%", 5),
        (".", 5),
        ("0,0-0", 1234567),
        ("?,???", 1234567),
        ("0.00", 1.005),  # spreadsheet programs round it differently
        ("0", -0.3),
        ("General", 1e-7),
        ("yyyy-mm-dd", 59),  # before the day that exists only in Excel
        ("yyyy-mm-dd", -1),
        ("yyyy-mm-dd", 1e9),
        ("h:mm", 0.123456),  # not a whole second
        ("0 furlongs", 5),
        ('0"', 5),
        ("0\\", 5),
        ("[", 5),
        ("0;0;0;0;0", 5),
        ("", 5),
    ],
)
def test_an_uncertain_value_is_not_shown(code: str, value: float) -> None:
    assert shown(code, value) is None


def test_the_same_number_is_another_day_in_a_workbook_that_counts_from_1904() -> None:
    assert shown("yyyy-mm-dd", 43831, is_1904=True) == "2024-01-02"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("General", "00123"),
        ("00000", "00123"),
        ("@", "00123"),
        ("0;-0;0;@", "00123"),
        ('"ID-"@', "ID-00123"),
        ('0;0;0;" "@', " 00123"),
        (";;;", None),
        ("0;0;0;yyyy@", None),
        ('0;0;0;"secret"', None),
    ],
)
def test_a_text_is_shown_as_it_is_unless_its_format_has_a_section_for_text(
    code: str, text: str | None
) -> None:
    assert parse_format(code).text("00123") == text


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("2024-01-02", 45293.0),
        ("2024-01-02T12:00:00", 45293.5),
        ("2024-01-02T12:00:00Z", None),
        ("yesterday", None),
    ],
)
def test_a_date_as_text_has_a_serial_number_if_it_names_no_time_zone(
    text: str, serial: float | None
) -> None:
    assert serial_of(text, is_1904=False) == serial
    # The systems are four years and a day apart.
    assert serial_of(text, is_1904=True) == (None if serial is None else serial - 1462)
