"""Possible answers of the API, full of text that a page must not trust."""

from __future__ import annotations

from typing import Any

# Cells that could be markup, a script, the end of an attribute or a foreign link.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "</textarea></title></style><svg/onload=alert(1)>",
    "\u202egnp.exe\u0000",
)
IMPORT_ID = "0123456789abcdef0123456789abcdef"
COUNTS = {
    "lines": 58,
    "updated": 29,
    "cleared": 5,
    "unchanged": 7,
    "pending": 0,
    "rejected": 15,
    "duplicate": 2,
    "superseded": 0,
    "not_processed": 0,
}


def one_import(**changes: Any) -> dict[str, Any]:
    """An import that has ended."""
    return {
        "import_id": IMPORT_ID,
        "tenant": "lumina",
        "profile": "single-strict",
        "source": "",
        "uploader": "ines.okello@lumina.example",
        "filename": "managers.csv",
        "mode": "run",
        "state": "error",
        "received_at": "2026-11-22T10:00:00.000Z",
        "finished_at": "2026-11-22T10:00:09.000Z",
        "counts": COUNTS,
        "accounts_updated": 34,
        "refusal": None,
        "report": {"bucket": "reports", "key": "errors.csv"},
        "results": {"bucket": "reports", "key": "results.csv"},
        "warnings": [],
        "follows": "",
        **changes,
    }


def preview(cell: str = "ana@lumina.example") -> dict[str, Any]:
    """The preview of a file with an unrecognized column."""
    return {
        "import_id": IMPORT_ID,
        "filename": f"{cell}.csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "lines": 58,
        "header": ["Account", cell],
        "rows": [{"line": 2, "fields": ["KE1", cell]}],
        "profiles": [
            {
                "profile": "single-strict",
                "title": f"One manager {cell}",
                "does": f"Gives each account one manager. {cell}",
                "fits": True,
                "missing": [],
                "columns": [
                    {"header": "Account", "column": "account ID", "how": "exact", "samples": ["1"]},
                    {
                        "header": cell,
                        "column": "account Manager",
                        "how": "near",
                        "samples": [cell, "", "b"],
                    },
                ],
                "blanks": f"An empty cell takes the manager off. {cell}",
            },
            {
                "profile": "other",
                "title": "",
                "does": "Other.",
                "fits": False,
                "missing": [cell],
                "columns": [{"header": cell, "column": None, "how": "none", "samples": []}],
                "blanks": "Nothing.",
            },
        ],
    }


def line(number: int, cell: str = "wanjiru.mwagni@lumina.example", **changes: Any) -> Any:
    """A line with a wrong cell and a suggestion."""
    return {
        "line": number,
        "outcome": "rejected",
        "fields": {"Account": f"KE{number}", "Manager": cell},
        "account": f"KE{number}",
        "roles": {
            "account_manager": {
                "before": [{"user": "a@lumina.example", "name": cell}],
                "after": [],
            }
        },
        "code": "USER_NOT_FOUND",
        "message": f"'{cell}' is no user",
        "hint": f"Check {cell}",
        "column": "Manager",
        "suggestion": "wanjiru.mwangi@lumina.example",
        **changes,
    }


def lines(*rows: Any, cursor: str | None = None) -> dict[str, Any]:
    """A page of lines."""
    return {"lines": list(rows), "cursor": cursor, "matching": len(rows)}


def summary(cell: str = "Wanjiru") -> dict[str, Any]:
    """Counts, codes, managers and stages of an import."""
    return {
        "counts": COUNTS,
        "codes": [
            {"code": "USER_NOT_FOUND", "count": 15, "message": f"No user {cell}", "hint": cell}
        ],
        "managers": [
            {"user": "w@lumina.example", "name": cell, "gains": 12, "loses": 3, "held": 1000}
        ],
        "opcos": [{"opco": cell, "lines": 12}, {"opco": "Lumina Togo", "lines": 3}],
        "stages": [{"stage": cell, "seconds": 1.25}],
    }


PROFILES = [
    {
        "name": "single-strict",
        "title": "One manager",
        "version": 1,
        "is_own": False,
        "is_on": True,
        "uploader_roles": ["Admin"],
        "columns": [
            {"label": "account ID", "aliases": [], "holds": "account", "required": True},
            {"label": "account Manager", "aliases": [], "holds": "users", "required": True},
        ],
    }
]

# A profile whose role the API names, as it does for every profile that assigns.
WITH_ROLE = {
    **PROFILES[0],
    "uploader_roles": ["Back Office Management"],
    "columns": [
        {"label": "account ID", "aliases": [], "holds": "account", "required": True},
        {
            "label": "account Manager",
            "aliases": [],
            "holds": "users",
            "required": True,
            "role": "account_manager",
        },
    ],
}
# The answers that Home needs, for a tenant without imports and pending users.
EMPTY_HOME: dict[tuple[str, str], tuple[int, object]] = {
    ("GET", "/imports"): (200, {"imports": [], "cursor": None}),
    ("GET", "/imports/days"): (200, {"days": [{"day": "2026-11-30", "imports": 0}]}),
    ("GET", "/pending/addresses"): (200, {"awaited": [], "cursor": None}),
}
# The address at which the API has the first Admin of the cast.
ME = "/users/ines.okello%40lumina.example"
CHOICE = "single-strict/account_manager"


