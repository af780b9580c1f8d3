"""A memory AWS with the tables, buckets, queues, topics and buses of a SAM template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kit.memory_aws.memory import MemoryAws


def memory_from_template(
    template: dict[str, Any],
    clock: Callable[[], float],
    *,
    validate: bool = False,
    make: Callable[[Callable[[], float]], MemoryAws] | None = None,
) -> MemoryAws:
    """Every stateful resource of the template, empty; names are the logical ids.

    `make` makes the memory AWS that they are put into, if it is to be a special one.
    """
    memory = make(clock) if make is not None else MemoryAws(clock, validate=validate)
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        kind = resource["Type"]
        if kind == "AWS::DynamoDB::Table":
            memory.dynamodb.create_table(properties, logical_id)
            memory.physical[logical_id] = logical_id
        elif kind == "AWS::S3::Bucket":
            name = logical_id.lower()
            status = properties.get("VersioningConfiguration", {}).get("Status")
            memory.s3.create_bucket(
                name,
                versioned=status == "Enabled",
                notifies="NotificationConfiguration" in properties,
            )
            memory.physical[logical_id] = name
        elif kind == "AWS::SQS::Queue":
            memory.physical[logical_id] = memory.sqs.create_queue(logical_id)
        elif kind == "AWS::SNS::Topic":
            memory.physical[logical_id] = memory.sns.create_topic(logical_id)
        elif kind == "AWS::Events::EventBus":
            memory.physical[logical_id] = memory.events.create_bus(logical_id)
        elif kind == "AWS::Cognito::UserPool":
            memory.physical[logical_id] = logical_id
        elif kind == "AWS::Cognito::UserPoolGroup":
            memory.pools.groups.add(properties["GroupName"])
    # Operators create one for each tenant, under a name that begins with the stack's.
    memory.physical["TenantTopics"] = memory.sns.create_topics("handover-notifications-")
    return memory
