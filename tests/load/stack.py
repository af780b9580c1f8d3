"""The figures of the deployed stack, from the template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.template import load, resources

STAGE = "prod"


@dataclass(frozen=True, slots=True)
class Reader:
    """A function that reads a queue."""

    timeout_seconds: float
    visibility_seconds: float
    max_receives: int
    max_at_once: int
    memory_mebibytes: int


@dataclass(frozen=True, slots=True)
class Stack:
    """The readers of the three queues, of the dead letters of chunks, and the sweeper."""

    intake: Reader
    chunks: Reader
    finalize: Reader
    abandon: Reader
    sweep_timeout_seconds: float
    sweep_every_seconds: float
    publish_batch: int
    publish_at_once: int


def read_stack() -> Stack:
    """The stack as the template has it, in its stage for production."""
    template = load()
    functions = dict(resources(template, "AWS::Serverless::Function"))
    queues = dict(resources(template, "AWS::SQS::Queue"))

    def value(given: Any) -> Any:
        if isinstance(given, dict):
            table, _, entry = given["Fn::FindInMap"]
            return template["Mappings"][table][STAGE][entry]
        return given

    def reader(function: str, event: str, queue: str) -> Reader:
        properties = functions[function]
        source = properties["Events"][event]["Properties"]
        redrive = queues[queue].get("RedrivePolicy", {"maxReceiveCount": 1_000_000})
        return Reader(
            float(value(properties["Timeout"])),
            float(value(queues[queue]["VisibilityTimeout"])),
            int(redrive["maxReceiveCount"]),
            int(value(source["ScalingConfig"]["MaximumConcurrency"])),
            int(properties["MemorySize"]),
        )

    sweep = functions["SweepFunction"]
    rate = sweep["Events"]["EachMinute"]["Properties"]["Schedule"]
    publish = functions["PublishFunction"]["Events"]["Accounts"]["Properties"]
    return Stack(
        reader("ValidateFunction", "Intake", "IntakeQueue"),
        reader("AssignFunction", "Chunks", "ChunksQueue"),
        reader("FinalizeFunction", "Finalize", "FinalizeQueue"),
        reader("AbandonFunction", "Chunks", "ChunksDeadLetters"),
        float(value(sweep["Timeout"])),
        60.0 * int(rate.removeprefix("rate(").split()[0]),
        int(publish["BatchSize"]),
        int(publish["ParallelizationFactor"]),
    )
