"""The tables of what the template has: parameters, outputs and alarms."""

from __future__ import annotations

from infra.reference.tables import table
from infra.template import load, resources

# An alarm's description says what the alarm means and then, behind this, what to do.
WHAT_TO_DO = "What to do:"


def parameters_table() -> str:
    """Each parameter with its default, the values that it takes, and its description."""
    rows = (
        (f"`{name}`", _default(one), _allowed(one), one["Description"])
        for name, one in load()["Parameters"].items()
    )
    return table(("parameter", "default", "values", "what it sets"), rows)


def outputs_table() -> str:
    """Each output with its description."""
    rows = ((f"`{name}`", one["Description"]) for name, one in load()["Outputs"].items())
    return table(("output", "what it is"), rows)


def alarms_table() -> str:
    """What each alarm means and what to do, from its description; similar alarms share a row."""
    alike: dict[str, list[str]] = {}
    for name, alarm in resources(load(), "AWS::CloudWatch::Alarm"):
        alike.setdefault(str(alarm["AlarmDescription"]), []).append(f"`{name}`")
    rows = (
        (", ".join(names), *(_sentence(part) for part in text.split(WHAT_TO_DO)))
        for text, names in alike.items()
    )
    return table(("alarm", "means", "do"), rows)


def _sentence(text: str) -> str:
    bare = text.strip()
    return bare[:1].upper() + bare[1:]


def _default(parameter: dict[str, object]) -> str:
    default = parameter["Default"]
    return f"`{default}`" if default != "" else "empty"


def _allowed(parameter: dict[str, object]) -> str:
    allowed = parameter.get("AllowedValues")
    if isinstance(allowed, list):
        return ", ".join(f"`{value}`" for value in allowed)
    if "MinValue" in parameter:
        return f"{parameter['MinValue']} to {parameter['MaxValue']}"
    return str(parameter.get("ConstraintDescription", "a text"))
