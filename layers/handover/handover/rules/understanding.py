"""How a line is understood: what lines are about is said by the profile."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from handover.model import Line, Operation, Rejection
from handover.profiles import DELETED, LOGIN_NAME, STATUS, About, Binding, Profile
from handover.rules.addresses import normal_address, normal_login
from handover.rules.directory_lines import account_record_of, user_record_of
from handover.rules.instructions import Instruction, Seating, instruction_of

Understanding = Callable[[Line, Binding, Profile], Instruction | Rejection]
_UNDERSTANDINGS: dict[About, Understanding] = {
    About.ASSIGNMENTS: instruction_of,
    About.ACCOUNTS: account_record_of,
    About.USERS: user_record_of,
}


def understanding_of(profile: Profile) -> Understanding:
    """What tells what a line of the profile asks for, or why it cannot be understood."""
    return _UNDERSTANDINGS[profile.about]


def canonical(line: Line, binding: Binding, profile: Profile) -> tuple[str, tuple[str, ...]] | None:
    """What a line is about and what it asks for, in a form to compare lines by.

    None when the line cannot be understood: such a line is no other line's duplicate.
    """
    asked = understanding_of(profile)(line, binding, profile)
    if isinstance(asked, Rejection):
        return None
    return asked.account_id, tuple(
        "\x1f".join(
            (
                seating.role,
                seating.operation,
                *(("now", *seating.expected) if seating.expected is not None else ()),
                *(("of", seating.instead_of) if seating.instead_of is not None else ()),
                *_ways_of_naming(seating),
                *(
                    (unicodedata.normalize("NFC", name) for name in seating.names)
                    if seating.is_workflow
                    else seating.names
                    if seating.operation is Operation.RECORD
                    else sorted(normal_address(name) for name in seating.names)
                ),
            )
        )
        for seating in asked.seatings
    )


def _ways_of_naming(seating: Seating) -> tuple[str, ...]:
    """How the names may name users, when that matters: an address is one in every column."""
    if seating.is_workflow or seating.operation is Operation.RECORD:
        return ()
    return () if all("@" in name for name in seating.names) else ("by", *seating.by)


def canonical_login(
    line: Line, binding: Binding, profile: Profile
) -> tuple[str, tuple[str, ...]] | None:
    """The login name that a line asks for, in normal form, and for whom.

    None when it asks for none: whoever it deletes needs none.
    """
    asked = understanding_of(profile)(line, binding, profile)
    if isinstance(asked, Rejection):
        return None
    told = {seating.role: seating.names for seating in asked.seatings}
    names = told.get(LOGIN_NAME, ())
    if not names or told.get(STATUS) == (DELETED,):
        return None
    return normal_login(names[0]), (asked.account_id,)
