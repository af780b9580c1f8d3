"""Output for people: colour, tables and progress bars on a terminal, elsewhere aligned text."""

from __future__ import annotations

import sys
import textwrap
import time
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 100
# Without a progress bar, a line shows the progress, at most this often.
PLAIN_SECONDS = 5.0


class Unit(StrEnum):
    """What a bar counts."""

    BYTES = "bytes"
    LINES = "lines"


class Bar:
    """The progress of an operation."""

    def __init__(self, screen: Screen, bar: Progress | None, task: TaskID | None) -> None:
        self._screen = screen
        self._bar = bar
        self._task = task
        self._shown = ("", 0.0)

    def to(self, done: int, total: int | None, what: str) -> None:
        """Shows that `done` of `total` is done; None = the total is not known yet."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, description=what)
            return
        before, at = self._shown
        now = time.monotonic()
        if what != before or now - at >= PLAIN_SECONDS:
            self._shown = (what, now)
            is_news = what != before or not total
            self._screen.note(what if is_news else f"{what}: {done:,} of {total:,}")


class Screen:
    """Answers go to stdout; progress, hints and errors to stderr. Quiet prints only errors."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self.is_quiet = is_quiet
        # Created for each screen, so that they follow sys.stdout when a test replaces it.
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._err = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    @property
    def is_terminal(self) -> bool:
        """True when stdout is a terminal."""
        return self._out.is_terminal

    def say(self, text: str = "", *, style: str = "") -> None:
        """An answer, or part of one."""
        self._out.print(Text(visible(text), style=style))

    def note(self, text: str) -> None:
        """A remark on stderr."""
        if not self.is_quiet:
            self._err.print(Text(visible(text), style="dim"))

    def fail(self, text: str) -> None:
        """The reason why a command cannot be done."""
        self._err.print(Text.assemble(("handover: ", "bold red"), visible(text)))

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        numbers: Collection[int] = (),
        is_wrapped: bool = False,
    ) -> None:
        """Rows under headings, the columns in `numbers` right-aligned.

        With `is_wrapped` the last column is wrapped even without a terminal.
        """
        cells = [[visible(cell) for cell in row] for row in rows]
        if not self.is_terminal:
            width = PLAIN_WIDTH if is_wrapped else None
            for line in aligned(headings, cells, numbers=numbers, width=width):
                self._out.print(Text(line))
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for place, heading in enumerate(headings):
            is_number = place in numbers
            table.add_column(
                heading,
                justify="right" if is_number else "left",
                no_wrap=is_number,
                overflow="fold",
            )
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        self._out.print(table, soft_wrap=False)

    @contextmanager
    def bar(self, what: str, total: int | None, unit: Unit) -> Iterator[Bar]:
        """A progress bar while the block runs, on a terminal; otherwise occasional lines."""
        if self.is_quiet or not self._err.is_terminal:
            yield Bar(self, None, None)
            return
        count: ProgressColumn = (
            DownloadColumn() if unit is Unit.BYTES else MofNCompleteColumn(separator=" of ")
        )
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            count,
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=self._err, transient=True) as progress:
            yield Bar(self, progress, progress.add_task(what, total=total))


def aligned(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Collection[int] = (),
    width: int | None = None,
) -> Iterator[str]:
    """A table as lines of text, columns two spaces apart.

    Cells may have several lines. With `width` the last column is wrapped so that lines fit.
    """
    table = [[cell.split("\n") for cell in row] for row in [headings, *rows]]
    last = len(headings) - 1
    widths = [
        max(len(line) for row in table for line in row[place]) for place in range(len(headings))
    ]
    if width is not None:
        room = max(20, width - sum(widths[:last]) - 2 * last)
        for row in table:
            row[last] = [part for line in row[last] for part in textwrap.wrap(line, room) or [""]]
    for row in table:
        for number in range(max(map(len, row))):
            shown = (cell[number] if number < len(cell) else "" for cell in row)
            yield "  ".join(
                text.rjust(widths[place]) if place in numbers else text.ljust(widths[place])
                for place, text in enumerate(shown)
            ).rstrip()


def visible(text: str) -> str:
    """The text with characters that could control a terminal, or hide, replaced by a sign."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if character != "\n" and unicodedata.category(character).startswith("C")
        else character
        for character in text
    )
