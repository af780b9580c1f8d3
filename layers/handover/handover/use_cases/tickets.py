"""Tickets: a person announces a file and gets the form to upload it with, once and soon."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping

from msgspec import Struct

from handover.access.acts import noted
from handover.access.people import Person
from handover.access.profiles import profile_for, usable_profiles
from handover.audit import Act
from handover.aws import objects
from handover.errors import ForbiddenError, InvalidRequestError
from handover.model import Mode
from handover.pipeline.tickets import MAX_FILENAME_CHARS, TICKET_SECONDS, new_ticket, ticket_key
from handover.profiles.binding import check_mapping
from handover.profiles.on_error import on_error_from
from handover.reading.limits import MAX_FILE_BYTES
from handover.runtime import Resources, metrics, rfc3339
from handover.store.tickets import TicketItem

# How long a POST can be started; how long it takes does not count.
FORM_SECONDS = 300
# A name may contain any letter, but nothing that breaks a line or a terminal, or that has no
# UTF-8 form.
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Announcement(Struct, frozen=True):
    """The file that a person is about to upload; `mapping` maps its labels to the profile's.

    `profile` is "" for a preview that must find the profiles that the file fits, `on_error` ""
    where the profile decides what lines that fail do to the others.
    """

    profile: str
    filename: str
    mode: Mode
    mapping: Mapping[str, str]
    on_error: str = ""


class UploadForm(Struct, frozen=True):
    """The URL and form fields to POST the file with, and until when they are valid (RFC 3339)."""

    ticket: str
    url: str
    fields: Mapping[str, str]
    expires_at: str


def issue_ticket(
    resources: Resources, person: Person, announced: Announcement, now: float
) -> UploadForm:
    """The upload form for one file of one person.

    Raises InvalidRequestError, which names the field, or ForbiddenError when the profile does not
    admit any of the person's roles.
    """
    filename = plain_filename(announced.filename)
    if announced.mode is Mode.PREVIEW and not announced.profile:
        _check_any_profile(resources, person, announced)
    else:
        check_mapping(profile_for(resources, person, announced.profile), announced.mapping)
    on_error = checked_on_error(announced.on_error)
    ticket = new_ticket(now)
    expires_at = rfc3339(now + FORM_SECONDS)
    item = TicketItem(
        tenant=person.tenant,
        uploader=person.email,
        profile=announced.profile,
        filename=filename,
        mode=announced.mode.value,
        mapping=json.dumps(dict(announced.mapping)),
        on_error=on_error,
        issued_at=rfc3339(now),
        expires_at=expires_at,
        expires=int(now) + TICKET_SECONDS,
    )
    also = noted(
        resources,
        person.actor,
        Act.FILE_ANNOUNCED,
        f"import {ticket}",
        after={"filename": filename, "profile": announced.profile, "mode": announced.mode.value}
        | ({"on_error": on_error} if on_error else {}),
    )
    resources.tables.tickets.issue(ticket, item, also)
    key = ticket_key(person.tenant, ticket)
    url, fields = objects.post_form(resources.uploads_bucket, key, MAX_FILE_BYTES, FORM_SECONDS)
    metrics.add_metric("TicketsIssued", "Count", 1)
    return UploadForm(ticket, url, fields, expires_at)


def _check_any_profile(resources: Resources, person: Person, announced: Announcement) -> None:
    """Raises ForbiddenError for people without any profile, InvalidRequestError for a mapping."""
    if announced.mapping:
        raise InvalidRequestError("mapping", "found a mapping, expected a profile that it leads to")
    if not usable_profiles(resources, person.tenant, person.user):
        raise ForbiddenError(
            "no profile is switched on that your user roles may use; an Admin can switch one on by "
            "naming it in the setting profiles"
        )


def checked_on_error(text: str) -> str | None:
    """The choice as it is stored, None for "". Raises InvalidRequestError."""
    try:
        return str(on_error_from(text)) if text else None
    except ValueError as wrong:
        raise InvalidRequestError("on_error", f"on_error: {wrong}") from wrong


def plain_filename(text: str) -> str:
    """The name without the folders that some browsers send with it.

    Raises InvalidRequestError for a name that is empty, too long, or has forbidden characters.
    """
    name = text.replace("\\", "/").rpartition("/")[2].strip()
    if not 1 <= len(name) <= MAX_FILENAME_CHARS:
        raise InvalidRequestError(
            "filename",
            f"the name has {len(name)} characters without its folders, expected 1 to "
            f"{MAX_FILENAME_CHARS}",
        )
    if any(unicodedata.category(char) in FORBIDDEN_CATEGORIES for char in name):
        raise InvalidRequestError("filename", "the name holds control characters; rename the file")
    return name
