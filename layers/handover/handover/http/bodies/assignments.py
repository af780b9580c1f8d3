"""The bodies of answers about assignments."""

from __future__ import annotations

from pydantic import BaseModel


class AskedImport(BaseModel):
    """The ticket under which the import will be found."""

    import_ticket: str


class Awaited(BaseModel):
    """An account whose role waits for the user of an address, since when, and by which import."""

    address: str
    role: str
    account_id: str
    since: str | None
    import_id: str | None


class Pending(BaseModel):
    """A page of pending assignments, by address; `cursor` null on the last page."""

    pending: list[Awaited]
    cursor: str | None


class AwaitedAddress(BaseModel):
    """An address without a user; `accounts` counts roles of accounts, at most 1,000."""

    address: str
    accounts: int


class AwaitedAddresses(BaseModel):
    """A page of addresses; `cursor` null on the last page."""

    awaited: list[AwaitedAddress]
    cursor: str | None
