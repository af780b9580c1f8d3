"""The table of all commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from typer.core import TyperArgument, TyperGroup, TyperOption

from infra.cli.ending import PROGRAM
from infra.cli.main import COMMANDS
from infra.reference.tables import table

if TYPE_CHECKING:
    from typer._click.core import Command

_LEFT_OUT = ("help", "install_completion", "show_completion")


def commands_table() -> str:
    """A row for each command, with its arguments and what it does."""
    rows = ((f"`{usage}`", does) for usage, does in rows_of(COMMANDS, PROGRAM))
    return table(("command", "does"), rows)


def rows_of(command: Command, path: str) -> Iterator[tuple[str, str]]:
    """The usage of a command, and of those below it, each with the first paragraph of its help."""
    if not isinstance(command, TyperGroup) or command.invoke_without_command:
        summary = (command.help or "").partition("\n\n")[0]
        if path != PROGRAM:
            yield usage_of(command, path), " ".join(summary.split()).removesuffix(".")
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from rows_of(one, f"{path} {name}")


def usage_of(command: Command, path: str) -> str:
    """The command with its arguments, then its options; brackets mark what may be left out."""
    arguments, options = [], []
    for one in command.params:
        if isinstance(one, TyperArgument):
            name = f"{one.metavar or one.name}{'...' if one.nargs == -1 else ''}"
            arguments.append(name if one.required else f"[{name}]")
        elif isinstance(one, TyperOption) and one.name not in _LEFT_OUT:
            word = one.opts[0] if one.is_flag else f"{one.opts[0]} {one.metavar}"
            options.append((not one.required, word if one.required else f"[{word}]"))
    return " ".join([path, *arguments, *(word for _, word in sorted(options, key=_by_need))])


def _by_need(option: tuple[bool, str]) -> bool:
    return option[0]
