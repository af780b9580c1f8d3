"""Plain text is aligned and harmless."""

from __future__ import annotations

import pytest

from infra.cli.screen import Screen, Unit, aligned, visible


def test_columns_are_aligned_and_numbers_are_right_aligned() -> None:
    lines = list(aligned(("name", "lines"), [("a.csv", "5"), ("longer.csv", "1,000")], numbers={1}))

    assert lines == [
        "name        lines",
        "a.csv           5",
        "longer.csv  1,000",
    ]


def test_a_long_last_column_wraps_within_the_column() -> None:
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
def test_text_of_a_file_cannot_control_the_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_text_that_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("[bold]name[/bold] [link=x]")

    assert capsys.readouterr().out == "[bold]name[/bold] [link=x]\n"


def test_long_lines_stay_whole_without_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().say("x" * 500)
    Screen().table(("a", "b"), [("y" * 300, "z")])

    assert max(map(len, capsys.readouterr().out.splitlines())) == 500


def test_progress_is_reported_once_for_each_item_without_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Screen().bar("sending", 100, Unit.BYTES) as bar:
        for done in range(0, 101, 10):
            bar.to(done, 100, "sending")
        bar.to(0, None, "waiting")

    captured = capsys.readouterr()
    assert captured.err == "sending\nwaiting\n"
    assert captured.out == ""


def test_a_quiet_screen_shows_only_failures(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(is_quiet=True)

    screen.note("by the way")
    screen.fail("no")

    assert capsys.readouterr().err == "handover: no\n"
