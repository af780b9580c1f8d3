"""The bodies of answers about subscriptions."""

from __future__ import annotations

from pydantic import BaseModel


class Subscription(BaseModel):
    """Who is notified; only once the endpoint has confirmed it."""

    endpoint: str
    protocol: str
    is_confirmed: bool


class Subscriptions(BaseModel):
    """All subscriptions, by endpoint, at most 100."""

    subscriptions: list[Subscription]
