"""Undoing an import: every account that still holds what the import set gets back what it had."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from handover.access.assigners import check_assigner
from handover.access.imports import profile_behind, why_barred
from handover.access.people import Person
from handover.errors import ConflictError, ForbiddenError
from handover.jobs.job import Job, ask_job
from handover.model import ADMIN, JobKind, Mode, State
from handover.pipeline.import_plan import ImportPlan, plan_from
from handover.pipeline.tickets import MAX_FILENAME_CHARS
from handover.profiles.made import restoring
from handover.profiles.profile import Holds, Profile
from handover.runtime import Resources, reports_days
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.use_cases.imports import Ticket, import_for

DAY_SECONDS = 24 * 3600.0
# An undo must be asked for this long before S3 may delete the results, so that it can read them.
MARGIN_DAYS = 10
_ASSIGNING = frozenset({Holds.USERS, Holds.WORKFLOW, Holds.REMOVED, Holds.RESOLVED})


def ask_undo(resources: Resources, person: Person, name: str, mode: Mode, now: float) -> str:
    """The ticket of the import that undoes the import of that id or ticket.

    Raises NotFoundError, ForbiddenError for somebody who may not upload such files or assign those
    roles, and ConflictError for an import that has not ended or has changed nothing.
    """
    found = import_for(resources, person.tenant, name)
    if isinstance(found, Ticket):
        raise ConflictError("nothing has been uploaded yet")
    body = resources.tables.imports.plan(found.pk)
    plan = plan_from(body) if body is not None else None
    if reason := why_barred(resources, person, found):
        raise ForbiddenError(reason)
    behind = profile_behind(resources, found)
    if plan is not None:
        _check_roles(resources, person, plan, behind)
    if not State(found.state).is_final:
        raise ConflictError(f"the import is in the state {found.state} and has not ended")
    if plan is None or not _has_changed_something(found):
        raise ConflictError("the import has changed nothing, so there is nothing to undo")
    days = (now - datetime.fromisoformat(found.received_at).timestamp()) / DAY_SECONDS
    if days > reports_days() - MARGIN_DAYS:
        raise ConflictError("the results of the import are no longer kept")
    roles = plan.binding.roles
    if not all(column.holds in _ASSIGNING for column in roles):
        raise ConflictError("only assignments can be undone, not directory fields")
    role_names = list(dict.fromkeys(column.role for column in roles))
    job = Job(
        JobKind.UNDO,
        undo_of=found.pk,
        mode=mode,
        profile=replace(
            restoring(plan.profile, role_names),
            uploader_roles=behind.uploader_roles if behind is not None else frozenset({ADMIN}),
        ),
        filename=f"undo of {found.filename}"[:MAX_FILENAME_CHARS],
    )
    return ask_job(resources, person, job, now)


def _has_changed_something(item: ImportItem) -> bool:
    counts = counts_of(item)
    return item.mode == Mode.RUN and any((counts.updated, counts.cleared, counts.pending))


def _check_roles(
    resources: Resources, person: Person, plan: ImportPlan, behind: Profile | None
) -> None:
    """Raises ForbiddenError when the person may not assign one of the roles of the import.

    The present profile decides; for a role that it no longer has, the profile of that time does.
    """
    roles = {**plan.profile.roles, **(behind.roles if behind is not None else {})}
    role_names = [column.role for column in plan.binding.roles]
    check_assigner(resources, person, replace(plan.profile, roles=roles), role_names)
