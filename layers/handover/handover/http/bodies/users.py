"""The bodies of answers about users."""

from __future__ import annotations

from pydantic import BaseModel


class UserBody(BaseModel):
    """A user; `status` is "active", "inactive" or "deleted".

    `held` is how many roles of accounts they hold, at most 1,000; only in lists that count them.
    """

    email: str
    name: str
    roles: list[str]
    opco: str
    status: str
    employee_id: str
    phone: str
    mobile: str
    login_name: str
    tags: list[str]
    held: int | None = None


class Users(BaseModel):
    """A page of users; `cursor` null on the last page."""

    users: list[UserBody]
    cursor: str | None


class Removal(BaseModel):
    """The ticket of the import that removes all assignments of deleted users."""

    import_ticket: str
