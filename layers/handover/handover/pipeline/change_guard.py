"""The change guard: would applying a dry run change more than the tenant allows without an Admin?

It counts what the dry run has shown, because only a dry run has looked up the accounts. So every
file about assignments is checked first when the tenant sets one of these limits.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from handover.aws import objects
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.pipeline.applying import previews_from
from handover.pipeline.import_plan import previews_key
from handover.profiles.settings import Settings
from handover.reports.summary import NOT_COUNTED
from handover.rules.change_guard import Effects, Standing, why_held
from handover.runtime import Resources

# Counting must leave the invocation time to store the plan. A file that cannot be counted in
# time waits for an Admin.
RESERVE_SECONDS = 120.0
# A reason may name an address, which may be as long as a key.
MAX_REASON_CHARS = 300


def would_change(
    resources: Resources,
    tenant: str,
    preview_of: str,
    lines: int,
    limits: Settings,
    deadline: Deadline,
) -> dict[str, Any] | None:
    """Why an Admin must approve the import that applies this dry run; None when it may continue."""
    hurry = Deadline(deadline.deadline - min(RESERVE_SECONDS, deadline.left / 4))
    effects = Effects()

    def portfolio(user: str, role: str, most: int) -> int:
        hurry.check()
        held = resources.tables.portfolios.in_role(tenant, user, role)
        return sum(1 for _ in islice(held, most))

    def accounts(most: int) -> int:
        return sum(1 for _ in islice(resources.tables.accounts.listed(tenant), most))

    try:
        for chunk in resources.tables.chunks.settled_chunks(preview_of):
            hurry.check()
            key = previews_key(preview_of, chunk.number, chunk.attempt)
            body = objects.read(resources.work_bucket, key)
            if body is None:
                raise RetryLaterError("the previews of a chunk are not there")
            effects.add(previews_from(body).values())
        reason = why_held(effects, lines, limits, Standing(portfolio, accounts))
    except RetryLaterError:
        reason = NOT_COUNTED
    if not reason:
        return None
    return {
        "reason": reason[:MAX_REASON_CHARS],
        "would_clear": effects.cleared,
        "would_change": effects.changed,
        "lines": lines,
    }
