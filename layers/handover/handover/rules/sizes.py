"""Size limits of a decision, so that no line makes an item that DynamoDB refuses.

The limits are checked before anything is written: a line that exceeds them is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from handover.model import ChangeReceipt, Outcome, Rejection, RoleChange
from handover.profiles.fields import is_field
from handover.rules.decision import Decision, RecordWrite, rejected
from handover.rules.instructions import Instruction

# The users that all roles of one account hold together. `GET /accounts/{id}` returns each with
# address, name, phone and mobile: 1,000 x 5,000 bytes stay below the 6 MB limit of an answer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_HOLDERS = 1_000
# The bytes of these users together. A change holds them as they were before and after it, so it
# takes at most twice as much, and history entries and events stay far below their own limits.
MAX_ASSIGNED_BYTES = 30 * 1024
MAX_CHANGE_BYTES = 2 * MAX_ASSIGNED_BYTES
# The limit of a DynamoDB item; RESERVED_BYTES stay free for the fields, which have their own limit.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_ITEM_BYTES = 400 * 1024
RESERVED_BYTES = 40 * 1024
MAX_DECIDED_BYTES = MAX_ITEM_BYTES - RESERVED_BYTES

# What DynamoDB adds for a list or map, and for each of its elements.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
_COLLECTION_BYTES, _ELEMENT_BYTES = 3, 1
# The names and fixed texts of a receipt, and of a change in it, rounded up.
_MARK_BYTES, _CHANGE_BYTES = 250, 40
# So few users in so few roles are below every limit, whatever their names.
_FEW = 20

STILL_CHANGING = "older imports that have changed this account have not ended; try again later"


def texts_bytes(texts: Iterable[str]) -> int:
    """The bytes of a list of texts as a value."""
    return _COLLECTION_BYTES + sum(_ELEMENT_BYTES + text_bytes(text) for text in texts)


def text_bytes(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def changes_bytes(changes: Iterable[RoleChange]) -> int:
    """The bytes of changes in a receipt, rounded up."""
    return sum(
        _CHANGE_BYTES
        + text_bytes(change.role)
        + texts_bytes(change.before)
        + texts_bytes(change.after)
        for change in changes
    )


def decided_bytes(
    assigned: Mapping[str, Sequence[str]],
    precedences: Mapping[str, str],
    receipts: Iterable[ChangeReceipt],
) -> int:
    """The bytes of a record's assignments, precedences and receipts in its item, rounded up."""
    held = sum(text_bytes(role) + texts_bytes(users) + 1 for role, users in assigned.items())
    ordered = sum(
        text_bytes(role) + text_bytes(precedence) + 1 for role, precedence in precedences.items()
    )
    marked = sum(
        _MARK_BYTES + text_bytes(receipt.actor) + changes_bytes(receipt.changes)
        for receipt in receipts
    )
    return held + ordered + marked


def held_bytes(assigned: Mapping[str, Sequence[str]]) -> int:
    """The bytes of the users of all roles; directory fields have limits of their own."""
    return sum(texts_bytes(users) for role, users in assigned.items() if not is_field(role))


def holders(assigned: Mapping[str, Sequence[str]]) -> int:
    """How many users all roles hold together; a user with two roles counts twice."""
    return sum(len(users) for role, users in assigned.items() if not is_field(role))


def too_large(
    asked: Instruction, changes: tuple[RoleChange, ...], write: RecordWrite
) -> Decision | None:
    """Why the account cannot hold what the line asks for; None when it can.

    A line that does not make the account larger is refused only if its own change does not fit. If
    only the receipts of older imports do not fit, the line is not wrong, because these receipts are
    dropped when those imports end: the line is NOT_PROCESSED.
    """
    before, after = write.record.assigned, write.assigned
    if len(write.receipts) == 1 and len(after) <= _FEW and holders(after) <= _FEW:
        return None
    labels = {one.role: one.label for one in asked.requests}
    label = labels.get(changes[0].role, asked.key_label)
    if (found := holders(after)) > max(MAX_HOLDERS, holders(before)):
        return rejected(_too_many_holders(asked.line, label, found))
    if (taken := held_bytes(after)) > max(MAX_ASSIGNED_BYTES, held_bytes(before)):
        return rejected(_too_long(asked.line, label, taken, MAX_ASSIGNED_BYTES))
    if (taken := decided_bytes(after, write.precedences, write.receipts[-1:])) > MAX_DECIDED_BYTES:
        return rejected(_too_long(asked.line, label, taken, MAX_DECIDED_BYTES))
    if decided_bytes(after, write.precedences, write.receipts) > MAX_DECIDED_BYTES:
        return Decision(Outcome.NOT_PROCESSED, message=STILL_CHANGING)
    return None


def _too_many_holders(line: int, label: str, found: int) -> Rejection:
    return Rejection(
        line,
        label,
        "TOO_MANY_USERS",
        f"line {line}, {label}: all roles of the account would hold {found:,} users together; "
        f"expected at most {MAX_HOLDERS:,}",
        "Name fewer users.",
    )


def _too_long(line: int, label: str, found: int, most: int) -> Rejection:
    return Rejection(
        line,
        label,
        "FIELD_TOO_LONG",
        f"line {line}, {label}: the users of all roles of the account would take {found:,} bytes; "
        f"expected at most {most:,}",
        "Name fewer users.",
    )
