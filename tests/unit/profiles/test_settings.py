"""A tenant's settings: usual values, its own values, and invalid ones."""

from __future__ import annotations

import json

import pytest
from handover.errors import InvalidRequestError
from handover.http.bodies.settings import SettingsBody
from handover.http.settings import SettingsChange
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.settings import (
    Settings,
    meanings,
    parse_settings,
    settings_from,
    settings_json,
)


def test_a_setting_that_a_tenant_has_not_set_has_its_usual_value() -> None:
    assert parse_settings("{}") == Settings(
        clear_guard_percent=20,
        clear_guard_lines=10,
        change_guard_percent=100,
        portfolio_guard_percent=100,
        tenant_guard_percent=100,
        change_guard_lines=10,
        uploader_may_approve=False,
        default_account_manager="",
        allow_account_manager_to_create_requests=False,
        profiles=(),
        opco_wall=OpcoWall.ALWAYS,
    )


def test_settings_are_read_back_as_stored() -> None:
    own = Settings(
        clear_guard_percent=50,
        clear_guard_lines=0,
        default_account_manager="ana@x.example",
        allow_account_manager_to_create_requests=True,
        profiles=("role-team", "single-strict"),
        opco_wall=OpcoWall.BY_PROFILE,
    )

    assert settings_from(settings_json(own)) == own


@pytest.mark.parametrize(
    ("name", "highest"),
    [
        ("clear_guard_percent", 100),
        ("clear_guard_lines", 20_000_000),
        ("change_guard_percent", 100),
        ("portfolio_guard_percent", 100),
        ("tenant_guard_percent", 100),
        ("change_guard_lines", 20_000_000),
    ],
)
def test_a_number_of_a_setting_has_bounds(name: str, highest: int) -> None:
    for value in (0, highest):
        assert settings_json(settings_from({name: value}))[name] == value
    for value in (-1, highest + 1):
        message = f"{name}: found {value}, expected a number from 0 to {highest}"
        with pytest.raises(InvalidRequestError, match=message):
            settings_from({name: value})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("opco_wall", "never", "always or by_profile"),
        ("uploader_may_approve", 1, "true or false"),
        ("default_account_manager", None, 'an e-mail address, or "" for nobody'),
        ("profiles", ["Single Strict"], "a list of at most 100 profile names"),
        ("profiles", ["a"] * 101, "a list of at most 100 profile names"),
    ],
)
def test_an_invalid_setting_is_answered_with_what_was_expected(
    name: str, value: object, expected: str
) -> None:
    with pytest.raises(InvalidRequestError) as wrong:
        settings_from({name: value})

    assert str(wrong.value) == f"{name}: found {value!r}, expected {expected}"


def test_a_profile_is_switched_on_once() -> None:
    assert settings_from({"profiles": ["b", "a", "b"]}).profiles == ("b", "a")


@pytest.mark.parametrize(
    ("settings", "guards"),
    [
        (Settings(), False),
        (Settings(clear_guard_percent=0, change_guard_lines=0), False),
        (Settings(change_guard_percent=99), True),
        (Settings(portfolio_guard_percent=99), True),
        (Settings(tenant_guard_percent=0), True),
    ],
)
def test_accounts_are_looked_up_only_if_a_limit_needs_them(
    settings: Settings, guards: bool
) -> None:
    assert settings.guards_changes is guards


def test_the_maximum_number_of_profiles_is_accepted() -> None:
    names = [f"p{number}" for number in range(100)]

    assert settings_from({"profiles": names}).profiles == tuple(names)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", ""),
        ("[]", ""),
        ('{"clear_guard": 1}', "clear_guard"),
        ('{"clear_guard_percent": 101}', "clear_guard_percent"),
        ('{"clear_guard_percent": true}', "clear_guard_percent"),
        ('{"clear_guard_lines": -1}', "clear_guard_lines"),
        ('{"clear_guard_lines": "10"}', "clear_guard_lines"),
        ('{"default_account_manager": null}', "default_account_manager"),
        ('{"opco_wall": "never"}', "opco_wall"),
        ('{"opco_wall": ["always"]}', "opco_wall"),
        (
            '{"allow_account_manager_to_create_requests": 1}',
            "allow_account_manager_to_create_requests",
        ),
        ('{"profiles": "single-strict"}', "profiles"),
        ('{"profiles": [1]}', "profiles"),
        ('{"profiles": ["Single Strict"]}', "profiles"),
        ('{"profiles": null}', "profiles"),
        (json.dumps({"profiles": ["a"] * 101}), "profiles"),
    ],
)
def test_an_invalid_setting_is_reported_with_its_field(text: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as wrong:
        parse_settings(text)

    assert wrong.value.field == field


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_a_setting_has_a_meaning_and_is_in_the_bodies_of_its_routes(name: str) -> None:
    assert meanings()[name]
    assert name in SettingsBody.model_fields
    assert name in SettingsChange.model_fields


def test_the_bodies_of_the_routes_have_no_other_settings() -> None:
    names = set(Settings.__struct_fields__)

    assert set(SettingsBody.model_fields) == set(SettingsChange.model_fields) == names
