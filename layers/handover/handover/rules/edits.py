"""An edit of one account as an instruction, so that the rules for files decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from handover.errors import InvalidRequestError
from handover.model import Rejection
from handover.profiles.profile import WORKFLOW_ROLE, Holds, Profile
from handover.rules.instructions import (
    AssignmentRequest,
    Instruction,
    names_once,
    too_many_users,
    unusable_cell,
)

# An edit is treated as a file of one line without a header.
LINE = 1
ACCOUNT_FIELD = "account_id"


def edit_of(
    account_id: str, wishes: Mapping[str, Sequence[str]], profile: Profile
) -> Instruction | Rejection:
    """The instruction of the edit, or why it is invalid.

    An empty list of names clears the role, and so does a clearing word of the profile. Raises
    InvalidRequestError for a role that files of the profile do not assign.
    """
    requests: list[AssignmentRequest] = []
    for role, names in wishes.items():
        asked = _request(role, tuple(name.strip() for name in names), profile)
        if isinstance(asked, Rejection):
            return asked
        requests.append(asked)
    return Instruction(LINE, account_id, ACCOUNT_FIELD, tuple(requests))


def spoken_of(rejection: Rejection) -> Rejection:
    """The rejection of an edit, in words that mention no line."""
    begin = f"line {LINE}, "
    return replace(
        rejection,
        error=rejection.error.removeprefix(begin),
        hint=rejection.hint.removeprefix(begin),
    )


def _request(role: str, names: tuple[str, ...], profile: Profile) -> AssignmentRequest | Rejection:
    columns = [
        column
        for column in profile.columns
        if column.role == role and column.holds in (Holds.USERS, Holds.WORKFLOW)
    ]
    if not columns:
        raise InvalidRequestError(f"assign.{role}", _no_such_role(role, profile))
    for name in names:
        broken = unusable_cell(LINE, role, name)
        if broken is not None:
            return broken
    if len(names) == 1 and names[0].casefold() in profile.clear_words:
        names = ()
    elif names and all(map(profile.is_blank, names)):
        return _no_names(role)
    is_workflow = role == WORKFLOW_ROLE
    once = tuple(dict.fromkeys(names)) if is_workflow else names_once(names)
    definition = profile.roles.get(role)
    most = 1 if is_workflow else definition.max_users if definition is not None else None
    if most is not None and len(once) > most:
        what = "workflows" if is_workflow else "users"
        return too_many_users(LINE, role, len(once), most, what=what)
    ways = dict.fromkeys(way for column in columns for way in column.by)
    return AssignmentRequest(role, role, once, is_workflow, by=tuple(ways))


def _no_names(role: str) -> Rejection:
    return Rejection(
        LINE,
        role,
        "BLANK_NOT_ALLOWED",
        f"line {LINE}, {role}: found no name, expected one; an empty list means nobody",
        "Name who is to hold the role, or send an empty list for nobody.",
    )


def _no_such_role(role: str, profile: Profile) -> str:
    roles = dict.fromkeys(
        column.role for column in profile.columns if column.holds in (Holds.USERS, Holds.WORKFLOW)
    )
    expected = " or ".join(repr(known) for known in roles) or "none, it assigns no role"
    return f"the profile {profile.name} does not assign {role!r}: expected {expected}"
