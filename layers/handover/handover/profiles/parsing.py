"""Profiles from JSON and back, with an error that names the field."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from handover.errors import InvalidRequestError
from handover.model import Duplicates
from handover.profiles.definition import COLUMN_FIELDS, PROFILE_FIELDS, ROLE_FIELDS
from handover.profiles.fields import FIELD, FIELDS, About, is_field
from handover.profiles.on_error import APPLY_GOOD, OnError, on_error_from
from handover.profiles.profile import (
    BESIDE,
    EACH_ROLE,
    WORKFLOW_ROLE,
    Blank,
    Column,
    Holds,
    InactiveAccounts,
    NamedBy,
    Profile,
    Role,
    UnknownUser,
)

NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,62}")
ENCODINGS = frozenset({"windows-1252"})
SEPARATORS = frozenset({",", ";", "|", " "})

Choice = TypeVar("Choice", bound=StrEnum)


def parse_profile(text: str) -> Profile:
    """The profile in a JSON text.

    Raises InvalidRequestError whose `field` is the path of the wrong value.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as broken:
        raise InvalidRequestError("", f"this is not JSON: {broken}") from broken
    return profile_from(data)


def profile_from(data: object) -> Profile:
    """The profile in parsed JSON; raises as `parse_profile` does."""
    top = _mapping(data, "profile")
    unknown = set(top) - set(PROFILE_FIELDS)
    if unknown:
        raise InvalidRequestError(min(unknown), f"a profile has no field {min(unknown)!r}")
    name = _text(top, "name")
    if not NAME_PATTERN.fullmatch(name):
        raise InvalidRequestError("name", f"{name!r}: expected small letters, digits and hyphens")
    roles = {
        role: role_from_json(role, _mapping(definition, f"roles.{role}"), f"roles.{role}")
        for role, definition in _mapping(top.get("roles"), "roles").items()
    }
    has_tenant_roles = _flag(top, "tenant_roles") if "tenant_roles" in top else False
    about = _choice(top, "about", About) if "about" in top else About.ASSIGNMENTS
    known_roles = {*roles, *FIELDS[about], *((EACH_ROLE,) if has_tenant_roles else ())}
    columns = tuple(
        _column(_mapping(column, f"columns[{place}]"), f"columns[{place}]", known_roles)
        for place, column in enumerate(_list(top, "columns"))
    )
    if WORKFLOW_ROLE in roles:
        raise InvalidRequestError("roles", f"{WORKFLOW_ROLE!r} is the name of the workflow's role")
    _check_columns(columns, about)
    unknown_user = _choice(top, "unknown_user", UnknownUser)
    required_user_roles = frozenset(_texts(top, "required_user_roles"))
    has_opco_wall = _flag(top, "opco_wall")
    if unknown_user is UnknownUser.PENDING and (required_user_roles or has_opco_wall):
        raise InvalidRequestError(
            "unknown_user",
            "pending: neither the roles nor the opco of an unknown user can be checked, expected "
            "error, or no required_user_roles and no opco_wall",
        )
    return Profile(
        name=name,
        version=_number(top, "version"),
        title=_text(top, "title"),
        columns=columns,
        roles=roles,
        blank=_choice(top, "blank", Blank),
        clear_words=frozenset(word.strip().casefold() for word in _texts(top, "clear_words")),
        list_separator=_one_of(top, "list_separator", SEPARATORS),
        unknown_user=unknown_user,
        required_user_roles=required_user_roles,
        has_opco_wall=has_opco_wall,
        inactive_accounts=_choice(top, "inactive_accounts", InactiveAccounts),
        duplicates=_choice(top, "duplicates", Duplicates),
        uploader_roles=frozenset(_texts(top, "uploader_roles")),
        fallback_encoding=_one_of(top, "fallback_encoding", ENCODINGS),
        has_tenant_roles=has_tenant_roles,
        about=about,
        on_error=_on_error(top),
    )


