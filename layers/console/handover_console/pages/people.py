"""People: users, what each holds, pending users; Admins invite, edit and delete.

An address goes into the query of a page, never into its path: it may hold any character.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

SHOWN = 20
# A page of the API may be empty and still have a cursor, when many users were deleted.
MAX_PAGES = 3
# The largest page that the API gives of what somebody holds.
MAX_COUNTED = 100
# The fields of the form besides the roles, by the names of the API.
FIELDS = ("name", "opco", "employee_id", "phone", "mobile", "login_name")
# Refusals that are about the form: then it is shown again with the answer.
FORM_ERRORS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}
)


def show(visit: Visit) -> Answer:
    """The list, by address or by the beginning of a name, with how many accounts each holds."""
    query = visit.request.query
    name = query.get("name", "").strip()
    cursor: str | None = query.get("cursor")
    for _ in range(MAX_PAGES):
        found = visit.api.get("users", name=name, counts="true", limit=SHOWN, cursor=cursor)
        cursor = found["cursor"]
        if found["users"] or cursor is None:
            break
    return page(
        visit,
        "people.html",
        users=found["users"],
        cursor=cursor,
        name=name,
        most=max((user["held"] for user in found["users"]), default=0),
    )


def one(visit: Visit) -> Answer:
    """A person: who they are, what they hold, and what an Admin can do."""
    email = visit.request.query.get("email", "")
    user = visit.api.get("users", email)
    held: Mapping[str, Any] = {"accounts": [], "cursor": None}
    if user["status"] != "deleted":
        held = visit.api.get(
            "portfolios", email, limit=MAX_COUNTED, cursor=visit.request.query.get("cursor")
        )
    return page(
        visit,
        "person.html",
        user=user,
        held=held,
        roles=Counter(holding["role"] for holding in held["accounts"]),
        done=visit.request.query.get("done", ""),
    )


def pending(visit: Visit) -> Answer:
    """The addresses that accounts wait for; for Admins."""
    found = visit.api.get("pending", limit=MAX_COUNTED, cursor=visit.request.query.get("cursor"))
    return page(visit, "pending.html", rows=found["pending"], cursor=found["cursor"])


def new(visit: Visit) -> Answer:
    """The form to invite somebody; may begin with an address, such as that of a pending user."""
    empty = dict.fromkeys(FIELDS, "")
    return _form(visit, {"email": visit.request.query.get("email", ""), **empty, "roles": []})


def invite(visit: Visit) -> Answer:
    """Creates the user, whom the API invites, and shows them."""
    form = visit.request.form
    email = form.get("email", "").strip()
    try:
        made = visit.api.post("users", body={"email": email, **_fields(form)})
    except ApiError as error:
        return _again(visit, {"email": email, **_fields(form)}, error, is_new=True)
    return _to_person(visit, made["email"], "invited")


def edit(visit: Visit) -> Answer:
    """The form with what the directory knows of a person."""
    user = visit.api.get("users", visit.request.query.get("email", ""))
    return _form(visit, user, is_new=False)


def store(visit: Visit) -> Answer:
    """Stores what was edited, and shows the person."""
    form = visit.request.form
    email = form.get("email", "")
    body = {**_fields(form), "status": form.get("status", "active")}
    try:
        visit.api.put("users", email, body=body)
    except ApiError as error:
        return _again(visit, {"email": email, **body}, error, is_new=False)
    return _to_person(visit, email, "stored")


def invite_again(visit: Visit) -> Answer:
    """Sends another invitation."""
    email = visit.request.form.get("email", "")
    visit.api.post("users", email, "invitation")
    return _to_person(visit, email, "invited")


def delete(visit: Visit) -> Answer:
    """Deletes the user, and shows the import that takes them off their accounts."""
    ticket = visit.api.delete("users", visit.request.form.get("email", ""))["import_ticket"]
    return redirect(visit.request.link(f"/imports/{ticket}"))


def _fields(form: Mapping[str, str]) -> dict[str, Any]:
    roles = [role.strip() for role in form.get("roles", "").split(";")]
    texts = {name: form.get(name, "").strip() for name in FIELDS}
    return {**texts, "roles": [role for role in roles if role]}


def _form(
    visit: Visit, user: Mapping[str, Any], *, is_new: bool = True, error: ApiError | None = None
) -> Answer:
    status = error.status if error is not None else HTTPStatus.OK
    return page(visit, "person_form.html", status=status, user=user, is_new=is_new, error=error)


def _again(visit: Visit, user: Mapping[str, Any], error: ApiError, *, is_new: bool) -> Answer:
    """The form as it was sent, with what is wrong; raises errors that are not about the form."""
    if error.status not in FORM_ERRORS:
        raise error
    return _form(visit, user, is_new=is_new, error=error)


def _to_person(visit: Visit, email: str, done: str) -> Answer:
    return redirect(visit.request.link("/people/one", email=email, done=done))
