"""People and accounts, as far as the rules need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SALES = frozenset({"Sales"})
PENDING = "pending:"

Holders = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as far as the rules need one; without a `name` the address is used.

    A user who `signs_in` was invited before.
    """

    roles: frozenset[str] = SALES
    opco: str = "es"
    is_active: bool = True
    is_deleted: bool = False
    name: str = ""
    login: str = ""
    signs_in: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An account, with the holders of its roles at the start."""

    opco: str = "es"
    managers: Holders = ()
    viewers: Holders = ()
    name: str = ""
    is_active: bool = True

    @property
    def roles(self) -> dict[str, Holders]:
        """The holders of each role at the start."""
        return {"account_manager": self.managers, "viewer": self.viewers}


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory at one time: users by (tenant, address), accounts by (tenant, id)."""

    users: Mapping[tuple[str, str], Person]
    accounts: Mapping[tuple[str, str], Place]

    def roles(self, tenant: str, account: str) -> dict[str, Holders]:
        """The holders of each role of an account; none for an unknown account."""
        return self.accounts.get((tenant, account), Place()).roles
