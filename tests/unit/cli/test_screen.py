"""Plain text is aligned and harmless."""

from __future__ import annotations

import pytest

from infra.cli.screen import Screen, Unit, aligned, visible


def test_columns_are_aligned_and_numbers_stand_to_the_right() -> None:
    lines = list(aligned(("name", "lines"), [("a.csv", "5"), ("longer.csv", "1,000")], numbers={1}))

    assert lines == [
        "name        lines",
        "a.csv           5",
        "longer.csv  1,000",
    ]


def test_a_long_last_column_is_broken_under_itself() -> None:
    lines = list(aligned(("line", "why"), [("7", "one two three four five\nsix")], width=26))

    assert lines == [
        "line  why",
        "7     one two three four",
        "      five",
        "      six",
    ]


def test_no_line_ends_with_spaces() -> None:
    assert not any(line.endswith(" ") for line in aligned(("a", "b"), [("x", ""), ("longer", "y")]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Ågren", "Zoë Ågren"),
        ("red\x1b[31m", "red\ufffd[31m"),
        ("gpj.\u202efdp", "gpj.\ufffdfdp"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_nothing_that_a_file_says_can_steer_a_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_what_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("[bold]name[/bold] [link=x]")

    assert capsys.readouterr().out == "[bold]name[/bold] [link=x]\n"


def test_long_lines_are_left_whole_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().say("x" * 500)
    Screen().table(("a", "b"), [("y" * 300, "z")])

    assert max(map(len, capsys.readouterr().out.splitlines())) == 500


def test_progress_is_reported_once_for_each_thing_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Screen().bar("sending", 100, Unit.BYTES) as bar:
        for done in range(0, 101, 10):
            bar.to(done, 100, "sending")
        bar.to(0, None, "waiting")

    captured = capsys.readouterr()
    assert captured.err == "sending\nwaiting\n"
    assert captured.out == ""


def test_a_quiet_screen_tells_failures_only(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(is_quiet=True)

    screen.note("by the way")
    screen.fail("no")

    assert capsys.readouterr().err == "handover: no\n"
