"""A memory AWS with the tables, buckets, queues, topics and buses of a SAM template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.kit.memory_aws.memory import MemoryAws

# The parser in C takes a tenth of the time, where PyYAML has it.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Reads CloudFormation's short forms: `!Ref X` as {"Ref": "X"}, `!Sub` as {"Fn::Sub": ...}."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    content: Any
    if isinstance(node, yaml.ScalarNode):
        content = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        content = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        content = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": content}


_Loader.add_multi_constructor("!", _short_form)


def read_template(path: Path) -> dict[str, Any]:
    """The template as plain data."""
    # The loader only builds plain data: it derives from SafeLoader.
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506
    return loaded


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
    # Made by operators, one for each tenant, under a name that the stack's begins.
    memory.physical["TenantTopics"] = memory.sns.create_topics("handover-notifications-")
    return memory
