"""The results of a benchmark as text: tables with the goal beside each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

VERDICTS = ("met", "**missed**")


@dataclass(frozen=True, slots=True)
class Topic:
    """One table of the results: its cells as text, and notes on them.

    Beside a figure with a goal stand the goal and whether it is met.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        """The topic as a Markdown section."""
        lines = [f"## {self.title}", "", _row(self.columns), _row(["---"] * len(self.columns))]
        lines += [_row(row) for row in self.rows]
        lines += ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join(lines)


def at_least(value: float, goal: float, unit: str = " x") -> tuple[str, str]:
    """The cells of a goal that the value must reach: the goal, and whether it is met."""
    return f"≥ {goal:g}{unit}", VERDICTS[value < goal]


def at_most(value: float, goal: float, unit: str = "") -> tuple[str, str]:
    """The cells of a goal that the value must not exceed: the goal, and whether it is met."""
    return f"≤ {goal:,g}{unit}", VERDICTS[value > goal]


def goals(sections: Sequence[str]) -> str:
    """Every goal of the sections in one table: topic, row, figure, met or missed.

    The figure is the cell before the goal, in its own unit.
    """
    rows = []
    for section in sections:
        title = ""
        for line in section.splitlines():
            title = line.removeprefix("## ") if line.startswith("## ") else title
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            place = next((at for at, cell in enumerate(cells) if cell in VERDICTS), None)
            if line.startswith("|") and place is not None:
                rows.append(_row((title, cells[0], *cells[place - 2 : place + 1])))
    missed = sum(VERDICTS[1] in row for row in rows)
    head = ("topic", "what", "figure", "goal", "")
    table = [_row(head), _row(["---"] * len(head)), *rows]
    verdict = f"{len(rows) - missed} of {len(rows)} goals are met."
    return "\n".join(["## Goals", "", verdict, "", *table])


def verdicts(found: Sequence[tuple[str, float, float]]) -> str:
    """A table of ratios and the goals they must reach."""
    rows = [_row((what, f"{ratio:.1f} x", *at_least(ratio, goal))) for what, ratio, goal in found]
    return "\n".join([_row(("what", "x", "goal", "")), _row(["---"] * 4), *rows])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
