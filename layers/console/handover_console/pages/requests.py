"""Requests: what contacts of customers ask for, shown to the holders of their account."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

SHOWN = 25
# A page of the API may be empty and still have a cursor, when few accounts have a request.
MAX_PAGES = 3
FIELDS = ("account_id", "subject", "description", "contact")
FORM_ERRORS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


def show(visit: Visit) -> Answer:
    """The requests of the accounts that the person holds, or of one account."""
    return _list(visit, dict.fromkeys(FIELDS, ""))


def create(visit: Visit) -> Answer:
    """Creates a request and shows it; if it is refused, shows the form with what was typed."""
    typed = {name: visit.request.form.get(name, "").strip() for name in FIELDS}
    try:
        made = visit.api.post("requests", body=typed)
    except ApiError as error:
        if error.status not in FORM_ERRORS:
            raise
        return _list(visit, typed, error)
    return redirect(visit.request.link(f"/requests/{made['request_id']}"))


def one(visit: Visit) -> Answer:
    """A request with its notes."""
    found = visit.api.get(
        "requests", visit.parts["name"], cursor=visit.request.query.get("cursor"), limit=100
    )
    return page(visit, "request.html", one=found)


def note(visit: Visit) -> Answer:
    """Adds a note, and shows the request."""
    name = visit.parts["name"]
    visit.api.post("requests", name, "notes", body={"text": visit.request.form.get("text", "")})
    return redirect(visit.request.link(f"/requests/{name}"))


def _list(visit: Visit, typed: dict[str, str], error: ApiError | None = None) -> Answer:
    account = visit.request.query.get("account", "").strip()
    cursor: str | None = visit.request.query.get("cursor")
    rows: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        found = visit.api.get("requests", account_id=account, limit=SHOWN, cursor=cursor)
        rows += found["requests"]
        cursor = found["cursor"]
        if rows or cursor is None:
            break
    return page(
        visit,
        "requests.html",
        status=error.status if error is not None else HTTPStatus.OK,
        rows=rows,
        cursor=cursor,
        account=account,
        typed=typed | ({"account_id": account} if account and error is None else {}),
        error=error,
    )
