"""Handing accounts over: the ticked ones or all that were found, always with a preview first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from handover_console.api import ApiError
from handover_console.directory import WORKFLOW, choice_of, named
from handover_console.pages import accounts
from handover_console.texts import text
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

# Refusals of the API that are about the form: then the form is shown again.
CORRECTABLE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN})


@dataclass
class UnclearError(Exception):
    """The form does not say enough; `words` say what is missing."""

    words: str


def preview(visit: Visit) -> Answer:
    """Asks for the hand-over as a dry run and shows its import, from which it can be applied."""
    form = visit.request.form
    asked = accounts.asked_in(form)
    try:
        body = {**_whom(visit, form), **_which(visit, form, asked), "mode": "dry_run"}
        made = visit.api.post("assignments", body=body)
    except UnclearError as unclear:
        why_not = unclear.words
    except ApiError as error:
        if error.status not in CORRECTABLE:
            raise
        why_not = error.detail
    else:
        return redirect(visit.request.link(f"/imports/{made['import_ticket']}"))
    return accounts.shown(visit, asked, form.get("cursor") or None, form=form, why_not=why_not)


def _whom(visit: Visit, form: Mapping[str, str]) -> dict[str, Any]:
    """Profile, role and who must hold it."""
    profile, role = choice_of(form.get("choice", ""))
    if not role:
        raise UnclearError(text("whom.no_role"))
    return {"profile": profile, "role": role, "to": recipients(visit, form, role)}


def recipients(visit: Visit, form: Mapping[str, str], role: str) -> list[str]:
    """The named users, as addresses; none when nobody must hold the role. Raises UnclearError."""
    words = [one.strip() for one in form.get("to", "").split(",") if one.strip()]
    if form.get("nobody"):
        if words:
            raise UnclearError(text("whom.both"))
        return []
    if not words:
        raise UnclearError(text("whom.no_one"))
    return [one if role == WORKFLOW or "@" in one else _address(visit, one) for one in words]


def _address(visit: Visit, name: str) -> str:
    found = named(visit, name)
    if len(found) == 1:
        return str(found[0]["email"])
    if not found:
        raise UnclearError(text("whom.unknown", name=name))
    people = ", ".join(f"{one['name']} ({one['email']})" for one in found)
    raise UnclearError(text("whom.several", name=name, people=people))


def _which(visit: Visit, form: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    """The accounts: the ticked ones, or all that match.

    All accounts of one holder are requested by that holder: then only this person is replaced, and
    other holders stay.
    """
    if form.get("which") != "all":
        ticked = accounts.ticked_in(form)
        if not ticked:
            raise UnclearError(text("accounts.none_ticked"))
        return {"account_ids": ticked}
    if "@" in asked["holder"] and not (asked["id"] or asked["portal"] or asked["status"]):
        return {"held_by": asked["holder"]}
    found = accounts.every(visit, asked)
    if found is None:
        raise UnclearError(text("accounts.hand.many", most=accounts.MAX_FOUND))
    if not found:
        raise UnclearError(text("accounts.none.title"))
    return {"account_ids": [one["account_id"] for one in found]}
