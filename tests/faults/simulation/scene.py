"""What the simulated world holds: two tenants, their people and accounts, and the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
START = datetime(2026, 7, 1, 8, 0, 0, 250_000, UTC).timestamp()
# Between two uploads: S3 calls what is listed within a second of each other concurrent.
APART_SECONDS = 2.5

HOME, OTHER = "lumina", "norte"
ADMIN = "ada@lumina.example"
# Decides about the imports of others.
BOSS = "eve@lumina.example"
SALES = frozenset({"Sales"})


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the rules see one."""

    roles: frozenset[str] = SALES
    opco: str = "es"
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """An account as the rules see one, with who holds its roles at the start."""

    opco: str = "es"
    managers: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the directory says at one time: users by (tenant, address), accounts by (tenant, id)."""

    users: Mapping[tuple[str, str], Person]
    accounts: Mapping[tuple[str, str], Place]


def mail(name: str, tenant: str = HOME) -> str:
    """The address of somebody in a tenant."""
    return f"{name}@{tenant}.example"


ANA, BEA, CAI = mail("ana"), mail("bea"), mail("cai")

FACTS = Facts(
    users={
        (HOME, ADMIN): Person(frozenset({"Admin"})),
        (HOME, BOSS): Person(frozenset({"Admin"})),
        (HOME, mail("bob")): Person(frozenset({"Back Office Management"})),
        (HOME, mail("clerk")): Person(frozenset({"Clerk"})),
        (HOME, mail("idle")): Person(is_active=False),
        (HOME, ANA): Person(),
        (HOME, BEA): Person(),
        (HOME, CAI): Person(),
        (OTHER, mail("nora", OTHER)): Person(),
        (OTHER, ANA): Person(),
    },
    accounts={
        (HOME, "A1"): Place(managers=(ANA,)),
        (HOME, "A2"): Place(managers=(ANA,)),
        (HOME, "A3"): Place(managers=(BEA,)),
        (HOME, "A4"): Place(),
        (HOME, "A5"): Place(managers=(CAI,)),
        (HOME, "A6"): Place(managers=(CAI,)),
        (HOME, "A7"): Place(managers=(CAI,)),
        (HOME, "A8"): Place(opco="pt"),
        (HOME, "A9"): Place(),
        (HOME, "A10"): Place(managers=(ANA,)),
        (HOME, "A11"): Place(managers=(ANA,)),
        (HOME, "A12"): Place(managers=(BEA,), viewers=(ANA,)),
        (HOME, "A13"): Place(managers=(CAI,)),
        (HOME, "A14"): Place(),
        (OTHER, "A1"): Place(managers=(mail("nora", OTHER),)),
        (OTHER, "N1"): Place(managers=(mail("nora", OTHER),)),
    },
)

# The preset for files with one manager, and a profile of the tenant's own with two roles.
STRICT, SEATS = "single-strict", "two-seats"
SEATS_PROFILE = json.dumps(
    {
        "name": SEATS,
        "version": 1,
        "title": "A manager and viewers",
        "columns": [
            {"holds": "account", "label": "account ID"},
            {
                "holds": "users",
                "label": "account Manager",
                "role": "account_manager",
                "by": ["email"],
            },
            {"holds": "users", "label": "viewers", "role": "viewer", "by": ["email"]},
        ],
        "roles": {"account_manager": {"max_users": 1}, "viewer": {"max_users": None}},
        "blank": "clear",
        "clear_words": ["None"],
        "list_separator": ";",
        "unknown_user": "error",
        "required_user_roles": ["Sales"],
        "opco_wall": True,
        "inactive_accounts": "allow",
        "duplicates": "reject",
        "uploader_roles": ["Admin", "Back Office Management"],
        "fallback_encoding": "windows-1252",
    }
)


def _csv(*rows: str) -> bytes:
    return "".join(f"{row}\r\n" for row in rows).encode()


MAIN = _csv(
    "account ID,account Manager,viewers",
    f"A1,{BEA},",
    f"A3,{BEA},",
    "A2,None,",
    f"A4,{ANA},{CAI};{BEA}",
    f"A4,{ANA},{CAI};{BEA}",
    f"A5,{ANA},",
    f"A6,{mail('nobody')},",
    f"A12,{CAI},{ANA}",
    f"A7,{mail('nora', OTHER)},",
    f"A8,{ANA},",
    f"A5,{BEA},",
    f"A13,{CAI},{BEA}",
    f"A9,{mail('clerk')},",
    f"N1,{ANA},",
    f"=cmd|x,{ANA},",
    f"A10,{mail('idle')},",
    f"A11,{BEA}",
    f"A14,{ANA};{BEA},",
    f"A11,{CAI},",
)
SECOND = _csv(
    "account ID,account Manager",
    f"A1,{CAI}",
    f"A3,{ANA}",
    f"A2,{BEA}",
    "A4,None",
    f"A13,{CAI}",
    f"A99,{CAI}",
)
OLDER = _csv(
    "account ID,account Manager,viewers",
    f"A3,{CAI},",
    f"A1,{ANA},",
    f"A2,{CAI},",
    f"A12,{BEA},{CAI}",
    f"A7,{ANA},",
)
OVERWRITTEN = _csv("account ID,account Manager,viewers", f"A1,{ANA},{BEA}", f"A3,{CAI},")
DROP_ONE = _csv("account ID,account Manager", f"A1,{ANA}", f"A3,{BEA}", f"A14,{ANA}")
DROP_TWO = _csv("account ID,account Manager", f"A1,{BEA}", f"A3,{ANA}", f"A14,{BEA}")
UNCLOSED = _csv("account ID,account Manager,viewers", f'A1,"{BEA},', f"A2,{BEA},")

# What somebody edits by hand meanwhile: an account that the file changes, and one that it leaves.
EDITS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "A1": {"account_manager": (ANA,)},
    "A3": {"account_manager": (ANA,), "viewer": (ANA,)},
}

MAIN_TICKET = "20260701T080000000Z-00000000000000aa"
OLDER_TICKET = "20260701T075500000Z-00000000000000bb"
MAIN_KEY = f"in/{HOME}/{MAIN_TICKET}.csv"
OLDER_KEY = f"in/{HOME}/{OLDER_TICKET}.csv"
SECOND_KEY = f"drop/{HOME}/crm/new managers+1.csv"
DROP_KEY = f"drop/{HOME}/crm/each night.csv"
PRINCIPAL = "AIDACRM"


@dataclass(frozen=True, slots=True)
class Scene:
    """How a run begins; `settings` are the tenant's limits of the clearing guard, if its own."""

    name: str
    body: bytes = MAIN
    profile: str = SEATS
    mode: str = "run"
    settings: tuple[int, int] | None = None
    has_older: bool = False
    has_second: bool = False
    is_event_lost: bool = False


SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("plain"),
        Scene("older", has_older=True),
        Scene("two", has_second=True),
        Scene("approval", settings=(0, 0)),
        Scene("dry", mode="dry_run"),
        Scene("refused", body=UNCLOSED),
        Scene("lost", is_event_lost=True),
    )
}


def settings_body(scene: Scene) -> dict[str, Any] | None:
    """The tenant's settings as the directory keeps them."""
    if scene.settings is None:
        return None
    percent, count = scene.settings
    return {"clear_guard_percent": percent, "clear_guard_lines": count}
