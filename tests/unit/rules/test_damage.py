"""Ids that a spreadsheet has damaged, and the likely original ids."""

from __future__ import annotations

import pytest
from handover.rules.damage import damage_in, likely_ids

# Written out, so that a changed limit is seen.
MAX_LIKELY = 24


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
        ("CO17", "C017"),
        ("C017", "CO17"),
        ("Cl7", "C17"),
        ("CI7", "C17"),
        ("C-17", "C_17"),
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
