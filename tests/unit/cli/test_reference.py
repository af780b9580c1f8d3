"""The generated list and the help of the commands match the commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from typer.core import TyperGroup

from infra.cli.ending import PROGRAM
from infra.cli.main import COMMANDS, main
from infra.cli.screen import Screen
from infra.cli.session import Session
from infra.reference.commands import rows_of

if TYPE_CHECKING:
    from typer._click.core import Command


def every_command(
    command: Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Each command that does something, with the words to type."""
    does_something = not isinstance(command, TyperGroup) or command.invoke_without_command
    if path and does_something:
        yield path, command
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from every_command(one, (*path, name))


EVERY = list(every_command(COMMANDS))


def test_every_command_has_a_row_that_says_what_it_does() -> None:
    rows = dict(rows_of(COMMANDS, PROGRAM))

    assert len(rows) == len(EVERY) > 30
    assert all(rows.values())


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[" ".join(path) for path, _ in EVERY])
def test_the_examples_in_the_help_of_a_command_are_valid(
    path: tuple[str, ...], command: Command
) -> None:
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    examples = [shlex.split(line) for line in lines if line.startswith(f"{PROGRAM} ")]

    assert examples
    for _, *words in examples:
        assert tuple(words[: len(path)]) == path
        command.make_context(PROGRAM, words[len(path) :], obj=Session(Screen()))


def test_help_shows_the_examples_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["undo", "--help"]) == 0

    output = capsys.readouterr().out
    assert "Undo what an import has changed" in output
    assert "handover undo" in output


def test_a_shell_can_complete_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_HANDOVER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "handover port")
    monkeypatch.setenv("COMP_CWORD", "1")

    with pytest.raises(SystemExit):
        main([])

    assert capsys.readouterr().out.split() == ["portfolio"]
