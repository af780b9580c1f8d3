"""What each column of a file says, once its header is bound to a profile."""

from __future__ import annotations

from msgspec import Struct

from handover.profiles.profile import Holds, NamedBy


class RoleColumn(Struct, frozen=True):
    """A column that says something about one role, or about the workflow.

    `expected` is the index of the column with the holders that the role must have now; `replaced`
    that of the column with the user whom the named users replace. Where this column is blank, the
    first of `others` that is not blank applies.
    """

    index: int
    label: str
    role: str
    holds: Holds
    by: tuple[NamedBy, ...]
    expected: int | None = None
    replaced: int | None = None
    others: tuple[RoleColumn, ...] = ()


class Binding(Struct, frozen=True):
    """Which columns hold what the profile needs; indexes count from 0.

    `key` is the column that identifies what lines are about, `key_label` its label in the file.
    `conditions` are the columns that say who must hold a role now for the line to apply.
    """

    key: int
    key_label: str
    roles: tuple[RoleColumn, ...]
    conditions: tuple[RoleColumn, ...] = ()

    @property
    def ways(self) -> frozenset[NamedBy]:
        """All the ways in which the file may name users."""
        return frozenset(
            way
            for column in (*self.roles, *self.conditions)
            for column in (column, *column.others)
            for way in column.by
        )

    @property
    def clearing(self) -> list[int]:
        """The columns whose cells may remove a present holder."""
        return [
            column.index
            for column in self.roles
            if column.holds in (Holds.USERS, Holds.WORKFLOW)
            for column in (column, *column.others)
        ]

    def role_of(self, role: str) -> RoleColumn | None:
        """The column of that role or field; None when the file has none."""
        return next((column for column in self.roles if column.role == role), None)

    @property
    def is_relative(self) -> bool:
        """True when lines depend on present or replaced holders: older imports must end first."""
        return any(
            place is not None
            for column in self.roles
            for place in (column.expected, column.replaced)
        )