def profile_json(profile: Profile) -> dict[str, Any]:
    """The JSON object from which `profile_from` makes the same profile."""
    fields: dict[str, Any] = {
        "name": profile.name,
        "version": profile.version,
        "title": profile.title,
        "columns": [_column_json(column) for column in profile.columns],
        "roles": {role: role_json(definition) for role, definition in profile.roles.items()},
        "tenant_roles": profile.has_tenant_roles,
        "about": profile.about.value,
        "blank": profile.blank.value,
        "clear_words": sorted(profile.clear_words),
        "list_separator": profile.list_separator,
        "unknown_user": profile.unknown_user.value,
        "required_user_roles": sorted(profile.required_user_roles),
        "opco_wall": profile.has_opco_wall,
        "inactive_accounts": profile.inactive_accounts.value,
        "duplicates": profile.duplicates.value,
        "uploader_roles": sorted(profile.uploader_roles),
        "fallback_encoding": profile.fallback_encoding,
    }
    # Written only if it limits something, so that code that does not know the field can read plans.
    return fields | ({"on_error": str(profile.on_error)} if profile.on_error.is_limited else {})


_OF_A_ROLE = frozenset(
    {
        Holds.USERS,
        Holds.CURRENT,
        Holds.EXPECTED,
        Holds.REPLACED,
        Holds.REMOVED,
        Holds.RESOLVED,
        Holds.FIELD,
        Holds.INITIAL,
    }
)
_BY_NAMES = frozenset({Holds.USERS, Holds.INITIAL, Holds.CURRENT})
# For each subject of lines: the kind of its key column, and the kinds that other columns may have.
_KEYS = {About.ASSIGNMENTS: Holds.ACCOUNT, About.ACCOUNTS: Holds.ACCOUNT, About.USERS: Holds.USER}
_SAYING = {
    About.ASSIGNMENTS: frozenset(
        {Holds.USERS, Holds.WORKFLOW, Holds.REMOVED, Holds.RESOLVED, *BESIDE}
    ),
    About.ACCOUNTS: frozenset({Holds.FIELD, Holds.INITIAL}),
    About.USERS: frozenset({Holds.FIELD}),
}


def role_from_json(role: str, data: Mapping[str, Any], path: str) -> Role:
    """The role in parsed JSON; an error names `path` as its place.

    Raises InvalidRequestError for the name of a field, an unknown field, or a wrong value.
    """
    if is_field(role):
        raise InvalidRequestError(path, f"{role!r}: only fields begin with {FIELD!r}, roles do not")
    unknown = set(data) - set(ROLE_FIELDS)
    if unknown:
        field = f"{path}.{min(unknown)}"
        raise InvalidRequestError(field, f"a role has no field {min(unknown)!r}")
    return Role(
        role,
        _max_users(data, path),
        frozenset(_texts(data, "assigned_by", path)) if "assigned_by" in data else frozenset(),
    )


def role_json(definition: Role) -> dict[str, Any]:
    """The JSON object from which `role_from_json` makes the same role."""
    fields: dict[str, Any] = {"max_users": definition.max_users}
    return fields | (
        {"assigned_by": sorted(definition.assigned_by)} if definition.assigned_by else {}
    )


def _column(data: Mapping[str, Any], path: str, roles: Collection[str]) -> Column:
    unknown = set(data) - set(COLUMN_FIELDS)
    if unknown:
        field = f"{path}.{min(unknown)}"
        raise InvalidRequestError(field, f"a column has no field {min(unknown)!r}")
    holds = _choice(data, "holds", Holds, path)
    role = ""
    by: tuple[NamedBy, ...] = ()
    if holds in _OF_A_ROLE:
        role = _text(data, "role", path)
        if role not in roles and not (holds in BESIDE and role == WORKFLOW_ROLE):
            raise InvalidRequestError(f"{path}.role", f"{role!r} is none of the profile's roles")
    if _names_users(holds, role):
        by = tuple(_way(way, path) for way in _texts(data, "by", path))
        if not by:
            raise InvalidRequestError(f"{path}.by", "by: expected at least one way to name a user")
    elif holds is Holds.WORKFLOW:
        role = WORKFLOW_ROLE
    return Column(
        holds=holds,
        label=_text(data, "label", path),
        aliases=tuple(_texts(data, "aliases", path)) if "aliases" in data else (),
        role=role,
        by=by,
        is_required=_flag(data, "required", path) if "required" in data else True,
    )


def _names_users(holds: Holds, role: str) -> bool:
    """True when cells of the column name users; `by` then says how."""
    return holds in _BY_NAMES and role != WORKFLOW_ROLE


