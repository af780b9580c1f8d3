"""What a tenant has set up for itself: settings, roles, workflows, sources, profiles of its own.

Lists are read from a place on, in the order of names, and lazily.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError

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
    role_body,
    role_from,
    settings_body,
    source_body,
    source_from,
)

# Two Admins who change settings at once are one too many; three in the same second are no people.
TRIES = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """The part of the table of directories that Admins write one thing at a time."""

    table: str

    def change_settings(self, tenant: str, change: Callable[[Settings], Settings]) -> Settings:
        """The settings after `change`, which is made again when somebody else was faster.

        Raises RetryLaterError when others are faster TRIES times.
        """
        for _ in range(TRIES):
            before = _item(tenant, SETTINGS)
            body = before.body if before is not None else None
            changed = change(parse_settings(body) if body else Settings())
            if _replace(tenant, SETTINGS, body, settings_body(changed)):
                return changed
        raise RetryLaterError("the settings are being changed by others")

    def roles(self, tenant: str, after: str | None, rows: int) -> Iterator[Role]:
        """The roles behind the name `after`; `rows` is how many will be looked at."""
        for item in _listed(tenant, ROLE, after, rows):
            yield role_from(item)

    def role(self, tenant: str, role: str) -> Role | None:
        """The role of that name."""
        item = _item(tenant, ROLE + role)
        return role_from(item) if item is not None else None

    def put_role(self, tenant: str, definition: Role) -> None:
        """Stores a role, or stores it again."""
        DirectoryItem(tenant, ROLE + definition.role, body=role_body(definition)).save()

    def remove_role(self, tenant: str, role: str) -> bool:
        """True when there was such a role; who holds it on an account stays there."""
        return _remove(tenant, ROLE + role)

    def workflows(self, tenant: str, after: str | None, rows: int) -> Iterator[str]:
        """The workflows behind the name `after`; `rows` is how many will be looked at."""
        return (item.sk[len(WORKFLOW) :] for item in _listed(tenant, WORKFLOW, after, rows))

    def has_workflow(self, tenant: str, name: str) -> bool:
        """True when the tenant has a workflow of exactly that name."""
        return _item(tenant, WORKFLOW + name) is not None

    def put_workflow(self, tenant: str, name: str) -> None:
        """Stores a workflow."""
        DirectoryItem(tenant, WORKFLOW + name, body=json.dumps({"name": name})).save()

    def remove_workflow(self, tenant: str, name: str) -> bool:
        """True when there was such a workflow; accounts that have it keep it."""
        return _remove(tenant, WORKFLOW + name)

    def sources(self, tenant: str, after: str | None, rows: int) -> Iterator[Source]:
        """The sources behind the name `after`; `rows` is how many will be looked at."""
        for item in _listed(tenant, SOURCE, after, rows):
            yield source_from(item)

    def put_source(self, tenant: str, source: Source) -> None:
        """Registers a source, or registers it again."""
        DirectoryItem(tenant, SOURCE + source.source, body=source_body(source)).save()

    def remove_source(self, tenant: str, source: str) -> bool:
        """True when there was such a source; what it drops from now on is refused."""
        return _remove(tenant, SOURCE + source)

    def own_profile(self, tenant: str, name: str) -> Profile | None:
        """The tenant's own profile of that name, as it was stored: no preset, no tenant's roles."""
        item = _item(tenant, PROFILE + name)
        return parse_profile(item.body) if item is not None and item.body else None

    def own_profiles(self, tenant: str) -> list[Profile]:
        """All the tenant's own profiles, as they were stored."""
        found = DirectoryItem.query(
            tenant, DirectoryItem.sk.startswith(PROFILE), consistent_read=True
        )
        return [parse_profile(item.body) for item in found if item.body]

    def replace_profile(self, tenant: str, before: Profile | None, profile: Profile) -> bool:
        """Stores a profile in the place of `before`; false when that no longer stands there."""
        item = _item(tenant, PROFILE + profile.name)
        body = item.body if item is not None else None
        if (parse_profile(body) if body else None) != before:
            return False
        return _replace(tenant, PROFILE + profile.name, body, json.dumps(profile_json(profile)))

    def remove_profile(self, tenant: str, name: str) -> bool:
        """True when the tenant had a profile of its own of that name."""
        return _remove(tenant, PROFILE + name)


def _item(tenant: str, sk: str) -> DirectoryItem | None:
    try:
        return DirectoryItem.get(tenant, sk, consistent_read=True)
    except DoesNotExist:
        return None


def _listed(tenant: str, kind: str, after: str | None, rows: int) -> Iterator[DirectoryItem]:
    return DirectoryItem.query(
        tenant,
        DirectoryItem.sk.startswith(kind),
        consistent_read=True,
        page_size=rows,
        last_evaluated_key=(
            {"pk": {"S": tenant}, "sk": {"S": kind + after}} if after is not None else None
        ),
    )


def _replace(tenant: str, sk: str, before: str | None, after: str) -> bool:
    """False when another body than `before` stands there by now; None = nothing stood there."""
    condition = (
        DirectoryItem.pk.does_not_exist() if before is None else DirectoryItem.body == before
    )
    try:
        DirectoryItem(tenant, sk, body=after).save(condition)
    except PutError as error:
        only_unmet(error)
        # What was sent twice, because the first answer was lost, stands there by its own doing.
        item = _item(tenant, sk)
        return item is not None and item.body == after
    return True


def _remove(tenant: str, sk: str) -> bool:
    try:
        DirectoryItem(tenant, sk).delete(DirectoryItem.pk.exists())
    except DeleteError as error:
        only_unmet(error)
        return False
    return True


def only_unmet(error: PutError | DeleteError) -> None:
    """Raises the error again unless it says that a condition was not met."""
    # A request that timed out has a cause whose response is None, which pynamodb stumbles over.
    response: dict[str, Any] = getattr(error.cause, "response", None) or {}
    if response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
        raise error
