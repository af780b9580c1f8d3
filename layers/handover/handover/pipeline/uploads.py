"""Uploads: S3's event for a new object, and who sent it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from msgspec import Struct
from msgspec.structs import replace

from handover.aws import objects
from handover.aws.objects import Upload, Version
from handover.errors import RefusedError
from handover.model import Mode, Refusal
from handover.pipeline.messages import VERSION
from handover.pipeline.upload_keys import ARCHIVE, DIRECTORY, DROP, IN, NO_TENANT, OF_SYSTEMS
from handover.profiles.fields import FIELDS
from handover.profiles.names import TENANT_PATTERN
from handover.profiles.on_error import OnError, on_error_from
from handover.runtime import Resources, logger, metrics, rfc3339
from handover.store.tickets import Replays

USER_SOURCE = "user"
# S3's sequencers are hexadecimal numbers that may differ in length; pad the shorter one with
# zeros on the right to compare them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
SEQUENCER_CHARACTERS = 32


class Arrival(Struct, frozen=True):
    """A version that has arrived in the upload bucket.

    `principal` is the writer that S3 reports, None when S3 reported none and the version was found
    by listing. `size_bytes` is None in messages that do not have it.
    """

    upload: Upload
    at: float
    sequencer: str
    principal: str | None
    size_bytes: int | None = None

    @property
    def import_id(self) -> str:
        """The identity of the import: that of the version, whatever else is known about it."""
        where = f"{self.upload.bucket}\0{self.upload.key}\0{self.upload.version_id}"
        return hashlib.sha256(where.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def precedence(self) -> str:
        """The precedence among all imports of the tenant: S3's time, then S3's sequencer."""
        sequencer = self.sequencer.upper().ljust(SEQUENCER_CHARACTERS, "0")
        return f"{rfc3339(self.at)}#{sequencer}#{self.import_id[:8]}"


class Sender(Struct, frozen=True):
    """Who sent a file and what they ask for; `refusal` when they may not send it.

    `uploader` is the address of a person, "" for a system; `principal` is what identified the
    registered source of a system, "" when nothing did. `is_system` is true for a registered source,
    `writes_directory` when it has that right, `is_directory` when the file lies under the prefix of
    the directory. For a file that Handover wrote itself: `job` is its kind, `undo_of` the import
    that it undoes, and `profile_body` the profile that it follows. For an import that applies or
    corrects another, `follows` is that one. When the file is only a pointer, `object_of` is the
    import whose object is processed, and `preview_of` the dry run whose changes are the only ones
    that may be applied, None for any. `on_error` is None if the profile decides.
    """

    tenant: str
    source: str
    uploader: str
    filename: str
    profile: str
    mode: Mode
    mapping: Mapping[str, str]
    ticket: str | None = None
    refusal: Refusal | None = None
    principal: str = ""
    job: str | None = None
    undo_of: str | None = None
    profile_body: str | None = None
    follows: str | None = None
    object_of: str | None = None
    preview_of: str | None = None
    on_error: OnError | None = None
    is_system: bool = False
    writes_directory: bool = False
    is_directory: bool = False


def arrivals(message: Mapping[str, Any]) -> Iterator[Arrival]:
    """The arrivals in an S3 notification; none for S3's test message."""
    for record in message.get("Records", ()):
        if not record["eventName"].startswith("ObjectCreated:"):
            continue
        of_s3 = record["s3"]
        # Keys are encoded as in a form: "+" is a space. They are decoded once, here.
        key = unquote_plus(of_s3["object"]["key"], errors="surrogateescape")
        yield Arrival(
            Upload(of_s3["bucket"]["name"], key, of_s3["object"].get("versionId", "")),
            datetime.fromisoformat(record["eventTime"]).timestamp(),
            of_s3["object"].get("sequencer", ""),
            record.get("userIdentity", {}).get("principalId", ""),
            of_s3["object"].get("size"),
        )


def found_arrival(version: Version) -> Arrival:
    """A version that was found in the bucket without a notification."""
    return Arrival(version.upload, version.modified.timestamp(), "", None, version.size_bytes)


