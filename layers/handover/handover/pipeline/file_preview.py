"""A preview of a file: for whom it is, with which profiles, and where it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from handover.access.profiles import usable_profiles
from handover.aws import objects
from handover.aws.objects import ObjectGoneError, Upload
from handover.errors import RefusedError
from handover.model import Header
from handover.pipeline.admission import CODE
from handover.pipeline.import_plan import preview_key
from handover.pipeline.uploads import Sender
from handover.profiles.profile import Profile
from handover.profiles.remembering import fingerprint_of, remembered_for
from handover.reading.csv_lines import lines
from handover.runtime import Resources
from handover.store.import_items import ImportItem

if TYPE_CHECKING:
    from handover.reading.scan import Scan  # which needs numpy; finalize has none


class Choice(Struct, frozen=True):
    """The profiles that a file is compared with, by name, at least one; `on` are switched on.

    `chosen` is the name of the profile that the uploader named, or "".
    """

    profiles: dict[str, Profile]
    on: frozenset[str]
    chosen: str

    @property
    def for_reading(self) -> Profile:
        """A profile that represents all of them while the head of a file is read.

        It knows all their labels, and accepts another encoding if the chosen one does, or any does.
        """
        first = self.profiles.get(self.chosen) or next(iter(self.profiles.values()))
        encodings = [one.fallback_encoding for one in (first, *self.profiles.values())]
        return replace(
            first,
            columns=tuple(chain.from_iterable(one.columns for one in self.profiles.values())),
            fallback_encoding=next((one for one in encodings if one is not None), None),
        )


def choice_of(resources: Resources, sender: Sender) -> Choice:
    """The profiles that the uploader may use now.

    Raises RefusedError for an uploader who is no longer an active user, who may use no profile, or
    who may not use the profile that the ticket names.
    """
    user = resources.tables.directory.user(sender.tenant, sender.uploader)
    if user is None or not user.is_active:
        raise _refused(sender, "no active user has this address")
    profiles = usable_profiles(resources, sender.tenant, user)
    if sender.profile and sender.profile not in profiles:
        raise _refused(sender, f"the profile {sender.profile} is not open to them any more")
    if not profiles:
        raise _refused(sender, "no profile is open to them any more")
    on = frozenset(resources.tables.directory.settings(sender.tenant).profiles)
    return Choice(profiles, on, sender.profile)


def _refused(sender: Sender, reason: str) -> RefusedError:
    return RefusedError(CODE, f"{sender.uploader} may not upload this file: {reason}")


def store_preview(
    resources: Resources,
    item: ImportItem,
    sender: Sender,
    choice: Choice,
    upload: Upload,
    header: Header,
    scanned: Scan,
) -> None:
    """Stores the preview of a file that was read to its end, for finalize to publish."""
    # It loads the names that people give to columns; other files must not wait for that.
    from handover.reports.file_preview import MAX_FIRST_LINES, ReadFile, preview_to_dict

    chunk = scanned.chunks[0]
    data = objects.read_range(upload, chunk.start, chunk.end)
    if data is None:
        raise ObjectGoneError(upload.key)
    found = lines(data, chunk=chunk, dialect=scanned.dialect, header=header)
    read = ReadFile(scanned.dialect, header, list(islice(found, MAX_FIRST_LINES)), scanned.lines)
    preview = preview_to_dict(
        item.pk,
        item.filename,
        read,
        choice.profiles.values(),
        switched_on=choice.on,
        chosen=choice.chosen,
        remembered=_remembered(resources, sender, choice, header),
    )
    body = json.dumps(preview, separators=(",", ":")).encode("ascii")
    objects.write(resources.work_bucket, preview_key(item.pk), body, "application/json")


def _remembered(
    resources: Resources, sender: Sender, choice: Choice, header: Header
) -> dict[str, Mapping[str, str]]:
    """The mapping by profile name: the one sent with the file, else the remembered one."""
    known, _ = resources.tables.mappings.of(sender.tenant)
    fingerprint = fingerprint_of(header.labels)
    found: dict[str, Mapping[str, str]] = {
        name: remembered_for(known, fingerprint, profile)
        for name, profile in choice.profiles.items()
    }
    if sender.mapping:
        found[choice.chosen] = sender.mapping
    return found
