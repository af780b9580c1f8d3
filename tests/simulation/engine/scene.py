"""What the simulated world holds: two tenants, their people and accounts, and the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.kit.oracle.directory import Directory, Person, Place

ROOT = Path(__file__).parents[3]
START = datetime(2026, 7, 1, 8, 0, 0, 250_000, UTC).timestamp()
# Between two uploads: S3 calls what is listed within a second of each other concurrent.
APART_SECONDS = 2.5

HOME, OTHER = "lumina", "norte"
ADMIN = "ada@lumina.example"
# Approves and refuses the imports of others.
BOSS = "eve@lumina.example"


def mail(name: str, tenant: str = HOME) -> str:
    """The address of a user in a tenant."""
    return f"{name}@{tenant}.example"


def tenant_of(pk: str) -> str:
    """The tenant of a key: `tenant#...`, or `tenant~0#...` to `tenant~f#...` for shards."""
    return pk.partition("#")[0].partition("~")[0]


def by_tenant(items: Mapping[Any, Any]) -> dict[tuple[str, str], Any]:
    """The items of a directory by tenant and sort key, whatever their partition keys."""
    return {(tenant_of(pk), sk): item for (pk, sk), item in items.items()}


ANA, BEA, CAI = mail("ana"), mail("bea"), mail("cai")

FIELDS = Directory(
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
STRICT, ROLES = "single-strict", "two-roles"
_SEATS: Mapping[str, Any] = {
    "name": ROLES,
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
        {
            "holds": "current",
            "label": "current manager",
            "role": "account_manager",
            "by": ["email"],
            "required": False,
        },
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
ROLES_PROFILE = json.dumps(_SEATS)
# The same for files that may name users who do not exist yet.
WAITS = "pending-roles"
WAITS_PROFILE = json.dumps(
    {
        **_SEATS,
        "name": WAITS,
        "unknown_user": "pending",
        "required_user_roles": [],
        "opco_wall": False,
    }
)
# The presets for files of the directory.
USERS, ACCOUNTS = "directory-users", "directory-accounts"


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
    ",,",
    '"",""," "',
    f"A9,{mail('clerk')},",
    f"N1,{ANA},",
    f"=cmd|x,{ANA},",
    f"A10,{mail('idle')},",
    f"A11,{BEA}",
    f"A14,{ANA};{BEA},",
    f"A11,{CAI},",
    ",,",
    ",,,,",
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
# Lines for accounts whose manager is, or is not, the one in the last cell; for A2 and A3 this
# depends on the older file.
CONDITIONAL = _csv(
    "account ID,account Manager,viewers,current manager",
    f"A1,{BEA},,{ANA}",
    f"A3,{BEA},{ANA},{BEA}",
    f"A2,None,,{ANA}",
    f"A10,{CAI},{BEA},{BEA}",
    f"A4,{ANA},{CAI},None",
    f"A12,{CAI},{ANA},{BEA}",
    f"A13,{CAI},{BEA},{ANA}",
    f"A5,{BEA},,{mail('nobody')}",
    f"A14,{ANA},,",
    f"A11,{BEA},,{ANA}",
    f"A11,{BEA},,{CAI}",
)
DROP_ONE = _csv("account ID,account Manager", f"A1,{ANA}", f"A3,{BEA}", f"A14,{ANA}")
DROP_TWO = _csv("account ID,account Manager", f"A1,{BEA}", f"A3,{ANA}", f"A14,{BEA}")
UNCLOSED = _csv("account ID,account Manager,viewers", f'A1,"{BEA},', f"A2,{BEA},")

REMOVAL_FIELDS = Directory(
    users={**FIELDS.users, (HOME, ANA): Person(signs_in=True)}, accounts=FIELDS.accounts
)
# The file that is undone, and accounts that Ana gets while she is removed.
UNDONE = _csv(
    "account ID,account Manager,viewers",
    f"A1,{BEA},",
    "A2,None,",
    f"A3,{BEA},",
    f"A4,{ANA},{CAI};{BEA}",
    f"A6,{mail('nobody')},",
    f"A12,{CAI},{ANA}",
    f"A13,{CAI},{BEA}",
    f"A5,{ANA},",
)
GIVEN = _csv(
    "account ID,account Manager,viewers",
    f"A4,{ANA},{CAI};{BEA}",
    f"A3,{BEA},",
    f"A5,{ANA},",
    f"A12,{CAI},{ANA}",
    f"A14,{BEA},{ANA}",
)
# Lines to correct: a wrong user, an account that is a formula, and a missing cell.
FAULTY = _csv(
    "account ID,account Manager,viewers",
    f"A6,{mail('nobody')},",
    f"=cmd|x,{ANA},",
    f"A11,{BEA}",
    f"A1,{BEA},",
)
CORRECTIONS: Mapping[str, Mapping[str, str]] = {
    "4": {"account ID": "A11", "account Manager": BEA, "viewers": ANA},
    "2": {"account Manager": ANA},
    "3": {"viewers": CAI},
}
FIXED = _csv(
    "account ID,account Manager,viewers",
    f"A6,{ANA},",
    f"=cmd|x,{ANA},{CAI}",
    f"A11,{BEA},{ANA}",
)
# A pending user who is created.
NEEMA = mail("neema")
NEW_USER = {"email": NEEMA, "name": "Neema", "roles": ["Sales"], "opco": "es"}
AWAITED = _csv(
    "account ID,account Manager,viewers",
    f"A4,{NEEMA},{CAI};{NEEMA}",
    f"A3,{BEA},",
    f"A5,{NEEMA},",
    f"A14,{BEA},{NEEMA}",
    f"A99,{NEEMA},",
    f"A8,{NEEMA},",
)

# Users that only files of the directory speak of. Dora holds two accounts, and is deleted.
DORA, EMIL, FINN = mail("dora"), mail("emil"), mail("finn")
PEOPLE_FIELDS = Directory(
    users={
        **FIELDS.users,
        (HOME, BEA): Person(signs_in=True),
        (HOME, DORA): Person(signs_in=True),
        (HOME, EMIL): Person(name="Emil", login="emil1"),
        (HOME, FINN): Person(name="Finn", signs_in=True),
        (HOME, mail("gina")): Person(is_active=False, is_deleted=True, name="Gina"),
        (HOME, mail("hugo")): Person(name="Hugo", login="hugo1", signs_in=True),
        (HOME, mail("olaf")): Person(name="Olaf", login="olaf1"),
        (OTHER, FINN): Person(name="Finn of Norte", login="free1"),
    },
    accounts={
        **FIELDS.accounts,
        (HOME, "D1"): Place(managers=(DORA,)),
        (HOME, "D2"): Place(managers=(BEA,), viewers=(DORA,)),
    },
)
PEOPLE = _csv(
    "email,name,roles,opco,status,login_name",
    f"{mail('new')},New,Sales;Admin,es,,new1",
    f"{FINN},Finn Second,Sales;Admin,es,,",
    f"{EMIL},Emil,Sales,es,active,emil1",
    f"{mail('hugo')},Hugo,Sales,es,inactive,hugo1",
    f"{DORA},{DORA},Sales,es,deleted,",
    f"{mail('ida')},Ida,Sales,es,,OLAF1",
    f"{mail('jon')},Jon,Sales,es,retired,",
    f"{mail('kim')},Kim,,pt,inactive,",
    f"{mail('kim')},Kim,,pt,inactive,",
    f"{mail('lea')},Lea,Sales,es,,",
    f"{mail('lea')},Lea Other,Sales,es,,",
    "nobody at all,None,Sales,es,,",
    f"{mail('gina')},Gina,Sales,es,,",
    f"{mail('max')},Max,Sales,es,,free1",
    f"{mail('mia')},=Mia,Sales",
)
# Both files ask for one login name: this one for Zoe, the other one for Max.
PEOPLE_SECOND = _csv(
    "email,name,status,login_name",
    f"{FINN},Finn Third,active,",
    f"{mail('hugo')},Hugo Second,active,hugo1",
    f"{mail('new')},New Second,active,new1",
    f"{mail('lea')},Lea,active,",
    f"{mail('gina')},Gina Second,inactive,",
    f"{mail('zoe')},Zoe,active,free1",
)
CUSTOMERS_FIELDS = Directory(
    users=FIELDS.users,
    accounts={
        **FIELDS.accounts,
        (HOME, "C1"): Place(name="One"),
        (HOME, "C2"): Place(name="Two", managers=(ANA,)),
        (HOME, "C3"): Place(name="Three", managers=(BEA,), viewers=(ANA,)),
        (HOME, "C4"): Place(name="Four"),
    },
)
CUSTOMERS = _csv(
    "account_id,name,opco,status,portals,account_manager",
    f"C8,Eight,es,,north;south,{ANA}",
    "C1,One Second,es,,,",
    f"C2,Two,es,active,,{BEA}",
    "C3,Three,es,inactive,west,",
    "C4,Four Second,es,,,",
    "C4,Four Third,es,,,",
    "C9,Nine,pt,inactive,,",
    "C9,Nine,pt,inactive,,",
    f"C10,Ten,es,,,{mail('nobody')}",
    "C11,Eleven,es,gone,,",
    ",Nothing,es,,,",
    ",,,,,",
    "1.23E+05,Damaged,es,,,",
    "A3,Renamed,es,,east,",
    "C12,=Twelve",
    "A14,Fourteen,es,active,,",
    f"C15,Fifteen,pt,,,{ANA}",
)
CUSTOMERS_SECOND = _csv(
    "account_id,name,status",
    "C1,One Third,active",
    "C3,Three Second,active",
    "C4,Four Fourth,active",
    "C13,Thirteen,inactive",
    "C8,Eight Second,active",
    "A3,Renamed Again,",
)

# Accounts that somebody edits meanwhile: one that the file changes, and one that it does not.
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
PEOPLE_SECOND_KEY = f"directory/{HOME}/crm/users 2.csv"
CUSTOMERS_SECOND_KEY = f"directory/{HOME}/crm/accounts 2.csv"
PRINCIPAL = "AIDACRM"


@dataclass(frozen=True, slots=True)
class Wish:
    """A request of an Admin to the API, that many seconds after the first upload."""

    method: str
    path: str
    body: Any = None
    seconds: float = 1.0
    person: str = BOSS


# Bea gets all accounts that Cai manages, beside Ana where both do, and two named accounts.
OWNER_FIELDS = Directory(
    users=FIELDS.users, accounts={**FIELDS.accounts, (HOME, "A6"): Place(managers=(ANA, CAI))}
)
NAMED = ("A9", "A14")
_TO_BEA = {"profile": ROLES, "role": "account_manager", "to": BEA}
HANDED_BY_HOLDER = Wish("POST", "/assignments", {**_TO_BEA, "held_by": CAI})
HANDED_BY_ID = Wish("POST", "/assignments", {**_TO_BEA, "account_ids": NAMED}, seconds=1.5)


@dataclass(frozen=True, slots=True)
class Scene:
    """How a run begins; `settings` are the tenant's own limits of the clearing guard, if any.

    `second` is another file that may be uploaded. `wishes` are requests to the API; `then` is the
    request about the import of the scene once it has ended, with `then_body`.
    """

    name: str
    body: bytes = MAIN
    profile: str = ROLES
    mode: str = "run"
    settings: tuple[int, int] | None = None
    has_older: bool = False
    has_second: bool = False
    is_event_lost: bool = False
    directory: Directory = FIELDS
    second: tuple[str, bytes] = (SECOND_KEY, SECOND)
    wishes: tuple[Wish, ...] = ()
    then: str = ""
    then_body: Any = None


SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("plain"),
        Scene("older", has_older=True),
        Scene("two", has_second=True),
        Scene("conditional", body=CONDITIONAL, has_older=True),
        Scene("approval", settings=(0, 0)),
        Scene("dry", mode="dry_run"),
        Scene("refused", body=UNCLOSED),
        Scene("lost", is_event_lost=True),
        Scene("undo", body=UNDONE, then="undo"),
        Scene("applied", mode="dry_run", then="apply", then_body={"mode": "run"}),
        Scene("corrected", body=FAULTY, then="corrections", then_body={"lines": CORRECTIONS}),
        Scene(
            "removal",
            body=GIVEN,
            directory=REMOVAL_FIELDS,
            wishes=(Wish("DELETE", f"/users/{ANA}"),),
        ),
        Scene("pending", body=AWAITED, profile=WAITS, wishes=(Wish("POST", "/users", NEW_USER),)),
        Scene("owner", body=GIVEN, directory=OWNER_FIELDS, wishes=(HANDED_BY_HOLDER, HANDED_BY_ID)),
        Scene(
            "people",
            body=PEOPLE,
            profile=USERS,
            directory=PEOPLE_FIELDS,
            second=(PEOPLE_SECOND_KEY, PEOPLE_SECOND),
        ),
        Scene(
            "customers",
            body=CUSTOMERS,
            profile=ACCOUNTS,
            directory=CUSTOMERS_FIELDS,
            second=(CUSTOMERS_SECOND_KEY, CUSTOMERS_SECOND),
        ),
    )
}


def settings_body(scene: Scene) -> dict[str, Any] | None:
    """The tenant's settings as stored in the directory."""
    if scene.settings is None:
        return None
    percent, count = scene.settings
    return {"clear_guard_percent": percent, "clear_guard_lines": count}
