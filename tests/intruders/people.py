"""Who may do what with the people and settings of a tenant, and what another tenant has of them."""

from __future__ import annotations

from handover.profiles import presets, profile_json

from tests.intruders.actions import Action, sending
from tests.intruders.cast import (
    INACTIVE,
    OTHER_PROFILE,
    OTHER_ROLE,
    OTHER_SALES,
    OTHER_WORKFLOW,
    OWN_PROFILE,
    OWN_ROLE,
    OWN_WORKFLOW,
    SALES,
    SUPPORT,
)

ALL = (200, 200, 200, 200, 200)
# For admin, office, sales, support and an admin of another opco, in this order.
ADMINS = (200, 403, 403, 403, 200)
GONE = (204, 403, 403, 403, 204)
CONFLICT = (409, 403, 403, 403, 409)
ABSENT = (404, 403, 403, 403, 404)
ASKED = (202, 403, 403, 403, 202)
NEW = {"name": "Newman", "roles": ["Sales"], "login_name": "newman"}
CRM = {"profile": "single-strict", "principal": "AROACRM"}

LIST = profile_json(presets()["single-strict"]) | {"uploader_roles": ["Sales"]}
STORED = LIST | {"name": OWN_PROFILE, "title": "Another"}
COPY = {"name": "theirs", "mapping": {"Key": "account ID"}}

RIGHTS: dict[Action, tuple[int, ...]] = {
    Action("GET", "/users"): ALL,
    Action("GET", f"/users/{SALES.email}"): ALL,
    sending("POST", "/users", NEW | {"email": "new@lumina.example"}): (201, 403, 403, 403, 201),
    sending("POST", "/users", NEW | {"email": SALES.email}): (409, 403, 403, 403, 409),
    sending("PUT", f"/users/{SALES.email}", NEW): ADMINS,
    sending("PUT", f"/users/{SALES.email}", NEW | {"roles": ["Admin"]}): ADMINS,
    Action("POST", f"/users/{SALES.email}/invitation"): ADMINS,
    Action("POST", f"/users/{INACTIVE.email}/invitation"): CONFLICT,
    Action("DELETE", f"/users/{SUPPORT.email}"): ASKED,
    sending("POST", "/users/delete", {"emails": [SUPPORT.email]}): ASKED,
    sending("POST", "/users/delete", {"emails": ["nobody@lumina.example"]}): (
        400,
        403,
        403,
        403,
        400,
    ),
    sending("PUT", f"/profiles/{OWN_PROFILE}", STORED): ADMINS,
    sending("PUT", f"/profiles/{OWN_PROFILE}", STORED | {"version": 9}): CONFLICT,
    sending("PUT", "/profiles/fresh", LIST | {"name": "fresh"}): ADMINS,
    Action("DELETE", f"/profiles/{OWN_PROFILE}"): GONE,
    Action("DELETE", "/profiles/single-strict"): CONFLICT,
    sending("POST", f"/profiles/{OWN_PROFILE}/copies", COPY): (201, 403, 403, 403, 201),
    Action("GET", "/settings"): ALL,
    sending("PATCH", "/settings", {"clear_guard_lines": 99}): ADMINS,
    Action("GET", "/roles"): ALL,
    Action("GET", f"/roles/{OWN_ROLE}"): ALL,
    sending("PUT", "/roles/Deputy", {"max_users": 1}): ADMINS,
    Action("DELETE", f"/roles/{OWN_ROLE}"): GONE,
    Action("DELETE", "/roles/Deputy"): ABSENT,
    Action("GET", "/workflows"): ALL,
    Action("GET", f"/workflows/{OWN_WORKFLOW}"): ALL,
    Action("PUT", "/workflows/Dunning"): ADMINS,
    Action("DELETE", f"/workflows/{OWN_WORKFLOW}"): GONE,
    Action("GET", "/sources"): ADMINS,
    Action("GET", "/sources/erp"): ADMINS,
    sending("PUT", "/sources/hr", CRM): ADMINS,
    Action("DELETE", "/sources/erp"): GONE,
}
# What another tenant has, and the same question about what nobody has.
THERE: list[tuple[Action, str]] = [
    (Action("GET", f"/users/{OTHER_SALES.email}"), "/users/nobody@umbra.example"),
    (sending("PUT", f"/users/{OTHER_SALES.email}", NEW), "/users/nobody@umbra.example"),
    (
        Action("POST", f"/users/{OTHER_SALES.email}/invitation"),
        "/users/nobody@umbra.example/invitation",
    ),
    (Action("DELETE", f"/users/{OTHER_SALES.email}"), "/users/nobody@umbra.example"),
    (Action("DELETE", f"/profiles/{OTHER_PROFILE}"), "/profiles/nobodys"),
    (sending("POST", f"/profiles/{OTHER_PROFILE}/copies", COPY), "/profiles/nobodys/copies"),
    (Action("GET", f"/roles/{OTHER_ROLE}"), "/roles/nobodys"),
    (Action("DELETE", f"/roles/{OTHER_ROLE}"), "/roles/nobodys"),
    (Action("GET", f"/workflows/{OTHER_WORKFLOW}"), "/workflows/nobodys"),
    (Action("DELETE", f"/workflows/{OTHER_WORKFLOW}"), "/workflows/nobodys"),
    (Action("GET", "/sources/crm"), "/sources/nobodys"),
    (Action("DELETE", "/sources/crm"), "/sources/nobodys"),
]
