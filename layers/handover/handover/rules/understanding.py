"""How a line is interpreted: the profile says what its lines are about."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from handover.model import Line, Operation, Rejection
from handover.profiles.columns import Binding
from handover.profiles.fields import DELETED, LOGIN_NAME, STATUS, About
from handover.profiles.profile import Profile
from handover.rules.addresses import normal_address, normal_login
from handover.rules.directory_lines import account_record_of, user_record_of
from handover.rules.instructions import AssignmentRequest, Instruction, instruction_of

# What a line is about, and what it asks for.
Meaning: TypeAlias = tuple[str, tuple[object, ...]]
Understanding = Callable[[Line, Binding, Profile], Instruction | Rejection]
_UNDERSTANDINGS: dict[About, Understanding] = {
    About.ASSIGNMENTS: instruction_of,
    About.ACCOUNTS: account_record_of,
    About.USERS: user_record_of,
}


def understanding_of(profile: Profile) -> Understanding:
    """The function that interprets the profile's lines, or says why one is invalid."""
    return _UNDERSTANDINGS[profile.about]


def canonical(line: Line, binding: Binding, profile: Profile) -> Meaning | None:
    """What a line is about and what it asks for, in a form in which lines can be compared.

    None for an invalid line, which is never a duplicate of another one.
    """
    asked = understanding_of(profile)(line, binding, profile)
    if isinstance(asked, Rejection):
        return None
    return asked.record_id, tuple(
        (
            request.role,
            request.operation.value,
            # Lines with other conditions ask for something else.
            request.expected,
            request.instead_of,
            _ways_of_naming(request),
            _compared(request),
        )
        for request in (*asked.requests, *asked.conditions)
    )


def _compared(request: AssignmentRequest) -> tuple[str, ...]:
    """The names of a request, equal if they mean the same."""
    if request.is_workflow:
        return tuple(unicodedata.normalize("NFC", name) for name in request.names)
    if request.operation is Operation.RECORD:
        return request.names
    return tuple(sorted(map(normal_address, request.names)))


def _ways_of_naming(request: AssignmentRequest) -> tuple[str, ...]:
    """The ways in which the names may name users; () if all are addresses, which need no others."""
    if request.is_workflow or request.operation is Operation.RECORD:
        return ()
    return () if all("@" in name for name in request.names) else ("by", *request.by)


def canonical_login(line: Line, binding: Binding, profile: Profile) -> Meaning | None:
    """The login name that a line asks for, in normal form, and the user it is for.

    None when the line asks for none, is invalid, or deletes the user, who then needs none.
    """
    asked = understanding_of(profile)(line, binding, profile)
    if isinstance(asked, Rejection):
        return None
    names_by_role = {request.role: request.names for request in asked.requests}
    names = names_by_role.get(LOGIN_NAME, ())
    if not names or names_by_role.get(STATUS) == (DELETED,):
        return None
    return normal_login(names[0]), (asked.record_id,)
