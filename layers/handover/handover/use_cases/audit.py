"""Reading the audit trail: for Admins only, newest first."""

from __future__ import annotations

import re

from msgspec.structs import replace

from handover.access.people import Person, only_admins
from handover.audit import AuditEntry, AuditFilters
from handover.deadline import Deadline
from handover.runtime import Resources, now_text
from handover.use_cases.paging import Page, page_among, place_at
from handover.use_cases.times import moment_at

# A time and the name of an entry.
PLACES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[0-9A-Za-z-]{1,64}")
# A page ends here even if it is not full, so that the answer is in time.
MAX_LOOKED_AT = 2000


def audit_page(
    resources: Resources,
    person: Person,
    filters: AuditFilters,
    *,
    limit: int,
    cursor: str | None,
    deadline: Deadline,
) -> Page[dict[str, object]]:
    """The entries of the tenant that pass the filters, newest first.

    A page may hold fewer than `limit`, even none, when few match: follow the cursor. Raises
    ForbiddenError unless the person is an Admin, and InvalidRequestError for an invalid time.
    """
    only_admins(person, "read the audit trail")
    filters = replace(
        filters,
        since=moment_at("since", filters.since) if filters.since else "",
        until=moment_at("until", filters.until) if filters.until else "",
    )
    before = min(filter(None, (place_at(cursor, PLACES), filters.until)), default="")
    if before and before <= filters.since:
        return Page([], None)
    found = resources.tables.audit.newest(
        person.tenant, before=before, since=filters.since, now=now_text(), rows=limit + 1
    )

    def is_listed(entry: AuditEntry) -> bool:
        deadline.check()
        return filters.takes(entry)

    return page_among(
        found, limit, lambda one: one.place, entry_to_dict, is_listed=is_listed, most=MAX_LOOKED_AT
    )


def entry_to_dict(entry: AuditEntry) -> dict[str, object]:
    """An entry as the API shows it."""
    return {
        "at": entry.at,
        "actor": entry.actor,
        "door": entry.door.value,
        "act": entry.act.value,
        "about": entry.about,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "outcome": entry.outcome.value,
        "closed_at": entry.closed_at or None,
    }
