"""Somebody is leaving: hand over or clear what they hold, with a preview, then deactivate them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.rendering import page
from handover_console.texts import text
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

PAGE_ROWS = 100
# Whoever holds more than this has "500+".
MAX_PAGES = 5
FORM_ERRORS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
)


def show(visit: Visit) -> Answer:
    """What is left to hand over, role by role, and the last step once nothing is left."""
    return _show(visit, visit.request.query.get("email", ""))


def _show(visit: Visit, email: str, error: ApiError | None = None) -> Answer:
    user = visit.api.get("users", email)
    held, is_all = _held(visit, email)
    profiles = visit.api.get("profiles")
    return page(
        visit,
        "leaving.html",
        status=error.status if error is not None else HTTPStatus.OK,
        error=error,
        typed=visit.request.form,
        user=user,
        held=held,
        is_all=is_all,
        profiles={role: _profiles_for(role, profiles) for role in held},
    )


def preview(visit: Visit) -> Answer:
    """Asks for the dry run of handing over one role, and shows it; applying it is done there."""
    form = visit.request.form
    email = form.get("email", "")
    try:
        asked = {
            "profile": form.get("profile", ""),
            "role": form.get("role", ""),
            "held_by": email,
            "to": _successor(form),
            "mode": "dry_run",
        }
        ticket = visit.api.post("assignments", body=asked)["import_ticket"]
    except ApiError as error:
        if error.status not in FORM_ERRORS:
            raise
        return _show(visit, email, error)
    return redirect(visit.request.link(f"/imports/{ticket}"))


def _successor(form: Mapping[str, str]) -> str | None:
    """The address of the successor, None for nobody. Raises ApiError when the form says neither.

    A form without an address must not clear accounts that are to be handed over.
    """
    if form.get("what") == "clear":
        return None
    to = form.get("to", "").strip()
    if not to:
        raise ApiError(HTTPStatus.BAD_REQUEST, text("leaving.nobody"), "to")
    return to


def deactivate(visit: Visit) -> Answer:
    """Makes the person inactive, who can then neither sign in nor be assigned, and shows them."""
    email = visit.request.form.get("email", "")
    user = visit.api.get("users", email)
    kept = {name: value for name, value in user.items() if name not in ("email", "tags")}
    visit.api.put("users", email, body={**kept, "status": "inactive"})
    return redirect(visit.request.link("/people/one", email=email, done="inactive"))


def _held(visit: Visit, email: str) -> tuple[dict[str, int], bool]:
    """How many accounts the person holds, by role, and whether the numbers are complete."""
    found: Counter[str] = Counter()
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        read = visit.api.get("portfolios", email, limit=PAGE_ROWS, cursor=cursor)
        found.update(holding["role"] for holding in read["accounts"])
        cursor = read["cursor"]
        if cursor is None:
            break
    return dict(found), cursor is None


def _profiles_for(role: str, profiles: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The profiles by which the role can be assigned, those that are switched on first."""
    fitting = [one for one in profiles if any(c.get("role") == role for c in one["columns"])]
    return sorted(fitting, key=lambda one: not one["is_on"])
