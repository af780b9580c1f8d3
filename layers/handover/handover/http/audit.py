"""The route of the audit trail."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from handover.audit import Act, AuditFilters
from handover.http.context import Cursor, Limit, deadline_of, new_router, page_to_dict, person_of
from handover.http.formats import moment
from handover.http.problems import answers
from handover.rules.addresses import normal_address
from handover.runtime import resources
from handover.use_cases.audit import audit_page

router = new_router()


def _text(words: str) -> Any:
    return Query(max_length=1024, description=words)


@router.get(
    "/audit",
    summary="Read the audit trail; Admins only",
    responses=answers(200, "A page", "Entries"),
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
