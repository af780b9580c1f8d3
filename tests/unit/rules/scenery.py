"""A small directory for the rules: a profile, users, accounts, and one line decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from handover.model import Account, ChangeReceipt, Line, Rejection, RoleChange, User
from handover.profiles.binding import bind
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from handover.rules.decision import Decision, LookupContext, WriteContext
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.nearness import nearest
from handover.rules.planner import plan

STRICT = presets()["single-strict"]
HEADER = ("account ID", "account Manager")
ROLE = "account_manager"

AMINA = User("amina@x.example", "Amina", frozenset({"Sales"}), "Kenya")
BARAKA = User("baraka@x.example", "Baraka", frozenset({"Sales", "Admin"}), "Kenya")
CLEO = User("cleo@x.example", "Cleo", frozenset({"Finance"}), "Kenya")
DIDIER = User("didier@x.example", "Didier", frozenset({"Sales"}), "Togo")
EDEM = User("edem@x.example", "Edem", frozenset({"Sales"}), "Kenya", is_active=False)
USERS = {user.email: user for user in (AMINA, BARAKA, CLEO, DIDIER, EDEM)}


def variant(**changes: Any) -> Profile:
    """The preset with some of its JSON fields changed."""
    return profile_from(profile_json(STRICT) | changes)


def account(*users: str, **lookup: Any) -> Account:
    """An account of Kenya that these users hold."""
    given: dict[str, Any] = {"version": 5, "opco": "Kenya", "assigned": {ROLE: users}} | lookup
    return Account("lumina", "0042", **given)


def context(
    order: str = "20", import_id: str | None = None, older_open_imports: Iterable[str] = ()
) -> WriteContext:
    """The import with that place in the order."""
    return WriteContext(
        import_id or f"import-{order}",
        order,
        "ines@x.example",
        "2026-11-22T10:00:00.000Z",
        frozenset(older_open_imports),
    )


def lookup() -> LookupContext:
    """All users, and the likely one for an unknown address."""
    return LookupContext(USERS, nearest(tuple(USERS)))


def understand(
    *cells: str,
    profile: Profile = STRICT,
    header: tuple[str, ...] = HEADER,
    number: int = 7,
    fault: Rejection | None = None,
) -> Instruction | Rejection:
    """The instruction of a line with these cells, or its rejection."""
    binding = bind(header, profile, mapping={}, line=1)
    return instruction_of(Line(number, cells, fault), binding, profile)


def decided(
    *cells: str,
    of: Account | None,
    profile: Profile = STRICT,
    header: tuple[str, ...] = HEADER,
    by: WriteContext | None = None,
    number: int = 7,
) -> Decision:
    """The decision on the line: a rejection, or the plan for the account."""
    understood = understand(*cells, profile=profile, header=header, number=number)
    assert isinstance(understood, Instruction)
    return plan(understood, of, lookup(), profile, by or context())


def receipt(
    by: WriteContext, version: int, *after: str, before: tuple[str, ...] = (), line: int = 7
) -> ChangeReceipt:
    """The receipt that a change of the one role leaves."""
    change = RoleChange(ROLE, before, after)
    return ChangeReceipt(by.import_id, by.precedence, line, by.actor, by.at, version, (change,))
