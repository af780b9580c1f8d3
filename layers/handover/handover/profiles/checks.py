"""Checks of a profile before it is stored, beyond the form of each of its fields."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from handover.errors import InvalidRequestError
from handover.profiles.names import MAX_NAME_CHARS, check_role, check_spelling
from handover.profiles.profile import BESIDE, EACH_ROLE, KEYS, Profile
from handover.reading.labels import normal_label

# A header has at most 64 KiB, so no profile needs more columns or longer labels.
MAX_COLUMNS = 200
MAX_LABEL_CHARS = 200


def check_profile(profile: Profile) -> None:
    """Raises InvalidRequestError for an unusable profile; its `field` is the path of the error."""
    if not _is_text(profile.title) or len(profile.title) > MAX_LABEL_CHARS:
        raise InvalidRequestError(
            "title", f"title: expected at most {MAX_LABEL_CHARS} characters, no control character"
        )
    if len(profile.columns) > MAX_COLUMNS:
        raise InvalidRequestError("columns", f"columns: expected at most {MAX_COLUMNS}")
    for place, column in enumerate(profile.columns):
        path = f"columns[{place}]"
        if column.holds in KEYS and not column.is_required:
            raise InvalidRequestError(
                f"{path}.required",
                f"{path}.required: the column that holds the {column.holds} cannot be left out",
            )
        for label in (column.label, *column.aliases):
            if not 0 < len(normal_label(label)) <= MAX_LABEL_CHARS or not _is_text(label):
                raise InvalidRequestError(
                    path,
                    f"{path}: expected labels of 1 to {MAX_LABEL_CHARS} characters, no control"
                    " character",
                )
    for role in profile.roles:
        check_role(_path_of(role), role)
    if all(column.holds in KEYS | BESIDE for column in profile.columns):
        raise InvalidRequestError("columns", "columns: expected one that says what to assign")
    check_labels(profile)


def check_spellings(profile: Profile, known: Collection[str]) -> None:
    """Raises InvalidRequestError for two roles that differ only in case or spaces.

    `known` are the existing roles, which may stay as they are.
    """
    for role in profile.roles:
        others = profile.roles.keys() - {role}
        check_spelling(_path_of(role), role, others | set(known))


def check_labels(profile: Profile) -> None:
    """Raises InvalidRequestError when two columns share a label, in any case and spacing.

    Columns for the tenant's roles are checked only once `with_roles` has added them.
    """
    seen: dict[str, int] = {}
    for place, column in enumerate(profile.columns):
        if column.role == EACH_ROLE:
            continue
        for label in (column.label, *column.aliases):
            first = seen.setdefault(normal_label(label), place)
            if first != place:
                raise InvalidRequestError(
                    f"columns[{place}]",
                    f"columns[{place}]: {label!r} is a label of columns[{first}] already, the "
                    f"column {profile.columns[first].label!r}",
                )


def _path_of(role: str) -> str:
    return f"roles.{role[:MAX_NAME_CHARS]}"


def _is_text(text: str) -> bool:
    """False for what JSON can contain and no file can: control characters, lone surrogates."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
