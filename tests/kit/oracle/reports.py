"""results.csv and errors.csv parsed again with the csv module."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tests.kit.oracle.directory import Holders

OUTCOMES = (
    "updated",
    "cleared",
    "unchanged",
    "pending",
    "rejected",
    "duplicate",
    "superseded",
    "not_processed",
)
EFFECTIVE = frozenset({"updated", "cleared", "pending"})
# Outcomes of lines and edits that decided the account, or would have without a newer one.
WORKED = EFFECTIVE | {"unchanged", "superseded"}
WITH_ERRORS = frozenset({"rejected", "not_processed"})

# Handover's own columns, after those of the uploader.
ERRORS = ("line", "code", "error", "hint")
RESULTS = ("line", "outcome", "role", "before", "after", "code", "message")
_RUNS_AS_FORMULA = tuple("=+-@\t\r\n|%")

Changes = Mapping[str, tuple[Holders, Holders]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of results.csv; of errors.csv it has the line, the fields and the code alone."""

    line: int
    fields: tuple[str, ...]
    outcome: str
    changes: Changes
    code: str
    message: str = ""


# Most runs of the simulation end with the same bytes.
@lru_cache(maxsize=4096)
def results(body: bytes) -> tuple[Row, ...]:
    """The rows of results.csv."""
    found: list[Row] = []
    for cells in _records(body):
        line, outcome, roles, before, after, code, message = cells[-len(RESULTS) :]
        fields = _fields(cells[: -len(RESULTS)])
        changes = _changes(roles, before, after)
        found.append(Row(int(line), fields, outcome, changes, code, message))
    return tuple(found)


@lru_cache(maxsize=4096)
def errors(body: bytes) -> tuple[Row, ...]:
    """The rows of errors.csv."""
    return tuple(
        Row(int(cells[-4]), _fields(cells[: -len(ERRORS)]), "", {}, cells[-3])
        for cells in _records(body)
    )


@lru_cache(maxsize=4096)
def width(body: bytes) -> int:
    """The number of the uploader's columns in results.csv."""
    head = body.partition(b"\r\n")[0].decode("utf-8-sig")
    return len(next(csv.reader([head]))) - len(RESULTS)


@lru_cache(maxsize=4096)
def runs_as_formula(body: bytes) -> bool:
    """True when a spreadsheet would run some cell of a report."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return any(is_formula(cell) for row in reader for cell in row)


def is_formula(cell: str) -> bool:
    """True of a cell that a spreadsheet runs."""
    return cell.startswith(_RUNS_AS_FORMULA)


def fitted(fields: Sequence[str], count: int, delimiter: str = ",") -> tuple[str, ...]:
    """The fields in that many columns: missing ones empty, surplus ones joined into the last."""
    padded = [*fields, *[""] * count][: max(count, len(fields))]
    return (*padded[: count - 1], delimiter.join(padded[count - 1 :])) if count else ()


def _records(body: bytes) -> list[list[str]]:
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    next(reader)
    return list(reader)


def _fields(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell[1:] if cell[:1] == "'" and is_formula(cell[1:]) else cell for cell in cells)


def _changes(roles: str, before: str, after: str) -> dict[str, tuple[Holders, Holders]]:
    if not roles:
        return {}
    parts = zip(roles.split("; "), before.split("; "), after.split("; "), strict=True)
    return {role: (_names(old), _names(new)) for role, old, new in parts}


def _names(cell: str) -> Holders:
    return tuple(cell.split(", ")) if cell else ()
