"""Set-up: what an Admin decides for the tenant; the API refuses everybody else.

Names of roles, workflows and sources go into forms, never into a path: they may hold any character.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.pages.columns import on_error_of
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

PAGE_ROWS = 100
# A tenant has few of each; if there are more, the page says so.
MAX_PAGES = 5
NUMBERS = (
    "clear_guard_percent",
    "clear_guard_lines",
    "change_guard_percent",
    "portfolio_guard_percent",
    "tenant_guard_percent",
    "change_guard_lines",
)
ON = "on."
REMOVE = "/remove"
FORM_ERRORS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}
)


def show(visit: Visit) -> Answer:
    """The page."""
    return _show(visit)


def change_rules(visit: Visit) -> Answer:
    """Changes all settings but the profiles."""
    form = visit.request.form
    changes: dict[str, Any] = {name: _whole(form.get(name, "")) for name in NUMBERS}
    changes["default_account_manager"] = form.get("default_account_manager", "").strip()
    changes["allow_account_manager_to_create_requests"] = "requests" in form
    changes["uploader_may_approve"] = "uploader_may_approve" in form
    changes["opco_wall"] = form.get("opco_wall", "")
    return _done(visit, lambda: visit.api.patch("settings", query={}, body=changes), "rules")


def switch_profiles(visit: Visit) -> Answer:
    """Switches on the profiles that are ticked, and off all others."""
    ticked = [name.removeprefix(ON) for name in visit.request.form if name.startswith(ON)]
    body = {"profiles": sorted(ticked)}
    return _done(visit, lambda: visit.api.patch("settings", query={}, body=body), "profiles")


def put_role(visit: Visit) -> Answer:
    """Defines a role."""
    form = visit.request.form
    most = form.get("max_users", "").strip()
    body = {
        "max_users": _whole(most) if most else None,
        "assigned_by": _parts(form.get("assigned_by", "")),
    }
    return _done(visit, lambda: visit.api.put("roles", _name(form), body=body), "roles")


def remove_role(visit: Visit) -> Answer:
    """Removes a role."""
    return _removed(visit, "roles")


def put_workflow(visit: Visit) -> Answer:
    """Defines a workflow."""
    form = visit.request.form
    return _done(visit, lambda: visit.api.put("workflows", _name(form)), "workflows")


def remove_workflow(visit: Visit) -> Answer:
    """Removes a workflow."""
    return _removed(visit, "workflows")


def put_source(visit: Visit) -> Answer:
    """Registers a source."""
    form = visit.request.form
    body = {
        "profile": form.get("profile", ""),
        "principal": form.get("principal", "").strip(),
        "mapping": mapping_of(form.get("mapping", "")),
        "writes_directory": "writes_directory" in form,
        "on_error": on_error_of(form),
    }
    return _done(visit, lambda: visit.api.put("sources", _name(form), body=body), "sources")


def remove_source(visit: Visit) -> Answer:
    """Removes a source."""
    return _removed(visit, "sources")


def subscribe(visit: Visit) -> Answer:
    """Subscribes an address, which must confirm."""
    body = {"endpoint": visit.request.form.get("endpoint", "").strip()}
    return _done(visit, lambda: visit.api.post("subscriptions", body=body), "notifications")


def mapping_of(text: str) -> dict[str, str]:
    """The mapping that is written line by line as `their label = our label`.

    A line is split at its last "=": a label of another system may contain one, ours never do. A
    line without "=" maps its label to nothing, so the API refuses it and names the label.
    """
    found = {}
    for line in text.splitlines():
        theirs, divides, ours = line.rpartition("=")
        if line.strip():
            found[(theirs if divides else ours).strip()] = ours.strip() if divides else ""
    return found


def _show(visit: Visit, error: ApiError | None = None, part: str = "") -> Answer:
    """The page; if something in a part was refused, with what was typed there."""
    api = visit.api
    sources, settings = _all(visit, "sources"), api.get("settings")
    profiles = api.get("profiles")
    return page(
        visit,
        "set_up.html",
        status=error.status if error is not None else HTTPStatus.OK,
        error=error,
        part=part,
        typed={} if visit.request.path.endswith(REMOVE) else visit.request.form,
        done=visit.request.query.get("done", ""),
        settings=settings,
        profiles=sorted(profiles, key=lambda one: (not one["is_on"], one["name"])),
        roles=_all(visit, "roles"),
        workflows=_all(visit, "workflows"),
        sources=sources,
        subscriptions=api.get("subscriptions")["subscriptions"],
    )


def _all(visit: Visit, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        found = visit.api.get(kind, limit=PAGE_ROWS, cursor=cursor)
        rows += found[kind]
        cursor = found["cursor"]
        if cursor is None:
            break
    return rows


def _removed(visit: Visit, kind: str) -> Answer:
    form = visit.request.form
    return _done(visit, lambda: visit.api.delete(kind, _name(form)), kind)


def _done(visit: Visit, change: Callable[[], object], part: str) -> Answer:
    """Changes something and shows the part of the page it is in, or says what is wrong with it."""
    try:
        change()
    except ApiError as error:
        if error.status not in FORM_ERRORS:
            raise
        return _show(visit, error, part)
    return redirect(visit.request.link("/set-up", done=part) + f"#{part}")


def _name(form: Mapping[str, str]) -> str:
    """The name in the form. Raises ApiError for an empty one, which no path can contain."""
    name = form.get("name", "").strip()
    if not name:
        raise ApiError(HTTPStatus.BAD_REQUEST, "name: expected a name, found nothing", "name")
    return name


def _whole(text: str) -> int | str:
    """The number; any other text goes to the API unchanged, which says what it expects."""
    return int(text) if text.strip().isdecimal() else text


def _parts(text: str) -> list[str]:
    return [part for one in text.split(";") if (part := one.strip())]
