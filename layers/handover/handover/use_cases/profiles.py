"""Profiles of a tenant's own: stored, copied with a mapping, removed; for Admins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from handover.access.acts import noted_change
from handover.access.people import Person, only_admins
from handover.access.profiles import why_not
from handover.audit import Act
from handover.errors import ConflictError, InvalidRequestError, NotFoundError
from handover.profiles.checks import check_labels, check_profile, check_spellings
from handover.profiles.copies import mapped_copy
from handover.profiles.parsing import NAME_PATTERN, profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Column, Profile
from handover.profiles.remembering import remembered_for
from handover.runtime import Resources, logger
from handover.use_cases.settings import check_unused, known_roles, switch_off

# Far more than a profile for a header of 200 columns needs; an item holds at most 400 KB.
MAX_PROFILE_CHARS = 100_000
# All are returned at once, and a function's answer has at most 6 MB.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PROFILES = 25


def profile_shown(
    resources: Resources, person: Person, name: str, fingerprint: str = ""
) -> dict[str, object]:
    """The profile and its `definition`, as it was stored; raises NotFoundError.

    `remembered` is the mapping that people of the tenant gave for files with the header of that
    fingerprint, empty for somebody who may not upload files of the profile.
    """
    stored = _stored(resources, person, name)
    if stored is None:
        raise NotFoundError("there is no such profile")
    profile = profile_of(resources, person, name)
    is_on = name in resources.tables.directory.settings(person.tenant).profiles
    remembered: dict[str, str] = {}
    if fingerprint and not why_not(resources, person.tenant, person.user, profile):
        known, _ = resources.tables.mappings.of(person.tenant)
        remembered = remembered_for(known, fingerprint, profile)
    return profile_to_dict(profile, is_on=is_on) | {
        "definition": profile_json(stored),
        "remembered": remembered,
    }


def _stored(resources: Resources, person: Person, name: str) -> Profile | None:
    """The tenant's own profile of that name, else the preset, as it was stored."""
    if not NAME_PATTERN.fullmatch(name):
        return None
    return resources.tables.setup.own_profile(person.tenant, name) or presets().get(name)


def put_profile(
    resources: Resources, person: Person, name: str, definition: Mapping[str, Any]
) -> dict[str, object]:
    """Stores the profile and returns it; imports validated from now on follow it.

    `version` is the one that the Admin started from: it is incremented here, and an older version
    than the stored one raises ConflictError. Storing the same definition again makes no new
    version. Raises InvalidRequestError, which names the field.
    """
    only_admins(person, "store profiles")
    if definition.get("name", name) != name:
        raise InvalidRequestError("name", f"name: expected {name!r}, as in the address")
    version = definition.get("version", 1)
    profile = profile_from({**definition, "name": name, "version": version})
    _check(resources, person, profile)
    own = resources.tables.setup.own_profile(person.tenant, name)
    current = own or presets().get(name)
    if own is None:
        _check_room(resources, person)
    if own is None or replace(profile, version=own.version) != own:
        _check_version(current, profile)
        stored = replace(profile, version=current.version + 1 if current else 1)
        also = noted_change(resources, person.actor, Act.PROFILE_STORED, f"profile {name}")
        if not resources.tables.setup.replace_profile(person.tenant, own, stored, also):
            raise ConflictError("somebody else has just stored this profile; read it again")
        logger.info("profile stored", extra={"profile": name, "version": stored.version})
    return profile_shown(resources, person, name)


def _check(resources: Resources, person: Person, profile: Profile) -> None:
    if len(json.dumps(profile_json(profile))) > MAX_PROFILE_CHARS:
        raise InvalidRequestError("body", f"expected at most {MAX_PROFILE_CHARS} characters")
    check_profile(profile)
    check_spellings(profile, known_roles(resources, person.tenant))
    check_labels(profile.with_roles(resources.tables.directory.roles(person.tenant)))


def _check_room(resources: Resources, person: Person) -> None:
    if len(resources.tables.setup.own_profiles(person.tenant)) >= MAX_PROFILES:
        raise ConflictError(
            f"there are {MAX_PROFILES} profiles of your own, the maximum; remove one first"
        )


