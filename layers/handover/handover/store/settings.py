"""A tenant's configuration: settings, roles, workflows, sources, profiles of its own.

Lists are read from a given place on, in order of name, lazily.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handover.errors import RetryLaterError
from handover.profiles import Profile, Role, Settings, parse_profile, parse_settings, profile_json
from handover.store.directory import (
    PROFILE,
    ROLE,
    SETTINGS,
    SOURCE,
    WORKFLOW,
    DirectoryItem,
    Source,
    listed_items,
    role_body,
    role_from,
    settings_body,
    source_body,
    source_from,
)
from handover.store.items import deleted_if, item_at, saved_if

# Two Admins rarely change settings at once; three in the same second are not people.
TRIES = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """The part of the table of directories that Admins write one thing at a time."""

    table: str

    def change_settings(self, tenant: str, change: Callable[[Settings], Settings]) -> Settings:
        """The settings after `change`, which is repeated after concurrent changes.

        Raises RetryLaterError after TRIES conflicts.
        """
        for _ in range(TRIES):
            before = item_at(DirectoryItem, tenant, SETTINGS)
            body = before.body if before is not None else None
            changed = change(parse_settings(body) if body else Settings())
            if _replace(tenant, SETTINGS, body, settings_body(changed)):
                return changed
        raise RetryLaterError("the settings are being changed by others")

    def role(self, tenant: str, role: str) -> Role | None:
        """The role of that name."""
        item = item_at(DirectoryItem, tenant, ROLE + role)
        return role_from(item) if item is not None else None

    def put_role(self, tenant: str, definition: Role) -> None:
        """Stores a role, or replaces it."""
        DirectoryItem(tenant, ROLE + definition.role, body=role_body(definition)).save()

    def remove_role(self, tenant: str, role: str) -> bool:
        """True when the role existed; whoever holds it on an account keeps it."""
        return _remove(tenant, ROLE + role)

    def has_workflow(self, tenant: str, name: str) -> bool:
        """True when the tenant has a workflow of exactly that name."""
        return item_at(DirectoryItem, tenant, WORKFLOW + name) is not None

    def put_workflow(self, tenant: str, name: str) -> None:
        """Stores a workflow."""
        DirectoryItem(tenant, WORKFLOW + name, body=json.dumps({"name": name})).save()

    def remove_workflow(self, tenant: str, name: str) -> bool:
        """True when the workflow existed; accounts that have it keep it."""
        return _remove(tenant, WORKFLOW + name)

    def sources(self, tenant: str, after: str | None, rows: int) -> Iterator[Source]:
        """The sources after the name `after`; `rows` is how many the caller will read."""
        for item in listed_items(tenant, SOURCE, after, rows):
            yield source_from(item)

    def put_source(self, tenant: str, source: Source) -> None:
        """Registers a source, or replaces it."""
        DirectoryItem(tenant, SOURCE + source.source, body=source_body(source)).save()

    def remove_source(self, tenant: str, source: str) -> bool:
        """True when the source existed; files it drops from now on are refused."""
        return _remove(tenant, SOURCE + source)

    def own_profile(self, tenant: str, name: str) -> Profile | None:
        """The tenant's own profile of that name, as stored: no preset, no tenant's roles."""
        item = item_at(DirectoryItem, tenant, PROFILE + name)
        return parse_profile(item.body) if item is not None and item.body else None

    def own_profiles(self, tenant: str) -> list[Profile]:
        """All the tenant's own profiles, as they were stored."""
        return [parse_profile(item.body) for item in listed_items(tenant, PROFILE) if item.body]

    def replace_profile(self, tenant: str, before: Profile | None, profile: Profile) -> bool:
        """Stores a profile in place of `before`; false when another one is stored by now."""
        item = item_at(DirectoryItem, tenant, PROFILE + profile.name)
        body = item.body if item is not None else None
        if (parse_profile(body) if body else None) != before:
            return False
        return _replace(tenant, PROFILE + profile.name, body, json.dumps(profile_json(profile)))

    def remove_profile(self, tenant: str, name: str) -> bool:
        """True when the tenant had a profile of its own of that name."""
        return _remove(tenant, PROFILE + name)


def _replace(tenant: str, sk: str, before: str | None, after: str) -> bool:
    """False when the body is no longer `before`; None = there was no item."""
    condition = (
        DirectoryItem.pk.does_not_exist() if before is None else DirectoryItem.body == before
    )
    if saved_if(DirectoryItem(tenant, sk, body=after), condition):
        return True
    # Its answer may be lost: then the write is sent again, and finds its own body.
    item = item_at(DirectoryItem, tenant, sk)
    return item is not None and item.body == after


def _remove(tenant: str, sk: str) -> bool:
    return deleted_if(DirectoryItem(tenant, sk), DirectoryItem.pk.exists())
