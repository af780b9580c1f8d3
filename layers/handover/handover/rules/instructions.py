"""What a line asks for, before any lookup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from handover.model import Line, Operation, Rejection
from handover.profiles.columns import Binding, RoleColumn
from handover.profiles.profile import WORKFLOW_ROLE, Blank, Holds, NamedBy, Profile
from handover.reading.unreadable import UNREADABLE
from handover.rules.addresses import normal_address

# Control characters, and lone surrogates, which have no form in UTF-8.
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
# What `cleared_by` says if an empty cell clears the role or the field.
BLANK_CELL = "a blank cell"
_LINE_ENDS = re.compile("[\r\n]+")
_OPERATIONS = {
    Holds.USERS: Operation.SET,
    Holds.WORKFLOW: Operation.SET,
    Holds.REMOVED: Operation.REMOVE,
    Holds.RESOLVED: Operation.RESOLVE,
}


class AssignmentRequest(Struct, frozen=True):
    """The requested holders of one role of the account, or the requested workflow.

    Empty `names` mean nobody, or no workflow. `is_workflow`: the names are a workflow's, not those
    of users. If `expected` is not None, the request applies only if exactly these users hold the
    role now. `by` says what a name may be: always an address, and whatever else the column accepts.
    If `instead_of`, an address, is not None, the named users replace that user, and all other
    holders stay. `cleared_by` says in words what in the cell clears the role, "" if nothing does.
    """

    role: str
    label: str
    names: tuple[str, ...]
    is_workflow: bool = False
    operation: Operation = Operation.SET
    expected: tuple[str, ...] | None = None
    by: tuple[NamedBy, ...] = (NamedBy.EMAIL,)
    instead_of: str | None = None
    cleared_by: str = ""


class Instruction(Struct, frozen=True):
    """What one line asks for. A role that the line leaves unchanged has no request.

    `record_id` identifies what the line is about: an account's id, or a user's normal address.
    `key_label` is the label of its column. `conditions` say who must hold which role now; if one is
    not met, nothing of the line applies.
    """

    line: int
    record_id: str
    key_label: str
    requests: tuple[AssignmentRequest, ...]
    conditions: tuple[AssignmentRequest, ...] = ()


def instruction_of(line: Line, binding: Binding, profile: Profile) -> Instruction | Rejection:
    """What the line asks for, or why it cannot be understood."""
    if line.fault is not None:
        return line.fault
    account_id = line.fields[binding.key].strip()
    if not account_id:
        return account_blank(line.number, binding.key_label)
    broken = unusable_cell(line.number, binding.key_label, account_id)
    if broken is not None:
        return broken
    requests: list[AssignmentRequest] = []
    for column in binding.roles:
        asked = _request(line, _speaking(line, column, profile), profile)
        if isinstance(asked, Rejection):
            return asked
        if asked is not None and column.replaced is not None:
            asked = replace(asked, instead_of=normal_address(line.fields[column.replaced]))
        if asked is not None:
            requests.append(asked)
    conditions: list[AssignmentRequest] = []
    for column in binding.conditions:
        required = _condition(line, column, profile)
        if isinstance(required, Rejection):
            return required
        if required is not None:
            conditions.append(required)
    return Instruction(
        line.number, account_id, binding.key_label, tuple(requests), tuple(conditions)
    )


def _condition(
    line: Line, column: RoleColumn, profile: Profile
) -> AssignmentRequest | Rejection | None:
    """Who must hold the role now; None for a blank cell, which sets no condition."""
    cell = line.fields[column.index].strip()
    is_workflow = column.role == WORKFLOW_ROLE
    if profile.is_blank(cell):
        return None
    names: tuple[str, ...] = ()
    if not profile.names_nobody(cell):
        cell = cell if is_workflow else on_one_line(cell, profile)
        broken = unusable_cell(line.number, column.label, cell)
        if broken is not None:
            return broken
        names = (
            (cell,)
            if is_workflow or profile.list_separator is None
            else names_once(cell.split(profile.list_separator))
        )
    return AssignmentRequest(
        column.role, column.label, names, is_workflow, Operation.REQUIRE, by=column.by
    )


def _speaking(line: Line, column: RoleColumn, profile: Profile) -> RoleColumn:
    """The first of the role's columns that has a value on this line."""
    if not column.others or not profile.is_blank(line.fields[column.index]):
        return column
    others = (one for one in column.others if not profile.is_blank(line.fields[one.index]))
    return next(others, column)


