"""Unique names for the columns of a file, so that a cell can be addressed by name. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def column_names(labels: Sequence[str]) -> tuple[str, ...]:
    """A name for each label, in their order: the label on one line, without extra spaces.

    A blank label becomes "column 3", by its position counted from one. A label that occurred before
    gets a number: "city", "city (2)".
    """
    names: dict[str, None] = {}
    for place, label in enumerate(labels, start=1):
        plain = " ".join(label.split()) or f"column {place}"
        name, times = plain, 1
        while name in names:
            times += 1
            name = f"{plain} ({times})"
        names[name] = None
    return tuple(names)
