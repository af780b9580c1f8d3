"""What the result of a repeated line says about the others."""

from __future__ import annotations

import pytest
from handover.model import Line, Outcome, Repeat
from handover.profiles.binding import bind
from handover.profiles.fields import LOGIN_NAME, About
from handover.profiles.presets import presets
from handover.rules.repeats import repeated_line, repeated_login

LINE = Line(7, ("zoe@x.example", " Zed "))


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (4, "2, 3, 4, expected"),
        (5, "2, 3, 4 and 1 more, expected"),
        (9, "2, 3, 4 and 5 more, expected"),
    ],
)
def test_lines_that_contradict_each_other_are_named_and_the_others_counted(
    count: int, end: str
) -> None:
    """The line itself is one of `count`."""
    repeat = Repeat(7, True, (2, 3, 4), count)

    result = repeated_line(LINE, repeat, "account ID")

    assert result.outcome is Outcome.REJECTED
    assert result.rejection is not None
    assert result.rejection.code == "DUPLICATE_CONFLICT"
    assert f"other values on line {end} one line for an account" in result.rejection.error


def test_a_repeated_line_names_only_the_equal_line_that_applies() -> None:
    repeat = Repeat(7, False, (2,), 9)

    accounts = repeated_line(LINE, repeat, "account ID")
    users = repeated_line(LINE, repeat, "email", About.USERS)

    assert (accounts.outcome, users.outcome) == (Outcome.DUPLICATE, Outcome.DUPLICATE)
    assert accounts.message == "line 2 names the same account and applies"
    assert users.message == "line 2 names the same user and applies"


def test_lines_that_ask_for_one_login_name_are_named_and_the_others_counted() -> None:
    binding = bind(("email", "login_name"), presets()["directory-users"], mapping={}, line=1)
    assert binding.role_of(LOGIN_NAME) is not None

    result = repeated_login(LINE, Repeat(7, True, (2, 3), 4), binding)

    assert result.rejection is not None
    assert result.rejection.code == "LOGIN_REPEATED"
    assert result.rejection.column == "login_name"
    assert "the login name 'Zed', also on line 2, 3 and 1 more" in result.rejection.error
