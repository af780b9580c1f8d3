"""What a line asks for, before anything is looked up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handover.model import Line, Rejection
from handover.profiles import Binding, Blank, Holds, Profile, SeatColumn
from handover.rules.addresses import normal_address

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Seating:
    """Who is to hold one role of the account, or which workflow it is to follow.

    No names = nobody, none. `is_workflow` tells a workflow's name from the names of users.
    """

    role: str
    label: str
    names: tuple[str, ...]
    is_workflow: bool = False


@dataclass(frozen=True, slots=True)
class Instruction:
    """What one line asks for. A role that the line leaves alone has no seating."""

    line: int
    account_id: str
    account_label: str
    seatings: tuple[Seating, ...]


def instruction_of(line: Line, binding: Binding, profile: Profile) -> Instruction | Rejection:
    """What the line asks for, or why it cannot be understood."""
    if line.fault is not None:
        return line.fault
    account_id = line.fields[binding.account].strip()
    if not account_id:
        return Rejection(
            line.number,
            binding.account_label,
            "ACCOUNT_BLANK",
            f"line {line.number}, {binding.account_label}: the cell is empty; wanted the id of "
            "an account",
            "Fill in the id, or delete the line.",
        )
    if _CONTROL.search(account_id):
        return _control_character(line.number, binding.account_label, account_id)
    seatings: list[Seating] = []
    for column in binding.seats:
        asked = _seating(line, column, profile)
        if isinstance(asked, Rejection):
            return asked
        if asked is not None:
            seatings.append(asked)
    return Instruction(line.number, account_id, binding.account_label, tuple(seatings))


def canonical(line: Line, binding: Binding, profile: Profile) -> tuple[str, tuple[str, ...]] | None:
    """The account a line names and what it asks for, in a form to compare lines by.

    None when the line cannot be understood: such a line is no other line's duplicate.
    """
    asked = instruction_of(line, binding, profile)
    if isinstance(asked, Rejection):
        return None
    return asked.account_id, tuple(
        "\x1f".join(
            (seating.role, *seating.names)
            if seating.is_workflow
            else (seating.role, *sorted(normal_address(name) for name in seating.names))
        )
        for seating in asked.seatings
    )


def _seating(line: Line, column: SeatColumn, profile: Profile) -> Seating | Rejection | None:
    cell = line.fields[column.index].strip()
    if not cell:
        return _blank(line, column, profile)
    if not cell.isprintable() and _CONTROL.search(cell):
        return _control_character(line.number, column.label, cell)
    if cell.casefold() in profile.clear_words:
        return Seating(column.role, column.label, ())
    if column.holds is Holds.WORKFLOW:
        return Seating(column.role, column.label, (cell,), is_workflow=True)
    if profile.list_separator is None:
        return Seating(column.role, column.label, (cell,))
    names = [name for part in cell.split(profile.list_separator) if (name := part.strip())]
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(normal_address(name), name)
    once = tuple(first.values())
    most = profile.seats[column.role].max_users
    if most is not None and len(once) > most:
        return Rejection(
            line.number,
            column.label,
            "TOO_MANY_USERS",
            f"line {line.number}, {column.label}: {len(once)} users; wanted at most {most}",
            f"Keep {most} of them.",
        )
    return Seating(column.role, column.label, once)


def _blank(line: Line, column: SeatColumn, profile: Profile) -> Seating | Rejection | None:
    if profile.blank is Blank.CLEAR:
        return Seating(column.role, column.label, ())
    if profile.blank is Blank.KEEP:
        return None
    return Rejection(
        line.number,
        column.label,
        "BLANK_NOT_ALLOWED",
        f"line {line.number}, {column.label}: the cell is empty; wanted a user",
        "Fill in who is to hold the role, or delete the line.",
    )


def _control_character(line: int, label: str, cell: str) -> Rejection:
    found = _CONTROL.search(cell)
    code = f"U+{ord(found.group()):04X}" if found else ""
    more = (
        " A quote that opens in this line may have swallowed the lines after it."
        if "\n" in cell or "\r" in cell
        else ""
    )
    return Rejection(
        line,
        label,
        "INVALID_CHARACTER",
        f"line {line}, {label}: the cell holds the control character {code}; wanted plain text",
        f"Type the value again.{more}",
    )
