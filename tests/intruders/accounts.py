"""Who may do what with single accounts, and what another tenant has of them."""

from __future__ import annotations

from tests.intruders.actions import Action, editing, sending
from tests.intruders.cast import (
    OTHER_ACCOUNT,
    OTHER_SALES,
    OWN_PROFILE,
    SALES,
    SHARED_ACCOUNT,
    TOGO_SALES,
)

ALL = (200, 200, 200, 200, 200)
THEN = "2026-11-22"
REQUEST = {"account_id": SHARED_ACCOUNT, "subject": "Meter", "description": "It is dark."}
ONE_REQUEST = Action("GET", "/requests/{name}", "request")
NOTING = Action("POST", "/requests/{name}/notes", "request", json='{"text": "Called back."}')

# For admin, office, sales, support and an admin of another opco, in this order.
RIGHTS: dict[Action, tuple[int, ...]] = {
    Action("GET", f"/accounts/{SHARED_ACCOUNT}"): ALL,
    Action("GET", "/accounts/T000"): ALL,
    Action("GET", f"/accounts/{SHARED_ACCOUNT}?at={THEN}"): ALL,
    Action("GET", f"/accounts/{SHARED_ACCOUNT}/history"): ALL,
    Action("GET", f"/history?account_id={SHARED_ACCOUNT}"): ALL,
    Action("GET", "/accounts"): ALL,
    Action("GET", "/accounts?holder=Sam Sales"): ALL,
    Action("GET", f"/accounts?id={SHARED_ACCOUNT}"): ALL,
    Action("GET", f"/portfolios/{SALES.email}"): ALL,
    Action("GET", "/portals/north/managers"): ALL,
    Action("GET", "/managers?portal=north"): ALL,
    editing(SHARED_ACCOUNT, SALES.email): (200, 200, 403, 403, 200),
    editing(SHARED_ACCOUNT, SALES.email, OWN_PROFILE): (403, 403, 200, 403, 403),
    editing(SHARED_ACCOUNT, TOGO_SALES.email): (422, 422, 403, 403, 422),
    editing(f"?id={SHARED_ACCOUNT}", SALES.email): (200, 200, 403, 403, 200),
    # Who holds the account may create none before the tenant lets them.
    sending("POST", "/requests", REQUEST): (201, 403, 403, 403, 201),
    Action("GET", "/requests"): ALL,
    Action("GET", f"/requests?account_id={SHARED_ACCOUNT}"): (200, 403, 200, 403, 200),
    ONE_REQUEST: (200, 403, 200, 403, 200),
    NOTING: (201, 403, 201, 403, 201),
}
NO_REQUEST = "Tk9JUi03OA.20260706T120000000Z-0123456789abcdef"
# What another tenant has, and the same question about what nobody has.
THERE: list[tuple[Action, str]] = [
    (Action("GET", f"/accounts/{OTHER_ACCOUNT}"), "/accounts/NOIR-78"),
    (Action("GET", f"/accounts/{OTHER_ACCOUNT}?at={THEN}"), f"/accounts/NOIR-78?at={THEN}"),
    (Action("GET", f"/accounts/{OTHER_ACCOUNT}/history"), "/accounts/NOIR-78/history"),
    (Action("GET", f"/history?account_id={OTHER_ACCOUNT}"), "/history?account_id=NOIR-78"),
    (Action("GET", f"/accounts?id={OTHER_ACCOUNT}"), "/accounts?id=NOIR-78"),
    (Action("GET", f"/portfolios/{OTHER_SALES.email}"), "/portfolios/nobody@umbra.example"),
    (Action("GET", f"/requests?account_id={OTHER_ACCOUNT}"), "/requests?account_id=NOIR-78"),
    (ONE_REQUEST, f"/requests/{NO_REQUEST}"),
    (NOTING, f"/requests/{NO_REQUEST}/notes"),
    (editing(OTHER_ACCOUNT, SALES.email), "/accounts/NOIR-78"),
    (editing(f"?id={OTHER_ACCOUNT}", SALES.email), "/accounts?id=NOIR-78"),
]
