"""A directory file as rows, each cell with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


class DirectoryFileError(Exception):
    """A directory file is invalid; the message names file, line and column."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file. `line` is where it begins, as an editor counts."""

    path: Path
    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell without outer spaces, "" where the file has no such column."""
        return self.cells.get(column, "")

    def required(self, column: str) -> str:
        """The cell, which must not be empty. Raises DirectoryFileError."""
        found = self.text(column)
        if not found:
            raise self.wrong(column, "the cell is empty")
        return found

    def texts(self, column: str) -> tuple[str, ...]:
        """The parts of a cell that are separated by `;`, each once, in their order."""
        parts = (part.strip() for part in self.text(column).split(";"))
        return tuple(dict.fromkeys(part for part in parts if part))

    def one_of(self, column: str, choices: Sequence[str]) -> str:
        """The cell in small letters, the first choice where it is empty."""
        found = self.text(column).casefold() or choices[0]
        if found not in choices:
            raise self.wrong(column, f"found {found!r}, expected {' or '.join(choices)}")
        return found

    def wrong(self, column: str, problem: str) -> DirectoryFileError:
        """The error to raise about a cell."""
        return DirectoryFileError(f"{self.path}, line {self.line}, {column}: {problem}")


def rows(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """The records of a UTF-8 CSV file, lazily; blank lines are left out.

    Columns may have any order. Raises DirectoryFileError, also for an unknown column: otherwise
    nobody would notice a misspelt one.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error as broken:
            raise DirectoryFileError(f"{path}, line {line}: {broken}") from broken
        if not any(cell.strip() for cell in record):
            continue
        if columns is None:
            columns = _columns(path, line, record, required, optional)
            continue
        if len(record) != len(columns):
            raise DirectoryFileError(
                f"{path}, line {line}: found {len(record)} fields, the header has {len(columns)}"
            )
        row = Row(path, line, {n: c.strip() for n, c in zip(columns, record, strict=True)})
        _check_characters(row)
        yield row
    if columns is None:
        raise DirectoryFileError(f"{path}: the file is empty, expected {','.join(required)}")


def unique(
    found: Iterator[tuple[Row, Value]], key: Callable[[Value], str], column: str
) -> tuple[Value, ...]:
    """The values, no two with one key. Raises DirectoryFileError that names both lines."""
    lines: dict[str, int] = {}
    values: list[Value] = []
    for row, value in found:
        first = lines.setdefault(key(value), row.line)
        if first != row.line:
            raise row.wrong(column, f"{key(value)!r} is already on line {first}")
        values.append(value)
    return tuple(values)


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = 1 + data[: broken.start].count(b"\n")
        raise DirectoryFileError(
            f"{path}, line {line}: the byte 0x{data[broken.start]:02X} is no UTF-8; save the file "
            "as CSV UTF-8"
        ) from broken


def _columns(
    path: Path, line: int, labels: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    columns = [label.strip().casefold() for label in labels]
    known = (*required, *optional)
    for place, column in enumerate(columns):
        if column not in known:
            raise DirectoryFileError(
                f"{path}, line {line}: there is no column {labels[place]!r}, expected "
                f"{', '.join(known)}, separated by commas"
            )
        if column in columns[:place]:
            raise DirectoryFileError(f"{path}, line {line}: the column {column!r} is there twice")
    for column in required:
        if column not in columns:
            raise DirectoryFileError(f"{path}, line {line}: the column {column!r} is missing")
    return columns


def _check_characters(row: Row) -> None:
    for column, cell in row.cells.items():
        if not cell.isprintable():
            found = next(character for character in cell if not character.isprintable())
            raise row.wrong(
                column, f"the cell holds the character U+{ord(found):04X}, expected plain text"
            )
