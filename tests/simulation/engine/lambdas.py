"""The functions as the template defines them: code, limits, queues and schedules."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.template import load
from tests.kit.memory_aws import Change

ROOT = Path(__file__).parents[3]
STAGE = "prod"


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its name is that of its folder."""

    name: str
    handler: Callable[[dict[str, Any], Any], Any]
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue, its reader, and its queue of dead letters."""

    name: str
    function: str
    visibility_seconds: float
    batch_size: int
    max_receives: int | None = None
    dead_letters: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A function that runs on a schedule, and its event."""

    function: str
    seconds: float
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """The function that reads a table's stream, in batches of at most so many records.

    It receives keys that begin with one of `beginnings`, of all when there are none.
    """

    table: str
    function: str
    batch: int
    beginnings: tuple[str, ...] = ()

    def is_announced(self, change: Change) -> bool:
        """True unless the template filters the change out."""
        image = change.new or change.old or {}
        return not self.beginnings or image["sk"]["S"].startswith(self.beginnings)


class LambdaContext:
    """The context that Lambda passes to a handler."""

    memory_limit_in_mb = 512

    def __init__(self, function: str, request_id: str, left: Callable[[], float]) -> None:
        self.function_name = function
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
        self.aws_request_id = request_id
        self._left = left

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the function is stopped."""
        return int(self._left() * 1000)


@dataclass(frozen=True, slots=True)
class Stack:
    """The deployed functions, queues, schedules and readers."""

    template: dict[str, Any]
    functions: Mapping[str, Function]
    queues: Mapping[str, Queue]
    schedules: tuple[Schedule, ...]
    readers: tuple[Reader, ...]


def read_stack() -> Stack:
    """The functions and queues of the template, in its stage for production."""
    template = load(ROOT / "template.yaml")
    resources = template["Resources"]
    functions: dict[str, Function] = {}
    queues: dict[str, Queue] = {}
    schedules: list[Schedule] = []
    readers: list[Reader] = []
    for resource in resources.values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        name = Path(properties["CodeUri"]).name
        if not (ROOT / properties["CodeUri"] / "app.py").exists():
            continue
        handler = importlib.import_module(f"functions.{name}.app").lambda_handler
        timeout = float(_value(template, properties["Timeout"]))
        functions[name] = Function(name, handler, timeout)
        for event in properties.get("Events", {}).values():
            trigger = event["Properties"]
            if event["Type"] == "SQS":
                queue = trigger["Queue"]["Fn::GetAtt"][0]
                queues[queue] = _queue(template, queue, name, trigger)
            elif event["Type"] == "DynamoDB":
                readers.append(_reader(name, trigger))
            elif event["Type"] == "Schedule":
                minutes = int(trigger["Schedule"].removeprefix("rate(").split()[0])
                schedules.append(Schedule(name, minutes * 60.0, json.loads(trigger["Input"])))
    return Stack(template, functions, queues, tuple(schedules), tuple(readers))


def _reader(function: str, source: dict[str, Any]) -> Reader:
    beginnings = [
        expected["prefix"]
        for one in source.get("FilterCriteria", {}).get("Filters", ())
        for expected in json.loads(one["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]
    ]
    table = source["Stream"]["Fn::GetAtt"][0]
    return Reader(table, function, int(source["BatchSize"]), tuple(beginnings))


def _queue(template: dict[str, Any], name: str, function: str, source: dict[str, Any]) -> Queue:
    properties = template["Resources"][name]["Properties"]
    redrive = properties.get("RedrivePolicy")
    return Queue(
        name,
        function,
        float(_value(template, properties["VisibilityTimeout"])),
        int(source["BatchSize"]),
        int(redrive["maxReceiveCount"]) if redrive else None,
        redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] if redrive else None,
    )


def _value(template: dict[str, Any], definition: Any) -> Any:
    """A number of the template, looked up in its mappings where it says so."""
    if isinstance(definition, dict):
        table, _, entry = definition["Fn::FindInMap"]
        return template["Mappings"][table][STAGE][entry]
    return definition


def environment(template: dict[str, Any], physical: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of all functions together."""
    found: dict[str, str] = {}
    parameters = {name: one["Default"] for name, one in template["Parameters"].items()}
    # As on the embedded AWS: earlier counts of the process must not matter.
    parameters["TenantRequestsASecond"] = 0
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        variables = resource["Properties"].get("Environment", {}).get("Variables", {})
        for name, definition in variables.items():
            if isinstance(definition, dict) and definition.get("Ref") in parameters:
                found[name] = str(parameters[definition["Ref"]])
            elif isinstance(definition, dict) and "Ref" in definition:
                found[name] = physical.get(definition["Ref"], definition["Ref"])
            elif name == "TENANT_TOPICS":
                found[name] = physical["TenantTopics"]
            else:
                found[name] = _text(template, definition)
    return found


def _text(template: dict[str, Any], definition: Any) -> str:
    """A text of the template by default; names of AWS and of other resources stay in it."""
    if not isinstance(definition, dict):
        return str(definition)
    if "Fn::If" in definition:
        return _text(template, definition["Fn::If"][-1])
    sub = definition["Fn::Sub"]
    text, values = (sub, {}) if isinstance(sub, str) else sub
    for key, value in values.items():
        text = text.replace(f"${{{key}}}", str(_value(template, value)))
    return str(text)
