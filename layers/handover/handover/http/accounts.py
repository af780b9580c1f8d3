"""Routes of accounts: who is assigned, what has become of them, who holds which."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from handover.http.asking import Cursor, Limit, new_router, page_told, patience_of, person_of
from handover.http.problems import answers
from handover.runtime import wiring
from handover.stages import listings

router = new_router()


class AccountBody(BaseModel):
    """An account and who is assigned to it, by role."""

    account_id: str
    name: str
    customer_id: str
    opco: str
    status: str
    portals: list[str]
    assigned: dict[str, list[str]]
    version: int


class Change(BaseModel):
    """Who held a role before and after."""

    role: str
    before: list[str]
    after: list[str]


class HistoryEntry(BaseModel):
    """One change of an account: by whom, when, by which line of which import."""

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
    """A role that a user holds, and for which account."""

    role: str
    account_id: str


class Portfolio(BaseModel):
    """A page of the accounts of a user; `cursor` null on the last page."""

    accounts: list[Holding]
    cursor: str | None


@router.get(
    "/accounts/<account_id>",
    summary="Show an account and who is assigned to it",
    responses=answers(200, "The account", AccountBody),
)
def show_account(account_id: str) -> dict[str, Any]:
    """The account as it is now."""
    patience = patience_of(router)
    return listings.account_of(wiring(), person_of(router), unquote(account_id), patience)


@router.get(
    "/accounts/<account_id>/history",
    summary="Show what has become of an account",
    responses=answers(200, "A page", History),
)
def show_history(account_id: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The account's changes, oldest first."""
    page = listings.history_of(
        wiring(),
        person_of(router),
        unquote(account_id),
        limit=limit,
        cursor=cursor,
        patience=patience_of(router),
    )
    return page_told("history", page)


@router.get(
    "/portfolios/<email>",
    summary="List the accounts that a user holds",
    responses=answers(200, "A page", Portfolio),
)
def show_portfolio(email: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The user's accounts, by role."""
    page = listings.portfolio_of(
        wiring(), person_of(router), unquote(email), limit=limit, cursor=cursor
    )
    return page_told("accounts", page)
