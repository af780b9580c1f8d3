"""Sentences that say what a profile does, and what its blanks do."""

from __future__ import annotations

import pytest
from handover.profiles.presets import presets
from handover.profiles.profile import Blank
from handover.profiles.sentences import blanks_of, conditions_of, purpose_of
from msgspec.structs import replace


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("single-strict", "Sets who holds account_manager of each account in the file."),
        (
            "manager-and-viewers",
            "Sets who holds account_manager and viewer of each account in the file.",
        ),
        (
            "multi-with-workflow",
            "Sets who holds account_manager and the workflow of each account in the file.",
        ),
        ("directory-accounts", "Creates accounts and updates their fields in the directory."),
        ("directory-users", "Creates, updates and deletes users of the directory."),
        ("role-team", "Sets the roles of each account in the file."),
    ],
)
def test_a_profile_has_a_sentence_for_what_its_files_do(name: str, sentence: str) -> None:
    assert purpose_of(presets()[name]) == sentence


@pytest.mark.parametrize(
    ("blank", "words", "sentence"),
    [
        (Blank.ERROR, {"none"}, "An empty cell is an error, and its line is rejected."),
        (Blank.KEEP, set(), "An empty cell changes nothing."),
        (
            Blank.KEEP,
            {"none", "-"},
            "An empty cell changes nothing; to clear a value, write '-' or 'none'.",
        ),
        (Blank.CLEAR, set(), "An empty cell removes the holders of the role from the account."),
        (
            Blank.CLEAR,
            {"none"},
            "An empty cell removes the holders of the role from the account; so does 'none'.",
        ),
    ],
)
def test_a_profile_has_a_sentence_for_what_an_empty_cell_does(
    blank: Blank, words: set[str], sentence: str
) -> None:
    profile = replace(presets()["single-strict"], blank=blank, clear_words=frozenset(words))

    assert blanks_of(profile) == sentence


def test_an_empty_cell_of_a_directory_file_clears_a_field() -> None:
    profile = replace(presets()["directory-users"], blank=Blank.CLEAR, clear_words=frozenset())

    assert blanks_of(profile) == "An empty cell clears the field."


def test_columns_of_present_holders_are_named_if_the_profile_has_them() -> None:
    profile = presets()["manager-and-viewers"]
    both = {"email", "Current viewers", "Current account manager"}

    assert conditions_of(profile, {"email"}) == ""
    assert conditions_of(profile, both) == (
        "A line applies only if the account has the holders in 'Current account manager' and "
        "'Current viewers'; an empty cell sets no condition."
    )
