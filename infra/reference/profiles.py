"""The tables of presets, and of the fields that a profile has."""

from __future__ import annotations

from collections.abc import Mapping

from handover.profiles.definition import (
    COLUMN_FIELDS,
    HOLDS,
    PROFILE_FIELDS,
    ROLE_FIELDS,
    ProfileField,
)
from handover.profiles.presets import presets
from handover.profiles.profile import Blank

from infra.reference.tables import table

_BLANKS = {
    Blank.CLEAR: "clears",
    Blank.KEEP: "changes nothing",
    Blank.ERROR: "rejects the line",
}


def presets_table() -> str:
    """The presets with what tells them apart."""
    rows = (
        (
            f"`{one.name}`",
            one.title,
            ", ".join(f"`{column.label}`" for column in one.columns),
            _people(one.uploader_roles),
            _BLANKS[one.blank],
            f"separated by `{one.list_separator}`" if one.list_separator else "one",
        )
        for one in presets().values()
    )
    head = ("preset", "for", "columns", "uploaders, once it is on", "a blank", "values in a cell")
    return table(head, rows)


def fields_table() -> str:
    """The fields of a profile."""
    return _table(PROFILE_FIELDS)


def columns_table() -> str:
    """The fields of a column."""
    return _table(COLUMN_FIELDS)


def roles_table() -> str:
    """The fields of a role."""
    return _table(ROLE_FIELDS)


def holds_table() -> str:
    """What the cells of a column can say."""
    return table(("`holds`", "a cell says"), ((f"`{word}`", says) for word, says in HOLDS.items()))


def _people(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles)) or "every active user"


def _table(fields: Mapping[str, ProfileField]) -> str:
    rows = (
        (f"`{name}`", field.value, field.default or "must be there", field.meaning)
        for name, field in fields.items()
    )
    return table(("field", "value", "when left out", "means"), rows)
