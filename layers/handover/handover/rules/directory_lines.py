"""What a line of a directory file says about an account or a user, before any lookup."""

from __future__ import annotations

from handover.model import Line, Operation, Rejection
from handover.profiles.columns import Binding, RoleColumn
from handover.profiles.fields import FIELDS, STATUSES, About, Form
from handover.profiles.profile import Blank, Holds, Profile
from handover.rules.addresses import invisible_characters, is_address, normal_address
from handover.rules.instructions import (
    BLANK_CELL,
    AssignmentRequest,
    Instruction,
    account_blank,
    names_once,
    too_many_users,
    unusable_cell,
)

# An id is part of the keys of an account, its history and its holders' portfolios; the smallest
# limit is 1,024 bytes, shared with a role's name.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ID_BYTES = 512
# An item holds its fields, and in its receipts their previous values: together below 400 KB.
MAX_FIELD_BYTES = 2048
# Each answer that lists account holders contains their names, phones and similar fields.
MAX_USER_TEXT_CHARS = 200


def account_record_of(line: Line, binding: Binding, profile: Profile) -> Instruction | Rejection:
    """What the line says about an account, or why it is invalid."""
    if line.fault is not None:
        return line.fault
    account_id = line.fields[binding.key].strip()
    label = binding.key_label
    if not account_id:
        return account_blank(line.number, label)
    problem = unusable_cell(line.number, label, account_id)
    problem = problem or _hidden(line.number, label, account_id)
    problem = problem or _too_long(line.number, label, account_id, MAX_ID_BYTES)
    return problem or _instruction(line, account_id, binding, profile)


def user_record_of(line: Line, binding: Binding, profile: Profile) -> Instruction | Rejection:
    """What the line says about a user, by normal address, or why it is invalid."""
    if line.fault is not None:
        return line.fault
    cell = line.fields[binding.key].strip()
    label = binding.key_label
    address = normal_address(cell)
    if not is_address(address):
        found = f"{cell!r} is no e-mail address" if cell else "the cell is empty"
        hidden = invisible_characters(cell)
        more = f" It holds characters that cannot be seen ({', '.join(hidden)})." if hidden else ""
        return Rejection(
            line.number,
            label,
            "ADDRESS_INVALID",
            f"line {line.number}, {label}: {found}, expected one like ana@example.com",
            f"Correct the address, or delete the line.{more}",
        )
    return _instruction(line, address, binding, profile)


def _instruction(
    line: Line, name: str, binding: Binding, profile: Profile
) -> Instruction | Rejection:
    forms = FIELDS[profile.about]
    requests: list[AssignmentRequest] = []
    for column in binding.roles:
        cell = line.fields[column.index].strip()
        asked = (
            _initial(line.number, cell, column, profile)
            if column.holds is Holds.INITIAL
            else _field(line.number, cell, column, profile, forms[column.role])
        )
        if isinstance(asked, Rejection):
            return asked
        if asked is not None:
            requests.append(asked)
    return Instruction(line.number, name, binding.key_label, tuple(requests))


def _field(
    line: int, cell: str, column: RoleColumn, profile: Profile, form: Form
) -> AssignmentRequest | Rejection | None:
    role, label = column.role, column.label
    is_list = form is Form.SET or form is Form.LIST
    if not cell or (is_list and profile.is_blank(cell)):
        return _blank(line, column, profile)
    if (problem := unusable_cell(line, label, cell)) is not None:
        return problem
    if (problem := _too_long(line, label, cell, MAX_FIELD_BYTES)) is not None:
        return problem
    is_user_text = profile.about is About.USERS and form is Form.TEXT
    if is_user_text and len(cell) > MAX_USER_TEXT_CHARS:
        return _too_many_characters(line, label, len(cell))
    if cell.casefold() in profile.clear_words:
        word = f"the word {cell!r}"
        return AssignmentRequest(role, label, (), operation=Operation.RECORD, cleared_by=word)
    texts = _texts(cell, form, profile)
    expected = STATUSES[profile.about]
    if form is Form.STATUS and texts[0] not in expected:
        return _status_unknown(line, label, cell, expected)
    return AssignmentRequest(role, label, texts, operation=Operation.RECORD)


def _texts(cell: str, form: Form, profile: Profile) -> tuple[str, ...]:
    if form is Form.STATUS:
        return (cell.casefold(),)
    if form is Form.TEXT or profile.list_separator is None:
        return (cell,)
    parts = (part.strip() for part in cell.split(profile.list_separator))
    once = dict.fromkeys(part for part in parts if part)
    return tuple(sorted(once)) if form is Form.SET else tuple(once)


def _initial(
    line: int, cell: str, column: RoleColumn, profile: Profile
) -> AssignmentRequest | Rejection | None:
    if profile.is_blank(cell) or cell.casefold() in profile.clear_words:
        return None
    label = column.label
    if (problem := unusable_cell(line, label, cell)) is not None:
        return problem
    separator = profile.list_separator
    names = names_once(cell.split(separator) if separator is not None else [cell])
    definition = profile.roles.get(column.role)
    most = definition.max_users if definition is not None else None
    if most is not None and len(names) > most:
        return too_many_users(line, label, len(names), most)
    return AssignmentRequest(column.role, label, names, operation=Operation.INITIAL, by=column.by)


def _blank(line: int, column: RoleColumn, profile: Profile) -> AssignmentRequest | Rejection | None:
    if profile.blank is Blank.CLEAR:
        return AssignmentRequest(
            column.role, column.label, (), operation=Operation.RECORD, cleared_by=BLANK_CELL
        )
    if profile.blank is Blank.KEEP:
        return None
    return Rejection(
        line,
        column.label,
        "BLANK_NOT_ALLOWED",
        f"line {line}, {column.label}: the cell is empty, expected a value",
        "Fill it in, or delete the line.",
    )


def _too_long(line: int, label: str, text: str, max_bytes: int) -> Rejection | None:
    # No character takes more than four bytes.
    if len(text) * 4 <= max_bytes or (found := len(text.encode())) <= max_bytes:
        return None
    return Rejection(
        line,
        label,
        "FIELD_TOO_LONG",
        f"line {line}, {label}: the value takes {found:,} bytes, expected at most {max_bytes:,}",
        "Shorten the value.",
    )


def _too_many_characters(line: int, label: str, found: int) -> Rejection:
    return Rejection(
        line,
        label,
        "FIELD_TOO_LONG",
        f"line {line}, {label}: the value has {found:,} characters; expected at most "
        f"{MAX_USER_TEXT_CHARS}",
        "Shorten the value.",
    )


def _status_unknown(line: int, label: str, cell: str, expected: tuple[str, ...]) -> Rejection:
    return Rejection(
        line,
        label,
        "STATUS_UNKNOWN",
        f"line {line}, {label}: {cell!r} is no status, expected {', '.join(expected)}",
        "Correct the status; an empty cell means active.",
    )


def _hidden(line: int, label: str, cell: str) -> Rejection | None:
    """Rejects an id with invisible characters: nobody could type it to find the account."""
    hidden = invisible_characters(cell) if not cell.isascii() else ()
    if not hidden:
        return None
    return Rejection(
        line,
        label,
        "INVALID_CHARACTER",
        f"line {line}, {label}: {cell!r} holds characters that cannot be seen "
        f"({', '.join(hidden)}), expected an id that can be typed",
        "Type the id again.",
    )
