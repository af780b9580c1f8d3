"""Applying a preview or a dry run of a file without a second upload.

The new import begins with a small object under `in/` that points to the uploaded one: this gives
the import its own id and its own precedence. Everything else is checked again, as for any file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from handover.access.acts import entry_of
from handover.access.people import Person
from handover.access.profiles import profile_for
from handover.audit import Act, Outcome
from handover.deadline import Deadline
from handover.errors import ConflictError, InvalidRequestError
from handover.jobs.upload import ask_file
from handover.model import Mode, State
from handover.pipeline.checked import pointer_to, why_stopped
from handover.pipeline.import_plan import ImportPlan, plan_from
from handover.pipeline.tickets import TICKET_SECONDS, new_ticket
from handover.profiles.binding import check_mapping
from handover.profiles.parsing import profile_json
from handover.profiles.profile import Profile
from handover.runtime import Resources, metrics, rfc3339
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.store.tickets import TicketItem
from handover.use_cases.imports import readable_import
from handover.use_cases.tickets import checked_on_error

# How long after its upload a file can be applied. An import may then wait 44 days for an Admin.
# These are 45 days together; the upload and work buckets keep what it reads for at least 60.
APPLY_SECONDS = 24 * 3600.0
# Refusals where the object is, or was, unreadable: a new import could not read it either.
_UNREADABLE = frozenset({"OBJECT_GONE", "TICKET_REPLAYED", "NOT_VALIDATED"})


class Applying(Struct, frozen=True):
    """How to process an import again; None, and "" for `on_error`, means as before."""

    mode: Mode
    profile: str | None = None
    mapping: Mapping[str, str] | None = None
    on_error: str = ""


class _Reading(Struct, frozen=True):
    """How to read the file: with which profile, and the mapping of its columns.

    `is_as_before` when the applied import has read it in exactly this way.
    """

    profile: Profile
    mapping: Mapping[str, str]
    is_as_before: bool


def apply_import(
    resources: Resources, person: Person, name: str, asked: Applying, now: float, deadline: Deadline
) -> str:
    """The ticket of an import that processes the file of that import again.

    A dry run that is applied with the same profile and mapping applies exactly what it has shown.
    Raises NotFoundError, ForbiddenError for somebody who may not read the import or upload such
    files, InvalidRequestError, which names the field, and ConflictError for an import that is not a
    preview or dry run, has not ended, or whose file is older than APPLY_SECONDS.
    """
    item = readable_import(resources, person, name)
    profile = _profile(resources, person, item, asked)
    _check_applicable(item)
    root = _root(resources, item)
    if now - datetime.fromisoformat(root.received_at).timestamp() > APPLY_SECONDS:
        raise ConflictError("the file was uploaded more than 24 hours ago; upload it again")
    body = resources.tables.imports.plan(item.pk)
    plan = plan_from(body) if body is not None else None
    reading = (
        _of_own_file(plan, asked) if profile is None else _of_upload(profile, item, plan, asked)
    )
    is_preview = asked.mode is Mode.RUN and item.mode == Mode.DRY_RUN and reading.is_as_before
    if is_preview and item.state not in (State.DONE, State.ERROR):
        raise ConflictError(f"the dry run is {item.state} and has shown nothing; make another one")
    on_error = checked_on_error(asked.on_error) or item.on_error
    if is_preview and (reason := why_stopped(on_error, counts_of(item))):
        raise ConflictError(
            f"{reason}: correct them and upload the file again, or ask for on_error apply_good to "
            "apply the others"
        )
    ticket_id = new_ticket(now)
    ticket = TicketItem(
        tenant=person.tenant,
        uploader=person.email,
        profile=reading.profile.name,
        filename=item.filename,
        mode=asked.mode.value,
        mapping=json.dumps(dict(reading.mapping)),
        job=item.job,
        undo_of=item.undo_of,
        profile_body=json.dumps(profile_json(reading.profile)) if item.job else None,
        follows=item.pk,
        object_of=root.pk,
        preview_of=item.pk if is_preview else None,
        on_error=on_error,
        issued_at=rfc3339(now),
        expires_at=rfc3339(now + TICKET_SECONDS),
        expires=int(now) + TICKET_SECONDS,
    )
    entry = entry_of(
        person.actor,
        Act.IMPORT_APPLIED,
        f"import {item.pk}",
        after={"ticket": ticket_id, "mode": ticket.mode, "profile": ticket.profile}
        | ({"on_error": on_error} if on_error else {}),
        outcome=Outcome.OPEN,
    )
    ask_file(resources, ticket_id, ticket, entry, iter([pointer_to(root.pk)]), deadline)
    metrics.add_metric("ImportsApplied", "Count", 1)
    return ticket_id


def _profile(
    resources: Resources, person: Person, item: ImportItem, asked: Applying
) -> Profile | None:
    """The profile asked for, if the person may use it; None for a file that Handover wrote."""
    if item.job is not None:
        return None
    name = asked.profile if asked.profile is not None else item.profile
    if not name:
        raise InvalidRequestError("profile", "the preview follows no profile; name one")
    return profile_for(resources, person, name)


def _check_applicable(item: ImportItem) -> None:
    """Raises ConflictError unless the import has ended, applied nothing, and has a file."""
    if item.mode == Mode.RUN:
        raise ConflictError("only a preview or a dry run can be applied; this import was a run")
    if not State(item.state).is_final:
        raise ConflictError(f"the import is in the state {item.state} and has not ended")
    if item.refusal and item.refusal["code"] in _UNREADABLE:
        raise ConflictError(f"the file was refused with {item.refusal['code']}; upload it again")


def _root(resources: Resources, item: ImportItem) -> ImportItem:
    """The import that the file was uploaded for."""
    if not item.object_of:
        return item
    return resources.tables.imports.find(item.object_of) or item


def _of_own_file(plan: ImportPlan | None, asked: Applying) -> _Reading:
    """A file that Handover wrote is read with the profile that it was written for."""
    if asked.profile is not None or asked.mapping is not None:
        raise InvalidRequestError(
            "profile" if asked.profile is not None else "mapping",
            "Handover wrote this file, so it is applied with the profile that it was written for",
        )
    if plan is None:
        raise ConflictError("the import was refused, so there is nothing to apply")
    return _Reading(plan.profile, plan.mapping, is_as_before=True)


def _of_upload(
    profile: Profile, item: ImportItem, plan: ImportPlan | None, asked: Applying
) -> _Reading:
    before = plan.mapping if plan is not None else {}
    mapping = asked.mapping if asked.mapping is not None else before
    check_mapping(profile, mapping)
    is_same = (profile.name, dict(mapping)) == (item.profile, before)
    if plan is not None and is_same and profile != plan.profile and asked.mode is Mode.RUN:
        raise ConflictError(
            f"the profile {profile.name} has changed since the dry run; make another dry run"
        )
    return _Reading(profile, mapping, is_as_before=is_same)
