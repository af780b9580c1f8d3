"""The preview of a file, as its uploader sees it before deciding anything."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from handover.access.imports import why_barred
from handover.access.people import Person
from handover.aws import objects
from handover.errors import ForbiddenError, NotFoundError, RetryLaterError
from handover.model import Mode, State
from handover.pipeline.summaries import PREVIEW, report_key
from handover.runtime import Resources, reports_days
from handover.use_cases.imports import Ticket, import_for
from handover.use_cases.undo import DAY_SECONDS


def preview_of(resources: Resources, person: Person, name: str, now: float) -> dict[str, Any]:
    """The preview of the import of that id or ticket.

    Raises ForbiddenError unless the person is the uploader, an Admin, or may upload files of the
    profile named with the file, and NotFoundError while there is no preview yet, or when it has
    expired.
    """
    found = import_for(resources, person.tenant, name)
    if isinstance(found, Ticket):
        raise NotFoundError("nothing has been uploaded yet")
    if found.uploader != person.email and (reason := why_barred(resources, person, found)):
        raise ForbiddenError(reason)
    if found.mode != Mode.PREVIEW:
        raise NotFoundError("this import is no preview")
    if not State(found.state).is_final:
        raise NotFoundError("the file has not been read yet")
    if found.state != State.DONE:
        raise NotFoundError(f"this preview is {found.state}; the import says why")
    received_at = datetime.fromisoformat(found.received_at).timestamp()
    if now - received_at > reports_days() * DAY_SECONDS:
        raise NotFoundError("the preview has expired")
    body = objects.read(resources.reports_bucket, report_key(found, PREVIEW))
    if body is None:
        raise RetryLaterError(f"{PREVIEW} of this import is not there")
    preview: dict[str, Any] = json.loads(body)
    return preview
