"""Reads the tables of table.py: rows by the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping

Row = Mapping[str, str]


def rows(table: str) -> list[Row]:
    """The rows of a table, each a mapping from the names in the first line to its cells."""
    lines = [line.partition("#")[0].split() for line in table.splitlines()]
    header, *found = [cells for cells in lines if cells]
    return [dict(zip(header, cells, strict=True)) for cells in found]


def who(row: Row, people: tuple[str, ...]) -> dict[str, bool]:
    """Which of the people may; a cell is `yes` or `-`."""
    return {person: {"yes": True, "-": False}[row[person]] for person in people}


def named(row: Row, *columns: str) -> str:
    """The row as a name of a test."""
    return " ".join(row[column] for column in columns if row[column] != "-")
