"""Directory fields of accounts and users, each treated as a role.

A field is decided, ordered and recorded like a role, so it has a name like a role: `#opco`. No role
of a tenant begins with `#`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto

FIELD = "#"
STATUS = "#status"
OPCO = "#opco"
LOGIN_NAME = "#login_name"
ACTIVE, INACTIVE, DELETED = "active", "inactive", "deleted"


class About(StrEnum):
    """What the lines of a file are about: who holds accounts, or the directory's own records."""

    ASSIGNMENTS = "assignments"
    ACCOUNTS = "accounts"
    USERS = "users"


class Form(Enum):
    """How a field is written: a text, texts in the order given, texts in any order, a status."""

    TEXT = auto()
    LIST = auto()
    SET = auto()
    STATUS = auto()


FIELDS: Mapping[About, Mapping[str, Form]] = {
    About.ASSIGNMENTS: {},
    About.ACCOUNTS: {
        "#name": Form.TEXT,
        "#customer_id": Form.TEXT,
        OPCO: Form.TEXT,
        STATUS: Form.STATUS,
        "#portals": Form.LIST,
    },
    About.USERS: {
        "#name": Form.TEXT,
        "#roles": Form.SET,
        OPCO: Form.TEXT,
        STATUS: Form.STATUS,
        "#employee_id": Form.TEXT,
        "#phone": Form.TEXT,
        "#mobile": Form.TEXT,
        LOGIN_NAME: Form.TEXT,
    },
}
# Only the status `deleted` deletes a user: a missing line or an empty cell never does.
STATUSES: Mapping[About, tuple[str, ...]] = {
    About.ACCOUNTS: (ACTIVE, INACTIVE),
    About.USERS: (ACTIVE, INACTIVE, DELETED),
}


def is_field(role: str) -> bool:
    """True for the role name of a field."""
    return role.startswith(FIELD)
