"""Which names are valid, above all those of roles: they are in keys, paths, headers and reports."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote

from msgspec.structs import replace

from handover.errors import InvalidRequestError
from handover.profiles.profile import Role
from handover.reading.labels import normal_label

MAX_NAME_CHARS = 100
TENANT_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
# A portfolio's key has at most 1,024 bytes. The id of an account takes up to 512 of them, a pending
# address 320, and the separators two.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ROLE_BYTES = 1024 - 512 - 320 - 2


def is_name(text: str) -> bool:
    """True for a text that is neither blank nor too long to be looked up."""
    return 0 < len(text) <= MAX_NAME_CHARS


def check_name(field: str, text: str) -> None:
    """Raises InvalidRequestError for a name that cannot be typed or distinguished from another."""
    if not is_name(text) or text != text.strip() or not text.isprintable():
        raise InvalidRequestError(
            field,
            f"{field}: found {text[:MAX_NAME_CHARS]!r}, expected 1 to {MAX_NAME_CHARS} characters "
            "without outer spaces or control characters",
        )


def check_path(field: str, text: str) -> None:
    """Raises InvalidRequestError for a name that cannot be part of a URL path."""
    if any(sign in text for sign in '/\\?#"`') or unquote(text) != text:
        raise InvalidRequestError(
            field, f'{field}: found {text!r}, expected no / \\ ? # " ` and no %41 or the like'
        )


def check_role(field: str, role: str) -> None:
    """Raises InvalidRequestError for an invalid name of a role."""
    check_name(field, role)
    check_path(field, role)
    if any(sign in role for sign in "{}"):
        raise InvalidRequestError(
            field, f"{field}: {role!r} cannot be a role, expected a name without {{ }}"
        )
    if len(role.encode()) > MAX_ROLE_BYTES:
        raise InvalidRequestError(
            field,
            f"{field}: {role!r} takes {len(role.encode())} bytes, "
            f"expected at most {MAX_ROLE_BYTES}",
        )


def workflow_role(definition: Role) -> Role:
    """The tenant's definition of the workflow role; an account has at most one workflow.

    Raises InvalidRequestError for a `max_users` other than 1 or None.
    """
    if definition.max_users not in (None, 1):
        raise InvalidRequestError(
            "max_users",
            f"max_users: found {definition.max_users}, expected 1 or none: "
            "an account has one workflow",
        )
    return replace(definition, max_users=1)


def check_spelling(field: str, role: str, known: Collection[str]) -> None:
    """Raises InvalidRequestError for a new role that differs from a known one by case or spaces.

    Otherwise columns and rules for one of the two roles would be ambiguous.
    """
    if role in known:
        return
    look = normal_label(role)
    for other in sorted(known):
        if normal_label(other) == look:
            raise InvalidRequestError(
                field, f"{field}: {role!r} is known as {other!r}, expected the same spelling"
            )
