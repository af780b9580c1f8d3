"""Ids that a spreadsheet has damaged, and the likely original ids."""

from __future__ import annotations

import pytest
from handover.rules.damage import damage_in, is_ruined, likely_ids

# Written out, so that a changed limit is seen.
MAX_LIKELY = 24
ERRORS = ("#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@pytest.mark.parametrize(
    ("account_id", "damage"),
    [
        ("1.2E+11", "1.2E+11: a spreadsheet has changed this id"),
        ("1,23E+12", "a spreadsheet has changed this id to a number"),
        ("12-Mar", "to a date"),
        ("Jan-24", "to a date"),
        ("3/4/2024", "to a date"),
        ("42.0", "to a number"),
        *(
            (shown, f" {shown} is what a spreadsheet shows if it cannot show a value.")
            for shown in ("#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!", "##")
        ),
        ("C-\u200b1", "ZERO WIDTH SPACE"),
        ("C-1\u00a0x", "NO-BREAK SPACE"),
    ],
)
def test_the_damage_that_a_spreadsheet_did_to_an_id_is_named(account_id: str, damage: str) -> None:
    assert damage in damage_in(account_id)


@pytest.mark.parametrize("month", MONTHS)
def test_a_day_and_a_month_in_either_order_look_like_a_date(month: str) -> None:
    assert "to a date" in damage_in(f"3-{month}")
    assert "to a date" in damage_in(f"{month.upper()}-24")


@pytest.mark.parametrize("account_id", [*ERRORS, "#", "1.2E+11", "1,2e+11", "5E+9"])
def test_an_error_or_a_shortened_number_cannot_be_an_id(account_id: str) -> None:
    assert damage_in(account_id)
    assert is_ruined(account_id)


@pytest.mark.parametrize("account_id", ["#1", "#N/A?", "12E+9", "1E9", "1E-9", "1E+9x", "42.0"])
def test_another_text_can_be_an_id(account_id: str) -> None:
    assert not is_ruined(account_id)


@pytest.mark.parametrize("account_id", ["C-1", "0042", "E11", "12-34", "ACME Ltd."])
def test_an_id_that_looks_intact_is_not_called_damaged(account_id: str) -> None:
    assert damage_in(account_id) == ""


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("42", "0042"),
        ("42", "00000042"),
        ("0042", "42"),
        ("c-17", "C-17"),
        ("C-17.0", "C-17"),
        ("C- 17", "C-17"),
        ("C-71", "C-17"),
        ("C_17", "C-17"),
        ("C-17", "C_17"),
        ("CO17", "C017"),
        ("C017", "CO17"),
        ("Cl7", "C17"),
        ("CI7", "C17"),
        ("007", "OO7"),
        ("C-\u200b17", "C-17"),
    ],
)
def test_an_id_that_differs_by_one_slip_is_likely(found: str, meant: str) -> None:
    assert meant in likely_ids(found)


def test_the_likely_ids_are_few_and_never_the_unknown_one() -> None:
    found = likely_ids("0123456789" * 20)

    assert len(found) == MAX_LIKELY
    assert "0123456789" * 20 not in found
    assert "" not in likely_ids("0")


def test_the_likely_ids_come_in_the_order_of_how_likely_they_are() -> None:
    letters, digits = likely_ids("aB-0"), likely_ids("07")

    assert letters == ("AB-0", "ab-0", "aB-O", "aB_0", "Ba-0", "a-B0", "aB0-")
    assert digits == (
        *("007", "0007", "00007", "000007", "0000007", "00000007"),
        *("7", "O7", "70"),
    )
