"""The route of the audit trail."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from handover.audit import Act, AuditFilters, Door, Outcome
from handover.http.context import Cursor, Limit, deadline_of, new_router, page_to_dict, person_of
from handover.http.formats import moment
from handover.http.problems import answers
from handover.rules.addresses import normal_address
from handover.runtime import resources
from handover.use_cases.audit import audit_page

router = new_router()


def _text(words: str) -> Any:
    return Query(max_length=1024, description=words)


class Entry(BaseModel):
    """An act: who did what to what, when and by which door.

    `door` is "cli" or "console" if the client gives itself this name, which proves nothing. `actor`
    is "" for Handover itself. `before` and `after` hold the fields that the act changed.
    `closed_at` is when the outcome of an act outside of the tables, such as a sign-in, was noted.
    """

    at: str
    actor: str
    door: Door
    act: Act
    about: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    outcome: Outcome
    closed_at: str | None


class Entries(BaseModel):
    """A page of entries, newest first; `cursor` null on the last page."""

    entries: list[Entry]
    cursor: str | None


@router.get(
    "/audit",
    summary="Read the audit trail; Admins only",
    responses=answers(200, "A page", Entries),
)
def read_audit(
    actor: Annotated[str, _text("Only acts of this address, or of this principal")] = "",
    act: Annotated[Act | None, Query(description="Only acts of this kind")] = None,
    about: Annotated[str, _text("Only acts about this, such as: role owner")] = "",
    since: Annotated[str, moment("Only acts since then")] = "",
    until: Annotated[str, moment("Only acts before then")] = "",
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The acts of people and systems, newest first; follow the cursor until it is null."""
    actor = normal_address(actor) if "@" in actor else actor
    page = audit_page(
        resources(),
        person_of(router),
        AuditFilters(actor, act, about, since, until),
        limit=limit,
        cursor=cursor,
        deadline=deadline_of(router),
    )
    return page_to_dict("entries", page)
