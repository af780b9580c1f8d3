"""What lines that fail do to the rest of their file."""

from __future__ import annotations

import pytest
from handover.errors import InvalidRequestError
from handover.profiles.on_error import on_error_from
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from msgspec.structs import replace


@pytest.mark.parametrize(
    ("text", "failing", "lines", "allowed"),
    [
        ("apply_good", 10, 10, True),
        ("all_or_nothing", 0, 10, True),
        ("all_or_nothing", 1, 20_000_000, False),
        ("stop_above: 5 %", 5, 100, True),
        ("stop_above: 5 %", 6, 100, False),
        ("stop_above: 5 %", 0, 0, True),
        ("stop_above: 99 %", 1, 1, False),
        ("stop_above: 33 %", 1, 3, False),
        ("stop_above: 34 %", 1, 3, True),
    ],
)
def test_a_file_is_applied_if_its_choice_allows_the_lines_that_fail(
    text: str, failing: int, lines: int, allowed: bool
) -> None:
    assert on_error_from(text).allows(failing, lines) is allowed


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("All_Or_Nothing ", "all_or_nothing"),
        ("stop_above:5", "stop_above: 5 %"),
        (" stop_above 12% ", "stop_above: 12 %"),
    ],
)
def test_a_choice_has_one_stored_form(typed: str, stored: str) -> None:
    assert str(on_error_from(typed)) == stored
    assert on_error_from(stored) == on_error_from(typed)


@pytest.mark.parametrize(
    "typed", ["", "none", "stop_above", "stop_above: 0 %", "stop_above: 100 %", "stop_above: 1.5 %"]
)
def test_any_other_text_is_refused_with_what_was_expected(typed: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*stop_above: n %"):
        on_error_from(typed)


def test_a_profile_stores_its_choice_and_has_the_usual_one_without_the_field() -> None:
    usual = presets()["single-strict"]
    strict = replace(usual, on_error=on_error_from("all_or_nothing"))

    assert "on_error" not in profile_json(usual)
    assert profile_from(profile_json(strict)) == strict
    with pytest.raises(InvalidRequestError, match="on_error: found 'never'") as wrong:
        profile_from(profile_json(usual) | {"on_error": "never"})
    assert wrong.value.field == "on_error"
