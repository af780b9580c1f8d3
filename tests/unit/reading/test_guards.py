"""Guards can be taken off exactly, and guarded values are harmless."""

from __future__ import annotations

import csv
import io
import re
import string

import pytest
from handover.reading.guards import guard, unguard
from hypothesis import given
from hypothesis import strategies as st

from infra.template import PATH

HOSTILE = st.text(st.sampled_from(";,\"'=+-@|%\t\r\n\x00\x07\x1b\x7fae␀␉␛␠␡é"), max_size=8)


@given(st.one_of(HOSTILE, st.text()))
def test_every_guarded_string_is_unguarded_to_itself(value: str) -> None:
    assert unguard(guard(value)) == value


@given(st.one_of(HOSTILE, st.text()))
def test_a_guarded_value_starts_no_formula_and_has_no_control_character(value: str) -> None:
    guarded = guard(value)

    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert not [char for char in guarded if char == "\x7f" or (char < " " and char not in "\t\n\r")]


@given(st.one_of(HOSTILE, st.text()), st.sampled_from(",;\t|"))
def test_finding_11_no_cell_of_a_spreadsheet_with_another_separator_starts_a_formula(
    value: str, separator: str
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(["K1", guard(value)])

    for row in csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=separator):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\uff1d")), row


@pytest.mark.parametrize(
    ("value", "guarded"),
    [
        ("", ""),
        ("C0000017", "C0000017"),
        ("O'Neill", "O'Neill"),
        ("'tis", "'tis"),
        ("=1+1", "'=1+1"),
        ("''=1", "'''=1"),
        ("-5", "'-5"),
        ("a\x00b", "a␀b"),
        ("\x1b[31m", "␛e[31m"),
        ("␛", "␛␛"),
        ("\x7f", "␡"),
        ("K1;=1", "K1;'=1"),
        ("K1,=1;-2", "K1,'=1;'-2"),
        ("||=1", "'|'|'=1"),
        ("K1;'=1", "K1;''=1"),
        ('K1;"=1"', 'K1;\'"=1"'),
        ("a\n=1", "a\n'=1"),
        ("ana@x.example;ben@x.example", "ana@x.example;ben@x.example"),
    ],
)
def test_values_are_guarded_as_the_table_says(value: str, guarded: str) -> None:
    assert guard(value) == guarded
    assert unguard(guarded) == value


def test_every_character_is_guarded_by_a_quote_by_its_picture_or_not_at_all() -> None:
    formulas = [*"=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20"]
    controls = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
    controls |= {0x7F: "\u2421", 0x1B: "\u241be"}
    pictures = {code: f"\u241b{chr(code)}" for code in range(0x2400, 0x2422)}
    expected = {ord(sign): f"'{sign}" for sign in formulas} | controls | pictures

    guarded_as = {code: guard(chr(code)) for code in range(0x1_0000)}
    changed = {code: guarded for code, guarded in guarded_as.items() if guarded != chr(code)}

    assert changed == expected
    assert {code: unguard(guarded) for code, guarded in changed.items()} == {
        code: chr(code) for code in expected
    }


@pytest.mark.parametrize("typed", ["␉", "␠", "␛x", "␛", "'"])
def test_a_text_that_no_guard_wrote_stays_as_typed(typed: str) -> None:
    assert unguard(typed) == typed


def test_u9_the_guide_names_the_signs_that_are_guarded_and_that_exports_have_them() -> None:
    guide = (PATH.parent / "GUIDE.md").read_text("utf-8")
    export = guide.partition("In an `export`")[2].partition("\n\n")[0]
    rule = guide.partition("A `'` guards")[2].partition(", a tab or a line end")[0]

    assert "guarded like those of a [report]" in " ".join(export.split())
    assert set(re.findall(r"`(.)`", rule)) == {
        sign for sign in string.punctuation if guard(sign) != sign
    }
