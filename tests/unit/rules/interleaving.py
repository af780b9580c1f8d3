"""A store of one account, and imports that decide it in any order, stopped and begun again.

The store is a version and what stands under it: a write is taken only over the version that was
read, as the table of accounts takes it. Nothing else is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handover.model import Account, Outcome, SeatChange, User
from handover.rules import (
    AccountWrite,
    Claim,
    Facts,
    Instruction,
    Plan,
    Seating,
    account_only,
    plan,
)

from tests.unit.rules.scenery import variant

ROLES = ("manager", "viewer")
PEOPLE = ("ana@x.example", "bo@x.example")
# Everything may be assigned: what is looked at here is the order of things.
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
FACTS = Facts(
    {email: User(email, email, frozenset()) for email in PEOPLE}, near=dict[str, str]().get
)

Assigned = Mapping[str, tuple[str, ...]]


@dataclass
class Store:
    """The account as it is, and every entry that its history would get."""

    account: Account
    history: list[tuple[int, str, tuple[SeatChange, ...]]] = field(default_factory=list)

    def write(self, write: AccountWrite) -> bool:
        """True when the version that was read still stands there."""
        before = self.account
        if before.version != write.account.version:
            return False
        assert all(write.orders.get(role, "") >= order for role, order in before.orders.items())
        self.account = replace(
            before,
            version=before.version + 1,
            assigned=write.assigned,
            orders=write.orders,
            marks=write.marks,
        )
        newest = write.marks[-1] if write.marks else None
        if newest is not None and newest.version == self.account.version:
            self.history.append((newest.version, newest.import_id, newest.changes))
        return True

    def change_facts(self) -> None:
        """What the directory does: another version, the same assignment."""
        self.account = replace(self.account, version=self.account.version + 1)


@dataclass
class Import:
    """One import with one line about the account. `place` is its place in the order."""

    place: int
    targets: Mapping[str, tuple[str, ...]]
    rivals: frozenset[str] | None = None
    planned: Plan | None = None
    settled: Plan | None = None
    gives_up: bool = False

    @property
    def import_id(self) -> str:
        return f"import-{self.place:02d}"

    @property
    def asked(self) -> Instruction:
        seatings = (Seating(role, role, users) for role, users in self.targets.items())
        return Instruction(2, "0042", "id", tuple(seatings))

    def plan(self, account: Account) -> Plan:
        """What the line comes to on that account."""
        assert self.rivals is not None
        at = f"attempt on version {account.version}"
        claim = Claim(self.import_id, f"{self.place:02d}", "ines@x.example", at, self.rivals)
        if self.gives_up:
            return account_only(self.asked, account, claim)
        planned = plan(self.asked, account, FACTS, OPEN, claim)
        if planned.outcome is Outcome.UNCHANGED and not self.rivals:
            assert planned.write is None
        return planned


@dataclass
class World:
    """The store, the imports, and writes of workers that were killed while these were under way."""

    store: Store
    imports: list[Import]
    under_way: list[AccountWrite] = field(default_factory=list)

    def step(self, number: int) -> None:
        """Takes the import one step on: validated, planned, written, settled."""
        one = self.imports[number]
        if one.settled is not None:
            return
        if one.rivals is None:
            one.rivals = frozenset(
                older.import_id
                for older in self.imports
                if older.place < one.place and older.settled is None
            )
        elif one.planned is None:
            one.planned = one.plan(self.store.account)
        elif one.planned.write is not None:
            taken = self.store.write(one.planned.write)
            # A write that meets another version is answered with the account as it is now.
            one.planned = (
                replace(one.planned, write=None) if taken else one.plan(self.store.account)
            )
        else:
            one.settled = one.planned

    def kill(self, number: int, *, writing: bool) -> None:
        """Stops the import's worker; what it was writing may still arrive."""
        one = self.imports[number]
        if one.settled is None and one.planned is not None:
            if writing and one.planned.write is not None:
                self.under_way.append(one.planned.write)
            one.planned = None

    def give_up(self, number: int) -> None:
        """The import's message is a dead letter, or the import is cancelled.

        Whoever gives a chunk up has its lease, which outlasts what the last worker was writing.
        """
        one = self.imports[number]
        if one.rivals is not None and one.settled is None:
            while self.under_way:
                self.arrive()
            one.planned = None
            one.gives_up = True

    def arrive(self) -> None:
        """The oldest write of a killed worker arrives."""
        if self.under_way:
            self.store.write(self.under_way.pop(0))

    def finish(self) -> None:
        """Lets everything end, the newest first: the worst order there is."""
        for number in range(len(self.imports) - 1, -1, -1):
            while self.imports[number].settled is None:
                self.step(number)
        while self.under_way:
            self.arrive()


def in_order(initial: Assigned, imports: list[Import]) -> dict[str, tuple[str, ...]]:
    """Who is assigned when the imports that did their work run one after another."""
    assigned = dict(initial)
    for one in sorted(imports, key=lambda one: one.place):
        if one.settled is not None and one.settled.outcome is not Outcome.NOT_PROCESSED:
            assigned |= one.targets
    return {role: users for role, users in assigned.items() if users}
