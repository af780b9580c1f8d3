"""A profile: how one kind of file is to be understood, as data.

The rules ask the profile and never its name, so a tenant's own profile can do all that a preset
does. Profiles come from JSON (`parse_profile`), which is checked field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Holds(StrEnum):
    """What the cells of a column say."""

    ACCOUNT = "account"
    USERS = "users"
    WORKFLOW = "workflow"


class NamedBy(StrEnum):
    """How a cell names a user."""

    EMAIL = "email"
    LOGIN = "login"


class Blank(StrEnum):
    """What an empty cell asks for."""

    CLEAR = "clear"
    KEEP = "keep"
    ERROR = "error"


class Duplicates(StrEnum):
    """What becomes of lines that name the same account.

    REJECT: identical lines count once, contradicting ones are all rejected. FIRST and LAST: that
    line applies, whatever the others say.
    """

    REJECT = "reject"
    FIRST = "first"
    LAST = "last"


class UnknownUser(StrEnum):
    """What becomes of a line that names somebody who is not in the directory."""

    ERROR = "error"


class InactiveAccounts(StrEnum):
    """Whether an inactive account may be assigned."""

    ALLOW = "allow"
    ERROR = "error"


# The seat that a workflow takes on an account: one, named, like a user's, decided the same way.
WORKFLOW_ROLE = "workflow"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file may have: its label, the other labels it goes by, and its meaning."""

    holds: Holds
    label: str
    aliases: tuple[str, ...] = ()
    role: str = ""
    by: tuple[NamedBy, ...] = ()
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Seat:
    """A role of the profile; `max_users` None = any number."""

    role: str
    max_users: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about one kind of file that differs from one customer to the next."""

    name: str
    version: int
    title: str
    columns: tuple[Column, ...]
    seats: Mapping[str, Seat]
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

    def admits_uploader(self, roles: frozenset[str]) -> bool:
        """True when somebody with these user roles may upload; no named roles = anybody."""
        return not self.uploader_roles or bool(self.uploader_roles & roles)

    def is_clearing(self, cell: str) -> bool:
        """True when a cell with this text asks to take the users off."""
        text = cell.strip()
        return self.blank is Blank.CLEAR if not text else text.casefold() in self.clear_words
