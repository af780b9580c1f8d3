"""A tenant's configuration: settings, roles, workflows, sources, profiles of its own.

Lists begin after a given name and come in order of name, lazily.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from msgspec import Struct

from handover.audit import Json
from handover.errors import RetryLaterError
from handover.profiles.parsing import parse_profile, profile_json
from handover.profiles.profile import Profile, Role
from handover.profiles.settings import Settings, parse_settings
from handover.store.batches import Item
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

# Two Admins rarely change the same setting at once, so a few tries are enough.
TRIES = 4
# Makes the write that belongs to a change from the values before and after it.
Also = Callable[[Json | None, Json | None], Item]


class Setup(Struct, frozen=True):
    """The part of the table of directories that Admins change item by item."""

    table: str

    def change_settings(
        self, tenant: str, change: Callable[[Settings], Settings], also: Also | None = None
    ) -> Settings:
        """Applies `change`, again after a concurrent change; returns the settings after it.

        Raises RetryLaterError after TRIES conflicts.
        """

        def changed(body: str | None) -> str:
            return settings_body(change(parse_settings(body) if body else Settings()))

        _, after = _change(tenant, SETTINGS, changed, also)
        return parse_settings(after) if after else Settings()

    def role(self, tenant: str, role: str) -> Role | None:
        """The role of that name; None when the tenant has not defined it."""
        item = item_at(DirectoryItem, tenant, ROLE + role)
        return role_from(item) if item is not None else None

    def put_role(self, tenant: str, definition: Role, also: Also | None = None) -> None:
        """Stores a role, or replaces it."""
        _put(tenant, ROLE + definition.role, role_body(definition), also)

    def remove_role(self, tenant: str, role: str, also: Also | None = None) -> bool:
        """Removes a role; true if it existed. Whoever holds it on an account keeps it."""
        return _remove(tenant, ROLE + role, also)

    def has_workflow(self, tenant: str, name: str) -> bool:
        """True when the tenant has a workflow of exactly that name."""
        return item_at(DirectoryItem, tenant, WORKFLOW + name) is not None

    def put_workflow(self, tenant: str, name: str, also: Also | None = None) -> None:
        """Stores a workflow."""
        _put(tenant, WORKFLOW + name, json.dumps({"name": name}), also)

    def remove_workflow(self, tenant: str, name: str, also: Also | None = None) -> bool:
        """Removes a workflow; true if it existed. Accounts that have it keep it."""
        return _remove(tenant, WORKFLOW + name, also)

    def sources(self, tenant: str, after: str | None, rows: int) -> Iterator[Source]:
        """The sources after the name `after`; `rows` is how many the caller will read."""
        for item in listed_items(tenant, SOURCE, after, rows):
            yield source_from(item)

    def put_source(self, tenant: str, source: Source, also: Also | None = None) -> None:
        """Registers a source, or replaces it."""
        _put(tenant, SOURCE + source.source, source_body(source), also)

    def remove_source(self, tenant: str, source: str, also: Also | None = None) -> bool:
        """Removes a source; true if it existed. Files that it drops from now on are refused."""
        return _remove(tenant, SOURCE + source, also)

    def own_profile(self, tenant: str, name: str) -> Profile | None:
        """The tenant's own profile of that name, as stored, without tenant roles; else None."""
        item = item_at(DirectoryItem, tenant, PROFILE + name)
        return parse_profile(item.body) if item is not None else None

    def own_profiles(self, tenant: str) -> list[Profile]:
        """All the tenant's own profiles, as they were stored."""
        return [parse_profile(item.body) for item in listed_items(tenant, PROFILE)]

    def replace_profile(
        self, tenant: str, before: Profile | None, profile: Profile, also: Also | None = None
    ) -> bool:
        """Stores a profile in place of `before`; false when another one is stored by now."""
        sk = PROFILE + profile.name
        item = item_at(DirectoryItem, tenant, sk)
        body = item.body if item is not None else None
        if (parse_profile(body) if body else None) != before:
            return False
        after = json.dumps(profile_json(profile))
        return _replace(tenant, sk, body, after, also)

    def remove_profile(self, tenant: str, name: str, also: Also | None = None) -> bool:
        """Removes the tenant's own profile of that name; true if there was one."""
        return _remove(tenant, PROFILE + name, also)


def _put(tenant: str, sk: str, body: str, also: Also | None) -> None:
    _change(tenant, sk, lambda _: body, also)


def _remove(tenant: str, sk: str, also: Also | None) -> bool:
    """Removes the item; true when there was one."""
    before, _ = _change(tenant, sk, lambda _: None, also)
    return before is not None


def _change(
    tenant: str, sk: str, change: Callable[[str | None], str | None], also: Also | None
) -> tuple[str | None, str | None]:
    """Changes the body; returns it as it was before and after, None = no item.

    A change without effect is not written. Raises RetryLaterError after TRIES conflicts.
    """
    for _ in range(TRIES):
        item = item_at(DirectoryItem, tenant, sk)
        before = item.body if item is not None else None
        after = change(before)
        if after == before or _replace(tenant, sk, before, after, also):
            return before, after
    raise RetryLaterError("this is being changed by others")


def _replace(
    tenant: str, sk: str, before: str | None, after: str | None, also: Also | None
) -> bool:
    """Replaces the body `before` by `after`, None = no item; false if it is no longer `before`."""
    condition = (
        DirectoryItem.pk.does_not_exist() if before is None else DirectoryItem.body == before
    )
    more = also(_json(before), _json(after)) if also is not None else None
    item = DirectoryItem(tenant, sk, body=after)
    if after is None:
        return deleted_if(item, condition, more)
    if saved_if(item, condition, more):
        return True
    # If the first answer was lost, the same write was sent again: it finds its own body here.
    stored = item_at(DirectoryItem, tenant, sk)
    return stored is not None and stored.body == after


def _json(body: str | None) -> Json | None:
    return json.loads(body) if body is not None else None
