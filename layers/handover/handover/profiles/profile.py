"""A profile: how to interpret one kind of file, as data.

The rules use the profile's fields and never its name, so a tenant's own profile can do everything
that a preset can. Profiles come from JSON (`parse_profile`), which is checked field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from handover.model import ADMIN, Duplicates
from handover.profiles.fields import About
from handover.profiles.on_error import APPLY_GOOD, OnError
from handover.reading.labels import normal_label


class Holds(StrEnum):
    """What the cells of a column contain.

    USERS and WORKFLOW: what the account gets. CURRENT: what it must have now, or the line does not
    apply; blank = no condition. EXPECTED: what it must have now, or the role's other column does
    not apply; blank = nobody. REPLACED: the one holder whom the users in the role's other column
    replace. REMOVED: users to remove from the role. RESOLVED: addresses that were unknown and have
    a user now. FIELD: a field of the account or the user that the line is about. INITIAL: who gets
    the role if the account is new.
    """

    ACCOUNT = "account"
    USER = "user"
    USERS = "users"
    WORKFLOW = "workflow"
    CURRENT = "current"
    EXPECTED = "expected"
    REPLACED = "replaced"
    REMOVED = "removed"
    RESOLVED = "resolved"
    FIELD = "fact"
    INITIAL = "initial"


# The kinds of the key column, which says what a line is about; a file has one key column.
KEYS = frozenset({Holds.ACCOUNT, Holds.USER})
# These columns assign nothing: they qualify the other column of their role, or the line.
BESIDE = frozenset({Holds.CURRENT, Holds.EXPECTED, Holds.REPLACED})
# In every profile, a cell of CURRENT with this text means nobody, and so do the clearing words.
NOBODY = "(nobody)"


class NamedBy(StrEnum):
    """How a cell names a user."""

    EMAIL = "email"
    LOGIN = "login"
    NAME = "name"


class Blank(StrEnum):
    """What an empty cell asks for."""

    CLEAR = "clear"
    KEEP = "keep"
    ERROR = "error"


class UnknownUser(StrEnum):
    """What happens to a line that names somebody who is not in the directory.

    PENDING: an address is kept until a user has it; a name without a user is still an error.
    """

    ERROR = "error"
    PENDING = "pending"


class InactiveAccounts(StrEnum):
    """Whether an inactive account may be assigned."""

    ALLOW = "allow"
    ERROR = "error"


# In a profile with tenant roles, this text stands for each of these roles in turn.
EACH_ROLE = "{role}"
# The workflow is treated as a role whose only holder is the workflow's name.
WORKFLOW_ROLE = "workflow"


class Column(Struct, frozen=True):
    """A column that a file may have: its label, its other labels, and its meaning."""

    holds: Holds
    label: str
    aliases: tuple[str, ...] = ()
    role: str = ""
    by: tuple[NamedBy, ...] = ()
    is_required: bool = True

    def of_role(self, role: str) -> Column:
        """This column for one of the roles that it stands for."""
        return replace(
            self,
            label=self.label.replace(EACH_ROLE, role),
            aliases=tuple(alias.replace(EACH_ROLE, role) for alias in self.aliases),
            role=role,
        )


class Role(Struct, frozen=True):
    """A role of the profile; `max_users` None = any number.

    An uploader must have one of the user roles `assigned_by` to assign the role; empty = no limit.
    """

    role: str
    max_users: int | None
    assigned_by: frozenset[str] = frozenset()

    def admits_assigner(self, roles: frozenset[str]) -> bool:
        """True when somebody with these user roles may assign the role."""
        return not self.assigned_by or bool(self.assigned_by & roles)


class Profile(Struct, frozen=True):
    """Everything about one kind of file that differs between customers.

    With `has_tenant_roles`, a column whose role is EACH_ROLE stands for one column for each role
    that the tenant has defined; `with_roles` adds those columns. `about` says what lines are about,
    `on_error` what failing lines do to the others, unless whoever sends the file has chosen.
    """

    name: str
    version: int
    title: str
    columns: tuple[Column, ...]
    roles: Mapping[str, Role]
    blank: Blank
    clear_words: frozenset[str]
    list_separator: str | None
    unknown_user: UnknownUser
    required_user_roles: frozenset[str]
    has_opco_wall: bool
    inactive_accounts: InactiveAccounts
    duplicates: Duplicates
    uploader_roles: frozenset[str]
    fallback_encoding: str | None
    has_tenant_roles: bool = False
    about: About = About.ASSIGNMENTS
    on_error: OnError = APPLY_GOOD
    is_preset: bool = False

    # Its mappings have no hash.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """True of the same definition, whether or not it is a preset."""
        if not isinstance(other, Profile):
            return NotImplemented
        names = (name for name in self.__struct_fields__ if name != "is_preset")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def admits(self, roles: frozenset[str], *, is_on: bool) -> bool:
        """True when somebody with these user roles may use the profile.

        Only Admins may use profiles about accounts or users, which write the directory. The same
        holds for a profile that is not switched on for the tenant (`is_on` False), whatever its
        `uploader_roles` are. For a profile that is on, `uploader_roles` decide; none = everybody.
        """
        if not is_on or self.about is not About.ASSIGNMENTS:
            return ADMIN in roles
        return not self.uploader_roles or bool(self.uploader_roles & roles)

    def is_blank(self, cell: str) -> bool:
        """True for an empty cell: only white space, or only list separators and white space.

        Formulas that join empty cells produce such separators.
        """
        text = cell.strip()
        if not text or self.list_separator is None or text[0] != self.list_separator:
            return not text
        return text.casefold() not in self.clear_words and not any(
            part.strip() for part in text.split(self.list_separator)
        )

    def names_nobody(self, cell: str) -> bool:
        """True when a cell of CURRENT with this text says that nobody holds the role."""
        return cell.strip().casefold() in self.clear_words | {NOBODY}

    def is_clearing(self, cell: str) -> bool:
        """True when a cell with this text asks to remove the holders."""
        if self.is_blank(cell):
            return self.blank is Blank.CLEAR
        return cell.strip().casefold() in self.clear_words

    def with_roles(self, roles: Iterable[Role]) -> Profile:
        """This profile with the tenant's roles in place of EACH_ROLE.

        A tenant's definition of the workflow role adds no column: it says who assigns workflows.
        """
        if not self.has_tenant_roles:
            return self
        found = {
            definition.role: definition for definition in roles if definition.role != WORKFLOW_ROLE
        }
        columns: list[Column] = []
        for column in self.columns:
            if column.role == EACH_ROLE:
                columns += (column.of_role(role) for role in found)
            else:
                columns.append(column)
        # A role may be called "current ...": then the label belongs to that role's own column.
        labels = {normal_label(one.label) for one in columns if one.holds is not Holds.CURRENT}
        distinct = tuple(
            one
            for one in columns
            if one.holds is not Holds.CURRENT or normal_label(one.label) not in labels
        )
        return replace(self, columns=distinct, roles=found | dict(self.roles))

    def guarded_by(self, roles: Iterable[Role]) -> Profile:
        """This profile, with the tenant's rules of who may assign each role."""
        guards = {
            definition.role: definition.assigned_by
            for definition in roles
            if definition.assigned_by
        }
        guarded = {
            role: replace(definition, assigned_by=guards.get(role, definition.assigned_by))
            for role, definition in self.roles.items()
        }
        return replace(self, roles=guarded)
