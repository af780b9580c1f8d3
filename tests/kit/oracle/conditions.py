"""Conditions of lines: whether they are met, and which outcomes they allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.kit.oracle.line_requests import LineRequest

Held = tuple[str, ...]


def is_met(request: LineRequest, role: str, held: Held) -> bool:
    """True when the role has the required holders, or already those that the line asks for."""
    return held in (request.required[role], request.targets.get(role, request.required[role]))


def problems(request: LineRequest, outcome: str, known: Mapping[str, set[Held]]) -> Iterator[str]:
    """The problems with the outcome of a line that the rules accept.

    `known` are the holders, one of which each required role had when everything older had ended.
    """
    may_apply = all(
        any(is_met(request, role, held) for held in known[role]) for role in request.required
    )
    may_be_left = any(
        not is_met(request, role, held) for role in request.required for held in known[role]
    )
    if outcome == "superseded" and not may_be_left:
        yield f"I7 line {request.line} is superseded though its condition is met"
    if outcome != "superseded" and not may_apply:
        yield f"I7 line {request.line} is {outcome} though its condition is not met"
