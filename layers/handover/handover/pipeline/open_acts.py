"""Closing entries of the audit trail that a run has left open, because it was killed or failed.

The run may have done the act or not. Where the user pool or the upload bucket shows what happened,
the outcome says so; otherwise it is NOT_KNOWN.
"""

from __future__ import annotations

from handover.audit import Act, AuditEntry, Outcome
from handover.aws import objects, sign_ins
from handover.pipeline.tickets import ticket_key
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339

# Longer than any run of a function takes.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
OPEN_SECONDS = 1200.0
# The time that is kept to store how far the entries were looked at.
RESERVE_SECONDS = 10.0
# The part of the sweep that stores that.
OPEN_ACTS = "audit"


def sweep_open_acts(resources: Resources, run: Invocation) -> None:
    """Closes entries that are open for longer than any run takes, oldest first.

    The next runs look at what this run does not reach.
    """
    watermarks, audit = resources.tables.watermarks, resources.tables.audit
    begun = looked = watermarks.looked_until(OPEN_ACTS)
    until = rfc3339(run.now - OPEN_SECONDS)
    for entry in audit.left_open(after=begun, until=until):
        if run.deadline.left < RESERVE_SECONDS:
            break
        if entry.outcome is Outcome.OPEN:
            outcome = _became(resources, entry)
            audit.close(entry, outcome, rfc3339(run.now))
            metrics.add_metric("ActsLeftOpen", "Count", 1)
            logger.warning(
                "act left open",
                extra={
                    "tenant": entry.tenant,
                    "act": entry.act.value,
                    "entry": entry.place,
                    "outcome": outcome.value,
                },
            )
        looked = entry.place
    if looked != begun:
        watermarks.look_on_from(OPEN_ACTS, looked)


def _became(resources: Resources, entry: AuditEntry) -> Outcome:
    """What became of the act, as far as it can be seen now.

    Whether somebody was invited is not looked up: the answer would tell an Admin whose address
    signs in for another tenant.
    """
    ticket = (entry.after or {}).get("ticket")
    if ticket:
        return Outcome.DONE if _has_file(resources, entry.tenant, ticket) else Outcome.NOT_DONE
    if entry.act is Act.SIGN_IN_BARRED:
        address = entry.about.partition(" ")[2]
        is_open = sign_ins.is_open(resources.user_pool, entry.tenant, address)
        return Outcome.NOT_DONE if is_open else Outcome.DONE
    return Outcome.NOT_KNOWN


def _has_file(resources: Resources, tenant: str, ticket_id: str) -> bool:
    ticket = resources.tables.tickets.find(ticket_id)
    if ticket is not None and ticket.import_id:
        return True
    key = ticket_key(tenant, ticket_id)
    found = objects.versions(resources.uploads_bucket, key)
    return any(version.upload.key == key for version in found)
