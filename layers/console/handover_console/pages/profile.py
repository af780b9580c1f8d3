"""One profile of the set-up: edited, copied, removed, and tried on a pasted sample."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

FORM_ERRORS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}
)
ALIASES, REQUIRED = "aliases.", "required."


def show(visit: Visit) -> Answer:
    """The profile."""
    return _shown(visit)


def store(visit: Visit) -> Answer:
    """Stores the profile as edited, and shows it."""
    try:
        definition = _edited(visit)
        visit.api.put("profiles", visit.parts["name"], body=definition)
    except ApiError as error:
        return _again(visit, error)
    return _to(visit, "stored")


def copy(visit: Visit) -> Answer:
    """Stores a copy under another name, and shows that."""
    name = visit.request.form.get("name", "").strip()
    try:
        visit.api.post("profiles", visit.parts["name"], "copies", body={"name": name})
    except ApiError as error:
        return _again(visit, error)
    return redirect(visit.request.link(f"/set-up/profiles/{name}", done="copied"))


def remove(visit: Visit) -> Answer:
    """Removes the profile; shows the preset of its name, if there is one."""
    try:
        visit.api.delete("profiles", visit.parts["name"])
    except ApiError as error:
        return _again(visit, error)
    return redirect(visit.request.link("/set-up", done="profiles") + "#profiles")


def sample(visit: Visit) -> Answer:
    """The profile as edited, with the pasted sample as it would read it; nothing is stored."""
    try:
        text = visit.request.form.get("sample", "")
        body = {"text": text, "definition": _edited(visit)}
        read = visit.api.post("profiles", visit.parts["name"], "sample", body=body)
    except ApiError as error:
        return _again(visit, error)
    return _shown(visit, read=read)


def edited(definition: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """The definition with the changes in the form; columns are numbered from 1."""
    columns = [
        {
            **column,
            "aliases": _parts(form.get(f"{ALIASES}{number}", "")),
            "required": f"{REQUIRED}{number}" in form,
        }
        for number, column in enumerate(definition["columns"], 1)
    ]
    return {
        **definition,
        "title": form.get("title", "").strip(),
        "uploader_roles": _parts(form.get("uploader_roles", "")),
        "columns": columns,
    }


def _edited(visit: Visit) -> dict[str, Any]:
    """The whole definition if the person wrote it as JSON, else the stored one with their edits.

    Raises ApiError for a text that is not JSON, and when the stored version is not the one that the
    person began with.
    """
    form = visit.request.form
    if "definition" in form:
        return _definition_in(form["definition"])
    stored: dict[str, Any] = visit.api.get("profiles", visit.parts["name"])["definition"]
    version = form.get("version", "")
    # The columns of another version may have another order.
    if version != str(stored["version"]):
        detail = (
            f"version {stored['version']} is stored, and you began with {version or 'none'}; read"
            " it again"
        )
        raise ApiError(HTTPStatus.CONFLICT, detail)
    return edited(stored, form)


def _definition_in(text: str) -> dict[str, Any]:
    try:
        definition = json.loads(text)
    except ValueError as broken:
        raise ApiError(HTTPStatus.BAD_REQUEST, f"definition: this is no JSON: {broken}") from broken
    if not isinstance(definition, dict):
        raise ApiError(HTTPStatus.BAD_REQUEST, "definition: expected a JSON object")
    return definition


def _parts(text: str) -> list[str]:
    return [part for one in text.split(";") if (part := one.strip())]


def _again(visit: Visit, error: ApiError) -> Answer:
    """The page as it was sent, with what is wrong; raises errors that are not about the form."""
    if error.status not in FORM_ERRORS:
        raise error
    return _shown(visit, error=error)


def _shown(visit: Visit, *, read: Any = None, error: ApiError | None = None) -> Answer:
    """The page; after a form was sent, with what was typed in it."""
    form = visit.request.form
    profile = visit.api.get("profiles", visit.parts["name"])
    definition = profile["definition"]
    is_typed = "title" in form and form.get("version") == str(definition["version"])
    written = form.get("definition") or json.dumps(definition, ensure_ascii=False, indent=2)
    return page(
        visit,
        "profile.html",
        status=error.status if error is not None else HTTPStatus.OK,
        profile=profile,
        shown=edited(definition, form) if is_typed else definition,
        written=written,
        sample=form.get("sample", ""),
        read=read,
        error=error,
        done=visit.request.query.get("done", ""),
    )


def _to(visit: Visit, done: str) -> Answer:
    return redirect(visit.request.link(f"/set-up/profiles/{visit.parts['name']}", done=done))
