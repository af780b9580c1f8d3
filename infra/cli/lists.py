"""Options that take several values at once: `--roles Sales "Back Office"`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from typer.core import TyperArgument, TyperCommand, TyperOption

if TYPE_CHECKING:
    from typer._click.core import Context

END_OF_OPTIONS = "--"


class ListCommand(TyperCommand):
    """A command whose repeatable options may be followed by several values, or by none for none.

    `--roles A B` is `--roles A --roles B`, and `--roles` alone is `--roles ''`. The last values go
    to the arguments that the command still lacks, so that an option does not swallow an address.
    """

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parses the words after expanding lists."""
        return super().parse_args(ctx, written_out(self, args))


def written_out(command: TyperCommand, words: Sequence[str]) -> list[str]:
    """The words with one option before each value of a list."""
    options = {
        name: one
        for one in command.params
        if isinstance(one, TyperOption)
        for name in (*one.opts, *one.secondary_opts)
    }
    groups = list(_groups(words, options))
    lacking = sum(isinstance(one, TyperArgument) and one.required for one in command.params)
    lacking -= sum(len(found) for name, found in groups if not name)
    written: list[str] = []
    for name, found in groups:
        values = list(found)
        if not name or not options[name].multiple:
            written += [name, *values] if name else values
            continue
        behind: list[str] = []
        while lacking > 0 and values:
            lacking -= 1
            behind.insert(0, values.pop())
        for value in values or [""]:
            written += [name, value]
        written += behind
    return written


def _groups(
    words: Sequence[str], options: dict[str, TyperOption]
) -> Iterator[tuple[str, list[str]]]:
    """Each option with its values, and under "" the words that belong to no option."""
    left = list(words)
    while left:
        word = left.pop(0)
        if word == END_OF_OPTIONS:
            yield "", [word, *left]
            return
        option = options.get(word)
        if option is None or option.is_flag:
            yield "", [word]
        elif option.multiple:
            end = next((n for n, one in enumerate(left) if one.startswith("-")), len(left))
            yield word, left[:end]
            left = left[end:]
        else:
            yield word, left[:1]
            left = left[1:]
