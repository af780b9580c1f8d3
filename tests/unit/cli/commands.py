"""Runs a command against an API that a test has made."""

from __future__ import annotations

from infra.cli.api import Api
from infra.cli.failures import ExitCode
from infra.cli.location import Stack
from infra.cli.main import invoke
from infra.cli.screen import Screen
from infra.cli.session import Session


def run(api: Api, *words: str) -> ExitCode:
    """Runs `handover` with these words; raises what the command raises."""
    stack = Stack("handover", None, {"UserPoolId": "pool", "UserPoolClientId": "client"})
    return ExitCode(invoke(words, Session(Screen(), known_stack=stack, known_api=api)))
