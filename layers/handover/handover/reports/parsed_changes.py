"""The changes in a row of results.csv, parsed back into values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from handover.model import RoleChange
from handover.profiles.profile import WORKFLOW_ROLE

_BETWEEN_ROLES, _BETWEEN_USERS = "; ", ", "


def changes_from_cells(
    role: str, before: str, after: str, *, known: Collection[str]
) -> tuple[RoleChange, ...]:
    """The changes in the cells `role`, `before` and `after`, in their order.

    `known` are the roles of the import's profile. The name of a workflow may contain the separators
    of roles and of users. Raises ValueError for cells without a valid change of such roles.
    """
    roles = _roles(role, known)
    befores, afters = _of_roles(before, roles), _of_roles(after, roles)
    return tuple(
        RoleChange(name, _holders(name, had), _holders(name, has))
        for name, had, has in zip(roles, befores, afters, strict=True)
    )


def _roles(cell: str, known: Collection[str]) -> tuple[str, ...]:
    found: list[str] = []
    rest = cell
    # Longest first: the name of one role may begin with another's.
    by_length = sorted(known, key=len, reverse=True)
    while True:
        for name in by_length:
            if rest == name:
                return (*found, name)
            if rest.startswith(name + _BETWEEN_ROLES):
                found.append(name)
                rest = rest[len(name + _BETWEEN_ROLES) :]
                break
        else:
            raise ValueError(f"{cell!r} names a role that the profile does not have")


def _of_roles(cell: str, roles: Sequence[str]) -> Sequence[str]:
    """The part of the cell for each role; only a workflow's name can contain the separator."""
    parts = cell.split(_BETWEEN_ROLES)
    missing = len(parts) - len(roles)
    if missing and WORKFLOW_ROLE in roles and missing > 0:
        place = roles.index(WORKFLOW_ROLE)
        end = place + missing + 1
        parts = [*parts[:place], _BETWEEN_ROLES.join(parts[place:end]), *parts[end:]]
    if len(parts) != len(roles):
        raise ValueError(f"{len(parts)} holders are given for {len(roles)} roles")
    return parts


def _holders(role: str, cell: str) -> tuple[str, ...]:
    if not cell:
        return ()
    return (cell,) if role == WORKFLOW_ROLE else tuple(cell.split(_BETWEEN_USERS))
