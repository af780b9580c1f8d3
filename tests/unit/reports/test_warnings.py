"""Warnings name the columns that an import ignores, however many there are."""

from __future__ import annotations

import pytest
from handover.model import Dialect, FileWarning, Header
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.reports.stored_warnings import warnings_from, warnings_json
from handover.reports.warnings import column_warnings
from hypothesis import given
from hypothesis import strategies as st

STRICT = presets()["single-strict"]
VIEWERS = presets()["manager-and-viewers"]
COMMA = Dialect("utf-8", ",")
# The account's column and one of the profile's: enough to accept the header.
GOOD = ("account ID", "account Manager")


def messages(*labels: str, dialect: Dialect = COMMA, **mapping: str) -> list[str]:
    header = Header(labels, 0, 2)
    found = column_warnings(header, dialect, STRICT, mapping)
    assert {one.code for one in found} <= {"COLUMN_IGNORED"}
    return [one.message for one in found]


def test_a_header_that_fits_warns_of_nothing() -> None:
    assert messages(*GOOD) == []
    assert messages(*GOOD, "", "  ") == []
    assert messages("Kunde", "account Manager", Kunde="account ID") == []


def test_a_column_that_the_profile_does_not_know_is_named() -> None:
    assert messages(*GOOD, "City") == [
        "line 1: 1 column was ignored, because the profile has no such column: 'City'."
    ]


@pytest.mark.parametrize(
    ("number", "end"),
    [(6, ", 'X6'."), (7, ", 'X6' and 1 more."), (8, ", 'X6' and 2 more.")],
)
def test_six_columns_are_named_and_the_others_counted(number: int, end: str) -> None:
    (message,) = messages(*GOOD, *(f"X{place}" for place in range(1, number + 1)))

    assert message.startswith(f"line 1: {number} columns were ignored")
    assert message.endswith(end)


def test_a_misspelt_column_comes_first_with_its_likely_label() -> None:
    header = Header(("customer ID", "City", "email", "default Viewer"), 0, 4)
    assert bind(header.labels, VIEWERS, mapping={}, line=3)

    first, second = column_warnings(header, COMMA, VIEWERS, {})

    assert first.message == (
        "line 3: the column 'default Viewer' was ignored. Did you mean 'defaultViewers'? "
        "Rename or map it and upload the file again."
    )
    assert "'City'" in second.message


def test_at_most_three_misspelt_columns_have_a_warning_of_their_own() -> None:
    header = Header(("email", "nme", "City", "role", "opcco", "statuss"), 0, 2)

    found = column_warnings(header, COMMA, presets()["directory-users"], {})

    *own, others = [one.message for one in found]
    assert [message.partition(" was ignored. Did you mean ")[::2] for message in own] == [
        (f"line 1: the column {label!r}", f"{meant!r}? Rename or map it and upload the file again.")
        for label, meant in (("nme", "name"), ("role", "roles"), ("opcco", "opco"))
    ]
    assert others.endswith("the profile has no such column: 'statuss', 'City'.")


@pytest.mark.parametrize(("length", "shown"), [(40, "x" * 40), (41, "x" * 39 + "\u2026")])
def test_a_label_is_shown_on_one_line_in_at_most_40_characters(length: int, shown: str) -> None:
    assert messages(*GOOD, f" \n{'x' * length}\x07 ") == [
        f"line 1: 1 column was ignored, because the profile has no such column: '{shown}'."
    ]


def test_a_column_similar_to_one_that_is_present_is_not_a_misspelling() -> None:
    (message,) = messages(*GOOD, "account Managers")

    assert "Did you mean" not in message


def test_warnings_do_not_name_the_own_columns_of_a_report() -> None:
    report = Dialect("utf-8", ",", is_report=True)

    assert messages(*GOOD, "line", "code", "error", "hint", dialect=report) == []
    assert len(messages(*GOOD, "line", "code", "error", "hint")) == 1


@given(st.lists(st.text(max_size=300), max_size=200))
def test_however_many_columns_are_ignored_the_warnings_stay_short(labels: list[str]) -> None:
    header = Header((*GOOD, *labels), 0, 2)

    found = column_warnings(header, COMMA, VIEWERS, {})

    assert len(found) <= 4
    assert all(len(one.message) <= 700 for one in found)
    assert warnings_from(warnings_json(found)) == found


def test_warnings_are_stored_and_read_back() -> None:
    warnings = (FileWarning("COLUMN_IGNORED", "line 1: 'Größe'"), FileWarning("X", ""))

    assert warnings_from(warnings_json(warnings)) == warnings