def _check_version(current: Profile | None, profile: Profile) -> None:
    if current is None and profile.version != 1:
        raise ConflictError("there is no such profile any more; a new one is version 1")
    if current is not None and profile.version != current.version:
        raise ConflictError(
            f"version {current.version} is stored, and you began with {profile.version}; read it "
            "again"
        )


def remove_profile(resources: Resources, person: Person, name: str) -> None:
    """Removes a profile of the tenant's own; a preset of the same name takes effect again.

    The name is switched off: an Admin has approved the removed profile, not the preset that takes
    effect again, nor a profile stored later under the name. Raises ConflictError for a preset, and
    while a source drops files of the profile; NotFoundError when there is none.
    """
    only_admins(person, "remove profiles")
    stored = _stored(resources, person, name)
    if stored is None:
        raise NotFoundError("there is no such profile")
    if stored.is_preset:
        raise ConflictError("this is a preset, which every tenant has")
    if name not in presets():
        check_unused(resources, person, name)
    switch_off(resources, person, name)
    also = noted_change(resources, person.actor, Act.PROFILE_REMOVED, f"profile {name}")
    if not resources.tables.setup.remove_profile(person.tenant, name, also):
        raise NotFoundError("there is no such profile")
    logger.info("profile removed", extra={"profile": name})


def copy_profile(
    resources: Resources,
    person: Person,
    name: str,
    copy: str,
    title: str,
    mapping: Mapping[str, str],
) -> dict[str, object]:
    """Stores and returns the profile `copy`: a copy of `name` with the labels of `mapping`.

    Raises InvalidRequestError, which names the field, NotFoundError, and ConflictError for a name
    that is taken.
    """
    only_admins(person, "store profiles")
    stored = _stored(resources, person, name)
    if stored is None:
        raise NotFoundError("there is no such profile")
    if not NAME_PATTERN.fullmatch(copy):
        raise InvalidRequestError(
            "name", f"name: {copy[:100]!r}: expected small letters, digits and hyphens"
        )
    if copy in presets():
        raise ConflictError(f"{copy!r} is the name of a preset")
    roles = list(resources.tables.directory.roles(person.tenant))
    _check_room(resources, person)
    made = mapped_copy(stored, mapping, roles, name=copy, title=title.strip() or stored.title)
    _check(resources, person, made)
    also = noted_change(resources, person.actor, Act.PROFILE_STORED, f"profile {copy}")
    if not resources.tables.setup.replace_profile(person.tenant, None, made, also):
        raise ConflictError(f"there is a profile {copy!r} already")
    logger.info("profile stored", extra={"profile": copy, "version": 1})
    return profile_shown(resources, person, copy)


def profiles_of(resources: Resources, person: Person) -> list[dict[str, object]]:
    """All profiles of the tenant by name, its own and the presets."""
    found = resources.tables.directory.profiles(person.tenant)
    on = resources.tables.directory.settings(person.tenant).profiles
    return [profile_to_dict(profile, is_on=name in on) for name, profile in sorted(found.items())]


def profile_of(resources: Resources, person: Person, name: str) -> Profile:
    """The profile of that name; raises NotFoundError."""
    if NAME_PATTERN.fullmatch(name):
        profile = resources.tables.directory.profile(person.tenant, name)
        if profile is not None:
            return profile
    raise NotFoundError("there is no such profile")


def profile_to_dict(profile: Profile, *, is_on: bool) -> dict[str, object]:
    """What somebody needs to know to write a file for the profile, and whether it is on."""
    return {
        "name": profile.name,
        "title": profile.title,
        "version": profile.version,
        "is_own": not profile.is_preset,
        "is_on": is_on,
        "uploader_roles": sorted(profile.uploader_roles),
        "columns": [_column_to_dict(column) for column in profile.columns],
    }


def _column_to_dict(column: Column) -> dict[str, object]:
    body: dict[str, object] = {
        "label": column.label,
        "aliases": list(column.aliases),
        "holds": column.holds.value,
        "required": column.is_required,
    }
    return body | ({"role": column.role} if column.role else {})