def arrival_message(arrival: Arrival) -> dict[str, Any]:
    """An arrival as a message of our own to the intake queue."""
    return {
        "v": VERSION,
        "arrival": {
            "bucket": arrival.upload.bucket,
            "key": arrival.upload.key,
            "version_id": arrival.upload.version_id,
            "at": arrival.at,
            "sequencer": arrival.sequencer,
            "principal": arrival.principal,
            "size_bytes": arrival.size_bytes,
        },
    }


def arrivals_of(message: Mapping[str, Any]) -> Iterator[Arrival]:
    """The arrivals of any message of the intake queue: S3's, or one of ours."""
    if "arrival" in message:
        stored = message["arrival"]
        upload = Upload(stored["bucket"], stored["key"], stored["version_id"])
        yield Arrival(
            upload, stored["at"], stored["sequencer"], stored["principal"], stored.get("size_bytes")
        )
    else:
        yield from arrivals(message)


def is_no_upload(key: str, size_bytes: int | None) -> bool:
    """True for an object that is not an upload: it makes no import and no notification.

    These are directory markers, which are empty objects whose key ends in "/", and everything that
    a source keeps under `archive/` in its own folder: a file that is moved there is a new object.
    """
    if key.endswith("/") and size_bytes == 0:
        return True
    folder, *place = key.split("/", 4)
    return (
        folder in OF_SYSTEMS
        and len(place) == 4
        and TENANT_PATTERN.fullmatch(place[0]) is not None
        and place[1] != ""
        and place[2] == ARCHIVE
    )


def is_passed_over(resources: Resources, arrival: Arrival) -> bool:
    """True for an arrival that makes no import; the log says why.

    Amazon S3 may send events of every bucket of the AWS account to the intake queue. A condition on
    the bucket in the queue's policy would be circular in the template (the bucket needs the policy
    first), so events of other buckets are dropped here.
    """
    upload = arrival.upload
    if upload.bucket != resources.uploads_bucket:
        metrics.add_metric("EventsOfOtherBuckets", "Count", 1)
        logger.warning("event of another bucket dropped", extra={"bucket": upload.bucket})
        return True
    if is_no_upload(upload.key, arrival.size_bytes):
        logger.info("object left alone", extra={"version_id": upload.version_id})
        return True
    return False


def sender_of(resources: Resources, arrival: Arrival) -> Sender:
    """Who sent the file, proven by the ticket or the principal, never by the file's content."""
    folder, _, rest = arrival.upload.key.partition("/")
    tenant, _, name = rest.partition("/")
    if not TENANT_PATTERN.fullmatch(tenant):
        return _stranger(arrival)
    if folder == IN:
        return _ticket_holder(resources, arrival, tenant, name.removesuffix(".csv"))
    if folder == DROP:
        return _system(resources, arrival, tenant, *name.partition("/")[::2])
    if folder == DIRECTORY:
        return _of_directory(_system(resources, arrival, tenant, *name.partition("/")[::2]))
    return _stranger(arrival)


class ReplayedError(RefusedError):
    """Another file was posted with the form of a used ticket; `replays` describes all of them."""

    def __init__(self, replays: Replays) -> None:
        super().__init__("TICKET_REPLAYED", _USED)
        self.replays = replays


_USED = "this ticket has been used or cancelled; it is good for one upload. Ask for a new one."


def check_ticket(resources: Resources, arrival: Arrival, ticket: str | None) -> None:
    """Raises RefusedError unless the arrival is the one upload that its ticket, if any, allows.

    If there are several versions under the ticket's key, the oldest counts, whichever is reported
    first. The others are replays and raise ReplayedError, whatever they contain. Their number is
    counted in the bucket, so it is right however often each one is reported.
    """
    if ticket is None:
        return
    key = arrival.upload.key
    # A listing gives the newest version of a key first.
    held = [
        found_arrival(version)
        for version in objects.versions(arrival.upload.bucket, key)
        if version.upload.key == key
    ]
    if held and held[-1].import_id != arrival.import_id:
        raise ReplayedError(Replays(held[-1].import_id, len(held) - 1, rfc3339(held[0].at)))
    tickets = resources.tables.tickets
    used = tickets.use(ticket, arrival.import_id)
    # Files posted after this one may have been reported before it.
    tickets.take_over_replays(arrival.import_id, ticket, used)
    if used is None:
        raise RefusedError("TICKET_REPLAYED", _USED)