def _request(
    line: Line, column: RoleColumn, profile: Profile
) -> AssignmentRequest | Rejection | None:
    cell = line.fields[column.index].strip()
    operation = _OPERATIONS[column.holds]
    if profile.is_blank(cell):
        return _blank(line, column, profile) if operation is Operation.SET else None
    expected = _expected(line, column, profile)
    if operation is Operation.SET and profile.is_clearing(cell):
        return AssignmentRequest(
            column.role, column.label, (), expected=expected, cleared_by=f"the word {cell!r}"
        )
    if column.holds is not Holds.WORKFLOW:
        cell = on_one_line(cell, profile)
    broken = unusable_cell(line.number, column.label, cell)
    if broken is not None:
        return broken
    if column.holds is Holds.WORKFLOW:
        return AssignmentRequest(
            column.role, column.label, (cell,), is_workflow=True, expected=expected
        )
    if profile.list_separator is None:
        return AssignmentRequest(
            column.role, column.label, (cell,), False, operation, expected, column.by
        )
    once = names_once(cell.split(profile.list_separator))
    definition = profile.roles.get(column.role)
    most = definition.max_users if definition is not None and operation is Operation.SET else None
    if most is not None and len(once) > most:
        return too_many_users(line.number, column.label, len(once), most)
    return AssignmentRequest(column.role, column.label, once, False, operation, expected, column.by)


def account_blank(line: int, label: str) -> Rejection:
    """The rejection of a line without an account id."""
    return Rejection(
        line,
        label,
        "ACCOUNT_BLANK",
        f"line {line}, {label}: the cell is empty, expected the id of an account",
        "Fill in the id, or delete the line.",
    )


def too_many_users(
    line: int, label: str, found: int, most: int, *, what: str = "users"
) -> Rejection:
    """The rejection of a cell that names more users, or workflows, than the role allows."""
    return Rejection(
        line,
        label,
        "TOO_MANY_USERS",
        f"line {line}, {label}: {found} {what}, expected at most {most}",
        f"Keep {most} of them.",
    )


def on_one_line(cell: str, profile: Profile) -> str:
    """A cell with one entry per line, rewritten with the profile's separator between entries."""
    if profile.list_separator is None or cell.isprintable():
        return cell
    return _LINE_ENDS.sub(profile.list_separator, cell)


def names_once(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are not blank, in their order; each once, compared as normal addresses."""
    first: dict[str, str] = {}
    for part in names:
        if name := part.strip():
            first.setdefault(normal_address(name), name)
    return tuple(first.values())


def _expected(line: Line, column: RoleColumn, profile: Profile) -> tuple[str, ...] | None:
    """What the role must hold now for the line to apply; None when it does not matter."""
    if column.expected is None:
        return None
    cell = line.fields[column.expected].strip()
    if not cell or cell.casefold() in profile.clear_words:
        return ()
    if column.holds is Holds.WORKFLOW or profile.list_separator is None:
        return (cell,)
    return tuple(sorted(names_once(on_one_line(cell, profile).split(profile.list_separator))))


def _blank(
    line: Line, column: RoleColumn, profile: Profile
) -> AssignmentRequest | Rejection | None:
    if profile.blank is Blank.CLEAR:
        return AssignmentRequest(
            column.role,
            column.label,
            (),
            expected=_expected(line, column, profile),
            cleared_by=BLANK_CELL,
        )
    if profile.blank is Blank.KEEP:
        return None
    return Rejection(
        line.number,
        column.label,
        "BLANK_NOT_ALLOWED",
        f"line {line.number}, {column.label}: the cell is empty, expected a user",
        "Fill in who is to hold the role, or delete the line.",
    )


def is_plain(text: str) -> bool:
    """False for text with a control character or a lone surrogate."""
    return text.isprintable() or _CONTROL.search(text) is None


def unusable_cell(line: int, label: str, cell: str) -> Rejection | None:
    """The rejection of a cell that is not plain text, or unreadable in its workbook; else None."""
    if cell in UNREADABLE:
        what, hint = UNREADABLE[cell]
        error = f"line {line}, {label}: the cell holds {what}"
        return Rejection(line, label, "CELL_UNREADABLE", error, hint)
    found = None if cell.isprintable() else _CONTROL.search(cell)
    if found is None:
        return None
    code = f"U+{ord(found.group()):04X}"
    more = (
        " A quote that opens in this line may have swallowed the lines after it."
        if "\n" in cell or "\r" in cell
        else ""
    )
    return Rejection(
        line,
        label,
        "INVALID_CHARACTER",
        f"line {line}, {label}: the cell holds the control character {code}, expected plain text",
        f"Type the value again.{more}",
    )
