"""What Admins configure for their tenant: settings, roles, workflows, and sources."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from handover.access.acts import noted_change
from handover.access.people import Person, only_admins
from handover.access.profiles import profile_named
from handover.audit import Act
from handover.errors import ConflictError, InvalidRequestError, NotFoundError
from handover.profiles.binding import check_mapping
from handover.profiles.checks import check_labels
from handover.profiles.fields import About
from handover.profiles.names import (
    MAX_NAME_CHARS,
    check_name,
    check_path,
    check_role,
    check_spelling,
    is_name,
    workflow_role,
)
from handover.profiles.presets import presets
from handover.profiles.profile import WORKFLOW_ROLE, Profile, Role
from handover.profiles.settings import Settings, settings_from, settings_json
from handover.rules.addresses import normal_address
from handover.runtime import Resources, logger
from handover.store.directory import Source
from handover.store.settings import Also
from handover.use_cases.paging import Page, page_of, place_at
from handover.use_cases.tickets import checked_on_error

# As many as a user can have.
MAX_USER_ROLES = 50
# Each role is a column of some profiles, and a precedence entry in an account's item.
MAX_ROLES = 100
# Where a page of a listing by name can begin.
NAME_PLACES = re.compile(rf".{{1,{MAX_NAME_CHARS}}}", re.DOTALL)
# A source is the name of a folder; names of built-in sources cannot be registered.
SOURCE_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
RESERVED_SOURCES = frozenset({"user", "handover"})
# The unique id of a role or user, as S3's events contain it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
PRINCIPAL_PATTERN = re.compile(r"[A-Za-z0-9:._@=,+-]{1,128}")


def settings_of(resources: Resources, person: Person) -> dict[str, object]:
    """The tenant's settings."""
    return settings_json(resources.tables.directory.settings(person.tenant))


def change_settings(
    resources: Resources, person: Person, changes: Mapping[str, Any]
) -> dict[str, object]:
    """Applies `changes`, which name only the settings to change; returns all settings.

    Raises InvalidRequestError, which names the setting, also for a default account manager who is
    not an active user, and for an unknown profile.
    """
    only_admins(person, "change settings")
    _check_profiles(resources, person, settings_from(changes).profiles)
    if isinstance(found := changes.get("default_account_manager"), str) and found:
        user = resources.tables.directory.user(person.tenant, normal_address(found))
        if user is None or not user.is_active:
            raise InvalidRequestError(
                "default_account_manager",
                f"default_account_manager: {found!r} is no active user, expected the address of "
                'one, or "" for nobody',
            )
        changes = {**changes, "default_account_manager": user.email}
    changed = resources.tables.setup.change_settings(
        person.tenant,
        lambda before: settings_from({**settings_json(before), **changes}),
        _noted_settings(resources, person),
    )
    logger.info("settings changed", extra={"settings": sorted(changes)})
    return settings_json(changed)


def _noted_settings(resources: Resources, person: Person) -> Also:
    """The audit entry of a change of settings; `before` are the defaults if none were stored."""
    usual = settings_json(Settings())
    also = noted_change(resources, person.actor, Act.SETTINGS_CHANGED, "settings")
    return lambda before, after: also({**usual, **(before or {})}, after)


def _check_profiles(resources: Resources, person: Person, names: Collection[str]) -> None:
    known = resources.tables.directory.profiles(person.tenant) if names else {}
    for name in names:
        if name not in known:
            raise InvalidRequestError(
                "profiles",
                f"profiles: there is no profile {name!r}, expected names of "
                f"{', '.join(sorted(known))}",
            )


def switch_off(resources: Resources, person: Person, profile: str) -> None:
    """Removes the name from the setting, so that a later profile of that name starts off."""
    if profile in resources.tables.directory.settings(person.tenant).profiles:
        resources.tables.setup.change_settings(
            person.tenant,
            lambda before: replace(
                before, profiles=tuple(name for name in before.profiles if name != profile)
            ),
            _noted_settings(resources, person),
        )
        logger.info("profile switched off", extra={"profile": profile})