def user(email: str, *roles: str, **changes: Any) -> dict[str, Any]:
    """A user of the directory."""
    return {
        "email": email,
        "name": "Ines Okello",
        "roles": list(roles),
        "opco": "Kenya",
        "status": "active",
        "employee_id": "",
        "phone": "",
        "mobile": "",
        "login_name": "",
        "tags": [],
        **changes,
    }


def assignee(name: str = "Wanjiru Mwangi", **changes: Any) -> dict[str, Any]:
    """An assignee of an account."""
    email = f"{name.lower().replace(' ', '.')}@lumina.example"
    return {
        "email": email,
        "name": name,
        "phone": "",
        "mobile": "+254 700 000 001",
        "is_pending": False,
        **changes,
    }


def account(account_id: str = "KE100842", *held: Any, **changes: Any) -> dict[str, Any]:
    """An account and its one manager."""
    people = list(held) or [assignee()]
    return {
        "account_id": account_id,
        "name": "Acme Holdings",
        "customer_id": "C-17",
        "opco": "Kenya",
        "status": "active",
        "portals": ["north"],
        "assigned": {"account_manager": [one["email"] for one in people]},
        "people": {"account_manager": people},
        "version": 4,
        **changes,
    }


def change(before: list[str], after: list[str], **changes: Any) -> dict[str, Any]:
    """An entry of an account's history."""
    return {
        "version": 4,
        "at": "2026-05-20T09:30:00.000Z",
        "actor": "ines.okello@lumina.example",
        "import_id": IMPORT_ID,
        "line": 17,
        "changes": [{"role": "account_manager", "before": before, "after": after}],
        **changes,
    }


def member(cell: str = "Wanjiru Mwangi", **changes: Any) -> dict[str, Any]:
    """A user of the directory."""
    return {
        "email": "wanjiru.mwangi@lumina.example",
        "name": cell,
        "roles": [cell],
        "opco": cell,
        "status": "active",
        "employee_id": cell,
        "phone": cell,
        "mobile": "",
        "login_name": "",
        "tags": [cell],
        "held": 3,
        **changes,
    }


def request(cell: str = "Move the invoices", **changes: Any) -> dict[str, Any]:
    """A request with a note."""
    return {
        "request_id": "S0Ux.01ABC-0123456789abcdef",
        "account_id": cell,
        "subject": cell,
        "contact": cell,
        "created_by": cell,
        "created_at": "2026-11-22T10:00:00.000Z",
        "description": cell,
        "notes": [
            {"text": cell, "created_by": cell, "created_at": "2026-11-22T11:00:00.000Z"},
        ],
        "cursor": None,
        **changes,
    }


def entry(cell: str = "role owner") -> dict[str, Any]:
    """An entry of the audit trail."""
    return {
        "at": "2026-11-22T10:00:00.000Z",
        "actor": cell,
        "door": "console",
        "act": "role_stored",
        "about": cell,
        "before": {cell: cell},
        "after": {cell: [cell]},
        "reason": cell,
        "outcome": "not_done",
        "closed_at": None,
    }


def profile(cell: str = "Single") -> dict[str, Any]:
    """A profile of the tenant's own, with its definition."""
    column = {"label": cell, "aliases": [cell], "holds": "account", "required": True}
    definition = {"name": "own", "version": 2, "title": cell, "uploader_roles": [cell]}
    return {
        **PROFILES[0],
        "name": "own",
        "title": cell,
        "version": 2,
        "is_own": True,
        "uploader_roles": [cell],
        "definition": {**definition, "columns": [column]},
        "remembered": {},
    }


def set_up(cell: str = "Onboarding") -> dict[str, dict[str, Any]]:
    """A tenant's set-up, by the path of the API."""
    return {
        "/settings": {
            "clear_guard_percent": 20,
            "clear_guard_lines": 10,
            "change_guard_percent": 100,
            "portfolio_guard_percent": 100,
            "tenant_guard_percent": 100,
            "change_guard_lines": 10,
            "uploader_may_approve": False,
            "default_account_manager": cell,
            "allow_account_manager_to_create_requests": True,
            "profiles": ["single-strict"],
            "opco_wall": "always",
        },
        "/roles": {
            "roles": [{"role": cell, "max_users": 1, "assigned_by": [cell]}],
            "cursor": None,
        },
        "/workflows": {"workflows": [{"name": cell}], "cursor": None},
        "/subscriptions": {
            "subscriptions": [{"endpoint": cell, "protocol": "email", "is_confirmed": False}]
        },
        "/sources": {
            "sources": [
                {
                    "source": cell,
                    "profile": "single-strict",
                    "principal": cell,
                    "mapping": {cell: "account ID"},
                    "writes_directory": True,
                    "on_error": "stop_above: 5 %",
                }
            ],
            "cursor": None,
        },
    }
