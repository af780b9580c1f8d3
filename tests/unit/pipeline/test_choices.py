"""The profile that represents all others while the head of a previewed file is read."""

from __future__ import annotations

import pytest
from handover.pipeline.file_preview import Choice
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from msgspec.structs import replace

STRICT, USERS = presets()["single-strict"], presets()["directory-users"]


def choice(chosen: str = "", **encodings: str | None) -> Choice:
    """Two profiles with these fallback encodings."""
    profiles: dict[str, Profile] = {
        one.name: replace(one, fallback_encoding=encodings.get(key))
        for key, one in (("strict", STRICT), ("users", USERS))
    }
    return Choice(profiles, frozenset(), chosen)


def test_all_labels_of_all_profiles_are_known() -> None:
    assert choice().for_reading.columns == STRICT.columns + USERS.columns
    assert choice("directory-users").for_reading.columns == STRICT.columns + USERS.columns
    assert choice("directory-users").for_reading.name == "directory-users"
    assert choice().for_reading.name == "single-strict"


@pytest.mark.parametrize(
    ("chosen", "encodings", "expected"),
    [
        ("", {}, None),
        ("", {"users": "windows-1252"}, "windows-1252"),
        ("directory-users", {"strict": "windows-1252"}, "windows-1252"),
        ("directory-users", {"strict": "utf-16", "users": "windows-1252"}, "windows-1252"),
        ("single-strict", {"strict": "utf-16", "users": "windows-1252"}, "utf-16"),
        ("unknown", {"strict": "utf-16", "users": "windows-1252"}, "utf-16"),
    ],
)
def test_another_encoding_is_accepted_if_the_chosen_profile_does_or_else_any(
    chosen: str, encodings: dict[str, str], expected: str | None
) -> None:
    assert choice(chosen, **encodings).for_reading.fallback_encoding == expected
