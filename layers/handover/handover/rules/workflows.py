"""The workflow that a cell names, or why it names none."""

from __future__ import annotations

from collections.abc import Iterable

from handover.model import Rejection
from handover.rules.addresses import invisible_characters, is_same_text, normalized_name
from handover.rules.decision import LookupContext
from handover.rules.instructions import AssignmentRequest, Instruction


def workflow_of(
    asked: Instruction, request: AssignmentRequest, lookup: LookupContext
) -> tuple[str, ...] | Rejection:
    """The name as the tenant has it, empty where the cell asks for none, or why it is none."""
    found: list[str] = []
    for name in request.names:
        known = name if name in lookup.workflows else _same_text(name, lookup.workflows)
        if known is None:
            return _workflow_not_found(asked, request, name, lookup)
        found.append(known)
    return tuple(found)


def _same_text(name: str, known: Iterable[str]) -> str | None:
    """The known name that differs from `name` only in its Unicode form; None if there is none."""
    return next((one for one in sorted(known) if is_same_text(one, name)), None)


def _workflow_not_found(
    asked: Instruction, request: AssignmentRequest, name: str, lookup: LookupContext
) -> Rejection:
    place = f"line {asked.line}, {request.label}: {name!r}"
    like = {normalized_name(known): known for known in sorted(lookup.workflows)}.get(
        normalized_name(name)
    )
    hidden = invisible_characters(name)
    if like is None:
        hint = "Check the spelling: expected the exact name of a workflow."
    elif hidden:
        hint = (
            f"It holds characters that cannot be seen ({', '.join(hidden)}): type {like!r} again."
        )
    else:
        hint = f"The exact name is {like!r}."
    return Rejection(
        asked.line,
        request.label,
        "WORKFLOW_NOT_FOUND",
        f"{place} is no workflow, expected the exact name of one",
        hint,
        like or "",
    )
