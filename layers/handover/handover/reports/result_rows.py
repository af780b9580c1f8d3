"""Rows of results.csv, parsed back into values. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from handover.model import RoleChange
from handover.profiles.fields import is_field
from handover.reading.guards import unguard
from handover.reading.own_columns import RESULTS_LABELS
from handover.reading.parsing import rows, text_lines
from handover.reports.parsed_changes import changes_from_cells


class ResultRow(Struct, frozen=True):
    """One row: the uploader's cells as they were, and the outcome of the line."""

    fields: tuple[str, ...]
    line: int
    outcome: str
    changes: tuple[RoleChange, ...]
    code: str
    message: str


def result_row(row: bytes, *, delimiter: str, roles: Collection[str]) -> ResultRow:
    """The row with its guards removed; `roles` are the roles that its changes may name.

    Raises ValueError for a text that is not a row of results.csv.
    """
    cells = [unguard(cell) for cell in next(rows(text_lines(row.decode()), delimiter=delimiter))]
    own_at = len(cells) - len(RESULTS_LABELS)
    if own_at < 0:
        raise ValueError(f"found {len(cells)} cells, expected at least {len(RESULTS_LABELS)}")
    line, outcome, role, before, after, code, message = cells[own_at:]
    changes = _changes(role, before, after, roles) if role else ()
    return ResultRow(tuple(cells[:own_at]), int(line), outcome, changes, code, message)


def _changes(role: str, before: str, after: str, roles: Collection[str]) -> tuple[RoleChange, ...]:
    # The text of a field may contain the separators of holders and of roles.
    if not is_field(role):
        return changes_from_cells(role, before, after, known=roles)
    befores, afters, names = before.split("; "), after.split("; "), role.split("; ")
    if len(names) == len(befores) == len(afters) > 1:
        return tuple(map(_field, names, befores, afters))
    return (_field(role, before, after),)


def _field(role: str, before: str, after: str) -> RoleChange:
    return RoleChange(role, (before,) if before else (), (after,) if after else ())
