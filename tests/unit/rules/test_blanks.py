"""Blank cells: how the rules read them, and what the clearing guard counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from handover.model import Dialect, Rejection
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from handover.reading.csv_lines import lines
from handover.rules.edits import edit_of
from handover.rules.instructions import Instruction, instruction_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reading.oracle import plain_header, scan_all
from tests.unit.rules.scenery import HEADER, ROLE, understand, variant

SEPARATORS = (",", ";", "|", " ")
ONLY_SEPARATORS = [",", ", ", " ,", ",,,", ", , ,", f"{',' * 40}", ",\t,", ",\u00a0,", ",\n,"]
LONG_WORD = "is held by nobody"
# In another case, the kelvin sign takes three bytes for one.
KELVIN = 'no "\u212aey" account'
words = st.sampled_from(
    (
        LONG_WORD,
        KELVIN,
        'NO "Key" Account',
        "",
        "None",
        "none",
        "nONE",
        "-",
        ",",
        "ana@x.example",
        "x" * 20,
    )
)
blanks = st.text(alphabet=",;| \t\n\r\u00a0", max_size=30)
cells = st.lists(words | blanks | st.text(max_size=3), max_size=4).map("".join)
profiles = st.builds(
    lambda separator, blank, words: variant(
        list_separator=separator, blank=blank, clear_words=words
    ),
    st.sampled_from((None, *SEPARATORS)),
    st.sampled_from(("clear", "keep", "error")),
    st.sampled_from(([], ["None"], ["None", ",", "-"], ['no "key" account', LONG_WORD])),
)


def clears(found: Instruction | Rejection) -> bool:
    """True when the instruction of a line removes users."""
    return isinstance(found, Instruction) and any(not one.names for one in found.requests)


@pytest.mark.parametrize("cell", ONLY_SEPARATORS)
@pytest.mark.parametrize("preset", ["manager-and-viewers", "multi-with-workflow"])
def test_f1_a_cell_with_only_separators_leaves_the_users_unchanged(preset: str, cell: str) -> None:
    profile = presets()[preset]
    labels = tuple(column.label for column in profile.columns)

    found = understand("0042", *[cell] * (len(labels) - 1), profile=profile, header=labels)

    assert isinstance(found, Instruction)
    assert (found.requests, found.conditions) == ((), ())


@pytest.mark.parametrize(("blank", "is_clearing"), [("clear", True), ("keep", False)])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_f1_a_cell_with_only_separators_is_an_empty_cell(
    separator: str, blank: str, *, is_clearing: bool
) -> None:
    profile = variant(list_separator=separator, blank=blank)
    cell = f"{separator} {separator}"

    assert clears(understand("0042", cell, profile=profile)) is is_clearing
    assert profile.is_clearing(cell) is is_clearing


def test_f1_a_cell_with_only_separators_is_no_value_where_one_is_required() -> None:
    found = understand("0042", ";", profile=variant(list_separator=";", blank="error"))

    assert isinstance(found, Rejection)
    assert found.code == "BLANK_NOT_ALLOWED"


def test_a_clear_word_made_of_separators_still_clears() -> None:
    profile = variant(list_separator=",", blank="keep", clear_words=[",,"])

    assert clears(understand("0042", ",,", profile=profile))
    assert not clears(understand("0042", ",", profile=profile))


def test_the_second_column_of_a_role_counts_if_the_first_has_only_separators() -> None:
    columns = [
        {"holds": "account", "label": "id", "aliases": []},
        {"holds": "users", "label": "one", "aliases": [], "role": ROLE, "by": ["email"]},
        {"holds": "users", "label": "two", "aliases": [], "role": ROLE, "by": ["email"]},
    ]
    profile = variant(columns=columns, list_separator=",", blank="keep")

    found = understand("0042", ",", "None", profile=profile, header=("id", "one", "two"))

    assert clears(found)
    assert bind(("id", "one", "two"), profile, mapping={}, line=1).clearing == [1, 2]


@given(cell=cells, profile=profiles)
def test_f1_the_rule_and_the_guard_agree_on_every_cell(cell: str, profile: Profile) -> None:
    found = understand("0042", cell, profile=profile)

    assert clears(found) is profile.is_clearing(cell)


@given(
    written=st.lists(cells, min_size=1, max_size=20),
    profile=profiles,
    delimiter=st.sampled_from((",", ";")),
    is_report=st.booleans(),
)
def test_f1_the_guard_counts_exactly_the_lines_that_the_rule_treats_as_clearing(
    written: Sequence[str], profile: Profile, delimiter: str, *, is_report: bool
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(("k", cell) for cell in written)
    data = text.getvalue().encode("utf-8", "ignore")
    dialect = Dialect("utf-8", delimiter, is_report=is_report)
    header = plain_header(HEADER)
    binding = bind(HEADER, profile, mapping={}, line=1)
    scanned = scan_all(
        data,
        dialect=dialect,
        header=header,
        clear_columns=tuple(binding.clearing),
        is_clearing=profile.is_clearing,
        list_separator=profile.list_separator,
        clear_words=profile.clear_words,
    )
    (chunk,) = scanned.chunks

    read = list(lines(data, chunk=chunk, dialect=dialect, header=header))

    asking = [instruction_of(line, binding, profile) for line in read if line.fault is None]
    faulty = [line for line in read if line.fault is not None]
    counted = sum(map(clears, asking))
    assert counted <= scanned.clearing <= counted + len(faulty)


@pytest.mark.parametrize("name", [",", "\x1c", ", ,"])
def test_f1_an_edit_that_names_nothing_is_refused(name: str) -> None:
    found = edit_of("0042", {ROLE: [name]}, variant(list_separator=",", blank="clear"))

    assert isinstance(found, Rejection)
    assert found.code in {"BLANK_NOT_ALLOWED", "INVALID_CHARACTER"}
