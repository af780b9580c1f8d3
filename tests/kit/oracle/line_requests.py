"""What a line of a file asks for, in the independent model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What the lines of a file do.

    SET says who holds a role. Files that Handover writes itself REMOVE users from roles, RESTORE
    what a role held before, RESOLVE roles that wait for somebody, or HAND one user's place to
    others. Directory files are about USERS and ACCOUNTS.
    """

    SET = "set"
    REMOVE = "remove"
    RESTORE = "restore"
    RESOLVE = "resolve"
    HAND = "hand"
    USERS = "users"
    ACCOUNTS = "accounts"

    @property
    def is_of_directory(self) -> bool:
        """True of files of directory fields."""
        return self in (Kind.USERS, Kind.ACCOUNTS)


@dataclass(frozen=True, slots=True)
class LineRequest:
    """One line: what it asks for, or the code it is bound to be rejected with.

    `account` is an account's id, of a file of users an address; `targets` lead from roles, or
    fields, to what they are to hold. `named` are the users in the order of the file: the first who
    may not hold a role is named. `expected` is what a role must hold to be given back, or whose
    place is handed over; `required` is what roles must hold for the line to have an effect.
    """

    line: int
    fields: tuple[str, ...]
    account: str
    targets: Mapping[str, tuple[str, ...]]
    code: str | None = None
    named: tuple[str, ...] = ()
    kind: Kind = Kind.SET
    expected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
