"""What lines are about: the profiles of a directory's own files, checked field by field."""

from __future__ import annotations

from typing import Any

import pytest
from handover.errors import InvalidRequestError
from handover.profiles.fields import FIELDS, About
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Holds, Profile

ACCOUNTS, USERS = (presets()[f"directory-{about}"] for about in (About.ACCOUNTS, About.USERS))


def with_column(data: dict[str, Any], **column: Any) -> dict[str, Any]:
    """The profile with one more column."""
    return data | {"columns": [*data["columns"], {"label": "x", **column}]}


def without_last(profile: Profile) -> dict[str, Any]:
    """The profile without its last column."""
    data = profile_json(profile)
    return data | {"columns": data["columns"][:-1]}


def test_the_directory_presets_cover_all_fields_of_their_records() -> None:
    for profile in (ACCOUNTS, USERS):
        fields = {column.role for column in profile.columns if column.holds is Holds.FIELD}

        assert fields == set(FIELDS[profile.about])
        assert profile_from(profile_json(profile)) == profile


def test_a_profile_without_about_is_about_assignments() -> None:
    data = profile_json(presets()["single-strict"])
    del data["about"]

    assert profile_from(data).about is About.ASSIGNMENTS


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (with_column(profile_json(ACCOUNTS), holds="fact", role="#phone"), "columns[7].role"),
        (with_column(profile_json(ACCOUNTS), holds="fact", role="#name"), "columns[7].role"),
        (with_column(profile_json(ACCOUNTS), holds="workflow"), "columns[7].holds"),
        (with_column(profile_json(ACCOUNTS), holds="user"), "columns[7].holds"),
        (
            with_column(profile_json(ACCOUNTS), holds="initial", role="#name", by=["email"]),
            "columns[7].role",
        ),
        (with_column(profile_json(USERS), holds="account"), "columns[9].holds"),
        (profile_json(USERS) | {"about": "assignments"}, "columns[1].role"),
        (profile_json(USERS) | {"about": "accounts"}, "columns[2].role"),
        (profile_json(USERS) | {"about": "cars"}, "about"),
        (
            with_column(profile_json(presets()["single-strict"]), holds="fact", role="#name"),
            "columns[3].role",
        ),
        (profile_json(ACCOUNTS) | {"roles": {"#name": {"max_users": 1}}}, "roles.#name"),
        (
            with_column(without_last(ACCOUNTS), holds="initial", role="#portals", by=["email"]),
            "columns[6].role",
        ),
        (
            with_column(
                profile_json(ACCOUNTS)
                | {"roles": {"account_manager": {"max_users": 1}, "owner": {"max_users": 1}}},
                holds="fact",
                role="owner",
            ),
            "columns[7].role",
        ),
    ],
)
def test_a_field_that_does_not_suit_what_lines_are_about_is_refused_by_its_name(
    data: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequestError) as wrong:
        profile_from(data)

    assert wrong.value.field == field
