"""One account: its fields, its team now or on a date, what has become of it, and an edit."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.directory import choice_of, choices
from handover_console.pages import problem
from handover_console.pages.handing import UnclearError, recipients
from handover_console.rendering import page
from handover_console.texts import text
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

# The API lists an account's changes oldest first; a page shows this many, newest on top.
PAGE_ROWS = 100
MAX_PAGES = 5
# The beginning of an edit's id, which history has instead of an import's id.
EDIT = "edit-"
CORRECTABLE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


def show(visit: Visit) -> Answer:
    """The account."""
    account_id = visit.request.query.get("id", "")
    return _shown(visit, account_id) if account_id else problem.not_found(visit)


def edit(visit: Visit) -> Answer:
    """Checks an edit and shows what it would do; saves it when that was seen."""
    form = visit.request.form
    account_id = form.get("id", "")
    profile, role = choice_of(form.get("choice", ""))
    is_saved = form.get("step") == "save"
    try:
        if not role:
            raise UnclearError(text("whom.no_role"))
        assign = {role: recipients(visit, form, role)}
        body = {"profile": profile, "assign": assign, "dry_run": not is_saved}
        if form.get("version", "").isdecimal():
            body["version"] = int(form["version"])
        edited = visit.api.patch("accounts", query={"id": account_id}, body=body)
    except UnclearError as unclear:
        return _shown(visit, account_id, why_not=unclear.words)
    except ApiError as error:
        if error.status not in CORRECTABLE:
            raise
        return _shown(visit, account_id, why_not=f"{error.detail} {error.hint}".strip())
    if is_saved:
        return redirect(visit.request.link("/accounts/show", id=account_id, saved="1"))
    return _shown(visit, account_id, checked={**edited, "to": ", ".join(assign[role])})


def _shown(
    visit: Visit, account_id: str, *, why_not: str = "", checked: Mapping[str, Any] | None = None
) -> Answer:
    query = visit.request.query
    at = query.get("at", "").strip()
    now = visit.api.get("accounts", id=account_id)["accounts"][0]
    then, at_fault = _then(visit, account_id, at)
    changes, following = _changes(visit, account_id, query.get("cursor"))
    return page(
        visit,
        "account.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if why_not or at_fault else HTTPStatus.OK,
        account=now,
        at=at,
        then=then,
        at_fault=at_fault,
        changes=changes,
        following=following,
        names=_names(now, then),
        offered=choices(visit),
        form=visit.request.form,
        why_not=why_not,
        checked=checked,
        edit_begin=EDIT,
    )


def _then(visit: Visit, account_id: str, at: str) -> tuple[dict[str, Any] | None, str]:
    """The account with its assignments at the end of a day, or why they are not known."""
    if not at:
        return None, ""
    try:
        return visit.api.get("accounts", id=account_id, at=at)["accounts"][0], ""
    except ApiError as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        return None, error.detail


def _changes(
    visit: Visit, account_id: str, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Changes, newest first, and the cursor of changes that are newer than all of these."""
    found: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        read = visit.api.get("history", account_id=account_id, limit=PAGE_ROWS, cursor=cursor)
        found += read["history"]
        cursor = read["cursor"]
        if cursor is None:
            break
    return found[::-1], cursor


def _names(*accounts: Mapping[str, Any] | None) -> dict[str, str]:
    """The names behind the addresses of everybody on the account."""
    return {
        one["email"]: one["name"]
        for account in accounts
        if account is not None
        for people in account["people"].values()
        for one in people
        if one["name"]
    }
