"""Replaying parked stream records: `handover replay`, for operators."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

from infra.cli.failures import CommandError, ExitCode
from infra.cli.session import Session

# What is replayed, by the stack's output that names its function. Accounts come first, because
# changes of the directory read the portfolios.
STREAMS = {"PublishFunction": "changes of accounts", "FollowFunction": "changes of directories"}
# A run of a function takes at most 15 minutes, and is started once.
_CONFIG = Config(connect_timeout=5, read_timeout=920, retries={"total_max_attempts": 1})


def run(session: Session) -> ExitCode:
    """Replays the parked records; REFUSED while some are left. May be stopped and run again."""
    functions: Any = boto3.client("lambda", config=_CONFIG)
    left = 0
    for output, what in STREAMS.items():
        replayed, stuck = replay(functions, session.stack.output(output))
        session.screen.say(f"{what}: {replayed:,} replayed, {stuck:,} left")
        left += stuck
    if left:
        session.screen.fail("the remaining records failed again: read the logs of the functions")
        return ExitCode.REFUSED
    return ExitCode.ALL_GOOD


def replay(functions: Any, name: str) -> tuple[int, int]:
    """How many records a function has replayed, and how many are left because they failed again.

    Raises CommandError when a run fails, as during an outage; records replayed before stay done.
    """
    total = 0
    while True:
        result = _run_of(functions, name)
        total += result["replayed"]
        if not result["left"] or not result["replayed"]:
            return total, result["left"]


def _run_of(functions: Any, name: str) -> dict[str, int]:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"replay": True}).encode())
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        kind = result.get("errorType", answer["FunctionError"])
        raise CommandError(
            f"{name} ended with {kind}. While a service is busy, run `handover replay` later"
        )
    return result
