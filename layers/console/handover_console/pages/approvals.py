"""Approvals: which imports wait for an Admin, who would lose whom, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.directory import ADMIN, roles_of
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

WAITING = "awaiting_approval"
PAGE_ROWS = 100
# An import waits for at most 30 days. A screen reads so many pages; the next one continues there.
MAX_PAGES = 5
LOSSES = 50
# Somebody who may decide may not be allowed to see the preview, or it is no longer kept.
WITHOUT_PREVIEW = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})


def show(visit: Visit) -> Answer:
    """The imports that wait, newest first."""
    cursor: str | None = visit.request.query.get("cursor")
    rows: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        found = visit.api.get("imports", limit=PAGE_ROWS, cursor=cursor)
        rows += [row for row in found["imports"] if row["state"] == WAITING]
        cursor = found["cursor"]
        if cursor is None:
            break
    return page(visit, "approvals.html", rows=rows, cursor=cursor, is_admin=_is_admin(visit))


def show_one(visit: Visit, found: Mapping[str, Any]) -> Answer:
    """The screen on which an import is approved or refused."""
    summary, losses = _preview(visit, found)
    return page(
        visit,
        "approval.html",
        one=found,
        summary=summary,
        losses=losses,
        is_admin=_is_admin(visit),
        is_mine=is_mine(visit, found),
    )


def approve(visit: Visit) -> Answer:
    """Lets the import continue, and shows it."""
    visit.api.post("imports", visit.parts["name"], "approve", body=reason_in(visit.request.form))
    return redirect(visit.request.link(f"/imports/{visit.parts['name']}"))


def is_mine(visit: Visit, found: Mapping[str, Any]) -> bool:
    """True for a file that the person uploaded: then they need give no reason."""
    return visit.person is not None and found["uploader"] == visit.person.email


def reason_in(form: Mapping[str, str]) -> dict[str, str] | None:
    """The reason in the form as a body for the API; None without a reason."""
    reason = form.get("reason", "").strip()
    return {"reason": reason} if reason else None


def _is_admin(visit: Visit) -> bool:
    return ADMIN in roles_of(visit)


def _preview(visit: Visit, found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Who gains and loses, and the lines that take somebody off, as the dry run has shown them.

    No line of a waiting import is decided; the dry run that it applies shows what would happen.
    """
    before = found.get("follows")
    if not before:
        return None, None
    try:
        dry_run = visit.api.get("imports", before)
        if dry_run["mode"] != "dry_run" or dry_run["profile"] != found["profile"]:
            return None, None
        summary = visit.api.get("imports", before, "summary", counts="true")
        lines = visit.api.get("imports", before, "lines", outcome="cleared", limit=LOSSES)
    except ApiError as error:
        if error.status not in WITHOUT_PREVIEW:
            raise
        return None, None
    return summary, lines["lines"]
