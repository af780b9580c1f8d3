"""Warnings of an import that was processed: columns that it did not use. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from handover.model import Dialect, FileWarning, Header
from handover.profiles.ignored import ignored_columns
from handover.profiles.profile import Profile
from handover.reading.own_columns import own_columns_at

# Warnings are part of the import's item, of each API answer and four times of a notification, so
# they are limited: at most four about columns, of at most 700 characters each.
NEAR_NAMED = 3
OTHERS_NAMED = 6
LABEL_CHARACTERS = 40


def column_warnings(
    header: Header, dialect: Dialect, profile: Profile, mapping: Mapping[str, str]
) -> tuple[FileWarning, ...]:
    """The columns of a file that its profile does not have, as COLUMN_IGNORED.

    Each of the first NEAR_NAMED columns that probably mean a column of the profile gets a warning;
    all others share one. The report's own columns of an uploaded errors.csv get no warning.
    """
    own_at = own_columns_at(header.labels) if dialect.is_report else None
    ignored = ignored_columns(header.labels[:own_at], profile, mapping=mapping)
    place = f"line {header.last_line}"
    near = [(label, meant) for label, meant in ignored if meant is not None][:NEAR_NAMED]
    warnings = [
        FileWarning(
            "COLUMN_IGNORED",
            f"{place}: the column {_shown(label)} was ignored. Did you mean {_shown(meant)}? "
            "Rename or map it and upload the file again.",
        )
        for label, meant in near
    ]
    others = [_shown(label) for label, _ in ignored[len(near) :]]
    if others:
        named, more = ", ".join(others[:OTHERS_NAMED]), len(others) - OTHERS_NAMED
        many = "1 column was" if len(others) == 1 else f"{len(others)} columns were"
        warnings.append(
            FileWarning(
                "COLUMN_IGNORED",
                f"{place}: {many} ignored, because the profile has no such column: {named}"
                + (f" and {more} more." if more > 0 else "."),
            )
        )
    return tuple(warnings)


def _shown(label: str) -> str:
    """The label on one line, in quotes, cut with an ellipsis."""
    plain = "".join(character if character.isprintable() else " " for character in label)
    plain = " ".join(plain.split())
    return repr(plain if len(plain) <= LABEL_CHARACTERS else plain[: LABEL_CHARACTERS - 1] + "…")
