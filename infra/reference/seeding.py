"""The table of the files of a seed directory."""

from __future__ import annotations

from infra.reference.tables import table
from infra.seeding.directory import COLUMNS

# What a cell of a column says, where its name does not tell.
_NOTES = {
    "max_users": "empty: any number",
    "assigned_by": "user roles; empty: whoever may upload",
    "mapping": "`Their label=our label`",
    "writes_directory": "`yes` or `no`",
    "on_error": "`apply_good`, `all_or_nothing` or `stop_above: n %`; empty: as the profile says",
}


def files_table() -> str:
    """Each file with the columns that it must have and those that it may have."""
    rows = ((f"`{name}`", *map(_listed, columns)) for name, columns in COLUMNS.items())
    return table(("file", "required columns", "optional columns"), rows)


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`{_note(name)}" for name in columns)


def _note(name: str) -> str:
    return f" ({_NOTES[name]})" if name in _NOTES else ""
