"""People and accounts as the rules see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SALES = frozenset({"Sales"})
PENDING = "pending:"

Holders = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the rules see one; whoever has no `name` is called by the address.

    Who `signs_in` has been invited before.
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
    """An account as the rules see one, with who holds its roles at the start."""

    opco: str = "es"
    managers: Holders = ()
    viewers: Holders = ()
    name: str = ""
    is_active: bool = True

    @property
    def roles(self) -> dict[str, Holders]:
        """Who holds which role at the start."""
        return {"account_manager": self.managers, "viewer": self.viewers}


@dataclass(frozen=True, slots=True)
class Directory:
    """What the directory says at one time: users by (tenant, address), accounts by (tenant, id)."""

    users: Mapping[tuple[str, str], Person]
    accounts: Mapping[tuple[str, str], Place]

    def roles(self, tenant: str, account: str) -> dict[str, Holders]:
        """Who holds which role of an account; nobody where there is no account."""
        return self.accounts.get((tenant, account), Place()).roles
