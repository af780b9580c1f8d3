"""What the directory says about the person and about users whom they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handover_console.visit import Visit

ADMIN = "Admin"
# What a column of a profile `holds` when it assigns a role.
ASSIGNING = frozenset({"users", "workflow"})
WORKFLOW = "workflow"
# More users of one name than anybody can choose from.
MAX_NAMED = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """A role that a person may assign, by the rules of a profile."""

    profile: str
    title: str
    role: str

    @property
    def value(self) -> str:
        """Profile and role as one value of a form; the name of a profile has no slash."""
        return f"{self.profile}/{self.role}"


def roles_of(visit: Visit) -> frozenset[str]:
    """The roles of the person in the directory, which decide what the API lets them do."""
    email = visit.person.email if visit.person else ""
    return frozenset(visit.api.get("users", email)["roles"])


def choices(visit: Visit) -> list[Choice]:
    """The roles of the profiles that the person may use, by profile.

    A role may be limited to fewer people; the API then refuses the assignment.
    """
    mine = roles_of(visit)
    return [
        Choice(profile["name"], profile["title"] or profile["name"], role)
        for profile in visit.api.get("profiles")
        if _may_use(mine, profile)
        for role in _roles_in(profile)
    ]


def _may_use(mine: frozenset[str], profile: Mapping[str, Any]) -> bool:
    return profile["is_on"] and (ADMIN in mine or not mine.isdisjoint(profile["uploader_roles"]))


def _roles_in(profile: Mapping[str, Any]) -> list[str]:
    roles = (
        column.get("role") or (WORKFLOW if column["holds"] == WORKFLOW else "")
        for column in profile["columns"]
        if column["holds"] in ASSIGNING
    )
    return list(dict.fromkeys(role for role in roles if role))


def choice_of(value: str) -> tuple[str, str]:
    """Profile and role in a value of a form."""
    profile, _, role = value.partition("/")
    return profile, role


def named(visit: Visit, words: str) -> list[Mapping[str, Any]]:
    """The active users of that name; if there are none, those whose name begins with it."""
    found = visit.api.get("users", name=words, limit=MAX_NAMED)["users"]
    active = [one for one in found if one["status"] == "active"]
    whole = [one for one in active if one["name"].casefold() == words.casefold()]
    return whole or active
