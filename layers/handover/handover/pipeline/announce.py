"""Announcing: which topic hears of an import."""

from __future__ import annotations

from handover.aws import topics
from handover.pipeline.uploads import NO_TENANT
from handover.reports import ImportSummary, notice
from handover.runtime import Wiring, logger, metrics


def announce(wiring: Wiring, told: ImportSummary) -> None:
    """Publishes the import to its tenant's own topic.

    The stack's topic, which is for operators alone, hears of files that belong to no tenant, and of
    a tenant without a topic: `handover seed` and `handover subscribe` make it.
    """
    news = notice(told)
    if told.tenant != NO_TENANT:
        if topics.publish(f"{wiring.tenant_topics}{told.tenant}", news):
            return
        metrics.add_metric("TenantsWithoutTopic", "Count", 1)
        logger.info("tenant without topic", extra={"tenant": told.tenant})
    topics.publish(wiring.notifications_topic, news)