def _check_columns(columns: Sequence[Column], about: About) -> None:
    """Raises InvalidRequestError unless these columns are valid for what the file is about."""
    key = _KEYS[about]
    if sum(column.holds is key for column in columns) != 1:
        raise InvalidRequestError("columns", f"expected exactly one column that holds the {key}")
    fields: set[str] = set()
    for place, column in enumerate(columns):
        if column.holds is not key and column.holds not in _SAYING[about]:
            raise InvalidRequestError(
                f"columns[{place}].holds",
                f"{column.holds.value!r} cannot be a column of a file about {about.value}",
            )
        if is_field(column.role) != (column.holds is Holds.FIELD):
            raise InvalidRequestError(
                f"columns[{place}].role",
                f"{column.role!r}: a column that holds a fact names one of "
                f"{', '.join(FIELDS[about]) or 'none'}, and no other column does",
            )
        if about is not About.ASSIGNMENTS and column.role in fields:
            raise InvalidRequestError(
                f"columns[{place}].role", f"{column.role!r} has a column already"
            )
        fields.add(column.role)


def _column_json(column: Column) -> dict[str, Any]:
    data: dict[str, Any] = {
        "holds": column.holds.value,
        "label": column.label,
        "aliases": list(column.aliases),
        "required": column.is_required,
    }
    if column.holds in _OF_A_ROLE:
        data["role"] = column.role
    if _names_users(column.holds, column.role):
        data["by"] = [way.value for way in column.by]
    return data


def _max_users(definition: Mapping[str, Any], path: str) -> int | None:
    found = definition.get("max_users")
    if found is None:
        return None
    if type(found) is not int or found < 1:
        raise InvalidRequestError(f"{path}.max_users", f"{found!r}: expected 1 or more, or null")
    return found


def _mapping(data: object, path: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise InvalidRequestError(path, f"{path}: expected an object")
    return data


def _list(data: Mapping[str, Any], name: str, path: str = "") -> list[Any]:
    found = data.get(name)
    if not isinstance(found, list):
        raise InvalidRequestError(_join(path, name), f"{name}: expected a list, found {found!r}")
    return found


def _text(data: Mapping[str, Any], name: str, path: str = "") -> str:
    found = data.get(name)
    if not isinstance(found, str) or not found.strip():
        raise InvalidRequestError(_join(path, name), f"{name}: expected a text, found {found!r}")
    return found


def _texts(data: Mapping[str, Any], name: str, path: str = "") -> list[str]:
    found = _list(data, name, path)
    if not all(isinstance(text, str) for text in found):
        raise InvalidRequestError(_join(path, name), f"{name}: expected texts, found {found!r}")
    return found


def _number(data: Mapping[str, Any], name: str) -> int:
    found = data.get(name)
    if type(found) is not int or found < 1:
        raise InvalidRequestError(name, f"{name}: expected a number from 1, found {found!r}")
    return found


def _flag(data: Mapping[str, Any], name: str, path: str = "") -> bool:
    found = data.get(name)
    if not isinstance(found, bool):
        raise InvalidRequestError(_join(path, name), f"{name}: expected true or false")
    return found


def _way(found: str, path: str) -> NamedBy:
    try:
        return NamedBy(found)
    except ValueError:
        expected = ", ".join(NamedBy)
        message = f"by: found {found!r}, expected some of {expected}"
        raise InvalidRequestError(f"{path}.by", message) from None


def _choice(data: Mapping[str, Any], name: str, kind: type[Choice], path: str = "") -> Choice:
    found = data.get(name)
    try:
        return kind(found if isinstance(found, str) else "")
    except ValueError:
        expected = ", ".join(choice.value for choice in kind)
        raise InvalidRequestError(
            _join(path, name), f"{name}: found {found!r}, expected one of {expected}"
        ) from None


def _on_error(data: Mapping[str, Any]) -> OnError:
    if "on_error" not in data:
        return APPLY_GOOD
    try:
        return on_error_from(_text(data, "on_error"))
    except ValueError as wrong:
        raise InvalidRequestError("on_error", f"on_error: {wrong}") from wrong


def _one_of(data: Mapping[str, Any], name: str, allowed: frozenset[str]) -> str | None:
    found = data.get(name)
    if found is None or (isinstance(found, str) and found in allowed):
        return found
    expected = ", ".join(repr(choice) for choice in sorted(allowed))
    raise InvalidRequestError(name, f"{name}: found {found!r}, expected {expected} or null")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
