"""The columns of a file that its profile does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handover.profiles.profile import Column, Holds, Profile
from handover.reading.labels import normal_label

# How alike (from 0 to 1) two labels must be for one to be suggested instead of the other. The label
# of a condition contains that of its role, so it must be more alike.
ALIKE, CONDITION_ALIKE = 0.75, 0.9


def ignored_columns(
    labels: Sequence[str], profile: Profile, *, mapping: Mapping[str, str]
) -> list[tuple[str, str | None]]:
    """The labels that `bind` does not use, each with the most similar label of the profile.

    The second is None if no unused column of the profile has a similar name. Labels with a similar
    name come first; otherwise the header's order stays. Blank labels are left out.
    """
    own_names = {normal_label(theirs): normal_label(ours) for theirs, ours in mapping.items()}
    found = [own_names.get(normal_label(label), normal_label(label)) for label in labels]
    columns = {
        normal_label(name): column
        for column in profile.columns
        for name in (column.label, *column.aliases)
    }
    taken = {columns[name].label for name in found if name in columns}
    free = {name: column for name, column in columns.items() if column.label not in taken}
    ignored: list[tuple[str, str | None]] = []
    for label, name in zip(labels, found, strict=True):
        if name and name not in columns:
            ignored.append((label, _most_alike(name, free)))
    return sorted(ignored, key=lambda one: one[1] is None)


def _most_alike(name: str, free: Mapping[str, Column]) -> str | None:
    """The label of the free column that `name` probably means; None if none is similar."""
    # Imported here: most files have no ignored column.
    from difflib import get_close_matches

    for is_condition, alike in ((True, CONDITION_ALIKE), (False, ALIKE)):
        names = [
            one for one, column in free.items() if (column.holds is Holds.CURRENT) is is_condition
        ]
        near = next(iter(get_close_matches(name, names, 1, alike)), None)
        if near is not None:
            return free[near].label
    return None
