"""What a decision rests on besides the line and the record, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from handover.model import ChangeReceipt, Outcome, Record, Rejection, RoleChange, User
from handover.rules.instructions import AssignmentRequest

Targets = list[tuple[AssignmentRequest, tuple[str, ...]]]


class WriteContext(Struct, frozen=True):
    """Who decides: an import, its precedence among all imports, and its older open imports.

    `precedence` sorts imports in the order in which S3 received them. `older_open_imports` were not
    final when this import was validated: only these imports can still write something older.
    """

    import_id: str
    precedence: str
    actor: str
    at: str
    older_open_imports: frozenset[str]


class LookupContext(Struct, frozen=True):
    """What the rules may read besides the account.

    `users` are those whom a chunk names, by every normal name that the chunk may use. `near`
    gives the address in the tenant's directory that is most like an unknown one, if any.
    `workflows` are the names of all workflows of the tenant. `named` has the users by normalized
    name, `likely` the account that was probably meant, by unknown id. With `has_opco_wall` no user
    may hold an account of another opco, whatever the profile says.
    """

    users: Mapping[str, User]
    near: Callable[[str], str | None]
    workflows: frozenset[str] = frozenset()
    named: Mapping[str, Sequence[User]] = field(default_factory=dict)
    likely: Mapping[str, str] = field(default_factory=dict)
    has_opco_wall: bool = True


class RecordWrite(Struct, frozen=True):
    """The next version of a record; it may be stored only over version `record.version`."""

    record: Record
    assigned: Mapping[str, tuple[str, ...]]
    precedences: Mapping[str, str]
    receipts: tuple[ChangeReceipt, ...]


class Decision(Struct, frozen=True):
    """The outcome of a line and what must be stored for it to be true.

    `message` explains the outcome if it needs an explanation; a rejection has its own.
    """

    outcome: Outcome
    changes: tuple[RoleChange, ...] = ()
    rejection: Rejection | None = None
    write: RecordWrite | None = None
    message: str = ""


def rejected(rejection: Rejection) -> Decision:
    """The decision for a line that breaks a rule."""
    return Decision(Outcome.REJECTED, rejection=rejection)
