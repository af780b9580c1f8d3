"""A store of one account, and imports that decide it in any order, are stopped and begin again.

The store is a version and its content: it accepts a write only over the version that was read, as
the table of accounts does. Nothing else is assumed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from handover.model import Account, Outcome, RoleChange, User
from handover.rules.decision import Decision, LookupContext, RecordWrite, WriteContext
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.planner import plan
from handover.rules.precedence import account_only
from msgspec.structs import replace

from tests.unit.rules.scenery import variant

ROLES = ("manager", "viewer")
PEOPLE = ("ana@x.example", "bo@x.example")
# Everything may be assigned: only the order matters here.
OPEN = variant(
    columns=[
        {"holds": "account", "label": "id"},
        *(
            {"holds": "users", "label": role, "role": role, "by": ["email"], "required": False}
            for role in ROLES
        ),
    ],
    roles={role: {"max_users": None} for role in ROLES},
    required_user_roles=[],
    opco_wall=False,
)
FIELDS = LookupContext(
    {email: User(email, email, frozenset()) for email in PEOPLE}, near=dict[str, str]().get
)

Assigned = Mapping[str, tuple[str, ...]]


@dataclass
class Store:
    """The account, and every entry that its history would get."""

    account: Account
    history: list[tuple[int, str, tuple[RoleChange, ...]]] = field(default_factory=list)

    def write(self, write: RecordWrite) -> bool:
        """Writes if the stored version is still the one that was read; true when it wrote."""
        before = self.account
        if before.version != write.record.version:
            return False
        assert all(
            write.precedences.get(role, "") >= precedence
            for role, precedence in before.precedences.items()
        )
        self.account = replace(
            before,
            version=before.version + 1,
            assigned=write.assigned,
            precedences=write.precedences,
            receipts=write.receipts,
        )
        newest = write.receipts[-1] if write.receipts else None
        if newest is not None and newest.version == self.account.version:
            self.history.append((newest.version, newest.import_id, newest.changes))
        return True

    def change_fields(self) -> None:
        """Changes fields, as the directory does: a new version with the same assignment."""
        self.account = replace(self.account, version=self.account.version + 1)


@dataclass
class Import:
    """One import with one line about the account. `place` is its place in the order."""

    place: float
    targets: Mapping[str, tuple[str, ...]]
    older_open_imports: frozenset[str] | None = None
    planned: Decision | None = None
    settled: Decision | None = None
    gives_up: bool = False

    @property
    def import_id(self) -> str:
        return f"import-{self.place:02.0f}"

    @property
    def precedence(self) -> str:
        """Its place as text that sorts as the places do."""
        return f"{self.place:05.2f}"

    @property
    def instruction(self) -> Instruction:
        requests = (AssignmentRequest(role, role, users) for role, users in self.targets.items())
        return Instruction(2, "0042", "id", tuple(requests))

    def plan(self, account: Account) -> Decision:
        """The decision on the line for that account."""
        assert self.older_open_imports is not None
        at = f"attempt on version {account.version}"
        context = WriteContext(
            self.import_id, self.precedence, "ines@x.example", at, self.older_open_imports
        )
        if self.gives_up:
            return account_only(self.instruction, account, context)
        planned = plan(self.instruction, account, FIELDS, OPEN, context)
        if planned.outcome is Outcome.UNCHANGED and not self.older_open_imports:
            assert planned.write is None
        return planned


@dataclass
class Edit(Import):
    """A single edit: its place is its beginning, after everything that has begun by then.

    `overtaken` are the places of later uploads that had been decided when it wrote.
    """

    overtaken: list[float] = field(default_factory=list)

    @property
    def import_id(self) -> str:
        return f"edit-{self.precedence}"

    def is_written(self, account: Account) -> bool:
        """True when the account already has the write: it was sent twice."""
        return any(mark.import_id == self.import_id for mark in account.receipts) or any(
            account.precedences.get(role) == self.precedence for role in self.targets
        )


@dataclass
class World:
    """The store, the imports, and the writes in flight of killed workers."""

    store: Store
    imports: list[Import]
    under_way: list[RecordWrite] = field(default_factory=list)

    def step(self, number: int) -> None:
        """Moves the import one step further: validated, planned, written, settled."""
        one = self.imports[number]
        if one.settled is not None:
            return
        if isinstance(one, Edit):
            self._step_edit(one, number)
        elif one.older_open_imports is None:
            one.older_open_imports = frozenset(
                older.import_id
                for older in self.imports
                if older.place < one.place
                and older.settled is None
                # An edit has no upload, so no listing of uploads has it.
                and not isinstance(older, Edit)
            )
        elif one.planned is None:
            one.planned = one.plan(self.store.account)
        elif one.planned.write is not None:
            taken = self.store.write(one.planned.write)
            # A write that meets another version gets the present account.
            one.planned = (
                replace(one.planned, write=None) if taken else one.plan(self.store.account)
            )
        else:
            one.settled = one.planned

    def _step_edit(self, edit: Edit, number: int) -> None:
        if edit.older_open_imports is None:
            begun = [one.place for one in self.imports if one.older_open_imports is not None]
            edit.place = int(max(begun, default=-1)) + 0.5 + number / 100
            edit.older_open_imports = frozenset({edit.import_id})
        elif edit.planned is None:
            self._plan_edit(edit)
        elif edit.planned.write is None:
            edit.settled = edit.planned
        elif self.store.write(edit.planned.write) or edit.is_written(self.store.account):
            edit.settled = edit.planned
            edit.overtaken = [
                one.place
                for one in self.imports
                if one.place > edit.place and (one.planned or one.settled)
            ]
        else:
            self._plan_edit(edit)

    def _plan_edit(self, edit: Edit) -> None:
        still_worked = {one.import_id for one in self.imports if one.settled is None}
        edit.older_open_imports = frozenset({edit.import_id, *still_worked})
        edit.planned = edit.plan(self.store.account)

    def kill(self, number: int, *, writing: bool) -> None:
        """Stops the import's worker; its write may still arrive.

        The write of an edit, which does not begin again, is sent twice instead.
        """
        one = self.imports[number]
        if isinstance(one, Edit):
            if one.settled is None and one.planned is not None and one.planned.write is not None:
                self.under_way.append(one.planned.write)
        elif one.settled is None and one.planned is not None:
            if writing and one.planned.write is not None:
                self.under_way.append(one.planned.write)
            one.planned = None

    def give_up(self, number: int) -> None:
        """The import's message is a dead letter, or the import is cancelled.

        The process that gives up a chunk has its lease, which outlasts the last worker's write.
        """
        one = self.imports[number]
        if one.older_open_imports is not None and one.settled is None and not isinstance(one, Edit):
            while self.under_way:
                self.arrive()
            one.planned = None
            one.gives_up = True

    def arrive(self) -> None:
        """The oldest write of a killed worker arrives."""
        if self.under_way:
            self.store.write(self.under_way.pop(0))

    def finish(self) -> None:
        """Finishes everything, the newest first: the worst possible order."""
        for number in range(len(self.imports) - 1, -1, -1):
            while self.imports[number].settled is None:
                self.step(number)
        while self.under_way:
            self.arrive()


def in_order(initial: Assigned, imports: Sequence[Import]) -> dict[str, tuple[str, ...]]:
    """The assignment after the effective imports run one after another."""
    assigned = dict(initial)
    for one in sorted(imports, key=lambda one: one.place):
        if one.settled is not None and one.settled.outcome is not Outcome.NOT_PROCESSED:
            assigned |= one.targets
    return {role: users for role, users in assigned.items() if users}


def in_some_order(initial: Assigned, imports: Sequence[Import]) -> list[dict[str, tuple[str, ...]]]:
    """The same for each possible place of the edits among them.

    An upload during an edit that was decided before the edit wrote may come before it or after it.
    """
    places = [
        (one.place, *(place + 0.9 for place in one.overtaken))
        if isinstance(one, Edit)
        else (one.place,)
        for one in imports
    ]
    return [
        in_order(
            initial,
            [
                dataclasses.replace(one, place=place)
                for one, place in zip(imports, chosen, strict=True)
            ],
        )
        for chosen in product(*places)
    ]
