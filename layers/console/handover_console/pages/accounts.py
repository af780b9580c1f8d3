"""Accounts: search by what the API offers, and download what was found as CSV."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.directory import Choice, choices
from handover_console.pages import problem
from handover_console.rendering import page
from handover_console.sheets import accounts_csv
from handover_console.texts import text
from handover_console.visit import Visit
from handover_console.web import Answer

FILTERS = ("id", "holder", "portal", "status")
SHOWN = 50
# The API may look at thousands of accounts and find none; a page makes at most so many reads.
MAX_READS = 5
# How many accounts are read for all of a search: as many as one assignment may name. A page has 30
# seconds at the gateway, of which the last read may take 20.
MAX_FOUND = 10_000
READ_ROWS = 1000
READ_SECONDS = 8.0
# A function answers with at most 6 MB, in base64 unless the answer is plain text.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_FILE_BYTES = 4_000_000


def show(visit: Visit) -> Answer:
    """A page of accounts that match, with what the person may do with them."""
    return shown(visit, asked_in(visit.request.query), visit.request.query.get("cursor"))


def shown(
    visit: Visit,
    asked: Mapping[str, str],
    cursor: str | None,
    *,
    form: Mapping[str, str] | None = None,
    why_not: str = "",
) -> Answer:
    """The page; after a form that could not be carried out, with what was sent and `why_not`."""
    rows, following = _rows(visit, asked, cursor)
    offered: list[Choice] = choices(visit) if rows else []
    return page(
        visit,
        "accounts.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if why_not else HTTPStatus.OK,
        rows=rows,
        asked=asked,
        cursor=cursor,
        following=following,
        offered=offered,
        form=form or {},
        ticked=ticked_in(form or {}),
        why_not=why_not,
        most=MAX_FOUND,
    )


def export(visit: Visit) -> Answer:
    """Every account that matches, as a CSV file; a problem page when there are too many."""
    found = every(visit, asked_in(visit.request.query), export="true")
    body = accounts_csv(found).encode() if found is not None else b""
    if found is None or len(body) > MAX_FILE_BYTES:
        return problem.invalid(visit, text("accounts.export.many", most=MAX_FOUND))
    headers = {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": 'attachment; filename="accounts.csv"',
    }
    return Answer(HTTPStatus.OK, body.decode(), headers)


def asked_in(given: Mapping[str, str]) -> dict[str, str]:
    """What the person searches for, "" = anything."""
    return {name: given.get(name, "").strip() for name in FILTERS}


def ticked_in(form: Mapping[str, str]) -> list[str]:
    """The ids of the ticked accounts; their fields are called account.N."""
    return [value for name, value in form.items() if name.startswith("account.")]


def every(
    visit: Visit, asked: Mapping[str, str], *, export: str = ""
) -> list[dict[str, Any]] | None:
    """All accounts that match; None when there are more than MAX_FOUND, or it takes too long.

    With `export` "true" the API notes an export.
    """
    until = time.monotonic() + READ_SECONDS
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while time.monotonic() < until:
        read = _read(visit, asked, cursor, READ_ROWS, export)
        found += read["accounts"]
        cursor = read["cursor"]
        if len(found) > MAX_FOUND:
            return None
        if cursor is None:
            return found
    return None


def _rows(
    visit: Visit, asked: Mapping[str, str], cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of rows, and the cursor of the next; a read may find none and still have a cursor."""
    found: list[dict[str, Any]] = []
    for _ in range(MAX_READS):
        read = _read(visit, asked, cursor, SHOWN)
        found += read["accounts"]
        cursor = read["cursor"]
        if found or cursor is None:
            break
    return found, cursor


def _read(
    visit: Visit, asked: Mapping[str, str], cursor: str | None, limit: int, export: str = ""
) -> Any:
    query = {**asked, "id": "", "beginning": asked["id"]}
    return visit.api.get("accounts", **query, limit=limit, cursor=cursor, export=export)
