"""Lines of every kind, drawn by a seed, each with what is decided, whole as recorded.

The codes and the effects are also those of the model in `tests/kit/oracle`, which knows no words.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from handover.model import Account, Line, User
from handover.profiles.binding import bind
from handover.profiles.fields import About
from handover.profiles.made import handing_over, narrowed, removing, resolving, restoring
from handover.profiles.presets import presets
from handover.profiles.profile import Blank, Column, Holds, Profile, Role
from handover.rules.decision import LookupContext
from handover.rules.directory_lines import account_record_of, user_record_of
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.nearness import nearest
from handover.rules.planner import plan
from msgspec.structs import replace

from tests.kit.recorded import assert_as_recorded
from tests.unit.rules.scenery import AMINA, BARAKA, CLEO, DIDIER, EDEM, USERS, context, variant

ROLES = ("account_manager", "viewer", "CSM", "Sales Rep")
NAMES = (
    "",
    " ",
    ";",
    "None",
    "-",
    *USERS,
    "AMINA@X.EXAMPLE ",
    "amina@x.exampel",
    "nobody@x.example",
    "pending:new@x.example",
    "(nobody)",
    "Amina",
    "Amina; Baraka",
    f"{AMINA.email};{BARAKA.email}",
    f"{AMINA.email}, {BARAKA.email},{AMINA.email}",
    f"{CLEO.email}; {EDEM.email}",
    "a\tb@x.example",
    f"{'x' * 330}@x.example",
    "#N/A",
)
USUAL = (AMINA.email, AMINA.email, BARAKA.email, BARAKA.email, "None", "")
WORKFLOWS = ("", "Gentle", "gentle", "Harsh", "None")
IDS = ("0042", "0042", "0042", " 0042 ", "", "00\n42", "9.99E+03", "K" * 600)
FACTS = ("", " ", ";", "None", "Acme", "Kenya", "active", "Inactive", "gone", "b; a;b", "a\x07b")
TEXTS = ("7" * 201, "é" * 1_025, "amina", "+254 700", "Sales;Admin", "Sales")
EMPTY: tuple[object, ...] = (None, "", False, (), [], {})
REPEATED = re.compile(r"(.)\1{19,}")
# Profiles that differ from the presets in one rule each.
VARIANTS: Mapping[str, Profile] = {
    "a list": variant(list_separator=";"),
    "two of a list": variant(list_separator=";", roles={"account_manager": {"max_users": 2}}),
    "blanks are errors": variant(blank="error", clear_words=[]),
    "blanks keep": variant(blank="keep"),
    "only active accounts": variant(inactive_accounts="error"),
    "one of two user roles": variant(required_user_roles=["Finance", "Admin"]),
    "by name": variant(
        columns=[
            {"label": "account ID", "holds": "account", "required": True},
            {
                "label": "account Manager",
                "holds": "users",
                "role": "account_manager",
                "required": True,
                "by": ["name", "login"],
            },
        ]
    ),
}


def profiles() -> dict[str, Profile]:
    """The presets, those of the directory with each choice for blank cells, and the variants."""
    found = {
        name: one.with_roles(Role(role, 1 + (role == "viewer")) for role in ROLES)
        if name == "role-team"
        else one
        for name, one in sorted(presets().items())
    }
    for name in ("directory-users", "directory-accounts"):
        for blank in (Blank.KEEP, Blank.ERROR):
            words = frozenset({"none"})
            found[f"{name}, {blank}"] = replace(found[name], blank=blank, clear_words=words)
    made = {
        "undo": restoring(found["single-strict"], ("account_manager", "workflow")),
        "hand over": handing_over(found["single-strict"], "account_manager"),
        "only viewers": narrowed(found["manager-and-viewers"], "viewer"),
        "removal": removing(("account_manager", "viewer")),
        "resolution": resolving(("account_manager", "viewer")),
    }
    return found | dict(VARIANTS) | made


def cell(column: Column, drawn: random.Random) -> str:
    """A cell for the column, more often usable than not."""
    match column.holds:
        case Holds.ACCOUNT:
            return "0042" if drawn.random() < 0.8 else drawn.choice(IDS)
        case Holds.USER:
            return drawn.choice(("ana@acme.com", "Ana@Acme.com ", *NAMES[:8]))
        case Holds.FIELD:
            return drawn.choice(FACTS if drawn.random() < 0.8 else TEXTS)
        case Holds.WORKFLOW:
            return drawn.choice(WORKFLOWS)
        case _:
            return drawn.choice(USUAL if drawn.random() < 0.7 else NAMES)


def an_account(drawn: random.Random) -> Account | None:
    """An account with holders in some roles, or none."""
    if drawn.random() < 0.1:
        return None
    people = (AMINA.email, BARAKA.email, "pending:new@x.example")
    assigned = {
        role: tuple(drawn.sample(people, drawn.randrange(3)))
        for role in ROLES
        if drawn.random() < 0.7
    }
    if drawn.random() < 0.5:
        assigned["workflow"] = ("Harsh",)
    opco = drawn.choice(("Kenya", "Kenya", "Kenya", "Togo", ""))
    active = drawn.random() < 0.9
    return Account("lumina", "0042", version=5, opco=opco, is_active=active, assigned=assigned)


def lookup(drawn: random.Random) -> LookupContext:
    """All users, two of whom share a name."""
    named: dict[str, tuple[User, ...]] = {"amina": (AMINA,), "baraka": (BARAKA, DIDIER)}
    return LookupContext(
        USERS,
        nearest(tuple(USERS)),
        frozenset({"Gentle", "Harsh"}),
        named,
        {"9.99E+03": "9990"} if drawn.random() < 0.5 else {},
        has_opco_wall=drawn.random() < 0.7,
    )


def said(value: object) -> str:
    """The value as JSON: sets are sorted, empty values left out, long repetitions counted."""
    text = json.dumps(_full(msgspec.to_builtins(value, order="deterministic")), ensure_ascii=False)
    return REPEATED.sub(lambda found: f"{found[1]}*{len(found[0])}", text)


def _full(value: Any) -> Any:
    if isinstance(value, dict):
        # The record of a write is the account that stands above.
        return {
            name: _full(one)
            for name, one in value.items()
            if one not in EMPTY and name not in ("record", "tenant")
        }
    if isinstance(value, list | tuple):
        return [_full(one) for one in value]
    return value


def decisions() -> Iterator[str]:
    """Each line with its cells, the account, and the decision."""
    drawn = random.Random(2026)
    readers: Mapping[About, Callable[..., object]] = {
        About.ACCOUNTS: account_record_of,
        About.USERS: user_record_of,
        About.ASSIGNMENTS: instruction_of,
    }
    for name, profile in profiles().items():
        for _ in range(20):
            kept = [one for one in profile.columns if one.is_required or drawn.random() < 0.7]
            binding = bind([one.label for one in kept], profile, mapping={}, line=1)
            cells = tuple(cell(one, drawn) for one in kept)
            asked = readers[profile.about](Line(7, cells), binding, profile)
            yield f"{name}: {said(dict(zip((one.label for one in kept), cells, strict=True)))}"
            if profile.about is not About.ASSIGNMENTS or not isinstance(asked, Instruction):
                yield f"  {said(asked)}"
                continue
            of = an_account(drawn)
            yield f"  of {said(of)}"
            yield f"  {said(plan(asked, of, lookup(drawn), profile, context()))}"


def test_every_line_is_decided_as_recorded() -> None:
    assert_as_recorded(Path(__file__).with_name("decisions.txt"), "\n".join(decisions()) + "\n")
