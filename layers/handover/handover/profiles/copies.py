"""A mapping saved as a profile: the files' labels become the columns' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from handover.errors import InvalidRequestError
from handover.profiles.binding import check_mapping
from handover.profiles.profile import Column, Profile, Role
from handover.reading.labels import normal_label


def mapped_copy(
    profile: Profile, mapping: Mapping[str, str], roles: Sequence[Role], *, name: str, title: str
) -> Profile:
    """`profile` as version 1 of another profile, for files with the labels of `mapping`.

    The previous labels stay valid, unless one is now another column's label. If the mapping names a
    column of the tenant's `roles`, those columns become fixed: the copy has the roles of today.
    Raises InvalidRequestError for a label that no column has, and for a mapping that would leave a
    column without a label.
    """
    written = profile.with_roles(roles)
    check_mapping(written, mapping)
    stored = {_normal(column) for column in profile.columns}
    if all(normal_label(ours) in stored for ours in mapping.values()):
        written = profile
    columns = tuple(_renamed(column, mapping) for column in written.columns)
    return replace(
        written,
        name=name,
        title=title,
        version=1,
        columns=columns,
        has_tenant_roles=profile.has_tenant_roles and written is profile,
        is_preset=False,
    )


def _renamed(column: Column, mapping: Mapping[str, str]) -> Column:
    theirs = [label for label, ours in mapping.items() if normal_label(ours) == _normal(column)]
    taken = {normal_label(label) for label in mapping}
    before = (
        label for label in (column.label, *column.aliases) if normal_label(label) not in taken
    )
    labels = [*theirs, *before]
    if not labels:
        raise InvalidRequestError(
            "mapping", f"mapping: no label would be left for {column.label!r}"
        )
    return replace(column, label=labels[0], aliases=tuple(labels[1:]))


def _normal(column: Column) -> str:
    return normal_label(column.label)
