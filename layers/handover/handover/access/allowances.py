"""How much of the API each tenant may use, so that no tenant uses it up for the others.

Time is divided into windows of ten seconds. A function takes permits for ten requests at a time
from the tenant's counter and answers ten requests without asking again, so a busy tenant costs one
write for ten requests. Unused permits expire with their window, so a tenant may be refused a little
early, but never gets more than its limit in a window.
"""

from __future__ import annotations

import math

from msgspec import Struct

from handover.runtime import Resources, metrics

WINDOW_SECONDS = 10
MAX_PERMITS = 10
# A function forgets past windows once it has records of this many tenants.
MAX_TENANTS = 1000


class _Share(Struct):
    """What one function has left for a tenant in a window."""

    begins_at: int
    left: int = 0
    is_spent: bool = False  # no function gets more permits


_shares: dict[str, _Share] = {}


def seconds_to_wait(resources: Resources, tenant: str, a_second: int, now: float) -> int:
    """Seconds until the tenant may ask again; 0 when this request may be answered.

    `a_second` is the limit, on average over a window; 0 means no limit. When the counter cannot be
    reached the request is answered: a limit must not cause an outage.
    """
    if not a_second:
        return 0
    begins_at = int(now // WINDOW_SECONDS) * WINDOW_SECONDS
    share = _share(tenant, begins_at)
    if not share.left and not share.is_spent:
        most = a_second * WINDOW_SECONDS
        permits = min(MAX_PERMITS, a_second)
        taken = resources.tables.allowances.take(tenant, begins_at, permits)
        if taken is None:
            metrics.add_metric("RequestsNotCounted", "Count", 1)
            return 0
        share.left = max(0, permits - max(0, taken - most))
        share.is_spent = taken >= most
    if share.left:
        share.left -= 1
        return 0
    metrics.add_metric("RequestsOverLimit", "Count", 1)
    return math.ceil(begins_at + WINDOW_SECONDS - now)


def forget() -> None:
    """Forgets all permits, as a new function would."""
    _shares.clear()


def _share(tenant: str, begins_at: int) -> _Share:
    share = _shares.get(tenant)
    if share is None or share.begins_at != begins_at:
        if len(_shares) >= MAX_TENANTS:
            _shares.clear()
        share = _shares[tenant] = _Share(begins_at)
    return share