def roles_page(
    resources: Resources, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The roles that the tenant has defined, by name."""
    after = place_at(cursor, NAME_PLACES)
    found = resources.tables.directory.roles(person.tenant, after, limit + 1)
    return page_of(found, limit, lambda definition: definition.role, _role_to_dict)


def role_of(resources: Resources, person: Person, role: str) -> dict[str, object]:
    """The role of that name; raises NotFoundError."""
    found = resources.tables.setup.role(person.tenant, role) if is_name(role) else None
    if found is None:
        raise NotFoundError("there is no such role")
    return _role_to_dict(found)


def put_role(resources: Resources, person: Person, definition: Role) -> dict[str, object]:
    """Stores the role and returns it; imports validated from now on follow it.

    An account has at most one workflow, so for that role only `assigned_by` can be set.
    """
    only_admins(person, "define roles")
    check_role("role", definition.role)
    if definition.role == WORKFLOW_ROLE:
        definition = workflow_role(definition)
    if len(definition.assigned_by) > MAX_USER_ROLES:
        raise InvalidRequestError(
            "assigned_by",
            f"assigned_by: found {len(definition.assigned_by)} user roles, expected at most "
            f"{MAX_USER_ROLES}",
        )
    for user_role in definition.assigned_by:
        check_name("assigned_by", user_role)
    _check_columns(resources, person, definition)
    check_spelling("role", definition.role, known_roles(resources, person.tenant))
    defined = [one.role for one in resources.tables.directory.roles(person.tenant)]
    if definition.role not in defined and len(defined) >= MAX_ROLES:
        raise ConflictError(f"there are {MAX_ROLES} roles, the maximum; remove one first")
    resources.tables.setup.put_role(
        person.tenant,
        definition,
        noted_change(resources, person.actor, Act.ROLE_STORED, f"role {definition.role}"),
    )
    return _role_to_dict(definition)


def _check_columns(resources: Resources, person: Person, definition: Role) -> None:
    """Raises InvalidRequestError when files of a profile could not tell the role from another."""
    roles = [
        one
        for one in resources.tables.directory.roles(person.tenant)
        if one.role != definition.role
    ]
    own = resources.tables.setup.own_profiles(person.tenant)
    every = presets() | {profile.name: profile for profile in own}
    for profile in every.values():
        if profile.has_tenant_roles:
            try:
                check_labels(profile.with_roles([*roles, definition]))
            except InvalidRequestError as twice:
                raise InvalidRequestError(
                    "role",
                    f"role: in files of the profile {profile.name!r} the columns of "
                    f"{definition.role!r} could not be distinguished from others: {twice}",
                ) from twice


def known_roles(resources: Resources, tenant: str) -> frozenset[str]:
    """The tenant's roles, those of its profiles and presets, and the workflow's role."""
    profiles = (*presets().values(), *resources.tables.setup.own_profiles(tenant))
    defined = frozenset(definition.role for definition in resources.tables.directory.roles(tenant))
    return defined.union({WORKFLOW_ROLE}, *(profile.roles for profile in profiles))


def remove_role(resources: Resources, person: Person, role: str) -> None:
    """Removes the role; files can no longer assign it. Raises NotFoundError.

    Users who hold it on an account keep it, and history keeps it too.
    """
    only_admins(person, "remove roles")
    also = noted_change(resources, person.actor, Act.ROLE_REMOVED, f"role {role}")
    if not (is_name(role) and resources.tables.setup.remove_role(person.tenant, role, also)):
        raise NotFoundError("there is no such role")


def _role_to_dict(definition: Role) -> dict[str, object]:
    return {
        "role": definition.role,
        "max_users": definition.max_users,
        "assigned_by": sorted(definition.assigned_by),
    }


def workflows_page(
    resources: Resources, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The tenant's workflows, by name."""
    after = place_at(cursor, NAME_PLACES)
    found = resources.tables.directory.workflows(person.tenant, after, limit + 1)
    return page_of(found, limit, str, lambda name: {"name": name})


def workflow_of(resources: Resources, person: Person, name: str) -> dict[str, object]:
    """The workflow of exactly that name; raises NotFoundError."""
    if not (is_name(name) and resources.tables.setup.has_workflow(person.tenant, name)):
        raise NotFoundError("there is no such workflow")
    return {"name": name}


def put_workflow(resources: Resources, person: Person, name: str) -> dict[str, object]:
    """Stores the workflow and returns it; accounts can be given it from now on."""
    only_admins(person, "define workflows")
    check_name("name", name)
    check_path("name", name)
    also = noted_change(resources, person.actor, Act.WORKFLOW_STORED, f"workflow {name}")
    resources.tables.setup.put_workflow(person.tenant, name, also)
    return {"name": name}


def remove_workflow(resources: Resources, person: Person, name: str) -> None:
    """Removes the workflow; accounts that have it keep it. Raises NotFoundError."""
    only_admins(person, "remove workflows")
    also = noted_change(resources, person.actor, Act.WORKFLOW_REMOVED, f"workflow {name}")
    if not (is_name(name) and resources.tables.setup.remove_workflow(person.tenant, name, also)):
        raise NotFoundError("there is no such workflow")


class NewSource(Struct, frozen=True):
    """A source as an Admin registers it."""

    source: str
    profile: str
    principal: str
    mapping: Mapping[str, str]
    writes_directory: bool
    on_error: str


def sources_page(
    resources: Resources, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The tenant's sources, by name; for Admins only, because sources say who may write."""
    only_admins(person, "see sources")
    after = place_at(cursor, NAME_PLACES)
    found = resources.tables.setup.sources(person.tenant, after, limit + 1)
    return page_of(found, limit, lambda source: source.source, _source_to_dict)


def source_of(resources: Resources, person: Person, name: str) -> dict[str, object]:
    """The source of that name, for Admins only; raises NotFoundError."""
    only_admins(person, "see sources")
    return _source_to_dict(_source(resources, person, name))


def put_source(resources: Resources, person: Person, new: NewSource) -> dict[str, object]:
    """Stores the source and returns it; its principal may drop files from now on.

    Raises InvalidRequestError, which names the field.
    """
    only_admins(person, "register sources")
    if not SOURCE_PATTERN.fullmatch(new.source) or new.source in RESERVED_SOURCES:
        raise InvalidRequestError(
            "source",
            f"source: {new.source!r} cannot be a source's folder, expected letters, digits "
            f"and ._- and none of {', '.join(sorted(RESERVED_SOURCES))}",
        )
    if not PRINCIPAL_PATTERN.fullmatch(new.principal):
        raise InvalidRequestError(
            "principal",
            "principal: expected the unique id of the role or user that writes, AROA... or AIDA...",
        )
    profile = profile_named(resources, person, new.profile)
    check_mapping(profile, new.mapping)
    check_directory_right(profile, new.writes_directory)
    source = Source(
        new.source,
        profile.name,
        new.principal,
        dict(new.mapping),
        new.writes_directory,
        checked_on_error(new.on_error) or "",
    )
    also = noted_change(resources, person.actor, Act.SOURCE_STORED, f"source {source.source}")
    resources.tables.setup.put_source(person.tenant, source, also)
    return _source_to_dict(source)


def check_directory_right(profile: Profile, writes_directory: bool) -> None:
    """Raises InvalidRequestError for a source whose files would all be refused."""
    if profile.about is not About.ASSIGNMENTS and not writes_directory:
        raise InvalidRequestError(
            "writes_directory",
            f"writes_directory: found false, expected true for {profile.name}: its files are about "
            f"{profile.about.value} and write the directory",
        )


def remove_source(resources: Resources, person: Person, name: str) -> None:
    """Removes the source: files it drops from now on are refused. Raises NotFoundError."""
    only_admins(person, "remove sources")
    source = _source(resources, person, name)
    also = noted_change(resources, person.actor, Act.SOURCE_REMOVED, f"source {source.source}")
    if not resources.tables.setup.remove_source(person.tenant, source.source, also):
        raise NotFoundError("there is no such source")


def check_unused(resources: Resources, person: Person, profile: str) -> None:
    """Raises ConflictError when a source drops files of that profile."""
    for source in resources.tables.setup.sources(person.tenant, None, 100):
        if source.profile == profile:
            raise ConflictError(
                f"the source {source.source!r} drops files of this profile; give it another first"
            )


def _source(resources: Resources, person: Person, name: str) -> Source:
    found = resources.tables.directory.source(person.tenant, name) if is_name(name) else None
    if found is None:
        raise NotFoundError("there is no such source")
    return found


def _source_to_dict(source: Source) -> dict[str, object]:
    return {
        "source": source.source,
        "profile": source.profile,
        "principal": source.principal,
        "mapping": dict(source.mapping),
        "writes_directory": source.writes_directory,
        "on_error": source.on_error,
    }
