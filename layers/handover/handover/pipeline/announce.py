"""Announcing: which topic receives the notification of an import."""

from __future__ import annotations

from handover.aws import topics
from handover.pipeline.upload_keys import NO_TENANT
from handover.reports.notice import notice
from handover.reports.summary import ImportSummary
from handover.runtime import Resources, logger, metrics


def announce(resources: Resources, import_summary: ImportSummary) -> None:
    """Publishes the import to its tenant's own topic.

    The stack's topic, which is for operators only, receives files that belong to no tenant, and
    those of a tenant without a topic. `handover seed` and `handover subscribe` create a tenant's
    topic.
    """
    belongs = import_summary.tenant != NO_TENANT
    # The console shows an import only to people of its tenant.
    news = notice(import_summary, resources.console_url if belongs else "")
    if belongs:
        if topics.publish(f"{resources.tenant_topics}{import_summary.tenant}", news):
            return
        metrics.add_metric("TenantsWithoutTopic", "Count", 1)
        logger.info("tenant without topic", extra={"tenant": import_summary.tenant})
    topics.publish(resources.notifications_topic, news)
