"""The bodies of answers about accounts."""

from __future__ import annotations

from pydantic import BaseModel


class Assignee(BaseModel):
    """A role's holder, as the directory has them now; `is_pending` until they become a user."""

    email: str
    name: str
    phone: str
    mobile: str
    is_pending: bool


class AccountBody(BaseModel):
    """An account and who is assigned to it, by role; `people` describes each address.

    `at` is the instant that was asked for; `assigned`, `people` and `version` are those of that
    instant.
    """

    account_id: str
    name: str
    customer_id: str
    opco: str
    status: str
    portals: list[str]
    assigned: dict[str, list[str]]
    people: dict[str, list[Assignee]]
    version: int
    at: str = ""


class Accounts(BaseModel):
    """A page of accounts; `cursor` null on the last page."""

    accounts: list[AccountBody]
    cursor: str | None


class PortalAssignee(BaseModel):
    """Who holds an account of a portal in a role."""

    role: str
    account_id: str
    name: str
    people: list[Assignee]


class PortalManagers(BaseModel):
    """A page of who holds the accounts of a portal; `cursor` null on the last page."""

    managers: list[PortalAssignee]
    cursor: str | None


class Change(BaseModel):
    """Who held a role before and after."""

    role: str
    before: list[str]
    after: list[str]


class HistoryEntry(BaseModel):
    """One change of an account: by whom, when, and by which line of which import."""

    version: int
    at: str
    actor: str
    import_id: str
    line: int
    changes: list[Change]


class History(BaseModel):
    """A page of an account's history, oldest first; `cursor` null on the last page."""

    history: list[HistoryEntry]
    cursor: str | None


class Holding(BaseModel):
    """An account that a user holds, and in which role."""

    role: str
    account_id: str


class Portfolio(BaseModel):
    """A page of the accounts of a user; `cursor` null on the last page."""

    accounts: list[Holding]
    cursor: str | None
