"""Each tenant's imports are announced on its own topic, which carries no other tenant's."""

from __future__ import annotations

import json

import pytest

from tests.kit.pipeline import TENANT, Pipeline

BODY = b"account ID,account Manager\nK000,\n"


def topics_published_to(pipeline: Pipeline) -> list[tuple[str, str]]:
    """The topics that were published to, each with the tenant of the notification."""
    return [
        (one.topic_arn, one.attributes["tenant"]["StringValue"])
        for one in pipeline.memory.sns.published
    ]


def link_of(pipeline: Pipeline) -> str:
    """The link to the console in the only notification, "" without one."""
    (notification,) = pipeline.memory.sns.published
    news = json.loads(json.loads(notification.message)["sqs"])
    return str(news.get("console_url", ""))


def test_an_import_is_announced_only_on_the_topic_of_its_tenant(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(BODY))

    assert topics_published_to(pipeline) == [
        (f"{pipeline.resources.tenant_topics}{TENANT}", TENANT)
    ]
    assert link_of(pipeline).startswith(pipeline.resources.console_url)


def test_a_refused_drop_is_announced_to_the_tenant_of_its_folder(
    pipeline: Pipeline,
) -> None:
    pipeline.run(pipeline.put("drop/umbra/erp/a.csv", BODY))

    assert topics_published_to(pipeline) == [(f"{pipeline.resources.tenant_topics}umbra", "umbra")]


def test_a_file_that_belongs_to_no_tenant_is_announced_only_to_operators(
    pipeline: Pipeline,
) -> None:
    pipeline.run(pipeline.put("somewhere/else.csv", BODY))

    assert topics_published_to(pipeline) == [(pipeline.resources.notifications_topic, "-")]
    assert link_of(pipeline) == "", "the console shows an import only to people of its tenant"


def test_imports_of_a_tenant_without_a_topic_are_announced_to_operators_and_counted(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.memory.sns.families.clear()

    pipeline.run(pipeline.upload(BODY))

    assert topics_published_to(pipeline) == [(pipeline.resources.notifications_topic, TENANT)]
    assert "TenantsWithoutTopic" in capsys.readouterr().out
