"""template.yaml as plain data: what the tests assert on and the embedded AWS deploys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).resolve().parents[1] / "template.yaml"


# The parser in C takes a tenth of the time; PyYAML has it if it was built with libyaml.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short tags, which become their long form."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def load(path: Path = PATH) -> dict[str, Any]:
    """The template with every short tag (`!Ref X`) in its long form (`{"Ref": "X"}`)."""
    # The loader is a SafeLoader, but the rule cannot see that.
    template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    return dict(template)


def table_shape(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What CreateTable takes of a table's properties: its keys and indexes, no parameters."""
    shape = {
        name: properties[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")
    }
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in properties.get("GlobalSecondaryIndexes", ())
    ]
    return shape | ({"GlobalSecondaryIndexes": indexes} if indexes else {})


def resources(template: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical id and properties of every resource of the type `kind`, in the template's order."""
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield logical_id, resource.get("Properties", {})