def _ticket_holder(resources: Resources, arrival: Arrival, tenant: str, ticket_id: str) -> Sender:
    ticket = resources.tables.tickets.find(ticket_id)
    if ticket is None or ticket.tenant != tenant:
        return Sender(
            tenant=tenant,
            source=USER_SOURCE,
            uploader="",
            filename=arrival.upload.key,
            profile="",
            mode=Mode.RUN,
            mapping={},
            refusal=Refusal("TICKET_UNKNOWN", "no upload was announced under this key"),
        )
    return Sender(
        tenant=tenant,
        source=ticket.source or USER_SOURCE,
        uploader=ticket.uploader,
        filename=ticket.filename,
        profile=ticket.profile,
        mode=Mode(ticket.mode),
        mapping=json.loads(ticket.mapping),
        ticket=ticket_id,
        job=ticket.job,
        undo_of=ticket.undo_of,
        profile_body=ticket.profile_body,
        follows=ticket.follows,
        object_of=ticket.object_of,
        preview_of=ticket.preview_of,
        on_error=_on_error(ticket.on_error),
    )


def _on_error(stored: str | None) -> OnError | None:
    return on_error_from(stored) if stored else None


def _system(
    resources: Resources,
    arrival: Arrival,
    tenant: str,
    source: str,
    name: str,
) -> Sender:
    known = resources.tables.directory.source(tenant, source) if source and name else None
    is_proven = (
        known is not None
        and arrival.principal is not None
        and is_principal(arrival.principal, known.principal)
    )
    refusal: Refusal | None = None
    if known is None:
        refusal = Refusal(
            "UNKNOWN_SOURCE",
            f"no source {source!r} is registered for {tenant}, expected a file under "
            "drop/<tenant>/<source>/, or directory/<tenant>/<source>/",
        )
    elif arrival.principal is None:
        refusal = Refusal(
            "WRONG_PRINCIPAL",
            "S3 did not report who wrote this file. Drop it again.",
        )
    elif not is_proven:
        refusal = Refusal(
            "WRONG_PRINCIPAL",
            f"the file was not written by the principal that is registered for {source!r}",
        )
    return Sender(
        tenant=tenant,
        source=source,
        uploader="",
        filename=name or arrival.upload.key,
        profile=known.profile if known is not None else "",
        mode=Mode.RUN,
        mapping=known.mapping if known is not None else {},
        on_error=_on_error(known.on_error) if known is not None else None,
        refusal=refusal,
        is_system=True,
        writes_directory=known is not None and known.writes_directory,
        principal=known.principal.removeprefix("AWS:") if known is not None and is_proven else "",
    )


def _of_directory(sender: Sender) -> Sender:
    """The sender of a file of the directory: the filename says what the file is about.

    The source's mapping is left out: it maps to columns of the source's own profile.
    """
    if sender.refusal is not None:
        return sender
    name = sender.filename.rpartition("/")[2].casefold()
    about = next((one for one in FIELDS if FIELDS[one] and name.startswith(one)), None)
    if about is not None:
        return replace(sender, profile=f"{DIRECTORY}-{about}", mapping={}, is_directory=True)
    return replace(
        sender,
        profile="",
        refusal=Refusal(
            "UNKNOWN_PROFILE",
            f"{sender.filename!r} does not say what the file is about, expected a name that begins "
            "with accounts or users",
        ),
    )


def is_principal(found: str, registered: str) -> bool:
    """True when S3's principal is the registered one, in any of its sessions.

    S3 writes `AWS:AROAEXAMPLEID:session` for a role; `AROAEXAMPLEID` is what can be registered.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    bound, who = registered.removeprefix("AWS:"), found.removeprefix("AWS:")
    return bool(bound) and (who == bound or who.startswith(f"{bound}:"))


def _stranger(arrival: Arrival) -> Sender:
    return Sender(
        tenant=NO_TENANT,
        source="",
        uploader="",
        filename=arrival.upload.key,
        profile="",
        mode=Mode.RUN,
        mapping={},
        refusal=Refusal(
            "UNKNOWN_SOURCE",
            "files are not accepted here: expected a ticket's key, or drop/<tenant>/<source>/, or "
            "directory/<tenant>/<source>/",
        ),
    )
