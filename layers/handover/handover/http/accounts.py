"""Routes of accounts: current and past assignments, history, portfolios."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Query

from handover.access.people import Person
from handover.deadline import Deadline
from handover.errors import InvalidRequestError
from handover.http.context import (
    Cursor,
    Limit,
    LongLimit,
    deadline_of,
    new_router,
    page_to_dict,
    person_of,
)
from handover.http.problems import answers
from handover.runtime import resources
from handover.use_cases import accounts
from handover.use_cases.accounts import AccountFilters

router = new_router()


def text_asked(words: str, alias: str | None = None) -> Any:
    """A text in a query, limited to the length of a key."""
    return Query(alias=alias, min_length=1, max_length=1024, description=words)


Holder = Annotated[str | None, text_asked("The name or address of a holder")]
At = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=1024,
        description="A date, meaning its end (UTC), or an instant (RFC 3339)",
        json_schema_extra={
            "anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]
        },
    ),
]


@router.get(
    "/accounts",
    summary="List or search accounts",
    responses=answers(200, "A page", "Accounts"),
)
def list_accounts(  # noqa: PLR0913 - a route names each of its query parameters
    account: Annotated[str | None, text_asked("Only this account", "id")] = None,
    at: At = None,
    holder: Holder = None,
    role: Annotated[str | None, text_asked("Only those held in this role")] = None,
    status: Literal["active", "inactive"] | None = None,
    portal: Annotated[str | None, text_asked("Only accounts of this portal")] = None,
    export: Annotated[bool, Query(description="Note an export in the audit trail")] = False,
    beginning: Annotated[str | None, text_asked("Only ids that begin with this text")] = None,
    limit: LongLimit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """All accounts, or those that match; an export reads page after page."""
    person, deadline = person_of(router), deadline_of(router)
    if export and cursor is None:
        asked = {
            "id": account,
            "holder": holder,
            "role": role,
            "status": status,
            "portal": portal,
            "beginning": beginning,
        }
        accounts.note_export(resources(), person, asked)
    if account is not None:
        return {"accounts": [_account(person, account, at, deadline)], "cursor": None}
    if at is not None:
        raise InvalidRequestError("at", "expected together with the id of one account")
    if role is not None and holder is None:
        raise InvalidRequestError("role", "expected together with a holder")
    filters = AccountFilters(status or "", portal or "", holder or "", role or "", beginning or "")
    page = accounts.accounts_page(
        resources(), person, filters, limit=limit, cursor=cursor, deadline=deadline
    )
    return page_to_dict("accounts", page)


@router.get(
    "/accounts/<account_id>",
    summary="Show an account and who is, or was, assigned to it",
    responses=answers(200, "The account", "AccountBody"),
)
def show_account(account_id: str, at: At = None) -> dict[str, Any]:
    """The account as it is now, or with the assignments of `at`."""
    return _account(person_of(router), unquote(account_id), at, deadline_of(router))


def _account(person: Person, account_id: str, at: str | None, deadline: Deadline) -> dict[str, Any]:
    if at is None:
        return accounts.account_of(resources(), person, account_id, deadline)
    return accounts.account_at(resources(), person, account_id, at, deadline)


@router.get(
    "/accounts/<account_id>/history",
    summary="Show the history of an account",
    responses=answers(200, "A page", "History"),
)
def show_history(account_id: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The account's changes, oldest first."""
    return _history(unquote(account_id), limit, cursor)


@router.get(
    "/history",
    summary="Show the history of an account, with its id in the query",
    responses=answers(200, "A page", "History"),
)
def show_history_by_id(
    account: Annotated[str, text_asked("The account", "account_id")],
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The account's changes, oldest first; for ids that cannot be part of a path."""
    return _history(account, limit, cursor)


def _history(account_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    page = accounts.history_of(
        resources(),
        person_of(router),
        account_id,
        limit=limit,
        cursor=cursor,
        deadline=deadline_of(router),
    )
    return page_to_dict("history", page)


@router.get(
    "/portfolios/<email>",
    summary="List the accounts that a user holds",
    responses=answers(200, "A page", "Portfolio"),
)
def show_portfolio(email: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The user's accounts, by role."""
    page = accounts.portfolio_of(
        resources(), person_of(router), unquote(email), limit=limit, cursor=cursor
    )
    return page_to_dict("accounts", page)


@router.get(
    "/portals/<portal>/managers",
    summary="List who holds the accounts of a portal",
    responses=answers(200, "A page", "PortalManagers"),
)
def show_managers(portal: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """An assignment applies to all portals of its account; this lists those of one portal."""
    return _managers(unquote(portal), limit, cursor)


@router.get(
    "/managers",
    summary="List who holds the accounts of a portal, with its name in the query",
    responses=answers(200, "A page", "PortalManagers"),
)
def show_managers_by_name(
    portal: Annotated[str, text_asked("The portal")], limit: Limit = 25, cursor: Cursor = None
) -> dict[str, Any]:
    """The holders of the accounts of one portal; for names that cannot be part of a path."""
    return _managers(portal, limit, cursor)


def _managers(portal: str, limit: int, cursor: str | None) -> dict[str, Any]:
    page = accounts.portal_managers(
        resources(),
        person_of(router),
        portal,
        limit=limit,
        cursor=cursor,
        deadline=deadline_of(router),
    )
    return page_to_dict("managers", page)
