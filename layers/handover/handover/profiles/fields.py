"""Facts: what a directory tells of accounts and users, each in a seat of its own.

A fact is decided, ordered and marked as a role is, so it has a name among the roles: `#opco`. No
role of a tenant begins so.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

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


class Form(StrEnum):
    """How a fact is written: a text, texts in the order given, texts in no order, a status."""

    TEXT = "text"
    LIST = "list"
    SET = "set"
    STATUS = "status"


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
# Nobody is ever deleted by a line, or a word, that is missing: it takes this status.
STATUSES: Mapping[About, tuple[str, ...]] = {
    About.ACCOUNTS: (ACTIVE, INACTIVE),
    About.USERS: (ACTIVE, INACTIVE, DELETED),
}


def is_field(role: str) -> bool:
    """True for the seat of a fact."""
    return role.startswith(FIELD)
