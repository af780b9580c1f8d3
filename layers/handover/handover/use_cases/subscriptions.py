"""Who is notified when an import of the tenant ends: mail addresses and https addresses."""

from __future__ import annotations

import re

from handover.access.acts import done_outside, entry_of
from handover.access.people import Person, only_admins
from handover.audit import Act, Outcome
from handover.aws import topics
from handover.errors import ConflictError, InvalidRequestError
from handover.runtime import Resources, logger
from handover.use_cases.users import MAIL_PATTERN

# A page of SNS: https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
MAX_SUBSCRIPTIONS = 100
# https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
MAX_ENDPOINT_CHARS = 1024
WEB_PATTERN = re.compile(r"https://[^\s/@]+(/\S*)?")
NO_TOPIC = (
    "this tenant has no topic yet; an operator makes it, with handover seed or handover subscribe"
)


def subscriptions_of(resources: Resources, person: Person) -> list[dict[str, object]]:
    """The first MAX_SUBSCRIPTIONS subscriptions, by endpoint; none where there is no topic yet.

    Raises ForbiddenError unless the person is an Admin.
    """
    only_admins(person, "see who is notified")
    found = topics.subscriptions(resources.tenant_topics + person.tenant) or []
    return [
        {"endpoint": one.endpoint, "protocol": one.protocol, "is_confirmed": one.is_confirmed}
        for one in sorted(found, key=lambda one: one.endpoint)
    ]


def subscribe(resources: Resources, person: Person, endpoint: str) -> dict[str, object]:
    """Subscribes an address, which must confirm what SNS sends it; returns the subscription.

    Repeating the request sends another message to confirm, and makes no second subscription.
    Raises InvalidRequestError for what is neither kind of address, and ConflictError for a tenant
    without a topic, or with MAX_SUBSCRIPTIONS already.
    """
    only_admins(person, "decide who is notified")
    endpoint = endpoint.strip()
    is_mail = MAIL_PATTERN.fullmatch(endpoint) is not None
    is_short = len(endpoint) <= MAX_ENDPOINT_CHARS
    if not is_short or (not is_mail and not WEB_PATTERN.fullmatch(endpoint)):
        raise InvalidRequestError(
            "endpoint",
            f"endpoint: found {endpoint[:100]!r}, expected an e-mail address or an https:// address"
            "; queues and functions are subscribed by an operator",
        )
    topic = resources.tenant_topics + person.tenant
    known = topics.subscriptions(topic)
    if known is None:
        raise ConflictError(NO_TOPIC)
    if len(known) >= MAX_SUBSCRIPTIONS:
        raise ConflictError(f"there are {MAX_SUBSCRIPTIONS} subscriptions, the maximum")
    protocol = "email" if is_mail else "https"
    entry = entry_of(
        person.actor,
        Act.SUBSCRIBED,
        f"subscription {endpoint}",
        after={"protocol": protocol},
        outcome=Outcome.OPEN,
    )
    resources.tables.audit.add(entry)
    with done_outside(resources, entry):
        topics.subscribe(topic, protocol, endpoint)
    logger.info("subscription requested", extra={"protocol": protocol})
    is_confirmed = any(one.endpoint == endpoint and one.is_confirmed for one in known)
    return {"endpoint": endpoint, "protocol": protocol, "is_confirmed": is_confirmed}
